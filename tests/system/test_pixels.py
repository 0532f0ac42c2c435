"""Pictures in a real terminal: xterm as a VT340, drawn into a virtual screen that is looked at."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.skipif(
        not all(map(shutil.which, ("xterm", "Xvfb", "import"))), reason="needs xterm, Xvfb and ImageMagick"
    ),
]

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import dataclasses, runpy, sys, threading
from pathlib import Path
from monitor.dashboard.keyboard import Keyboard
from monitor.dashboard.terminal import Screen

golden, folder = runpy.run_path(sys.argv[1]), Path(sys.argv[2])
rest = threading.Event()
with Keyboard() as keyboard, Screen() as screen:
    screen.ask(keyboard)
    for step, change in enumerate(({}, {"help": 1}, {}, {"details": True}, {})):
        while not (folder / f"go-{step}").exists():
            screen.show(golden["MURMUR"], dataclasses.replace(golden["LIVELY"], **change))
            screen.refresh()
            (folder / f"shown-{step}").touch()
            rest.wait(0.3)
(folder / "left").touch()
rest.wait(60)
"""
WAIT_S = 60.0


@pytest.fixture
def display():
    """Return the name of a virtual screen."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "900x600x24"], pass_fds=[writer], stderr=subprocess.DEVNULL
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as numbers:
            yield f":{numbers.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def wait_for(path, terminal):
    """Wait until a file exists."""
    end_s = time.monotonic() + WAIT_S
    while not path.exists():
        assert terminal.poll() is None
        assert time.monotonic() < end_s
        time.sleep(0.05)


def picture_pixels(display):
    """Return how many pixels of the screen are of a colour that only a spectrogram has: orange to red."""
    shown = subprocess.run(
        ["import", "-window", "root", "-depth", "8", "rgb:-"],
        env={**os.environ, "DISPLAY": display},
        check=True,
        capture_output=True,
        timeout=WAIT_S,
    )
    red, green, blue = np.frombuffer(shown.stdout, np.uint8).reshape(-1, 3).astype(int).T
    return int(((red > 120) & (green < 0.6 * red) & (blue < green) & (green > 20)).sum())


def settled(display, wanted):
    """Return the count once it is as wanted, or after a while."""
    end_s = time.monotonic() + WAIT_S / 4
    while not wanted(count := picture_pixels(display)) and time.monotonic() < end_s:
        time.sleep(0.1)
    return count


def test_pictures_come_and_go(display, tmp_path):
    """They are there with the sound, and neither on another page nor after the end is anything left of them."""
    golden = ROOT / "tests" / "monitor" / "dashboard" / "golden" / "make_golden.py"
    (tmp_path / "program.py").write_text(PROGRAM)
    words = ["xterm", "-ti", "vt340", "-tn", "xterm-16color", "-geometry", "100x34+0+0", "-bg", "black", "-fg", "white"]
    terminal = subprocess.Popen(
        [*words, "-e", sys.executable, str(tmp_path / "program.py"), str(golden), str(tmp_path)],
        env={**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT), "COLORTERM": "", "LANG": "C.UTF-8"},
        stderr=subprocess.DEVNULL,
    )
    try:
        counts = []
        for step in range(5):
            wait_for(tmp_path / f"shown-{step}", terminal)
            has_picture = step % 2 == 0
            counts.append(settled(display, (lambda count: count > 1000) if has_picture else (lambda count: count == 0)))
            (tmp_path / f"go-{step}").touch()
        wait_for(tmp_path / "left", terminal)
        counts.append(settled(display, lambda count: count == 0))
    finally:
        terminal.kill()
        terminal.wait(10)
    assert min(counts[0], counts[2], counts[4]) > 1000
    assert (counts[1], counts[3], counts[5]) == (0, 0, 0)

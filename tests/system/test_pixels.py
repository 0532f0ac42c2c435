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
    pytest.mark.skipif(not all(map(shutil.which, ("xterm", "Xvfb"))), reason="needs xterm and Xvfb"),
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
def display(tmp_path):
    """Return the name of a virtual screen, which keeps its pixels in a file."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "900x600x24", "-fbdir", str(tmp_path)],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
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


def picture_pixels(folder):
    """Return how many pixels of the screen are of a colour that only a spectrogram has: orange to red.

    Source: X11/XWDFile.h; numbers of the header are big-endian, pixels here blue, green, red and one byte more.
    """
    content = (folder / "Xvfb_screen0").read_bytes()
    header = np.frombuffer(content, ">u4", 25)
    begin = int(header[0] + 12 * header[19])  # behind the header and the table of colours
    assert header[11] == 32
    pixels = np.frombuffer(content, np.uint8, int(header[12] * header[5]), begin).reshape(-1, 4).astype(int)
    blue, green, red = pixels.T[:3]
    return int(((red > 120) & (green < 0.6 * red) & (blue < green) & (green > 20)).sum())


def settled(folder, wanted):
    """Return the count once it is as wanted, or after a while."""
    end_s = time.monotonic() + WAIT_S / 4
    while not wanted(count := picture_pixels(folder)) and time.monotonic() < end_s:
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
            counts.append(
                settled(tmp_path, (lambda count: count > 1000) if has_picture else (lambda count: count == 0))
            )
            (tmp_path / f"go-{step}").touch()
        wait_for(tmp_path / "left", terminal)
        counts.append(settled(tmp_path, lambda count: count == 0))
    finally:
        terminal.kill()
        terminal.wait(10)
    assert min(counts[0], counts[2], counts[4]) > 1000
    assert (counts[1], counts[3], counts[5]) == (0, 0, 0)

"""Output that fails: one line and exit code 1, never a traceback and never half a line."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full exists on Linux alone")
AUSCULT = f"{sys.executable} -m monitor"


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a recording of 20 s in the working folder."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("clip.wav", np.random.default_rng(0).normal(0, 0.1, 80_000), 4000)
    return "clip.wav"


@pytest.mark.parametrize(
    "words",
    [
        "replay clip.wav --json --speed max",
        "replay clip.wav clip.wav --plain --speed max",
        "data --json .",
        "data .",
        "config",
        "models",
        "models heart-sounds",
        "--version",
        "--help",
    ],
)
@pytest.mark.parametrize("output", ["> /dev/full", ">&-"])
def test_a_full_disk_and_a_closed_output(clip: str, words: str, output: str) -> None:
    """One line says what failed, and the exit code is 1."""
    Path("normal").mkdir()
    Path("normal/p1.wav").symlink_to(Path(clip).resolve())
    done = subprocess.run(["sh", "-c", f"{AUSCULT} {words} {output}"], capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("reading recordings")]
    reason = "cannot be written (no space left on device)" if "full" in output else "is closed"
    assert done.returncode == 1
    assert lines == [f"auscult: standard output {reason}"]


@pytest.mark.parametrize("words", ["replay clip.wav --json --speed max", "models heart-sounds", "--help"])
def test_a_reader_that_has_enough(clip: str, words: str) -> None:
    """A closed pipe ends the program quietly, with exit code 0."""
    shell = f"{{ {AUSCULT} {words}; echo $? >&2; }} | head -n 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert done.stderr == "0\n"
    assert len(done.stdout.splitlines()) == 1


def test_standard_error_that_fails(clip: str) -> None:
    """The exit code stays that of the error; nothing else is written."""
    done = subprocess.run(["sh", "-c", f"{AUSCULT} replay none.wav 2> /dev/full"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")


def test_a_closed_standard_input(clip: str) -> None:
    """It is named in one line."""
    done = subprocess.run(["sh", "-c", f"{AUSCULT} replay - <&-"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("auscult: standard input is closed; ")


def test_a_file_that_may_not_grow_ends_with_a_whole_line(clip: str) -> None:
    """The line that did not fit is removed; the others can be read."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

    command = [sys.executable, "-m", "monitor", "replay", clip, "--json", "--speed", "max"]
    with open("out.jsonl", "wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, preexec_fn=limit)
    text = Path("out.jsonl").read_text(encoding="utf-8")
    assert done.returncode == 1
    assert done.stderr == "auscult: standard output cannot be written (file too large)\n"
    assert text.endswith("\n")
    assert [json.loads(line)["type"] for line in text.splitlines()][:2] == ["start", "window"]


def test_sigterm_ends_a_program_whose_reader_does_not_read(clip: str) -> None:
    """The first signal is enough, the exit code is 130, and the lost lines are counted."""
    reading, writing = _full_pipe()
    code = (
        "import os, signal, sys, threading\n"
        "import monitor.views.lines as lines\n"
        "put, term = lines.put, lambda: os.kill(os.getpid(), signal.SIGTERM)\n"
        "def first(line, stopping):\n"
        "    threading.Timer(0.2, term).start()\n"
        "    lines.put = put\n"
        "    put(line, stopping)\n"
        "lines.put = first\n"
        "from monitor.cli import run_and_exit\n"
        "run_and_exit()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "demo", "--json"], stdout=writing, stderr=subprocess.PIPE
    ) as program:
        _, err = program.communicate(timeout=60)
    os.close(reading)
    os.close(writing)
    assert program.returncode == 130
    assert err.decode().endswith(" lines could not be written to standard output\n")


def test_windows_that_a_blocked_reader_missed_are_counted(clip: str) -> None:
    """They are told once when it reads again, and the summary has their number: no window is unaccounted for."""
    code = (
        "import sys, threading, time\n"
        "import monitor.runtime.pipeline as pipeline\n"
        "from monitor.runtime.config import MonitorConfig\n"
        "pipeline.MonitorConfig = lambda: MonitorConfig(queue_windows=2)\n"
        "def watch():\n"
        "    names = lambda: [thread.name for thread in threading.enumerate()]\n"
        "    while 'auscult-classifier' not in names(): time.sleep(0.01)\n"
        "    while 'auscult-classifier' in names(): time.sleep(0.01)\n"
        "    print('all windows are judged', file=sys.stderr, flush=True)\n"
        "threading.Thread(target=watch).start()\n"
        "from monitor.cli import run_and_exit\n"
        "run_and_exit()\n"
    )
    reading, writing = _full_pipe()
    command = [sys.executable, "-c", code, "replay", clip, "--json", "--speed", "64"]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, text=True) as program:
        os.close(writing)
        assert program.stderr is not None
        assert program.stderr.readline() == "all windows are judged\n"
        with os.fdopen(reading, encoding="ascii") as output:
            lines = [json.loads(line) for line in output.read().lstrip("x").splitlines()]
        err = program.stderr.read()
    summary, written = lines[-1], sum(line["type"] == "window" for line in lines)
    assert summary["undelivered"] > 0
    assert summary["windows"] == written + summary["undelivered"]
    missed = f"windows judged but not written: {summary['undelivered']}"
    assert err == f"auscult: standard output was not read for too long; {missed}\n"
    assert program.returncode == 0


def _full_pipe() -> tuple[int, int]:
    """Return a pipe that takes no byte more."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 512)
    except BlockingIOError:
        os.set_blocking(writing, True)
    return reading, writing

"""A program that leaves a pipeline running exits all the same, and loses nothing of its recording."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import soundfile

from monitor.runtime.exit_watch import ExitWatch, only_ours_are_left

START = """
import sys, threading
from pathlib import Path
import monitor
from monitor.audio.sources.synthetic import SyntheticSource

def start(**options):
    pipeline = monitor.Pipeline(SyntheticSource(**options), monitor.load_bundle(), record=Path(sys.argv[1]))
    windows = pipeline.windows()
    print(next(windows).verdict.state, flush=True)
    return pipeline, windows
"""
ENDS = """
start(speed=16.0)
"""
RAISES = """
start(speed=16.0)
raise RuntimeError("mine")
"""
RAISES_WHILE_A_SOURCE_WAITS = """
pipeline, windows = start(speed=None)
raise RuntimeError("mine")
"""
EXITS = """
start(speed=16.0)
sys.exit(3)
"""
GOES_ON_IN_A_THREAD = """
pipeline, windows = start(speed=16.0)

def consume():
    print(sum(1 for _, _ in zip(range(40), windows)))

threading.Thread(target=consume).start()
"""


@pytest.mark.parametrize(
    ("script", "code", "error", "output"),
    [
        (ENDS, 0, "", ["verdict"]),
        (RAISES, 1, "RuntimeError: mine", ["verdict"]),
        (RAISES_WHILE_A_SOURCE_WAITS, 1, "RuntimeError: mine", ["verdict"]),
        (EXITS, 3, "", ["verdict"]),
        (GOES_ON_IN_A_THREAD, 0, "", ["verdict", "40"]),
    ],
)
def test_a_script_exits(tmp_path: Path, script: str, code: int, error: str, output: list[str]) -> None:
    """It exits with its own code and traceback, after all its own threads; the recording is whole."""
    recording = tmp_path / "heart.wav"
    ended = subprocess.run(
        [sys.executable, "-c", START + script, str(recording)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout.split()) == (code, output)
    assert ended.stderr.strip().endswith(error)
    assert bool(ended.stderr) == bool(error)
    assert len(soundfile.read(recording)[0]) >= 5.0 * 4000


def test_the_function_is_called_once() -> None:
    """When the program has ended the function is called on the watch's thread, which it may stop."""
    called: list[str] = []
    ended = threading.Event()

    def close() -> None:
        called.append(threading.current_thread().name)
        watch.stop()
        ended.set()

    watch = ExitWatch(close, has_ended=lambda: True)
    watch.start()
    assert ended.wait(timeout=10)
    watch.stop()
    assert called == ["auscult-exit"]


def test_a_stopped_watch_calls_nothing() -> None:
    """A watch that was stopped, before or after its start, calls nothing; twice is safe."""
    called: list[int] = []
    started, never_started = (ExitWatch(lambda: called.append(1), has_ended=lambda: False) for _ in range(2))
    started.start()
    for watch in (started, never_started):
        watch.stop()
        watch.stop()
    assert called == []


def test_a_program_that_runs() -> None:
    """While the main thread lives the program has not ended."""
    assert not only_ours_are_left()

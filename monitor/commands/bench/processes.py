"""What a person waits for and pays for: ``auscult`` as a program of its own, from its start.

Each program runs in an empty folder with this installation's packages; its peak memory is that of the
program alone, asked of the system by a small program between, so that nothing else counts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.errors import AuscultError

__all__ = ["FirstWindow", "first_window", "run_seconds", "write_clip"]

TIMEOUT_S = 120.0

PEAK_MEMORY = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(peak * (1 if sys.platform == "darwin" else 1024))
sys.exit(done.returncode)
"""
"""Source: getrusage(2); kilobytes on Linux, bytes on macOS."""


@dataclasses.dataclass(frozen=True, slots=True)
class FirstWindow:
    """A replay of a short clip as a program.

    Attributes
    ----------
    seconds : list of float
        From the program's start to its first window line, one per run.
    peak_memory_mb : float or None
        Of one run; None where the system does not say (Windows).
    """

    seconds: list[float]
    peak_memory_mb: float | None


def write_clip(path: Path, waveform: NDArray[np.float32], sample_rate: int) -> None:
    """Write a waveform ``(samples,)`` in [-1, 1] as a 16-bit mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes((np.clip(waveform, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())


def first_window(clip: Path, bundle: Path, repeats: int) -> FirstWindow:
    """Return how long ``auscult replay CLIP --speed max --json`` takes to its first window, and its memory.

    Parameters
    ----------
    clip : Path
        A recording; the programs run in its folder.
    bundle : Path
        Folder of the bundle.
    repeats : int

    Raises
    ------
    AuscultError
        If the program fails or gives no window.
    """
    command = ["replay", str(clip), "--speed", "max", "--json", "--model", str(bundle.resolve())]
    seconds = [_seconds_to_window(command, clip.parent) for _ in range(repeats)]
    return FirstWindow(seconds, _peak_memory_mb(command, clip.parent))


def run_seconds(arguments: Sequence[str], folder: Path, repeats: int) -> list[float]:
    """Return how long ``auscult ARGUMENTS`` takes from start to end, once per run.

    Raises
    ------
    AuscultError
        If it fails.
    """
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        with _started(_auscult(arguments), folder) as program:
            program.communicate()
        seconds.append(time.perf_counter() - began)
        _refuse(arguments, program.returncode)
    return seconds


def _seconds_to_window(arguments: Sequence[str], folder: Path) -> float:
    """Return the seconds from a program's start to its first window line."""
    began = time.perf_counter()
    found: float | None = None
    with _started(_auscult(arguments), folder) as program:
        for line in program.stdout or ():
            if found is None and json.loads(line).get("type") == "window":
                found = time.perf_counter() - began
    _refuse(arguments, program.returncode)
    if found is None:
        raise AuscultError(f"auscult {arguments[0]}: gave no window while it was measured", "run it by hand")
    return found


def _peak_memory_mb(arguments: Sequence[str], folder: Path) -> float | None:
    """Return the most memory that a program held, MB; None where the system does not say."""
    if sys.platform == "win32":
        return None
    with _started([sys.executable, "-c", PEAK_MEMORY, *_auscult(arguments)], folder) as program:
        answer, _ = program.communicate()
    _refuse(arguments, program.returncode)
    return int(answer) / 1e6


@contextlib.contextmanager
def _started(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a folder, with the packages that this one was found in; one that hangs is killed."""
    paths = [str(Path(__file__).resolve().parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with subprocess.Popen(  # noqa: S603  # our own program
        command, cwd=folder, env=surroundings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as program:
        watchdog = threading.Timer(TIMEOUT_S, program.kill)
        watchdog.start()
        try:
            yield program
        finally:
            watchdog.cancel()
            watchdog.join()


def _auscult(arguments: Sequence[str]) -> list[str]:
    """Return the command line of this installation's ``auscult``."""
    return [sys.executable, "-m", "monitor", *arguments]


def _refuse(arguments: Sequence[str], code: int) -> None:
    """Raise for a program that failed."""
    if code:
        raise AuscultError(f"auscult {arguments[0]}: ended with code {code} while it was measured", "run it by hand")

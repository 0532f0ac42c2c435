"""Start-up time and peak memory of ``auscult`` as a process.

Each process runs in an empty folder with the packages of this installation; its peak memory is read by a small
parent process, so that nothing else counts.
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
from monitor.labels import DEFAULT_ENGINE

__all__ = ["FirstWindow", "first_window", "run_program", "run_seconds", "write_clip"]

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
    """A replay of a short clip as a process.

    Attributes
    ----------
    seconds : list of float
        From the start of the process to its first window line, one per run.
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


def first_window(clip: Path, bundle: Path, repeats: int, engine: str = DEFAULT_ENGINE) -> FirstWindow:
    """Return how long ``auscult replay CLIP --speed max --json`` takes to its first window, and its memory.

    Parameters
    ----------
    clip : Path
        A recording; the programs run in its folder.
    bundle : Path
        Folder of the bundle.
    repeats : int
    engine : str
        What runs the network.

    Raises
    ------
    AuscultError
        If the process fails or prints no window.
    """
    command = ["replay", str(clip), "--speed", "max", "--json"]
    command += ["--model", str(bundle.resolve()), "--engine", engine]
    _seconds_to_window(command, clip.parent)  # not counted: reads the packages from the disk, and may compile them
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
        run_program(arguments, folder)
        seconds.append(time.perf_counter() - began)
    return seconds


def run_program(arguments: Sequence[str], folder: Path) -> None:
    """Run ``auscult ARGUMENTS`` to its end, and say nothing of what it prints.

    Raises
    ------
    AuscultError
        If it fails.
    """
    with _started(_auscult(arguments), folder, quiet=True) as process:
        process.communicate()
    _check_exit(arguments, process.returncode)


def _seconds_to_window(arguments: Sequence[str], folder: Path) -> float:
    """Return the seconds from the start of a process to its first window line."""
    began = time.perf_counter()
    first: float | None = None
    with _started(_auscult(arguments), folder) as process:
        for line in process.stdout or ():
            if first is None and json.loads(line).get("type") == "window":
                first = time.perf_counter() - began
    _check_exit(arguments, process.returncode)
    if first is None:
        raise AuscultError(f"auscult {arguments[0]}: printed no window while it was measured", "run it by hand")
    return first


def _peak_memory_mb(arguments: Sequence[str], folder: Path) -> float | None:
    """Return the peak memory of a process, MB; None where the system does not report it."""
    if sys.platform == "win32":
        return None
    with _started([sys.executable, "-c", PEAK_MEMORY, *_auscult(arguments)], folder) as process:
        answer, _ = process.communicate()
    _check_exit(arguments, process.returncode)
    return int(answer) / 1e6


@contextlib.contextmanager
def _started(command: Sequence[str], folder: Path, *, quiet: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in a folder, with the packages of this one; it is killed after a timeout."""
    paths = [str(Path(__file__).resolve().parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if environment.pop("PYTHONDONTWRITEBYTECODE", None):  # or each start compiles what an installation holds compiled
        environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    stderr = subprocess.DEVNULL if quiet else None
    with subprocess.Popen(  # noqa: S603  # our own command
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr
    ) as process:
        watchdog = threading.Timer(TIMEOUT_S, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            watchdog.join()


def _auscult(arguments: Sequence[str]) -> list[str]:
    """Return the command line of this installation's ``auscult``."""
    return [sys.executable, "-m", "monitor", *arguments]


def _check_exit(arguments: Sequence[str], code: int) -> None:
    """Raise for a process that failed."""
    if code:
        raise AuscultError(f"auscult {arguments[0]}: ended with code {code} while it was measured", "run it by hand")

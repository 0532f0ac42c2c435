"""How fast an archive is judged: ``auscult scan`` as a program, with one process and two, float and int8.

Times are from the start of each program to its end, so starting counts. The programs run by turns, and the fastest run
of each counts: what else the machine does only adds time.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.commands.bench.processes import run_program
from monitor.inference.bundle import Bundle
from monitor.inference.engine import INT8_ENGINE
from monitor.labels import DEFAULT_ENGINE

__all__ = ["CLIP_S", "ArchiveSpeed", "fastest_by_turns", "measure_archive", "write_recordings"]

CLIP_S = 27.0
"""About as long as a recording of CirCor DigiScope is at most."""
DISTINCT = 8
"""Different recordings; the others are copies under other names."""
BOTH = 2
"""Processes that are compared with one."""


@dataclasses.dataclass(frozen=True, slots=True)
class ArchiveSpeed:
    """Times real time.

    Attributes
    ----------
    archive_x, archive_int8_x : float or None
        By the clock, one process; None without an int8 network.
    archive_cpu_x, archive_int8_cpu_x : float or None
        By the processor; None where the system does not say (Windows).
    archive_two_to_one : float or None
        Speed of two processes over that of one, float; None with a single processor.
    """

    archive_x: float
    archive_int8_x: float | None
    archive_cpu_x: float | None
    archive_int8_cpu_x: float | None
    archive_two_to_one: float | None


def write_recordings(folder: Path, waveform: NDArray[np.float32], sample_rate: int, count: int) -> None:
    """Write FLAC recordings of 27 s, each from another place of a waveform that is longer.

    Parameters
    ----------
    folder : Path
        Empty.
    waveform : ndarray, shape (samples,), float32
    sample_rate : int
        Hz.
    count : int
    """
    import soundfile

    samples = round(CLIP_S * sample_rate)
    contents: list[bytes] = []
    for number in range(count):
        path = folder / f"{number:04d}.flac"
        if number < DISTINCT:
            start = number * (len(waveform) - samples) // DISTINCT
            soundfile.write(path, waveform[start : start + samples], sample_rate, subtype="PCM_16")
            contents.append(path.read_bytes())
        else:
            path.write_bytes(contents[number % DISTINCT])


def fastest_by_turns(
    commands: Mapping[str, Sequence[str]], folder: Path, repeats: int
) -> dict[str, tuple[float, float]]:
    """Return the seconds of the fastest run of each command of auscult: by the clock, and on the processor.

    Parameters
    ----------
    commands : mapping of str to sequence of str
        The arguments of auscult, by a name.
    folder : Path
        Where they run.
    repeats : int
        Runs of each.

    Raises
    ------
    AuscultError
        If one fails.
    """
    clock: dict[str, list[float]] = {name: [] for name in commands}
    processor: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, arguments in commands.items():
            before, began = _children_s(), time.perf_counter()
            run_program(arguments, folder)
            clock[name].append(time.perf_counter() - began)
            processor[name].append(_children_s() - before)
    return {name: (min(clock[name]), min(processor[name])) for name in commands}


def _children_s() -> float:
    """Return the processor time of all programs that were started and have ended, seconds; 0 on Windows."""
    times = os.times()
    return times.children_user + times.children_system


def measure_archive(
    bundle: Bundle,
    waveform: NDArray[np.float32],
    sample_rate: int,
    folder: Path,
    *,
    files: int,
    repeats: int,
    int8: bool,
) -> ArchiveSpeed:
    """Return how fast recordings are judged.

    Parameters
    ----------
    bundle : Bundle
    waveform : ndarray, shape (samples,), float32
        Longer than 27 s.
    sample_rate : int
        Hz.
    folder : Path
        Empty; for the recordings and the tables.
    files, repeats : int
        Recordings, and runs of each program.
    int8 : bool
        Whether the bundle has an int8 network.
    """
    recordings = folder / "recordings"
    recordings.mkdir()
    write_recordings(recordings, waveform, sample_rate, files)
    common = [
        "scan",
        str(recordings),
        "-o",
        str(folder / "rows.jsonl"),
        "--force",
        "--model",
        str(bundle.path.resolve()),
    ]
    commands = {"float": [*common, "--jobs", "1", "--engine", DEFAULT_ENGINE]}
    if int8:
        commands["int8"] = [*common, "--jobs", "1", "--engine", INT8_ENGINE]
    if (os.cpu_count() or 1) >= BOTH:
        commands["two"] = [*common, "--jobs", str(BOTH), "--engine", DEFAULT_ENGINE]
    best, sound_s = fastest_by_turns(commands, folder, repeats), files * CLIP_S

    def times_real_time(name: str, column: int) -> float | None:
        return round(sound_s / best[name][column], 1) if name in best and best[name][column] else None

    return ArchiveSpeed(
        archive_x=round(sound_s / best["float"][0], 1),
        archive_int8_x=times_real_time("int8", 0),
        archive_cpu_x=times_real_time("float", 1),
        archive_int8_cpu_x=times_real_time("int8", 1),
        archive_two_to_one=round(best["float"][0] / best["two"][0], 2) if "two" in best else None,
    )

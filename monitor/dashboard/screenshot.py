"""Saving a screenshot and the last half minute of sound, in new files named by date and time; never over old ones.

Main thread.
"""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path

from monitor.audio.recorder.append_file import new_file
from monitor.audio.recorder.wav_writer import WavWriter
from monitor.audio.ring_buffer import RingBuffer
from monitor.dashboard.drawing.canvas import Canvas
from monitor.dashboard.drawing.svg import svg_of
from monitor.errors import AuscultError

__all__ = ["SOUND_S", "save_screenshot", "save_sound", "unused_path"]

SOUND_S = 30.0
"""Seconds of sound saved: what the ring buffer holds by default."""


def unused_path(folder: Path, suffix: str, now: datetime.datetime) -> Path:
    """Return an unused path, ``auscult-20260102-030405.wav``, with a number appended where that exists.

    Parameters
    ----------
    folder : Path
    suffix : str
        With the dot.
    now : datetime
        Wall-clock time.
    """
    stem = f"auscult-{now:%Y%m%d-%H%M%S}"
    names = itertools.chain([f"{stem}{suffix}"], (f"{stem}-{count}{suffix}" for count in itertools.count(2)))
    return next(path for path in map(folder.joinpath, names) if not path.exists())


def save_screenshot(canvas: Canvas, path: Path) -> None:
    """Write a canvas as SVG.

    Raises
    ------
    AuscultError
        If the file exists already or cannot be written.
    """
    try:
        with new_file(path) as file:
            file.write(svg_of(canvas).encode())
    except OSError as error:
        raise AuscultError(f"{path} cannot be written: {error.strerror or error}", "free some space") from error


def save_sound(ring: RingBuffer, sample_rate: int, path: Path) -> float:
    """Write the last half minute of a ring buffer and return the seconds written.

    Lost samples are written as zeros, so that times stay right.

    Raises
    ------
    AuscultError
        If the file exists already or cannot be written.
    """
    cursor = ring.cursor()
    try:
        cursor.next_sample = max(cursor.next_sample, ring.end_sample - round(SOUND_S * sample_rate))
        read = cursor.read(max(1, round(SOUND_S * sample_rate)), 0.0)
    finally:
        cursor.close()
    try:
        writer = WavWriter(new_file(path), sample_rate)
        try:
            if read is not None:
                writer.write(read.waveform)
        finally:
            writer.close()
    except OSError as error:
        raise AuscultError(f"{path} cannot be written: {error.strerror or error}", "free some space") from error
    return 0.0 if read is None else len(read.waveform) / sample_rate

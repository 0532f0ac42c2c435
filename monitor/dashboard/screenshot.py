"""What keys keep: a picture of the dashboard and the last half minute of sound, in new files, never over old ones.

Main thread. Names carry date and time.
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

__all__ = ["SOUND_S", "new_path", "save_picture", "save_sound"]

SOUND_S = 30.0
"""Seconds of sound kept by a key: what the ring holds by default."""


def new_path(folder: Path, suffix: str, now: datetime.datetime) -> Path:
    """Return a name that no file has: ``auscult-20260102-030405.wav``, with a number behind it where that is taken.

    Parameters
    ----------
    folder : Path
    suffix : str
        With its dot.
    now : datetime
        The wall clock's.
    """
    stem = f"auscult-{now:%Y%m%d-%H%M%S}"
    names = itertools.chain([f"{stem}{suffix}"], (f"{stem}-{number}{suffix}" for number in itertools.count(2)))
    return next(path for path in map(folder.joinpath, names) if not path.exists())


def save_picture(frame: Canvas, path: Path) -> None:
    """Write a frame as SVG.

    Raises
    ------
    AuscultError
        If there is such a file already, or it cannot be written.
    """
    try:
        with new_file(path) as file:
            file.write(svg_of(frame).encode())
    except OSError as error:
        raise AuscultError(f"{path} cannot be written: {error.strerror or error}", "free some space") from error


def save_sound(ring: RingBuffer, sample_rate: int, path: Path) -> float:
    """Write the last half minute that a ring holds, untouched, and return how many seconds that is.

    Lost sound stands as zeros, so that the times stay right.

    Raises
    ------
    AuscultError
        If there is such a file already, or it cannot be written.
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

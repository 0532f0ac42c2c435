"""Samples as whole numbers, block by block, for formats that hold the sound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.archive.timeline import Sound, Timeline

__all__ = ["integer_blocks", "signal_blocks"]


def integer_blocks(sound: Sound, bits: int) -> Iterator[NDArray[np.int32]]:
    """Yield the samples times ``2 ** (bits - 1)``, rounded, shape (samples,); sound beyond full scale is clipped.

    What a converter of at most so many bits gave is exact.
    """
    full_scale = 2 ** (bits - 1)
    for block in sound.blocks():
        scaled = np.rint(block.astype(np.float64) * full_scale)
        yield np.clip(scaled, -full_scale, full_scale - 1).astype(np.int32)


def signal_blocks(timeline: Timeline, sound: Sound, bits: int) -> Iterator[NDArray[np.int32]]:
    """Yield the samples of sound and, where there is one, electrocardiogram, shape (samples, signals).

    An electrocardiogram that is shorter than the sound, because the program was killed, ends in zeros.
    """
    if timeline.ecg is None:
        yield from (block[:, None] for block in integer_blocks(sound, bits))
        return
    others = integer_blocks(timeline.ecg, bits)
    rest = np.zeros(0, np.int32)
    for block in integer_blocks(sound, bits):
        while len(rest) < len(block) and (other := next(others, None)) is not None:
            rest = np.concatenate((rest, other))
        ecg = np.pad(rest[: len(block)], (0, max(0, len(block) - len(rest))))
        rest = rest[len(block) :]
        yield np.stack((block, ecg), axis=1)

"""Samples as whole numbers, block by block, for formats that hold the sound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.archive.timeline import Sound

__all__ = ["integer_blocks"]


def integer_blocks(sound: Sound, bits: int) -> Iterator[NDArray[np.int32]]:
    """Yield the samples times ``2 ** (bits - 1)``, rounded, shape (samples,); sound beyond full scale is clipped.

    What a converter of at most so many bits gave is exact.
    """
    full_scale = 2 ** (bits - 1)
    for block in sound.blocks():
        scaled = np.rint(block.astype(np.float64) * full_scale)
        yield np.clip(scaled, -full_scale, full_scale - 1).astype(np.int32)

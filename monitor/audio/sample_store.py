"""The samples a ring holds, and where some were lost: memory without waiting.

The writer announces where a block will end before it copies and publishes it afterwards.
A reader that looks at the announcement once more after its own copy therefore knows which
of its samples may have been overwritten meanwhile. Positions are absolute sample numbers,
intervals are ``[start, end)``.

Written by one thread, read by any. Must not know who reads, nor wait for anyone.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_LEVEL", "SampleStore"]

MAX_LEVEL = 1e6
"""Largest magnitude taken for sound: above 16- and 20-bit numbers written as floats, far below garbage."""


class SampleStore:
    """The last ``capacity`` samples of a sound and the intervals of it that never arrived.

    Parameters
    ----------
    capacity : int
        Samples held.

    Attributes
    ----------
    end_sample : int
        Samples ever appended, lost ones included.

    Raises
    ------
    ValueError
        If ``capacity`` is not positive.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity={capacity} must be at least 1 sample")
        self.capacity = capacity
        self.end_sample = 0
        self._announced = 0  # where the block now being copied will end
        self._data = np.zeros(capacity, np.float32)
        self._lost: deque[tuple[int, int]] = deque()

    @property
    def oldest_sample(self) -> int:
        """Absolute number of the oldest sample that is held and not about to be overwritten."""
        return max(0, self._announced - self.capacity)

    def append(self, block: NDArray[Any]) -> None:
        """Add samples; those that are no sound become zeros and a lost interval.

        Parameters
        ----------
        block : ndarray, shape (samples,), float32
            May be a strided view; it is copied.
        """
        # one reduction says that every sample is in range; `not <=` also catches NaN
        if not np.vdot(block, block) <= MAX_LEVEL * MAX_LEVEL:
            block = self._without_lost(block)
        self._write(block, len(block))

    def append_lost(self, samples: int) -> None:
        """Add ``samples`` zeros, known as lost."""
        self._remember(self.end_sample, self.end_sample + samples)
        self._write(np.zeros(min(samples, self.capacity), np.float32), samples)

    def copy(self, start: int, end: int) -> NDArray[np.float32]:
        """Return the samples from ``start`` to ``end``; check `oldest_sample` afterwards.

        Returns
        -------
        ndarray, shape (end - start,), float32
        """
        out = np.empty(end - start, np.float32)
        slot = start % self.capacity
        before_wrap = min(len(out), self.capacity - slot)
        out[:before_wrap] = self._data[slot : slot + before_wrap]
        out[before_wrap:] = self._data[: len(out) - before_wrap]
        return out

    def lost_between(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the lost intervals, ascending, cut to ``start`` and ``end``."""
        # deque.copy is one step for other threads; iterating while the writer adds is not
        return [(max(a, start), min(b, end)) for a, b in self._lost.copy() if a < end and b > start]

    def _write(self, tail: NDArray[Any], samples: int) -> None:
        """Announce, copy and publish ``samples`` samples, of which ``tail`` holds the last."""
        end = self.end_sample + samples
        self._announced = end
        while self._lost and self._lost[0][1] <= end - self.capacity:
            self._lost.popleft()
        tail = tail[-self.capacity :]
        slot = (end - len(tail)) % self.capacity
        before_wrap = min(len(tail), self.capacity - slot)
        self._data[slot : slot + before_wrap] = tail[:before_wrap]
        if before_wrap < len(tail):
            self._data[: len(tail) - before_wrap] = tail[before_wrap:]
        self.end_sample = end

    def _without_lost(self, block: NDArray[Any]) -> NDArray[Any]:
        """Return the block with zeros for what is no sound, and remember where that was."""
        bad = ~(np.abs(block) <= MAX_LEVEL)
        edges = np.flatnonzero(np.diff(bad, prepend=False, append=False))
        for first, last in edges.reshape(-1, 2).tolist():
            self._remember(self.end_sample + first, self.end_sample + last)
        return np.where(bad, np.float32(0.0), block)

    def _remember(self, start: int, end: int) -> None:
        """Add a lost interval behind those known, joined to the last where they touch."""
        if self._lost and self._lost[-1][1] == start:
            self._lost[-1] = (self._lost[-1][0], end)  # in one step: a reader never sees it missing
        else:
            self._lost.append((start, end))

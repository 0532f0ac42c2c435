"""The samples of a ring buffer, and the intervals that were lost: lock-free memory.

The writer announces where a block will end before it copies and publishes it afterwards.
A reader that checks the announcement again after copying therefore knows which of the
copied samples may have been overwritten meanwhile. Positions are absolute sample indices,
intervals are ``[start, end)``.

Written by one thread, read by any. Must not know who reads, nor wait for anyone.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_LEVEL", "SampleStore", "split_invalid"]

MAX_LEVEL = 1e6
"""Largest magnitude taken for sound: above 16- and 20-bit integers written as floats, far below garbage."""


class SampleStore:
    """The last ``capacity`` samples of a sound and the intervals of it that never arrived.

    Parameters
    ----------
    capacity : int
        Number of samples stored.

    Attributes
    ----------
    end_sample : int
        Number of samples appended so far, lost ones included.

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
        """Absolute index of the oldest stored sample that is not about to be overwritten."""
        return max(0, self._announced - self.capacity)

    def append(self, block: NDArray[Any]) -> None:
        """Add samples; those that are not finite, or above `MAX_LEVEL`, become zeros and a lost interval.

        Parameters
        ----------
        block : ndarray, shape (samples,), float32
            May be a strided view; it is copied.
        """
        block, invalid = split_invalid(block)
        for first, last in invalid:
            self._add_lost(self.end_sample + first, self.end_sample + last)
        self._write(block, len(block))

    def append_lost(self, samples: int) -> None:
        """Add ``samples`` zeros and record them as lost."""
        self._add_lost(self.end_sample, self.end_sample + samples)
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
        """Return the lost intervals, ascending, clipped to ``start`` and ``end``."""
        # deque.copy is atomic for other threads; iterating while the writer adds is not
        return [(max(a, start), min(b, end)) for a, b in self._lost.copy() if a < end and b > start]

    def _write(self, tail: NDArray[Any], samples: int) -> None:
        """Announce, copy and publish ``samples`` samples, the last of which are in ``tail``."""
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

    def _add_lost(self, start: int, end: int) -> None:
        """Append a lost interval, merged with the last one where they touch."""
        if self._lost and self._lost[-1][1] == start:
            self._lost[-1] = (self._lost[-1][0], end)  # one assignment: a reader never sees it missing
        else:
            self._lost.append((start, end))


def split_invalid(block: NDArray[Any]) -> tuple[NDArray[Any], list[tuple[int, int]]]:
    """Return a block with zeros for the samples that are no sound, and where those are.

    Parameters
    ----------
    block : ndarray, shape (samples,), float32

    Returns
    -------
    block : ndarray, shape (samples,)
        The same array where every sample is sound.
    invalid : list of (int, int)
        Intervals of the block, ascending, that are not finite or above :data:`MAX_LEVEL`.

    Examples
    --------
    >>> split_invalid(np.array([0.5, np.nan, np.inf, 0.25], np.float32))
    (array([0.5 , 0.  , 0.  , 0.25], dtype=float32), [(1, 3)])
    """
    # one reduction says that every sample is in range; `not <=` also catches NaN
    if np.vdot(block, block) <= MAX_LEVEL * MAX_LEVEL:
        return block, []
    invalid = ~(np.abs(block) <= MAX_LEVEL)
    edges = np.flatnonzero(np.diff(invalid, prepend=False, append=False))
    intervals = [(first, last) for first, last in edges.reshape(-1, 2).tolist()]
    return np.where(invalid, np.float32(0.0), block), intervals

"""Percentiles of the last few hundred latencies, in constant memory.

The values are kept sorted, so that a percentile, which every snapshot needs, is a look-up. One writing thread per
object; must not measure time itself.
"""

from __future__ import annotations

import bisect

__all__ = ["Percentiles"]


class Percentiles:
    """Percentiles of the last values added.

    Parameters
    ----------
    capacity : int
        Number of values stored, at least 1.

    Raises
    ------
    ValueError
        If ``capacity`` is below 1.

    Examples
    --------
    >>> latencies = Percentiles()
    >>> for value in (1.0, 2.0, 4.0):
    ...     latencies.add(value)
    >>> latencies.percentile(50), latencies.percentile(75)
    (2.0, 3.0)
    """

    def __init__(self, capacity: int = 512) -> None:
        if capacity < 1:
            raise ValueError(f"capacity={capacity} must be at least 1")
        self._capacity = capacity
        self._newest = [0.0] * capacity  # a ring, in the order of adding
        self._ordered: list[float] = []  # the same values, smallest first
        self._added = 0

    def __len__(self) -> int:
        """Return the number of values stored."""
        return len(self._ordered)

    def add(self, value: float) -> None:
        """Add one value; the oldest is dropped when the capacity is reached.

        Raises
        ------
        ValueError
            If the value is NaN, which cannot be sorted.
        """
        if value != value:
            raise ValueError("value=nan must be a number")
        slot = self._added % self._capacity
        if self._added >= self._capacity:
            del self._ordered[bisect.bisect_left(self._ordered, self._newest[slot])]
        self._newest[slot] = value
        bisect.insort(self._ordered, value)
        self._added += 1

    def percentile(self, percent: float) -> float | None:
        """Return a percentile, or None without values.

        Parameters
        ----------
        percent : float
            0 to 100.

        Returns
        -------
        float or None
            Linearly interpolated, like :func:`numpy.percentile`.

        Raises
        ------
        ValueError
            If ``percent`` is out of range.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"percent={percent} must be from 0 to 100")
        if not self._ordered:
            return None
        below, rest = divmod(percent * (len(self._ordered) - 1), 100)
        low = self._ordered[int(below)]
        high = self._ordered[min(int(below) + 1, len(self._ordered) - 1)]
        return low + rest / 100 * (high - low)

"""Percentiles of the last few hundred latencies, in constant memory.

The values are kept in order as they come, so that a percentile, which every snapshot asks
for, is a look-up. One writing thread per object; must not measure time itself.
"""

from __future__ import annotations

import bisect

__all__ = ["Percentiles"]


class Percentiles:
    """The last values added, and their percentiles.

    Parameters
    ----------
    capacity : int
        How many values are held, at least 1.

    Raises
    ------
    ValueError
        If ``capacity`` is below 1.
    """

    def __init__(self, capacity: int = 512) -> None:
        if capacity < 1:
            raise ValueError(f"capacity={capacity} must be at least 1")
        self._capacity = capacity
        self._newest = [0.0] * capacity  # a ring, in the order of adding
        self._ordered: list[float] = []  # the same values, smallest first
        self._added = 0

    def __len__(self) -> int:
        """Return the number of values held."""
        return len(self._ordered)

    def add(self, value: float) -> None:
        """Take one value; the oldest makes room.

        Raises
        ------
        ValueError
            If the value is NaN, which has no place in an order.
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
        """Return the value below which ``percent`` of the values lie, or None when there are none.

        Parameters
        ----------
        percent : float
            0 to 100.

        Returns
        -------
        float or None
            Interpolated between neighbours, as NumPy's default is.

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

"""The heart rate of the last minutes, one value every few seconds.

Main thread; must not know about screens.
"""

from __future__ import annotations

import math
from collections import deque

__all__ = ["RateTrend"]

BIN_S = 5.0
"""Seconds of one value: one window."""
MAX_BINS = 60
"""Five minutes."""


class RateTrend:
    """Collects the heart rates of windows.

    Examples
    --------
    >>> trend = RateTrend()
    >>> for at_s, bpm in ((5.0, 70.0), (5.5, 72.0), (10.0, None), (10.5, 74.0)):
    ...     trend.add(at_s, bpm)
    >>> trend.rates
    ((5.5, 71.0), (10.5, 74.0))
    """

    def __init__(self) -> None:
        self._bins: deque[tuple[int, float, list[float]]] = deque(maxlen=MAX_BINS)  # bin, newest moment, rates
        self._rates: tuple[tuple[float, float], ...] | None = ()

    @property
    def rates(self) -> tuple[tuple[float, float], ...]:
        """The newest moment in each five seconds that had a heart rate, and the mean of the rates there, ascending."""
        if self._rates is None:
            self._rates = tuple((at_s, sum(rates) / len(rates)) for _, at_s, rates in self._bins)
        return self._rates

    def add(self, at_s: float, bpm: float | None) -> None:
        """Add the heart rate of a window that ends at a moment; a moment before the last one begins again."""
        if bpm is None:
            return
        self._rates = None
        index = math.floor(at_s / BIN_S)
        if self._bins and at_s < self._bins[-1][1]:
            self._bins.clear()
        if self._bins and self._bins[-1][0] == index:
            self._bins[-1] = index, at_s, [*self._bins[-1][2], bpm]
            return
        while self._bins and self._bins[0][0] <= index - MAX_BINS:
            self._bins.popleft()
        self._bins.append((index, at_s, [bpm]))

"""Percentiles of the last few hundred latencies, in constant memory.

Adding costs one list assignment; sorting happens only when someone asks. One writing
thread per object; must not measure time itself.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Percentiles", "Spread"]


class Spread(NamedTuple):
    """Percentiles of what was added, in its unit.

    Attributes
    ----------
    p50, p95, p99 : float
        Interpolated between neighbours, as NumPy's default is.
    """

    p50: float
    p95: float
    p99: float


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
        self._values = [0.0] * capacity
        self._added = 0

    @property
    def count(self) -> int:
        """Values held."""
        return min(self._added, len(self._values))

    def add(self, value: float) -> None:
        """Take one value; the oldest makes room."""
        self._values[self._added % len(self._values)] = value
        self._added += 1

    def spread(self) -> Spread | None:
        """Return the percentiles of the values held, or None when there are none."""
        if not self._added:
            return None
        ordered = sorted(self._values[: self.count])
        return Spread(_quantile(ordered, 0.50), _quantile(ordered, 0.95), _quantile(ordered, 0.99))


def _quantile(ordered: list[float], share: float) -> float:
    """Return the value below which a share of the ordered values lies."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])

"""Percentiles of measured times, and an endless sound to measure with. Pure; any thread."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["LatencyPercentiles", "endless", "median"]


@dataclasses.dataclass(frozen=True, slots=True)
class LatencyPercentiles:
    """Median, 95th and 99th percentile of measured times.

    Attributes
    ----------
    p50_ms, p95_ms, p99_ms : float
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float

    @classmethod
    def of(cls, times_s: Sequence[float]) -> LatencyPercentiles:
        """Return the percentiles of times in seconds.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not times_s:
            raise ValueError("times_s must hold at least one time")
        p50, p95, p99 = (float(value) for value in np.percentile(times_s, (50, 95, 99)) * 1000)
        return cls(p50, p95, p99)

    def to_json(self) -> dict[str, float]:
        """Return the percentiles in ms, to a tenth of a microsecond."""
        return {name: round(value, 4) for name, value in dataclasses.asdict(self).items()}


def median(values: Sequence[float]) -> float:
    """Return the median of some values.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not values:
        raise ValueError("values must hold at least one")
    return float(np.median(values))


def endless(waveform: NDArray[np.float32], samples: int) -> Iterator[NDArray[np.float32]]:
    """Yield a waveform in blocks of ``samples``, repeated; a shorter rest at its end is left out.

    Raises
    ------
    ValueError
        If it is shorter than one block.
    """
    if not 1 <= samples <= len(waveform):
        raise ValueError(f"samples={samples} must be from 1 to the waveform's {len(waveform)}")
    starts = range(0, len(waveform) - samples + 1, samples)
    return itertools.cycle([waveform[start : start + samples] for start in starts])

"""The rate at which samples really arrive, measured against the monotonic clock.

A sound card may be slightly off its nominal rate, and a driver may accept a rate and deliver another; everything in
seconds or beats per minute would be wrong by as much. Pure: time is an argument. Used by one thread.
"""

from __future__ import annotations

from collections import deque

__all__ = ["MAX_DRIFT", "ClockDrift"]

MAX_DRIFT = 0.005
"""Relative deviation from the nominal rate above which it is reported."""

POINT_S = 1.0
MIN_SPAN_S = 20.0
MAX_POINTS = 120
"""One point per second, evaluated from 20 s on, over the last two minutes. Blocks come up to 0.1 s early or late: over
20 s the slope of a line through the points is then off by 0.1 %, a fifth of `MAX_DRIFT`."""


class ClockDrift:
    """Measures the sample rate of one uninterrupted stream.

    Examples
    --------
    >>> clock_drift = ClockDrift()
    >>> for second in range(31):
    ...     clock_drift.push(now_s=float(second), samples=4040 * second)
    >>> clock_drift.rate_hz
    4040.0
    """

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque(maxlen=MAX_POINTS)

    def clear(self) -> None:
        """Reset: samples were lost, or a new stream was opened."""
        self._points.clear()

    def push(self, now_s: float, samples: int) -> None:
        """Add the number of samples received up to a time; at most one point per second is used."""
        if not self._points or now_s - self._points[-1][0] >= POINT_S:
            self._points.append((now_s, samples))

    @property
    def rate_hz(self) -> float | None:
        """Samples per second, the slope of the least-squares line through the points; None before 20 s."""
        points = self._points
        if len(points) < 3 or points[-1][0] - points[0][0] < MIN_SPAN_S:
            return None
        start_s, start = points[0]
        times = [time - start_s for time, _ in points]
        counts = [count - start for _, count in points]
        mean_time, mean_count = sum(times) / len(times), sum(counts) / len(counts)
        covariance = sum((time - mean_time) * (count - mean_count) for time, count in zip(times, counts, strict=True))
        return covariance / sum((time - mean_time) ** 2 for time in times)

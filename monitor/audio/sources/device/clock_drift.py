"""The rate at which samples really come, measured against the monotonic clock.

A sound card may be a little off its rate, and a driver may take a rate and deliver another; everything that is told in
seconds or in beats per minute would be off by as much. Pure: time comes as an argument. Used by one thread.
"""

from __future__ import annotations

from collections import deque

__all__ = ["DRIFT_SHARE", "ClockDrift"]

DRIFT_SHARE = 0.005
"""A rate further off than this is told."""

POINT_S = 1.0
MIN_SPAN_S = 20.0
MAX_POINTS = 120
"""A point a second, judged from 20 s on, over the last two minutes. Blocks come up to 0.1 s early or late: over 20 s
the slope of a line through the points is off by 0.1 % then, a fifth of what is told."""


class ClockDrift:
    """Measures the rate of one uninterrupted stream."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque(maxlen=MAX_POINTS)

    def clear(self) -> None:
        """Forget everything: samples were lost, or the stream is another one."""
        self._points.clear()

    def push(self, now_s: float, samples: int) -> None:
        """Take note that ``samples`` samples had come at a time; more often than once a second changes nothing."""
        if not self._points or now_s - self._points[-1][0] >= POINT_S:
            self._points.append((now_s, samples))

    @property
    def rate_hz(self) -> float | None:
        """Samples in a second; None until it can be told.

        The slope of the least-squares line through the points.
        """
        points = self._points
        if len(points) < 3 or points[-1][0] - points[0][0] < MIN_SPAN_S:
            return None
        start_s, start = points[0]
        times = [time - start_s for time, _ in points]
        counts = [count - start for _, count in points]
        mean_time, mean_count = sum(times) / len(times), sum(counts) / len(counts)
        together = sum((time - mean_time) * (count - mean_count) for time, count in zip(times, counts, strict=True))
        return together / sum((time - mean_time) ** 2 for time in times)

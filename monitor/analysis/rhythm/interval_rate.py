"""The heart rate of a window from its intervals from S1 to S1, where these are sure.

Where most of a window lies between S1 that were found, each of them is likely right, and the intervals are
alike, their mean is more often right than the rate of the envelope, and nearer. Elsewhere the envelope's stands. One
thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from monitor.analysis.rhythm.ectopic import median
from monitor.messages import HeartBeat

__all__ = ["INTERVAL_RATE_CONFIDENCE", "IntervalRate"]

MIN_COVERED = 0.65
"""Share of a window that its intervals fill together; its last beats are decided only behind its end. Less (0.5, 0.6)
gives more rates, and on set A more wrong ones than the envelope's."""
MIN_INTERVALS = 3
MIN_CONFIDENCE = 0.9
"""Median of the confidence of the beats."""
MAX_MEAN_DEVIATION = 0.1
"""Of the intervals from their median, relative."""

INTERVAL_RATE_CONFIDENCE = 0.99
"""Probability that such a rate is within 5 beats per minute. Source: .991 of the windows of held-out children of CirCor
whose intervals are sure (docs/decisions/0019)."""


class IntervalRate:
    """Keeps the beats of the last seconds.

    Examples
    --------
    >>> rate = IntervalRate()
    >>> rate.push(HeartBeat(0.8 * n, None, 0.95, rate_bpm=75.0 if n else None) for n in range(7))
    >>> rate.of(0.0, 5.0)
    75.0
    >>> rate.of(2.0, 7.0) is None  # nothing is known of its end
    True
    """

    def __init__(self) -> None:
        self._intervals: deque[tuple[float, float, float]] = deque()  # end and length, seconds; confidence

    def push(self, beats: Iterable[HeartBeat]) -> None:
        """Take the next beats."""
        for beat in beats:
            if beat.s1_s is not None and beat.rate_bpm is not None:
                self._intervals.append((beat.s1_s, 60.0 / beat.rate_bpm, beat.confidence))

    def of(self, start_s: float, end_s: float) -> float | None:
        """Return the rate of a window, beats per minute; None where it is not sure.

        Parameters
        ----------
        start_s, end_s : float
            Of the window, seconds; no later call asks for an earlier one.
        """
        intervals = self._intervals
        while intervals and intervals[0][0] - intervals[0][1] < start_s:
            intervals.popleft()
        inside = [interval for interval in intervals if interval[0] <= end_s]
        lengths = [length for _, length, _ in inside]
        total_s = sum(lengths)
        if len(lengths) < MIN_INTERVALS or total_s < MIN_COVERED * (end_s - start_s):
            return None
        usual = median(lengths)
        deviation = sum([abs(length - usual) for length in lengths]) / (len(lengths) * usual)
        if deviation > MAX_MEAN_DEVIATION or median([sure for _, _, sure in inside]) < MIN_CONFIDENCE:
            return None
        return 60.0 * len(lengths) / total_s

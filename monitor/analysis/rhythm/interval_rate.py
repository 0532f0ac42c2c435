"""The heart rate of a window from its intervals from S1 to S1, where these are sure.

Where most of a window lies between S1 that were found, each of them is likely right, and the intervals are
alike, their mean is more often right than the rate of the envelope, and nearer. Elsewhere the envelope's stands, unless
it is about half of what even a few intervals say: beats that differ in turn look like one long beat to an
autocorrelation. One thread.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from monitor.analysis.rhythm.ectopic import median
from monitor.features.heart_rate import HeartRate
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

HALVED_BELOW = 0.6
"""Share of the rate from S1 to S1 below which the envelope's is half of it, or less."""
FEW_INTERVALS, FEW_COVERED = 2, 0.2
"""So many, filling so much of a window, tell that."""
KEPT_S = 10.0
"""How long intervals are kept: where a window has fewer, those before tell it."""

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
        lengths, confidences = self._inside(start_s, end_s)
        total_s = sum(lengths)
        if len(lengths) < MIN_INTERVALS or total_s < MIN_COVERED * (end_s - start_s):
            return None
        if _mean_deviation(lengths) > MAX_MEAN_DEVIATION or median(confidences) < MIN_CONFIDENCE:
            return None
        return 60.0 * len(lengths) / total_s

    def shown(self, envelope: HeartRate, start_s: float, end_s: float) -> HeartRate:
        """Return the rate that is shown of a window: from S1 to S1 where that is sure, else that of its envelope.

        Parameters
        ----------
        envelope : HeartRate
        start_s, end_s : float
            As :meth:`of`.

        Returns
        -------
        HeartRate
            Where the envelope's rate is about half of that of a few intervals, it is theirs if they are alike, and none
            otherwise: both numbers are the reason.
        """
        bpm = self.of(start_s, end_s)
        if bpm is not None:
            return HeartRate(bpm, envelope.periodicity, INTERVAL_RATE_CONFIDENCE)
        if envelope.bpm is None:
            return envelope
        lengths, confidences = self._inside(start_s, end_s)
        total_s = sum(lengths)
        enough = len(lengths) >= FEW_INTERVALS and total_s >= FEW_COVERED * (end_s - start_s)
        if not enough:
            lengths, confidences = self._inside(-math.inf, end_s)  # those before tell it
        usual_bpm = 60.0 / median(lengths) if len(lengths) >= FEW_INTERVALS else 0.0
        if envelope.bpm >= HALVED_BELOW * usual_bpm:
            return envelope
        confidence = median(confidences)
        if enough and _mean_deviation(lengths) <= MAX_MEAN_DEVIATION:
            return HeartRate(60.0 * len(lengths) / total_s, envelope.periodicity, confidence)
        reason = f"either {round(envelope.bpm)} or {round(usual_bpm)} bpm"
        return HeartRate(None, envelope.periodicity, min(confidence, 1.0 - confidence), reason)

    def _inside(self, start_s: float, end_s: float) -> tuple[list[float], list[float]]:
        """Return length and confidence of the intervals wholly in a window; forget those that no later one needs."""
        intervals, oldest_s = self._intervals, min(start_s, end_s - KEPT_S)
        while intervals and intervals[0][0] < oldest_s:
            intervals.popleft()
        lengths, confidences = [], []
        for at_s, length, confidence in intervals:
            if at_s - length >= start_s and at_s <= end_s:
                lengths.append(length)
                confidences.append(confidence)
        return lengths, confidences


def _mean_deviation(lengths: list[float]) -> float:
    """Return the mean deviation of intervals from their median, relative to it."""
    usual = median(lengths)
    return sum([abs(length - usual) for length in lengths]) / (len(lengths) * usual)

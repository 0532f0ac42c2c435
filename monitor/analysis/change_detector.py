"""Whether the sound has changed since a label was given: evidence against the label, accumulated over time.

Page's test (a cumulative sum that never falls below 0). Windows overlap, so evidence counts per second, not per window,
and the result is the same at any hop. No clock: time is the end of each window. Used by one thread, the classifier's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import EXTRASTOLE

__all__ = ["ChangeDetector"]

MAX_LOG_RATIO = 3.0
"""Natural log; one window says no more than 20 to 1."""

MIN_SCORE = 1e-6
"""Smaller scores count as this, so that every ratio has a logarithm."""


class ChangeDetector:
    """Detects that the sound is no longer that of the label shown, and since when.

    The evidence grows by the natural log of the ratio of the largest other score to that of the label, less
    ``change_lead``, per second (trapezoids between the windows), and never falls below 0. The sound has changed where
    it reaches ``change_evidence``; it changed when the evidence was last 0. An extrasystole is never what it changed
    to: windows with an early beat come and go in one and the same sound, and the beats are judged over half a minute.

    Parameters
    ----------
    decision : DecisionThresholds

    Examples
    --------
    >>> detector = ChangeDetector(DecisionThresholds(change_lead=1.0, change_evidence=0.5))
    >>> before, after = {"normal": 0.9, "murmur": 0.1}, {"normal": 0.1, "murmur": 0.9}
    >>> [detector.push(before, "normal", end_s=5.0), detector.push(after, "normal", end_s=6.0)]
    [None, None]
    >>> detector.push(after, "normal", end_s=7.0)
    6.0
    """

    def __init__(self, decision: DecisionThresholds) -> None:
        self._decision = decision
        self.clear()

    def clear(self) -> None:
        """Forget all evidence."""
        self._evidence = 0.0
        self._rate: float | None = None
        self._end_s = self._since_s = 0.0

    def push(self, scores: Mapping[str, float], shown: str, end_s: float) -> float | None:
        """Take the scores of the next window; return since when the sound has changed, or None where it has not.

        Parameters
        ----------
        scores : mapping of label to float
            Of the window alone.
        shown : str
            The label that is shown; the same since the last :meth:`clear`.
        end_s : float
            End of the window, seconds of the source; later than that of the last one.
        """
        decision = self._decision
        if not decision.change_evidence:
            return None
        other = 0.0
        for label, score in scores.items():
            if score > other and label != shown and label != EXTRASTOLE:
                other = score
        rate = _log_ratio(other, scores[shown]) - decision.change_lead
        if self._rate is not None:
            self._evidence += 0.5 * (end_s - self._end_s) * (self._rate + rate)
        if self._rate is None or self._evidence <= 0.0:
            self._evidence, self._since_s = 0.0, end_s
        self._rate, self._end_s = rate, end_s
        return self._since_s if self._evidence >= decision.change_evidence else None


def _log_ratio(score: float, other: float) -> float:
    """Return the natural log of the ratio of two scores, at most MAX_LOG_RATIO in either direction."""
    ratio = math.log(max(MIN_SCORE, score) / max(MIN_SCORE, other))
    return max(-MAX_LOG_RATIO, min(MAX_LOG_RATIO, ratio))

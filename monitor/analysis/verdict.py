"""From scores to verdicts: that on one window, and that on a whole recording.

A label is given only if the score is high enough and the signal good enough; otherwise the state says why there is
none. The verdict on the last seconds is in :mod:`monitor.analysis.rolling_verdict`.

Used by one thread, the classifier's; must not know about devices, files or networks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from monitor.features.heart_rate import MAX_BPM, MIN_BPM
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import Quality, State, Summary, Verdict, WindowEvent

__all__ = ["JUDGED", "Summarizer", "largest", "window_verdict"]

JUDGED: frozenset[State] = frozenset({"verdict", "uncertain"})
"""States of a window whose scores count towards the summary."""

LISTENING = Verdict("listening")

RATE_BIN_BPM = 0.5
"""Width of a bin of the histogram of heart rates."""


def window_verdict(scores: Mapping[str, float] | None, quality: Quality, decision: DecisionThresholds) -> Verdict:
    """Return the verdict on a single window.

    Parameters
    ----------
    scores : mapping of label to float, or None
        Calibrated probabilities that sum to 1; None if the network was not run.
    quality : Quality
        Of the same window; :data:`monitor.analysis.quality.GAP_QUALITY` if samples were lost inside it.
    decision : DecisionThresholds

    Returns
    -------
    Verdict
        A window with a poor signal keeps the scores but has no label; one without a signal has no scores either.

    Raises
    ------
    ValueError
        If a window that is good enough to be judged has no scores.

    Examples
    --------
    >>> scores = {"normal": 0.8, "murmur": 0.2}
    >>> window_verdict(scores, Quality(0.9), DecisionThresholds()).label
    'normal'
    >>> window_verdict(scores, Quality(0.9), DecisionThresholds(uncertain_below=0.9)).state
    'uncertain'
    """
    if quality.state == "no-signal":
        return Verdict("no-signal")
    if quality.state == "poor-signal":
        return Verdict("poor-signal", None, max(scores.values()) if scores else None, scores)
    if not scores:
        raise ValueError("scores must be given for a window that is good enough to be judged")
    return labelled(scores, largest(scores), decision)


def labelled(scores: Mapping[str, float], label: str, decision: DecisionThresholds) -> Verdict:
    """Return the verdict for ``label``, or uncertain if the score is too low."""
    confidence = scores[label]
    if confidence < decision.uncertain_below:
        return Verdict("uncertain", None, confidence, scores)
    return Verdict("verdict", label, confidence, scores)


class Summarizer:
    """The verdict on a whole recording, accumulated window by window in constant memory."""

    def __init__(self) -> None:
        self._totals: dict[str, float] = {}
        self._judged = 0
        self._states: Counter[State] = Counter()
        bins = round((MAX_BPM - MIN_BPM) / RATE_BIN_BPM) + 1
        self._rates = [0] * bins
        self._rate_totals = [0.0] * bins

    @property
    def windows(self) -> int:
        """Windows so far, withheld ones included."""
        return self._states.total()

    def push(self, event: WindowEvent) -> None:
        """Take the next window."""
        verdict = event.verdict
        self._states[verdict.state] += 1
        if verdict.state in JUDGED and verdict.scores is not None:
            self._judged += 1
            for label, score in verdict.scores.items():
                self._totals[label] = self._totals.get(label, 0.0) + score
        if event.heart_rate_bpm is not None:
            index = int((min(MAX_BPM, max(MIN_BPM, event.heart_rate_bpm)) - MIN_BPM) / RATE_BIN_BPM)
            self._rates[index] += 1
            self._rate_totals[index] += event.heart_rate_bpm

    def summary(self, source: str, decision: DecisionThresholds, skipped: int = 0, overruns: int = 0) -> Summary:
        """Return the summary of the windows so far.

        Parameters
        ----------
        source : str
        decision : DecisionThresholds
        skipped, overruns : int
            See :class:`monitor.messages.Summary`.
        """
        return Summary(source, self.windows, skipped, overruns, self._mean_verdict(decision), self._median_rate())

    def _mean_verdict(self, decision: DecisionThresholds) -> Verdict:
        """Return the verdict on the mean scores, or the most frequent state if no window was judged."""
        if self._judged:
            scores = {label: total / self._judged for label, total in self._totals.items()}
            return labelled(scores, largest(scores), decision)
        if not self._states:
            return LISTENING
        return Verdict(max(self._states, key=self._states.__getitem__))

    def _median_rate(self) -> float | None:
        """Return the median heart rate, exact to a bin; None if no window had one."""
        count = sum(self._rates)
        if not count:
            return None
        return (self._rate_at((count - 1) // 2) + self._rate_at(count // 2)) / 2

    def _rate_at(self, rank: int) -> float:
        """Return the mean of the bin that holds the rate with this rank, from 0."""
        below = 0
        for count, total in zip(self._rates, self._rate_totals, strict=True):
            below += count
            if below > rank:
                return total / count
        raise ValueError(f"rank={rank} must be below the number of rates, {below}")


def largest(scores: Mapping[str, float]) -> str:
    """Return the label with the largest score; the first one of equals."""
    return max(scores, key=scores.__getitem__)

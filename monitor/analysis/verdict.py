"""From scores to verdicts: that on one window, and that on a whole recording.

A label is given only if the score is high enough and the signal good enough; otherwise the state says why there is
none. The verdict on the last seconds is in :mod:`monitor.analysis.rolling_verdict`.

Used by one thread, the classifier's; must not know about devices, files or networks.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping

from monitor.analysis.loudness import with_loudness
from monitor.analysis.rhythm.variability import BeatIntervals
from monitor.features.heart_rate import MAX_BPM, MIN_BPM
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import NORMAL
from monitor.messages import HeartBeat, HeartRateVariability, Quality, State, Summary, Verdict, WindowEvent

__all__ = ["JUDGED", "Summarizer", "largest", "possible_label", "window_verdict", "with_timing"]

JUDGED: frozenset[State] = frozenset({"verdict", "uncertain"})
"""States of a window whose scores count towards the summary."""

LISTENING = Verdict("listening")

MIN_SHOWN = 0.5
"""Fraction of the windows in which the rolling verdict must have been given for a summary to have scores."""

MIN_RATED = 0.25
"""Fraction of the windows that must have had a heart rate for a summary to have one. Source: in 305 recordings of
CirCor with S1 annotations, the median was right within 5 beats per minute in 14 of 31 below it, 257 of 274 above."""

PERCENTAGE = re.compile(r" \d+%")
"""The part of a reason that differs between windows."""

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
    """Return the verdict for ``label``, or uncertain if the score is too low or another label is possible."""
    confidence = scores[label]
    given = label if confidence >= decision.uncertain_below else None
    possible = possible_label(scores, given, decision)
    if given is None or possible is not None:
        return Verdict("uncertain", None, confidence, scores, None, possible)
    return Verdict("verdict", given, confidence, scores)


def possible_label(
    scores: Mapping[str, float], given: str | None, decision: DecisionThresholds, margin: float = 0.0
) -> str | None:
    """Return the label that is possible beside what would be given, or None.

    Parameters
    ----------
    scores : mapping of label to float
        Calibrated probabilities.
    given : str or None
        The label that would be given. Only the normal one, or none, leaves another possible.
    decision : DecisionThresholds
    margin : float
        How far below the operating point the score may be.

    Examples
    --------
    >>> decision = DecisionThresholds(uncertain_below=0.58, possible=("murmur", 0.35))
    >>> possible_label({"normal": 0.6, "murmur": 0.4}, "normal", decision)
    'murmur'
    >>> possible_label({"normal": 0.3, "murmur": 0.7}, "murmur", decision) is None  # it is given
    True
    """
    if decision.possible is None or given not in (None, NORMAL):
        return None
    label, lowest = decision.possible
    return label if scores.get(label, 0.0) >= lowest - margin else None


class Summarizer:
    """The verdict on a whole recording, accumulated window by window in constant memory.

    It never says what the rolling verdict, which is on the screen, did not: where that was withheld in more than half
    of the windows, the summary has its most frequent withheld state and no scores; a label that was never shown is
    ``"uncertain"``. Otherwise it is the verdict on the mean scores of the judged windows. The acoustic scores are the
    mean over the same windows, and so is the probability that a murmur is loud.

    Source: docs/decisions/0009.
    """

    def __init__(self) -> None:
        self._totals: dict[str, float] = {}
        self._acoustic_totals: dict[str, float] = {}
        self._judged = 0
        self._loud: list[float] = [0.0, 0.0]
        self._withheld: Counter[str] = Counter()
        self._rolling: Counter[State] = Counter()
        self._shown: set[str | None] = set()
        self._timings: Counter[str | None] = Counter()
        bins = round((MAX_BPM - MIN_BPM) / RATE_BIN_BPM) + 1
        self._rates = [0] * bins
        self._rate_totals = [0.0] * bins
        self._intervals = BeatIntervals()

    @property
    def windows(self) -> int:
        """Windows so far, withheld ones included."""
        return self._rolling.total()

    @property
    def variability(self) -> HeartRateVariability | None:
        """The heart rate variability so far, without the last seconds."""
        return self._intervals.settled

    def push(self, event: WindowEvent) -> None:
        """Take the next window."""
        verdict = event.verdict
        self._rolling[event.rolling.state] += 1
        self._shown.add(event.rolling.label)
        if event.rolling.names_murmur:
            self._timings[event.rolling.murmur_timing] += 1
        if verdict.state in JUDGED and verdict.scores is not None:
            self._judged += 1
            _add(self._totals, verdict.scores)
            _add(self._acoustic_totals, verdict.acoustic_scores or {})
            if event.loud is not None:
                self._loud[0] += event.loud
                self._loud[1] += 1.0
        else:
            self._withheld[PERCENTAGE.sub("", event.quality.reason or verdict.state)] += 1
        if event.heart_rate_bpm is not None:
            index = int((min(MAX_BPM, max(MIN_BPM, event.heart_rate_bpm)) - MIN_BPM) / RATE_BIN_BPM)
            self._rates[index] += 1
            self._rate_totals[index] += event.heart_rate_bpm
        self._intervals.push(event.beats, [beat.at_s for beat in event.ectopic.detected])

    def summary(
        self,
        source: str,
        decision: DecisionThresholds,
        skipped: int = 0,
        overruns: int = 0,
        beats: tuple[HeartBeat, ...] = (),
    ) -> Summary:
        """Return the summary of the windows so far.

        Parameters
        ----------
        source : str
        decision : DecisionThresholds
        skipped, overruns : int
            See :class:`monitor.messages.Summary`.
        beats : tuple of HeartBeat
            Those that no window has had.
        """
        verdict = self._verdict(decision)
        never_rolling = None if verdict.label is None or verdict.label in self._shown else verdict.label
        if never_rolling is not None:
            verdict = dataclasses.replace(verdict, state="uncertain", label=None, loudness=None)
        return Summary(
            source=source,
            windows=self.windows,
            skipped=skipped,
            overruns=overruns,
            verdict=with_timing(verdict, self._timings),
            heart_rate_bpm=self._median_rate(),
            judged=self._judged,
            withheld=dict(self._withheld.most_common()),
            never_rolling=never_rolling,
            beats=beats,
            variability=self._intervals.result(beats),
        )

    def _verdict(self, decision: DecisionThresholds) -> Verdict:
        """Return the verdict on the mean scores, or the most frequent withheld state where that was shown mostly."""
        withheld = {state: count for state, count in self._rolling.items() if state not in JUDGED}
        if not self.windows:
            return LISTENING
        if sum(withheld.values()) > (1 - MIN_SHOWN) * self.windows:
            return Verdict(max(withheld, key=withheld.__getitem__))
        scores = {label: total / self._judged for label, total in self._totals.items()}
        acoustic = {label: total / self._judged for label, total in self._acoustic_totals.items()}
        verdict = labelled(scores, largest(scores), decision)
        loud = self._loud[0] / self._loud[1] if self._loud[1] else None
        return with_loudness(dataclasses.replace(verdict, acoustic_scores=acoustic or None), loud)

    def _median_rate(self) -> float | None:
        """Return the median heart rate, exact to a bin; None if too few windows had one."""
        count = sum(self._rates)
        if not count or count < MIN_RATED * self.windows:
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


def with_timing(verdict: Verdict, timings: Counter[str | None]) -> Verdict:
    """Return a verdict that says where its murmur was said to lie in most of the windows that named one.

    Parameters
    ----------
    verdict : Verdict
        As it is where it names no murmur.
    timings : Counter
        Windows that named a murmur, by what they said of it; None for those that said nothing.

    Examples
    --------
    >>> with_timing(Verdict("verdict", "murmur"), Counter({"systolic": 5, None: 4})).murmur_timing
    'systolic'
    """
    if not verdict.names_murmur:
        return verdict
    timing, count = timings.most_common(1)[0] if timings else (None, 0)
    return dataclasses.replace(verdict, murmur_timing=timing if 2 * count > timings.total() else None)


def _add(totals: dict[str, float], scores: Mapping[str, float]) -> None:
    """Add scores to their totals."""
    for label, score in scores.items():
        totals[label] = totals.get(label, 0.0) + score


def largest(scores: Mapping[str, float]) -> str:
    """Return the label with the largest score; the first one of equals."""
    return max(scores, key=scores.__getitem__)

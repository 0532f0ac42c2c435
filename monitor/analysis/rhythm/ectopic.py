"""Ectopic beats, detected from the intervals around each beat.

An ectopic beat has a short interval before it and a pause after it, among regular neighbours; there is no sound where
the normal beat was due, and it is as clear as a beat. A missed beat leaves one long interval, and breathing changes
the intervals smoothly: neither looks like that. Plain floats, one thread; knows neither sound nor seconds.

Source of the constants: docs/decisions/0008, fitted by benchmarks/constants/ectopic_beats.py with patients held out.
"""

from __future__ import annotations

from typing import NamedTuple

from monitor.analysis.rhythm.beat_path import BEAT_RADIUS, Beat, BeatPath

__all__ = ["FEATURES", "INTERCEPT", "MIN_LOG_ODDS", "WEIGHTS", "Candidate", "EctopicDetector", "median"]

NUM_ACCEPTED = 8
"""The local normal interval is the median of the last so many accepted intervals."""
MIN_ACCEPTED = 4
ACCEPTED = (0.75, 1.3)
"""Relative to the normal interval: the intervals that are accepted."""

MAX_COUPLING_RATIO = 0.88
MIN_PAUSE_RATIO = 1.03
"""A beat within these bounds is a candidate; the features weigh how far it is within them."""

DUE = (0.88, 1.12)
"""Relative to the normal interval, from the beat before: where the normal beat was due."""

FEATURES = ("spread", "due", "too_early", "faint", "hardly_early", "next")
WEIGHTS = (-25.0, -2.4, -22.0, -1.8, -16.0, -10.5)
INTERCEPT = 3.0
"""Logistic regression: natural log-odds per unit of each feature, and for features of 0."""

MIN_LOG_ODDS = 0.5
"""Natural log-odds from which a beat is reported as ectopic; fainter signs count as evidence all the same."""


class Candidate(NamedTuple):
    """A beat that may be ectopic.

    Attributes
    ----------
    position : float
        Frames.
    coupling_ratio, pause_ratio : float
        The intervals before and after it, divided by the local normal one.
    features : tuple of float
        By FEATURES: mean deviation of the intervals before, up to 0.1; clarity of the clearest peak where the normal
        beat was due; how far the coupling ratio is below 0.6; how far the clarity is below 0.7; how far the coupling
        ratio is above 0.75; deviation of the interval after the pause, up to 0.15.
    """

    position: float
    coupling_ratio: float
    pause_ratio: float
    features: tuple[float, ...]

    @property
    def log_odds(self) -> float:
        """Natural log-odds that the beat is ectopic."""
        return INTERCEPT + sum(weight * value for weight, value in zip(WEIGHTS, self.features, strict=True))


class EctopicDetector:
    """Tracks the normal interval, and finds candidates.

    Attributes
    ----------
    normal_interval : float or None
        Local, frames; None before the first interval.
    deviation : float
        Relative deviation of the last interval from the normal one.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all beats: the next one follows none."""
        self.normal_interval: float | None = None
        self.deviation = 0.0
        self._accepted: list[float] = []
        self._beats: list[tuple[Beat, list[float], float | None]] = []  # with the intervals accepted by then

    def add(self, beat: Beat, path: BeatPath) -> Candidate | None:
        """Take the next beat; return the candidate two beats before it, if there is one.

        Parameters
        ----------
        beat : Beat
        path : BeatPath
            That found the beat.
        """
        if not beat.follows_previous or not self._beats:
            self.clear()
            self._beats.append((beat, [], None))
            return None
        interval = beat.position - self._beats[-1][0].position
        ratio = interval / (self.normal_interval or path.interval)
        self.deviation = abs(ratio - 1.0)
        if len(self._accepted) < 2 or ACCEPTED[0] < ratio < ACCEPTED[1]:
            self._accepted = [*self._accepted[1 - NUM_ACCEPTED :], interval]
            self.normal_interval = median(self._accepted)
        self._beats = [*self._beats[-3:], (beat, self._accepted, self.normal_interval)]
        return self._candidate(path) if len(self._beats) == 4 else None

    def _candidate(self, path: BeatPath) -> Candidate | None:
        """Return the second of the last four beats, if it may be ectopic."""
        (first, accepted, normal), (ectopic, _, _), (third, _, _), (fourth, _, _) = self._beats
        if len(accepted) < MIN_ACCEPTED or normal is None:
            return None
        coupling, pause = (ectopic.position - first.position) / normal, (third.position - ectopic.position) / normal
        if coupling >= MAX_COUPLING_RATIO or pause <= MIN_PAUSE_RATIO:
            return None
        due = path.highest_between(
            max(first.position + DUE[0] * normal, ectopic.position + BEAT_RADIUS),
            min(first.position + DUE[1] * normal, third.position - BEAT_RADIUS),
        )
        spread = sum(abs(interval - normal) for interval in accepted) / (len(accepted) * normal)
        after = abs((fourth.position - third.position) / normal - 1.0)
        features = (
            min(spread, 0.1), due, max(0.0, 0.6 - coupling), max(0.0, 0.7 - ectopic.clarity),
            max(0.0, coupling - 0.75), min(after, 0.15),
        )  # fmt: skip
        return Candidate(ectopic.position, coupling, pause, features)


def median(values: list[float]) -> float:
    """Return the median of one or more values."""
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else 0.5 * (ranked[middle - 1] + ranked[middle])

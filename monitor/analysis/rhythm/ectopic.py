"""Whether a beat came early: judged from the intervals round it, one beat after the other.

An early beat has a short interval before it and a pause behind it, among neighbours that are regular; nothing is
heard where it had been due, and it is as clear as a beat. A beat that was not heard makes one long interval, breathing
makes intervals that change smoothly: neither looks so. Plain floats, one thread; knows neither sound nor seconds.

Source of the constants: docs/decisions/0008, fitted by benchmarks/constants/ectopic_beats.py with patients apart.
"""

from __future__ import annotations

from typing import NamedTuple

from monitor.analysis.rhythm.beat_path import BESIDE_FRAMES, Beat, BeatPath

__all__ = ["CONSTANT", "FEATURES", "PREMATURE_FROM", "WEIGHTS", "Candidate", "EctopicDetector", "log_odds_of"]

USUAL_OF = 8
"""The local normal interval is the median of so many accepted ones before."""
FEWEST = 4
ACCEPTED = (0.75, 1.3)
"""Of the normal interval: what counts towards it."""

SHARE_BELOW = 0.88
PAUSE_ABOVE = 1.03
"""A candidate is looked at from here on; how far beyond is weighed."""

DUE = (0.88, 1.12)
"""Of the normal interval, behind the beat before: where the beat had been due."""

FEATURES = ("spread", "due", "too_early", "faint", "hardly_early", "next")
WEIGHTS = (-25.0, -2.4, -22.0, -1.8, -16.0, -10.5)
CONSTANT = 3.0
"""Natural log-odds by feature, and without any."""


PREMATURE_FROM = 0.5
"""Natural log-odds from which a beat is told; fainter signs are evidence all the same."""


class Candidate(NamedTuple):
    """A beat that may have come early.

    Attributes
    ----------
    position : float
        Frames.
    share, pause : float
        The intervals before and behind it, of the normal one.
    features : tuple of float
        By FEATURES: mean deviation of the intervals before, up to 0.1; clarity of what was heard where it had been
        due; how far its share is below 0.6; its clarity below 0.7; how far its share is above 0.75; deviation of
        the interval behind the pause, up to 0.15.
    """

    position: float
    share: float
    pause: float
    features: tuple[float, ...]


def log_odds_of(candidate: Candidate) -> float:
    """Return the natural log-odds that a candidate came early."""
    return CONSTANT + sum(weight * value for weight, value in zip(WEIGHTS, candidate.features, strict=True))


class EctopicDetector:
    """Follows the normal interval, and finds candidates.

    Attributes
    ----------
    usual : float or None
        The local normal interval in frames; None before there is one.
    deviation : float
        Of the last interval from the normal one, as a share of it.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all: what comes next follows nothing."""
        self.usual: float | None = None
        self.deviation = 0.0
        self._accepted: list[float] = []
        self._beats: list[tuple[Beat, list[float], float | None]] = []

    def add(self, beat: Beat, path: BeatPath) -> Candidate | None:
        """Take the next beat; return the candidate two beats before it, if that is one.

        Parameters
        ----------
        beat : Beat
        path : BeatPath
            That it comes from.
        """
        if not beat.fuse_score or not self._beats:
            self.clear()
            self._beats.append((beat, [], None))
            return None
        interval = beat.position - self._beats[-1][0].position
        usual = self.usual or path.interval
        ratio = interval / usual
        self.deviation = abs(ratio - 1.0)
        if len(self._accepted) < 2 or ACCEPTED[0] < ratio < ACCEPTED[1]:
            self._accepted = [*self._accepted[1 - USUAL_OF :], interval]
            self.usual = _median(self._accepted)
        self._beats = [*self._beats[-3:], (beat, self._accepted, self.usual)]
        return self._candidate(path) if len(self._beats) == 4 else None

    def _candidate(self, path: BeatPath) -> Candidate | None:
        """Return the second of the last four beats, if it may have come early."""
        (first, before, usual), (ectopic, _, _), (third, _, _), (fourth, _, _) = self._beats
        if len(before) < FEWEST or usual is None:
            return None
        share, pause = (ectopic.position - first.position) / usual, (third.position - ectopic.position) / usual
        if share >= SHARE_BELOW or pause <= PAUSE_ABOVE:
            return None
        due = path.highest_between(
            max(first.position + DUE[0] * usual, ectopic.position + BESIDE_FRAMES),
            min(first.position + DUE[1] * usual, third.position - BESIDE_FRAMES),
        )
        spread = sum(abs(its - usual) for its in before) / (len(before) * usual)
        after = abs((fourth.position - third.position) / usual - 1.0)
        features = (
            min(spread, 0.1), due, max(0.0, 0.6 - share), max(0.0, 0.7 - ectopic.clarity), max(0.0, share - 0.75),
            min(after, 0.15),
        )  # fmt: skip
        return Candidate(ectopic.position, share, pause, features)


def _median(values: list[float]) -> float:
    """Return the median of one or more values."""
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else 0.5 * (ranked[middle - 1] + ranked[middle])

"""The verdict of the last seconds together: pooled over time, slow to change its mind.

Windows overlap, so the next one is hardly new evidence: what counts is seconds, never windows. Scores
are averaged over the time they stand for, and what is shown changes only when something else has been due for a
while without a break. So a hop of 0.25 s and one of 1 s show the same. No clock: time comes in as the end of
each window. Used by one thread, the classifier's; must not know about devices, files or networks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from monitor.analysis.rhythm.evidence import fuse_scores
from monitor.analysis.verdict import largest
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import NO_RHYTHM, EctopicBeats, Quality, State, Verdict

__all__ = ["RollingVerdict"]

LISTENING = Verdict("listening")

MOMENT_S = 1e-6
"""Rounding of times."""


class _Point(NamedTuple):
    """A judged window: its end, its scores, and the integral of the scores over time up to there."""

    end_s: float
    scores: tuple[float, ...]
    area: Sequence[float]


class RollingVerdict:
    """The verdict of the last seconds together, which does not flicker.

    The scores shown are the mean, over the last ``rolling_s``, of the newest window's scores at each
    moment (trapezoids between the windows). A label gives way to another one that has led by ``switch_margin`` for
    ``switch_s`` without a break, but stands for ``hold_s`` at least. It gives way to none as soon as its score is
    below the threshold; from then on a label must be ``switch_margin`` above the threshold, for ``switch_s`` too.
    Without a usable window for ``withhold_after_s`` everything is given up; what comes next begins afresh, and must
    have been usable for ``switch_s`` before it is shown. Only at the very beginning is the first window shown at once.

    Parameters
    ----------
    decision : DecisionThresholds
    """

    def __init__(self, decision: DecisionThresholds) -> None:
        self._decision = decision
        self.clear()

    def clear(self) -> None:
        """Forget every window."""
        self._points: deque[_Point] = deque()
        self._names: tuple[str, ...] = ()
        self._shown: str | None = None
        self._shown_since_s = 0.0
        self._due: str | None = None
        self._due_since_s = 0.0
        self._given_up: Verdict | None = None
        self._last = LISTENING

    @property
    def verdict(self) -> Verdict:
        """What :meth:`push` returned last; ``"listening"`` before the first window."""
        return self._last

    def push(
        self,
        scores: Mapping[str, float] | None,
        quality: Quality,
        end_s: float,
        ectopic: EctopicBeats = NO_RHYTHM,
    ) -> Verdict:
        """Take the scores of the next window and return the verdict of the last ones together.

        Parameters
        ----------
        scores : mapping of label to float, or None
            As for :func:`monitor.analysis.verdict.window_verdict`; the same labels in the same order every time.
        quality : Quality
            Of the same window; its scores count only where it has no state.
        end_s : float
            Where the window ends in the source, seconds; later than the last one.
        ectopic : EctopicBeats
            What the intervals of the last half minute say; joins the pooled scores.

        Returns
        -------
        Verdict

        Raises
        ------
        ValueError
            If a window that is good enough to be judged has no scores.
        """
        if quality.state is not None:
            if self._is_over(end_s):
                self._last = self._withheld(quality.state)
        elif not scores:
            raise ValueError("scores must be given for a window that is good enough to be judged")
        else:
            self._last = self._together(fuse_scores(self._pooled(scores, end_s), ectopic), end_s)
        return self._last

    def _is_over(self, end_s: float) -> bool:
        """Return whether a window that cannot be judged ends what there was; what is not shown yet ends at once."""
        if not self._points or self._given_up is not None:
            return True
        return end_s - self._points[-1].end_s > self._decision.withhold_after_s - MOMENT_S

    def _withheld(self, state: State) -> Verdict:
        """Give up the label, and what it was made from: what comes next may be another place."""
        self.clear()
        self._given_up = Verdict(state)
        return self._given_up

    def _pooled(self, scores: Mapping[str, float], end_s: float) -> dict[str, float]:
        """Return the mean scores of the last seconds, with a new window's."""
        points, values = self._points, tuple(scores.values())
        if not points:
            self._names = tuple(scores)
            points.append(_Point(end_s, values, (0.0,) * len(values)))
            return dict(scores)
        last = points[-1]
        half_s = 0.5 * (end_s - last.end_s)
        area = [before + half_s * (old + new) for before, old, new in zip(last.area, last.scores, values, strict=True)]
        points.append(_Point(end_s, values, area))
        oldest_s = end_s - self._decision.rolling_s - MOMENT_S
        while points[0].end_s < oldest_s and len(points) > 2:
            points.popleft()
        first = points[0]
        span_s = end_s - first.end_s
        return {name: (now - then) / span_s for name, now, then in zip(self._names, area, first.area, strict=True)}

    def _together(self, scores: Mapping[str, float], end_s: float) -> Verdict:
        """Return what is shown for some pooled scores."""
        if self._given_up is not None:
            if end_s - self._points[0].end_s < self._decision.switch_s - MOMENT_S:
                return self._given_up
            self._given_up = None
        shown, least = self._shown, self._decision.uncertain_below
        leader = largest(scores)
        if self._last.scores is None:
            self._show(leader if scores[leader] >= least else None, end_s)
        elif shown is not None and scores[shown] < least:
            self._show(None, end_s)
        elif not self._is_due(scores, leader):
            self._due = None
        elif self._has_been_due(leader, end_s):
            self._show(leader, end_s)
        if self._shown is None:
            return Verdict("uncertain", None, scores[leader], scores)
        return Verdict("verdict", self._shown, scores[self._shown], scores)

    def _is_due(self, scores: Mapping[str, float], leader: str) -> bool:
        """Return whether the leader ought to be shown instead of what is."""
        decision, shown = self._decision, self._shown
        if shown is None:
            return scores[leader] >= decision.uncertain_below + decision.switch_margin
        return scores[leader] - scores[shown] >= decision.switch_margin and leader != shown

    def _has_been_due(self, leader: str, now_s: float) -> bool:
        """Return whether the leader has been due, and a label that is shown has stood, for long enough."""
        decision = self._decision
        if leader != self._due:
            self._due, self._due_since_s = leader, now_s
        held = self._shown is None or now_s - self._shown_since_s >= decision.hold_s - MOMENT_S
        return held and now_s - self._due_since_s >= decision.switch_s - MOMENT_S

    def _show(self, label: str | None, end_s: float) -> None:
        """Show a label, or none."""
        self._shown, self._shown_since_s, self._due = label, end_s, None

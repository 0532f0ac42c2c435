"""The verdict on the last seconds together: scores pooled over time, and hysteresis between labels.

Windows overlap, so the next one is hardly new evidence: seconds count, not windows. Scores are averaged over time, and
the label changes only if another one has been due for a while without interruption, or if the sound has changed: then
the scores before are forgotten. So a hop of 0.25 s and one of 1 s show the same. No clock: time is the end of each
window. Used by one thread, the classifier's; must not know about devices, files or networks.

Source: docs/decisions/0009 and 0017.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from monitor.analysis.change_detector import ChangeDetector
from monitor.analysis.rhythm.evidence import fuse_scores
from monitor.analysis.verdict import largest, possible_label
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import NO_RHYTHM, EctopicBeats, Quality, State, Verdict

__all__ = ["LISTENING", "TOLERANCE_S", "RollingVerdict"]

LISTENING = Verdict("listening")

TOLERANCE_S = 1e-6
"""For the rounding of times."""


class _Point(NamedTuple):
    """A judged window: the end, the scores, and the integral of the scores over time up to the end."""

    end_s: float
    scores: tuple[float, ...]
    integral: Sequence[float]


class RollingVerdict:
    """The verdict on the last seconds together, which does not flicker.

    The scores are the mean over the last ``rolling_s`` of the windows' scores, as functions of time (trapezoids between
    the windows). Another label replaces the current one after it has led by ``switch_margin`` for ``switch_s`` without
    interruption, and not before the current one has been shown for ``hold_s``. The current label is dropped as soon as
    its score is below the threshold; from then on a label must be ``switch_margin`` above the threshold, for
    ``switch_s`` too. While another label is possible (:func:`monitor.analysis.verdict.possible_label`), the normal one
    is not shown; it stops being possible half a ``switch_margin`` below where it began. Where the sound has
    changed (:class:`~monitor.analysis.change_detector.ChangeDetector`), the mean is that since the change, and the
    label that it changed to need not lead for ``switch_s``. After ``withhold_after_s`` without a usable window all is
    reset, and the next windows must be usable for ``switch_s`` before anything is shown. Only the very first window is
    shown at once.

    Parameters
    ----------
    decision : DecisionThresholds

    Examples
    --------
    >>> rolling = RollingVerdict(DecisionThresholds())
    >>> rolling.push({"normal": 0.9, "murmur": 0.1}, Quality(0.9), end_s=5.0).label
    'normal'
    >>> rolling.push({"normal": 0.1, "murmur": 0.9}, Quality(0.9), end_s=5.5).label  # one window changes nothing
    'normal'
    """

    def __init__(self, decision: DecisionThresholds) -> None:
        self._decision = decision
        self._detector = ChangeDetector(decision)
        self.clear()

    def clear(self) -> None:
        """Forget every window."""
        self._points: deque[_Point] = deque()
        self._usable_since_s = 0.0
        self._names: tuple[str, ...] = ()
        self._shown: str | None = None
        self._possible: str | None = None
        self._shown_since_s = 0.0
        self._due: str | None = None
        self._due_since_s = 0.0
        self._detector.clear()
        self._changed_to: str | None = None
        self._withheld_verdict: Verdict | None = None
        self._last = LISTENING

    @property
    def verdict(self) -> Verdict:
        """The last result of :meth:`push`; ``"listening"`` before the first window."""
        return self._last

    def push(
        self,
        scores: Mapping[str, float] | None,
        quality: Quality,
        end_s: float,
        ectopic: EctopicBeats = NO_RHYTHM,
    ) -> Verdict:
        """Take the scores of the next window and return the verdict on the last seconds.

        Parameters
        ----------
        scores : mapping of label to float, or None
            As for :func:`monitor.analysis.verdict.window_verdict`; the same labels in the same order every time.
        quality : Quality
            Of the same window; the scores count only if it has no state.
        end_s : float
            End of the window, seconds of the source; later than that of the last one.
        ectopic : EctopicBeats
            Evidence of the beat intervals of the last half minute; updates the pooled scores.

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
                self._last = self._reset(quality.state)
        elif not scores:
            raise ValueError("scores must be given for a window that is good enough to be judged")
        else:
            self._forget_before_change(fuse_scores(scores, ectopic), end_s)
            self._last = self._update(fuse_scores(self._pooled(scores, end_s), ectopic), end_s)
        return self._last

    def _is_over(self, end_s: float) -> bool:
        """Return whether a window that cannot be judged resets the verdict; at once if nothing is shown yet."""
        if not self._points or self._withheld_verdict is not None:
            return True
        return end_s - self._points[-1].end_s > self._decision.withhold_after_s - TOLERANCE_S

    def _reset(self, state: State) -> Verdict:
        """Reset the label and the scores: the next sound may be from another site."""
        self.clear()
        self._withheld_verdict = Verdict(state)
        return self._withheld_verdict

    def _forget_before_change(self, scores: Mapping[str, float], end_s: float) -> None:
        """Where a window shows that the sound has changed, forget the scores before and note what it changed to."""
        shown = self._shown
        since_s = None if shown is None else self._detector.push(scores, shown, end_s)
        if since_s is None:
            return
        while len(self._points) > 1 and self._points[0].end_s < since_s - TOLERANCE_S:
            self._points.popleft()
        self._changed_to = largest({label: score for label, score in scores.items() if label != shown})

    def _pooled(self, scores: Mapping[str, float], end_s: float) -> dict[str, float]:
        """Return the mean scores of the last seconds, with those of a new window."""
        points, values = self._points, tuple(scores.values())
        if not points:
            self._names, self._usable_since_s = tuple(scores), end_s
            points.append(_Point(end_s, values, (0.0,) * len(values)))
            return dict(scores)
        oldest_s = end_s - self._decision.rolling_s - TOLERANCE_S
        while points[0].end_s < oldest_s and len(points) > 1:
            points.popleft()
        first_end_s, _, first_integral = points[0]
        last_end_s, last_values, last_integral = points[-1]
        span_s, half_s = end_s - first_end_s, 0.5 * (end_s - last_end_s)
        integral: list[float] = []
        pooled: dict[str, float] = {}
        each = zip(self._names, last_integral, last_values, values, first_integral, strict=True)
        for name, before, old, new, then in each:
            now = before + half_s * (old + new)
            integral.append(now)
            pooled[name] = (now - then) / span_s
        points.append(_Point(end_s, values, integral))
        return pooled

    def _update(self, scores: Mapping[str, float], end_s: float) -> Verdict:
        """Return the verdict on the pooled scores."""
        if self._withheld_verdict is not None:
            if end_s - self._usable_since_s < self._decision.switch_s - TOLERANCE_S:
                return self._withheld_verdict
            self._withheld_verdict = None
        decision, leader = self._decision, largest(scores)
        threshold = decision.uncertain_below
        if self._last.scores is None:
            self._show(leader if scores[leader] >= threshold else None, end_s)
        elif self._has_been_due(scores, leader, end_s):
            self._show(leader, end_s)
        elif self._shown is not None and scores[self._shown] < threshold:
            self._show(None, end_s)
        shown = self._shown
        # what was possible stays so until its score is clearly below the threshold
        margin = 0.0 if self._possible is None else 0.5 * decision.switch_margin
        possible = self._possible = possible_label(scores, shown, decision, margin)
        if shown is None or possible is not None:
            return Verdict("uncertain", None, scores[leader], scores, None, possible)
        return Verdict("verdict", shown, scores[shown], scores)

    def _is_due(self, scores: Mapping[str, float], leader: str) -> bool:
        """Return whether the leader, which is another, is far enough ahead to replace what is shown."""
        decision, shown = self._decision, self._shown
        to_beat = decision.uncertain_below if shown is None else max(decision.uncertain_below, scores[shown])
        return scores[leader] >= to_beat + decision.switch_margin

    def _has_been_due(self, scores: Mapping[str, float], leader: str, now_s: float) -> bool:
        """Return whether the leader has been due, and the current label has been shown, for long enough."""
        decision = self._decision
        if leader == self._shown or not self._is_due(scores, leader):
            self._due = None
            return False
        if leader != self._due:
            self._due, self._due_since_s = leader, now_s
        may_switch = self._shown is None or now_s - self._shown_since_s >= decision.hold_s - TOLERANCE_S
        lasted = now_s - self._due_since_s >= decision.switch_s - TOLERANCE_S
        return may_switch and (lasted or leader == self._changed_to)

    def _show(self, label: str | None, end_s: float) -> None:
        """Show another label, or none."""
        self._shown, self._shown_since_s, self._due = label, end_s, None
        self._detector.clear()
        if label is not None:
            self._changed_to = None

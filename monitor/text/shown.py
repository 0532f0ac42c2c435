"""Which scores a person is shown: those of what is heard in this window, or in the last seconds.

A screen, a text line and a figure show the acoustic scores; JSON lines hold both kinds. Pure functions of a frozen
verdict; safe on any thread.

Source: docs/decisions/0011.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitor.output import printable
from monitor.text.label_details import with_details

if TYPE_CHECKING:  # for the types alone
    from monitor.messages import Verdict, WindowEvent

__all__ = [
    "missing_text",
    "no_rate_text",
    "possible_of",
    "possible_text",
    "rate_remark",
    "shown_score",
    "shown_scores",
    "sure_text",
    "sure_texts",
]

SHOWN_STATES = ("verdict", "uncertain")
"""States of a verdict whose scores say something of a heart."""
REASON_WIDTH = 19
"""Characters that the screen has for the reason."""


def shown_scores(verdict: Verdict) -> Mapping[str, float] | None:
    """Return the scores to show with a verdict, None where it has none or was withheld.

    The scores of a poor signal are those of whatever noise was heard: only the JSON lines have them.

    They are the acoustic ones; a verdict without these has its scores. In a bundle with a threshold below (1 + s) / 2,
    with s the share that is not heard, a label can be given for that share: its score is the largest, its acoustic
    score is not. The scores are shown then, so that no label stands beside a longer bar of another one.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> verdict = Verdict("verdict", "a", 0.7, {"a": 0.7, "b": 0.3}, acoustic_scores={"a": 0.9, "b": 0.1})
    >>> shown_scores(verdict)
    {'a': 0.9, 'b': 0.1}
    """
    if verdict.state not in SHOWN_STATES:
        return None
    acoustic, scores, label = verdict.acoustic_scores, verdict.scores, verdict.label
    if not acoustic or not scores or label is None:
        return acoustic or scores
    return scores if _leads(label, scores) and not _leads(label, acoustic) else acoustic


def shown_score(verdict: Verdict) -> float | None:
    """Return the number to show beside a label, or, without one, the largest score; None where there is none.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> shown_score(Verdict("uncertain", None, 0.5, {"a": 0.5, "b": 0.5}, acoustic_scores={"a": 0.6, "b": 0.4}))
    0.6
    """
    if verdict.state not in SHOWN_STATES:
        return None
    scores = shown_scores(verdict)
    if verdict.acoustic_scores is None or not scores:
        return verdict.confidence
    return max(scores.values()) if verdict.label is None else scores.get(verdict.label, verdict.confidence)


def rate_remark(event: WindowEvent) -> str | None:
    """Return why a window has no heart rate, where the rate is out of range or may be half of the true one.

    A rhythm that is not steady needs no remark: the next window may be.

    Examples
    --------
    >>> from monitor.messages import Quality, Verdict, WindowEvent
    >>> verdict = Verdict("uncertain")
    >>> rate_remark(
    ...     WindowEvent(0, 0.0, 5.0, verdict, verdict, Quality(0.9), None, False, False, 1.0,
    ...                 heart_rate_reason="faster than 240 bpm")
    ... )
    'heart rate: faster than 240 bpm'
    """
    reason = event.heart_rate_reason
    return f"heart rate: {reason}" if reason is not None and "bpm" in reason else None


def no_rate_text(event: WindowEvent | None) -> str:
    """Return in a few words why a window has no heart rate; empty where it has one.

    Parameters
    ----------
    event : WindowEvent or None
        None while the first window fills.

    Examples
    --------
    >>> no_rate_text(None)
    'the first window is not full yet'
    """
    if event is None:
        return "the first window is not full yet"
    if event.heart_rate_bpm is not None:
        return ""
    if event.gap:
        return "sound was lost in this window"
    if event.quality.state is not None:
        return "no sound to count in" if event.quality.state == "no-signal" else "the signal is too poor to count in"
    return event.heart_rate_reason or "no steady rhythm"


def sure_text(verdict: Verdict, thresholds: Mapping[str, float]) -> str:
    """Return how sure a verdict is, or why there is none, and what a label needs.

    Parameters
    ----------
    verdict : Verdict
    thresholds : mapping of label to float
        See :func:`missing_text`.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> scores = {"a": 0.86, "b": 0.14}
    >>> sure_text(Verdict("verdict", "a", 0.8, scores, acoustic_scores=scores), {"a": 0.604, "b": 0.506})
    'acoustic score 0.86; a label needs 0.61'
    >>> sure_text(Verdict("uncertain", None, 0.6, scores, possible="b"), {"a": 0.604, "b": 0.506})
    'no label: possible b, 0.14; a label needs 0.51'
    >>> sure_text(Verdict("poor-signal"), {})
    'no label: the signal is too poor to judge'
    """
    score, scores = shown_score(verdict), shown_scores(verdict)
    if verdict.state == "verdict" and score is not None:
        threshold = thresholds.get(verdict.label or "", math.inf)
        needs = f"; a label needs {_rounded_up(threshold)}" if threshold <= 1.0 else ""
        return f"acoustic score {score:4.2f}{needs}"
    if verdict.possible is not None and scores:
        threshold = thresholds.get(verdict.possible, math.inf)
        needs = f"; a label needs {_rounded_up(threshold)}" if threshold <= 1.0 else ""
        possible = with_details(possible_text(verdict.possible), verdict)
        return f"no label: {possible}, {scores.get(verdict.possible, 0.0):.2f}{needs}"
    if verdict.state == "uncertain" and scores and score is not None:
        leader = max(scores, key=scores.__getitem__)
        if missing_text(verdict, thresholds) == "not steady enough":
            return f"no label yet: {leader} leads with {score:.2f}, but not in enough windows"
        threshold = thresholds.get(leader, math.inf)
        needs = f"; it needs {_rounded_up(threshold)}" if threshold <= 1.0 else ""
        return f"no label: best is {leader} {score:.2f}{needs}"
    why = {"no-signal": "there is no sound to judge", "poor-signal": "the signal is too poor to judge"}
    return f"no label: {why.get(verdict.state, 'nothing was judged yet')}"


def sure_texts(verdict: Verdict, thresholds: Mapping[str, float]) -> tuple[str, ...]:
    """Return :func:`sure_text` in fewer and fewer words, for a screen with less and less room.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> sure_texts(Verdict("uncertain", None, 0.6, {"a": 0.6, "b": 0.4}, possible="b", loudness="soft"), {"b": 0.5})
    ('no label: possible b, soft, 0.40; a label needs 0.50', 'no label: possible b, soft, 0.40', 'possible b, soft', \
'possible b')
    """
    text, short = sure_text(verdict, thresholds), missing_text(verdict, thresholds)
    return text, text.partition(";")[0], with_details(short, verdict), short


def _rounded_up(threshold: float) -> str:
    """Return a threshold in two digits, above any score that rounds to less."""
    return f"{math.ceil(100 * threshold) / 100:.2f}"


def missing_text(verdict: Verdict, thresholds: Mapping[str, float]) -> str:
    """Return why there is no label, in at most 19 characters.

    Parameters
    ----------
    verdict : Verdict
        Without a label.
    thresholds : mapping of label to float
        The acoustic score from which each label is given; see :class:`monitor.messages.Start`.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> verdict = Verdict("uncertain", None, 0.5, {"a": 0.5, "b": 0.5}, acoustic_scores={"a": 0.56, "b": 0.44})
    >>> missing_text(verdict, {"a": 0.604, "b": 0.506})
    'no label below 0.61'
    >>> missing_text(Verdict("uncertain", possible="murmur"), {})
    'possible murmur'
    """
    if verdict.possible is not None:
        return possible_text(verdict.possible)[:REASON_WIDTH]
    scores = shown_scores(verdict)
    leader = max(scores, key=scores.__getitem__) if scores else ""
    threshold = thresholds.get(leader, math.inf)
    if not scores or threshold > 1.0:
        return "no label is given"
    if scores[leader] >= threshold:
        return "not steady enough"
    return f"no label below {_rounded_up(threshold)}"


def possible_of(values: Mapping[str, Any]) -> str | None:
    """Return the label that is possible although a verdict, given by its JSON keys, is uncertain; None without one.

    Examples
    --------
    >>> possible_of({"state": "uncertain", "label": None, "possible": "murmur"})
    'murmur'
    """
    possible = values.get("possible")
    return possible if values.get("state") == "uncertain" and isinstance(possible, str) and possible else None


def possible_text(label: str) -> str:
    """Return the words for a label that is possible and not given.

    Examples
    --------
    >>> possible_text("murmur")
    'possible murmur'
    """
    return f"possible {printable(label)}"


def _leads(label: str, scores: Mapping[str, float]) -> bool:
    """Return whether no label has a larger score."""
    return scores.get(label, 0.0) >= max(scores.values())

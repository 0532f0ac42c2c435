"""Results as lines to read, for a pipe, a log or a terminal without a screen.

One line to the window, every column in its place; ASCII but for what names and labels bring. Pure
functions of the frozen messages; lines come without the line feed. Safe on any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for the types alone: the messages would bring NumPy with them
    from monitor.messages import Start, Summary, Verdict, WindowEvent

__all__ = ["DISCLAIMER", "alarm_line", "header_line", "plain_summary", "plain_window"]

DISCLAIMER = "research use, not for diagnosis"

ALL_CLEAR = {
    "device": "sound comes again",
    "input": "the input sounds alive again",
    "recording": "the recording goes on",
    "overload": "fast enough again",
    "rate": "the device's clock is right again",
}
"""What is said when something that was wrong no longer is."""

VERDICT_WIDTH = 11
"""Characters of the column with the label or the state; longer ones push the line on."""


def header_line(start: Start) -> str:
    """Return the line that opens one source.

    Parameters
    ----------
    start : Start

    Returns
    -------
    str
        Source, rate, length where it is known, model, and what the result is not for.
    """
    length = "" if start.duration_s is None else f", {start.duration_s:.1f} s"
    source = f"{printable(start.source)} ({start.sample_rate} Hz{length})"
    return f"auscult  {source}  model {printable(start.model)}  {DISCLAIMER}"


def plain_window(event: WindowEvent) -> str:
    """Return the line of one window.

    Parameters
    ----------
    event : WindowEvent

    Returns
    -------
    str
        The end of the window, its own verdict, confidence, heart rate and scores, then whatever
        else a person should know: why it was withheld, and the rolling verdict where it differs.
    """
    own = event.verdict
    line = f"{event.end_s:8.1f} s  {_verdict(own)}  {_heart_rate(event.heart_rate_bpm)}"
    parts = [line, *([scores_text(own.scores)] if own.scores else []), *_remarks(event)]
    return "   ".join(parts).rstrip()


def alarm_line(name: str, sentence: str | None, at_s: float) -> str:
    """Return the line that says what is wrong with a live input, or no longer wrong.

    Parameters
    ----------
    name : str
        As :func:`monitor.text.alerts.alarms` names it.
    sentence : str or None
        What is wrong; None when it is over.
    at_s : float
        Position in the source, seconds.
    """
    mark, text = ("!", sentence) if sentence is not None else (" ", ALL_CLEAR.get(name, f"{name}: over"))
    return f"{at_s:8.1f} s  {mark} {printable(text)}"


def plain_summary(summary: Summary) -> str:
    """Return the line that closes one source.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    str
        The verdict over the whole recording, in the columns of the window lines, and the counts.
    """
    whole = summary.verdict
    line = f"{'summary':>10}  {_verdict(whole)}  {_heart_rate(summary.heart_rate_bpm)}"
    counts = f"{summary.windows} windows, {summary.skipped} skipped, {summary.overruns} overruns"
    return "   ".join([line, *([scores_text(whole.scores)] if whole.scores else []), counts])


def scores_text(scores: Mapping[str, float]) -> str:
    """Return ``normal .09  murmur .87``: every label with two digits, in the bundle's order."""
    return "  ".join(f"{printable(label)} {_short(score)}" for label, score in scores.items())


def printable(text: str) -> str:
    """Return the text with everything that could move a cursor, or cannot be written, as ``?``."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _verdict(verdict: Verdict) -> str:
    """Return the columns of label (or state) and confidence."""
    confidence = "" if verdict.confidence is None else f"{verdict.confidence:.2f}"
    return f"{printable(verdict.label or verdict.state):<{VERDICT_WIDTH}} {confidence:>4}"


def _heart_rate(bpm: float | None) -> str:
    """Return the column of the heart rate, empty where there is none."""
    return " " * 7 if bpm is None else f"{bpm:3.0f} bpm"


def _short(score: float) -> str:
    """Return a score in three characters, ``.09`` or ``1.0``."""
    two = f"{score:.2f}"
    return two[1:] if two.startswith("0") else two[:3]


def _remarks(event: WindowEvent) -> list[str]:
    """Return what else there is to say about a window."""
    remarks = []
    if event.gap:
        remarks.append("samples were lost: withheld")
    if event.quality.reason is not None:
        remarks.append(printable(event.quality.reason))
    if event.short:
        remarks.append("short clip, looped")
    if event.ectopic.premature:
        remarks.append(f"early beats in 30 s: {len(event.ectopic.premature)}")
    own, rolling = event.verdict, event.rolling
    if (rolling.state, rolling.label) != (own.state, own.label):
        remarks.append(f"rolling: {printable(rolling.label or rolling.state)}")
    return remarks

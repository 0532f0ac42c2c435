"""Results as lines of text, for a pipe, a log or a simple terminal.

One line per window, with fixed columns; ASCII except for names and labels. Pure functions of the frozen
messages; lines have no line feed. Safe on any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from monitor.output import printable
from monitor.text.label_details import label_details
from monitor.text.shown import possible_text, rate_remark, shown_score, shown_scores
from monitor.text.variability_text import short_variability

if TYPE_CHECKING:  # for the types alone
    from monitor.messages import Mark, SiteChange, Start, Summary, Verdict, WindowEvent

__all__ = [
    "DISCLAIMER",
    "alert_line",
    "counted",
    "header_line",
    "judged_text",
    "left_out_text",
    "mark_line",
    "mark_text",
    "never_rolling_remark",
    "plain_summary",
    "plain_window",
    "site_line",
    "ward_header",
]

DISCLAIMER = "research use, not for diagnosis"

VARIABILITY_WIDTH = 60
"""Letters of the heart rate variability behind a summary."""

ALL_CLEAR = {
    "device": "sound is back",
    "input": "the input signal is back",
    "recording": "recording continues",
    "session": "the session is written again",
    "marks": "the marks are written",
    "overload": "fast enough again",
    "rate": "the device's clock is right again",
}
"""What is written when an alert is over."""
FIRST_SOUND = "sound arrives"
"""The same where a device was waited for, and nothing was heard before."""

VERDICT_WIDTH = 11
"""Characters of the column with the label or the state; longer ones shift the rest of the line."""


def header_line(start: Start) -> str:
    """Return the line that opens one source.

    Parameters
    ----------
    start : Start

    Returns
    -------
    str
        Source, sample rate, duration where it is known, model, and the disclaimer.
    """
    length = "" if start.duration_s is None else f", {start.duration_s:.1f} s"
    source = f"{printable(start.source)} ({start.sample_rate} Hz{length})"
    return f"auscult  {source}  model {printable(start.model_title)}  {DISCLAIMER}"


def ward_header(start: Start, num_streams: int) -> str:
    """Return the line that opens a ward; every further line begins with the name of its stream.

    Parameters
    ----------
    start : Start
        Of one of the streams.
    num_streams : int
    """
    streams = "1 stream" if num_streams == 1 else f"{num_streams} streams"
    settings = f"model {printable(start.model)}, {start.window_s:g} s window every {start.hop_s:g} s"
    return f"auscult  {streams}  {settings}  {DISCLAIMER}"


def plain_window(event: WindowEvent) -> str:
    """Return the line of one window.

    Parameters
    ----------
    event : WindowEvent

    Returns
    -------
    str
        The end of the window, its verdict, the score of that, heart rate and acoustic scores, then remarks: why it was
        given no label, and the rolling verdict where it differs.
    """
    own, scores = event.verdict, shown_scores(event.verdict)
    line = f"{event.end_s:8.1f} s  {_verdict(own)}  {_heart_rate(event.heart_rate_bpm)}"
    parts = [line, *([scores_text(scores)] if scores else []), *_remarks(event)]
    return "   ".join(parts).rstrip()


def alert_line(name: str, sentence: str | None, at_s: float, *, heard: bool = True) -> str:
    """Return the line of an alert, or of its end.

    Parameters
    ----------
    name : str
        Kind of alert, from :func:`monitor.text.alerts.alerts`.
    sentence : str or None
        The alert; None when it is over.
    at_s : float
        Position in the source, seconds.
    heard : bool
        Whether the device has delivered sound before.

    Examples
    --------
    >>> alert_line("device", "steth: is not connected", 12.34)
    '    12.3 s  ! steth: is not connected'
    """
    over = FIRST_SOUND if name == "device" and not heard else ALL_CLEAR.get(name, f"{name}: over")
    mark, text = ("!", sentence) if sentence is not None else (" ", over)
    return f"{at_s:8.1f} s  {mark} {printable(text)}"


def mark_text(mark: Mark, elsewhere: str = "") -> str:
    """Return which mark it is and where it is kept, so that no one takes one for kept that is not.

    Parameters
    ----------
    mark : Mark
    elsewhere : str
        What is said of a mark without a recording.

    Examples
    --------
    >>> from pathlib import Path
    >>> from monitor.messages import Mark
    >>> mark_text(Mark(2, 14.5, Path("heart.labels.txt"), 12.34))
    'mark 2 at 12.3 s -> heart.labels.txt'
    >>> mark_text(Mark(2, 14.5, Path("heart.labels.txt"), 12.34, "the disk is full"))
    'mark 2 at 12.3 s is not in heart.labels.txt: the disk is full'
    >>> mark_text(Mark(2, 14.5), ", only on this screen")
    'mark 2, only on this screen'
    """
    name = f"mark {mark.number}" + ("" if mark.text is None else f' "{printable(mark.text)}"')
    if mark.path is None:
        return name + elsewhere
    at, file = f"{name} at {mark.recorded_s:.1f} s", printable(mark.path.name)
    return f"{at} -> {file}" if mark.error is None else f"{at} is not in {file}: {printable(mark.error)}"


def mark_line(mark: Mark) -> str:
    """Return the line of a mark.

    Examples
    --------
    >>> from monitor.messages import Mark
    >>> mark_line(Mark(1, 12.34))
    '    12.3 s    mark 1'
    """
    return f"{mark.at_s:8.1f} s    {mark_text(mark)}"


def site_line(change: SiteChange) -> str:
    """Return the line of a change of site.

    Examples
    --------
    >>> from monitor.messages import SiteChange
    >>> site_line(SiteChange("PV", 12.34, 49_360))
    '    12.3 s    site PV: the verdict begins again'
    """
    return f"{change.at_s:8.1f} s    site {change.site}: the verdict begins again"


def plain_summary(summary: Summary) -> str:
    """Return the line that closes one source.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    str
        The verdict over the whole recording, in the columns of the window lines, the counts, and remarks: why it is
        uncertain in spite of its scores, and how many windows were withheld with the most frequent reason.
    """
    whole, scores = summary.verdict, shown_scores(summary.verdict)
    line = f"{'summary':>10}  {_verdict(whole)}  {_heart_rate(summary.heart_rate_bpm)}"
    counts = f"{judged_text(summary)}, {summary.skipped} skipped, {summary.overruns} overruns"
    if summary.undelivered:
        counts += f", {summary.undelivered} not written"
    found = summary.variability
    variability = [] if found is None or found.sdnn_ms is None else [short_variability(found, width=VARIABILITY_WIDTH)]
    remarks = [*_possible_remark(whole), *label_details(whole), *never_rolling_remark(summary)]
    remarks += [*withheld_remark(summary), *variability]
    return "   ".join([line, *([scores_text(scores)] if scores else []), counts, *remarks])


def judged_text(summary: Summary) -> str:
    """Return how many windows were judged.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    str
        Such as ``"1 of 21 windows judged"``.
    """
    return f"{summary.judged} of {summary.windows} windows judged"


def never_rolling_remark(summary: Summary) -> list[str]:
    """Return why a recording is uncertain although its scores would give a label; empty where they would not."""
    return [] if summary.never_rolling is None else [f"rolling verdict never {printable(summary.never_rolling)}"]


def withheld_remark(summary: Summary) -> list[str]:
    """Return how many windows were withheld, and the most frequent reason; empty if none was.

    Examples
    --------
    >>> from monitor.messages import Summary, Verdict
    >>> reasons = {"much noise": 2, "no-signal": 1}
    >>> withheld_remark(Summary("a.wav", 9, 0, 0, Verdict("uncertain"), None, judged=6, withheld=reasons))
    ['3 withheld, 2 of them: much noise']
    """
    total = sum(summary.withheld.values())
    return [
        f"{total} withheld{'' if count == total else f', {count} of them'}: {printable(reason)}"
        for reason, count in list(summary.withheld.items())[:1]
    ]


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number of things; `many` is what several are called where that is not `one` with an s.

    Examples
    --------
    >>> counted(1, "file"), counted(2, "file"), counted(0, "entry", "entries")
    ('1 file', '2 files', '0 entries')
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def left_out_text(name: object, number: int) -> str:
    """Return that lines of a file are left out.

    Examples
    --------
    >>> left_out_text("events.jsonl", 1), left_out_text("events.jsonl", 2)
    ('events.jsonl: 1 line cannot be read and is left out', 'events.jsonl: 2 lines cannot be read and are left out')
    """
    return f"{name}: {counted(number, 'line')} cannot be read and {'is' if number == 1 else 'are'} left out"


def _possible_remark(verdict: Verdict) -> list[str]:
    """Return which label is possible though not given; empty where none is."""
    return [] if verdict.possible is None else [possible_text(verdict.possible)]


def scores_text(scores: Mapping[str, float]) -> str:
    """Return every label and score, two digits, in the bundle's order.

    Examples
    --------
    >>> scores_text({"normal": 0.09, "murmur": 0.91})
    'normal .09  murmur .91'
    """
    return "  ".join(f"{printable(label)} {_short(score)}" for label, score in scores.items())


def _verdict(verdict: Verdict) -> str:
    """Return the columns of label (or state) and its score."""
    score = shown_score(verdict)
    number = "" if score is None else f"{score:.2f}"
    return f"{printable(verdict.label or verdict.state):<{VERDICT_WIDTH}} {number:>4}"


def _heart_rate(bpm: float | None) -> str:
    """Return the column of the heart rate, empty where there is none."""
    return " " * 7 if bpm is None else f"{bpm:3.0f} bpm"


def _short(score: float) -> str:
    """Return a score in three characters, ``.09`` or ``1.0``."""
    two = f"{score:.2f}"
    return two[1:] if two.startswith("0") else two[:3]


def _remarks(event: WindowEvent) -> list[str]:
    """Return the remarks on a window."""
    remarks = [*_possible_remark(event.verdict), *label_details(event.verdict)]
    if event.gap:
        remarks.append("samples were lost: withheld")
    if event.quality.reason is not None:
        remarks.append(printable(event.quality.reason))
    if event.short:
        remarks.append("short clip, looped")
    rate = rate_remark(event)
    if rate is not None:
        remarks.append(rate)
    if event.ectopic.detected:
        remarks.append(f"early beats in {event.ectopic.tracked_s:.0f} s: {len(event.ectopic.detected)}")
    own, rolling = event.verdict, event.rolling
    if (rolling.state, rolling.label, rolling.possible) != (own.state, own.label, own.possible):
        remarks.append(f"rolling: {', '.join([printable(rolling.label or rolling.state), *_possible_remark(rolling)])}")
    return remarks

"""The parts of the dashboard that large and small screens share, each a row or part of a row.

Pure functions of a frozen snapshot; safe on any thread.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from rich.segment import Segment

from monitor.dashboard.drawing.canvas import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    PLAIN,
    RED,
    ROSE,
    TEAL,
    TRACK,
    VIOLET,
    YELLOW,
    Line,
    Row,
    TerminalStyle,
)
from monitor.dashboard.drawing.glyphs import bar, db_fraction, fit, fit_words
from monitor.labels import SITES
from monitor.messages import EctopicBeats, Level, Snapshot, Verdict, WindowEvent
from monitor.output import printable
from monitor.text.alerts import first_alert, input_lost
from monitor.text.letters import label_letters
from monitor.text.shown import rate_remark, shown_score, shown_scores
from monitor.text.text_lines import DISCLAIMER

__all__ = [
    "GUTTER",
    "RIGHT",
    "bar_segments",
    "ectopic_text",
    "footer_row",
    "headline",
    "history_row",
    "history_segments",
    "label_colours",
    "level_row",
    "level_segments",
    "marked_bar",
    "rolling_verdict",
    "score_columns",
    "score_segments",
    "status_message",
    "verdict_colour",
    "verdict_text",
    "window_message",
    "without_quality",
]

GUTTER = 9
"""Columns left of the field that image, history and level share: margin, name, gap."""
RIGHT = 8
"""Columns right of it: gap, number, margin."""

WINDOW_SCORE_WIDTH = 48
"""From this width on the newest window's own score is also shown as a number."""

SHORT_DISCLAIMER = "not for diagnosis"

STATE_COLOURS = {"listening": GREY, "no-signal": GREY, "poor-signal": YELLOW, "uncertain": BLUE, "gap": RED}
NAMED_COLOURS = {"normal": GREEN, "murmur": AMBER, "extrastole": VIOLET}
OTHER_COLOURS = (TEAL, ROSE, AMBER, VIOLET, GREEN)


def label_colours(labels: Sequence[str]) -> dict[str, str]:
    """Return the colour of each state and label; unknown labels take the other colours in turn."""
    others = itertools.cycle(OTHER_COLOURS)
    return {**STATE_COLOURS, **{label: NAMED_COLOURS.get(label) or next(others) for label in labels}}


def verdict_text(verdict: Verdict) -> str:
    """Return the label of a verdict, or the state in words."""
    return verdict.label or verdict.state.replace("-", " ")


def rolling_verdict(snapshot: Snapshot) -> Verdict:
    """Return the rolling verdict; "listening" before the first window, none while the device is gone."""
    if input_lost(snapshot):
        return Verdict("no-signal")
    return snapshot.window.rolling if snapshot.window else Verdict("listening")


def headline(snapshot: Snapshot) -> str:
    """Return what stands largest on the screen: the rolling label or state, or that the device is gone."""
    return "device lost" if input_lost(snapshot) else verdict_text(rolling_verdict(snapshot))


def verdict_colour(snapshot: Snapshot) -> str:
    """Return the colour of the rolling label or state."""
    if input_lost(snapshot):
        return RED
    rolling = rolling_verdict(snapshot)
    return label_colours(snapshot.start.labels).get(rolling.label or rolling.state, AMBER)


def bar_segments(fraction: float, width: int, colour: str, style: TerminalStyle) -> list[Segment]:
    """Return a bar on a track, ``width`` cells together."""
    full = bar(fraction, width, unicode=style.unicode)
    track = ("─" if style.unicode else ".") * (width - len(full))
    return [Segment(full, style.ink(colour)), Segment(track, style.ink(dim=True))]


def score_segments(snapshot: Snapshot, width: int, height: int, style: TerminalStyle) -> list[list[Segment]]:
    """Return one row per label: letter, name, rolling score as bar and number, newest window's score as a mark.

    The scores are those of what is heard; see :func:`monitor.text.shown.shown_scores`.

    Parameters
    ----------
    snapshot : Snapshot
    width, height : int
        Cells and lines; labels without room are counted in the last line.
    style : TerminalStyle

    Returns
    -------
    list of list of Segment
        At most ``height``, each ``width`` cells wide.
    """
    labels = snapshot.start.labels
    shown = labels if len(labels) <= height else labels[: height - 1]
    columns = score_columns(snapshot, width)
    rows = [_score_row(snapshot, label, width, columns, style) for label in shown]
    if len(shown) < len(labels) and height > 0:
        rows.append([Segment(fit(f"  and {len(labels) - len(shown)} more", width), style.ink(dim=True))])
    return rows


def score_columns(snapshot: Snapshot, width: int) -> tuple[int, int]:
    """Return the columns of a label's name and of its bar in a row of a width."""
    name_width = min(12, max((len(label) for label in snapshot.start.labels), default=0), max(width - 12, 1))
    return name_width, width - name_width - 8 - 7 * (width >= WINDOW_SCORE_WIDTH)


def _score_row(
    snapshot: Snapshot, label: str, width: int, columns: tuple[int, int], style: TerminalStyle
) -> list[Segment]:
    """Return one label's row."""
    name_width, room = columns
    rolling = rolling_verdict(snapshot)
    scores = shown_scores(rolling)
    score = scores.get(label) if scores else None
    colour = label_colours(snapshot.start.labels)[label]
    window_score = _window_score(snapshot, label)
    chosen = rolling.label == label
    has_window_score = width >= WINDOW_SCORE_WIDTH
    row = [
        Segment(label_letters(snapshot.start.labels)[label] + " ", style.ink(colour, bold=True)),
        Segment(fit(label, name_width, unicode=style.unicode) + " ", style.ink(bold=chosen)),
        *marked_bar(score or 0.0, window_score, room, colour, style),
        Segment(" " + _number(score), style.ink(bold=chosen, dim=score is None)),
    ]
    mark = "│" if style.unicode else "|"
    return [*row, Segment(f" {mark} {_number(window_score)}", style.ink(dim=True))] if has_window_score else row


def _window_score(snapshot: Snapshot, label: str) -> float | None:
    """Return the score of the newest window alone; None where that window has no scores or a poor signal."""
    verdict = snapshot.window.verdict if snapshot.window and not input_lost(snapshot) else Verdict("listening")
    scores = shown_scores(verdict)
    return scores.get(label) if scores else None


def _number(score: float | None) -> str:
    """Return a score in four characters."""
    return "   -" if score is None else f"{score:4.2f}"


def marked_bar(fraction: float, mark: float | None, width: int, colour: str, style: TerminalStyle) -> list[Segment]:
    """Return a bar on a track with a mark at another value, ``width`` cells together."""
    if mark is None or width < 1:
        return bar_segments(fraction, width, colour, style)
    full = bar(fraction, width, unicode=style.unicode)
    at = min(width - 1, int(min(max(mark, 0.0), 1.0) * width))
    track = ("─" if style.unicode else ".") * (width - len(full))
    text, ink, sign = full + track, style.ink(colour), "│" if style.unicode else "|"
    if at < len(full):
        inside = style.ink("", on=colour) if full[at] == "█" else ink
        return [
            Segment(full[:at], ink),
            Segment(sign, inside),
            Segment(full[at + 1 :], ink),
            Segment(track, style.ink(dim=True)),
        ]
    dim = style.ink(dim=True)
    return [Segment(full, ink), Segment(text[len(full) : at], dim), Segment(sign, PLAIN), Segment(text[at + 1 :], dim)]


def history_row(snapshot: Snapshot, width: int, style: TerminalStyle) -> Line:
    """Return the row of past verdicts, one letter per window, the newest at the right."""
    row = Row(width).put(1, "history", style.ink(dim=True))
    field = width - GUTTER - RIGHT + 1
    row.draw(GUTTER, history_segments(snapshot, field, style), field)
    return row.right("now", style.ink(dim=True)).line()


def history_segments(snapshot: Snapshot, width: int, style: TerminalStyle) -> list[Segment]:
    """Return the newest ``width`` entries of the history, padded at the left."""
    letters, colours = label_letters(snapshot.start.labels), label_colours(snapshot.start.labels)
    past = snapshot.history[-width:] if width > 0 else ()
    segments = [Segment(("·" if style.unicode else " ") * (width - len(past)), style.ink(dim=True))]
    on = TRACK if style.gradient else ""
    for entry, run in itertools.groupby(past):
        colour = colours.get(entry, GREY)
        if entry in SITES:
            segments.append(_site_segment(entry, len(list(run)), style))
            continue
        segments.append(Segment(letters.get(entry, "#") * len(list(run)), style.ink(colour, on=on)))
    return segments


def _site_segment(site: str, count: int, style: TerminalStyle) -> Segment:
    """Return the windows that span a change of site: the new one's name, and as much more as they are."""
    return Segment(f"{site:{label_letters(())['listening']}<{count}}"[:count], style.ink(bold=True))


def level_row(level: Level, width: int, style: TerminalStyle) -> Line:
    """Return the input level: RMS as a bar, peak as a tick, and ``CLIP`` when it clips."""
    field = width - GUTTER - RIGHT + 1
    row = Row(width).put(1, "level", style.ink(dim=True))
    row.draw(GUTTER, level_segments(level, field - 6, style), field - 6)
    if level.clipped:
        row.put(GUTTER + field - 5, "CLIP", style.ink(RED, bold=True))
    return row.right(f"{max(-99.0, level.rms_db):3.0f} dB").line()


def level_segments(level: Level, width: int, style: TerminalStyle) -> list[Segment]:
    """Return the level bar alone, ``width`` cells; a line, less prominent than the scores."""
    heavy, thin, tick = ("━", "─", "│") if style.unicode else ("=", ".", "|")
    full = round(db_fraction(level.rms_db) * width)
    peak = min(max(round(db_fraction(level.peak_db) * width), full), width - 1)
    bright, dim = style.ink(RED if level.clipped else TEAL), style.ink(dim=True)
    if full >= width:
        return [Segment(heavy * width, bright)]
    return [
        Segment(heavy * full, bright),
        Segment(thin * (peak - full), dim),
        Segment(tick, PLAIN),
        Segment(thin * (width - peak - 1), dim),
    ]


def ectopic_text(ectopic: EctopicBeats) -> str:
    """Return the count of ectopic beats, ``early beats 3 in 30 s``; empty where the rhythm cannot be tracked."""
    if not ectopic.trackable:
        return ""
    count = len(ectopic.detected)
    return f"{f'early beats {count}' if count else 'no early beat'} in {ectopic.tracked_s:.0f} s"


def status_message(snapshot: Snapshot) -> tuple[str, bool]:
    """Return the message below the verdict, and whether it is a warning: an alert comes before the newest window."""
    alert = first_alert(snapshot)
    if alert is not None:
        return printable(alert), True
    return window_message(snapshot.window, snapshot.start.window_s)


def window_message(window: WindowEvent | None, window_s: float) -> tuple[str, bool]:
    """Return the message on the newest window, and whether it is a warning."""
    if window is None:
        return f"the first verdict needs {window_s:g} s of sound", False
    short = " (short clip, looped)" if window.short else ""
    if window.gap:
        return f"this window: samples were lost, no label is given{short}", True
    quality = f"quality {window.quality.score:.2f}"
    if window.quality.reason is not None:
        return f"{quality}: {window.quality.reason}{short}", True
    rate = rate_remark(window)
    if rate is not None:
        return f"{quality}; {rate}{short}", False
    verdict, score = window.verdict, shown_score(window.verdict)
    number = "" if score is None else f" {score:.2f}"
    scores = {} if verdict.label else shown_scores(verdict) or {}
    best = f", best {max(scores, key=scores.__getitem__)}" if scores else ""
    return f"this window: {quality}, {verdict_text(verdict)}{best}{number}{short}", False


def without_quality(message: str) -> str:
    """Return the message on a window without its first words, for a screen that has no room for them.

    Examples
    --------
    >>> without_quality("quality 0.10: clipping 3%: turn the input down")
    'clipping 3%: turn the input down'
    >>> without_quality("this window: quality 0.97, murmur 0.77")
    'murmur 0.77'
    """
    return re.sub("^(this window: )?(quality [0-9.]+[:,;] )?", "", message)


def footer_row(
    width: int, style: TerminalStyle, health: tuple[str, bool] = ("", False), *, served: str = "", margin: int = 0
) -> Line:
    """Return the disclaimer and how the program fares, or how to quit where nothing is said of that.

    Parameters
    ----------
    width : int
    style : TerminalStyle
    health : (str, bool)
        From :func:`monitor.text.alerts.health`; what is wrong stands out, and the disclaimer is short where that needs
        the room.
    served : str
        Where the run is served; left out where there is no room for it.
    margin : int
        Empty columns at both sides.
    """
    row, (text, wrong) = Row(width), health
    room, brief = width - 2 * margin - 2, text.partition("; ")[2] or text
    texts = [f"{words}; {served}" for words in ((text,) if wrong else (text, brief)) if served and text]
    disclaimers = (DISCLAIMER, SHORT_DISCLAIMER) if wrong else (DISCLAIMER,)
    pairs = list(itertools.product(disclaimers, (*texts, text, brief)))
    fitting = (pair for pair in pairs if text and len(pair[0]) + len(pair[1]) <= room)
    disclaimer = SHORT_DISCLAIMER if wrong or width < len(DISCLAIMER) + 2 else DISCLAIMER
    words = "".join(fit_words(brief, room - len(disclaimer), 1, unicode=style.unicode)) if wrong else ""
    disclaimer, said = next(fitting, (disclaimer, words))
    if not text and width >= len(DISCLAIMER) + 15:
        said = "Ctrl+C ends"
    shown = fit(disclaimer, min(len(disclaimer), width), unicode=style.unicode)
    row.put(margin if width > len(disclaimer) else 0, shown, style.ink(bold=True))
    return row.right(said, style.ink(RED if wrong else "", bold=wrong, dim=not wrong), margin).line()

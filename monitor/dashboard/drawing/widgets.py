"""The parts of the dashboard that large and small screens share, a row or a cell block each.

Pure functions of a frozen snapshot; safe on any thread.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

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
    VIOLET,
    YELLOW,
    Line,
    Row,
    TerminalStyle,
)
from monitor.dashboard.drawing.glyphs import bar, db_fraction, fit, label_letters
from monitor.messages import EctopicBeats, Level, Snapshot, Verdict, WindowEvent
from monitor.text.alerts import alarm
from monitor.text.text_lines import DISCLAIMER, printable

__all__ = [
    "GUTTER",
    "RIGHT",
    "bar_segments",
    "counters_row",
    "early_text",
    "footer_row",
    "history_row",
    "label_colours",
    "level_row",
    "level_segments",
    "marked_bar",
    "message_of",
    "rolling_of",
    "score_segments",
    "strip_segments",
    "verdict_colour",
    "verdict_text",
    "window_message",
]

GUTTER = 9
"""Columns left of the field that picture, history and level share: a margin, a name, a gap."""
RIGHT = 8
"""Columns right of it: a gap, a figure, a margin."""

OWN_FIGURE_WIDTH = 48
"""From here on a score's row has the newest window's figure too."""

STRIP_GROUND = "#262626"
"""A pure grey, one of the 256: a tinted ground would turn into a loud colour there."""

STATE_COLOURS = {"listening": GREY, "no-signal": GREY, "poor-signal": YELLOW, "uncertain": BLUE, "gap": RED}
NAMED_COLOURS = {"normal": GREEN, "murmur": AMBER, "extrastole": VIOLET}
OTHER_COLOURS = (TEAL, ROSE, AMBER, VIOLET, GREEN)


def label_colours(labels: Sequence[str]) -> dict[str, str]:
    """Return the colour of each state and label; labels without one of their own take turns."""
    others = itertools.cycle(OTHER_COLOURS)
    return {**STATE_COLOURS, **{label: NAMED_COLOURS.get(label) or next(others) for label in labels}}


def verdict_text(verdict: Verdict) -> str:
    """Return what a verdict is called: its label, or its state in words."""
    return verdict.label or verdict.state.replace("-", " ")


def rolling_of(snapshot: Snapshot) -> Verdict:
    """Return the rolling verdict; listening before the first window."""
    return snapshot.window.rolling if snapshot.window else Verdict("listening")


def verdict_colour(snapshot: Snapshot) -> str:
    """Return the colour of the rolling label or state."""
    rolling = rolling_of(snapshot)
    return label_colours(snapshot.start.labels).get(rolling.label or rolling.state, AMBER)


def bar_segments(fraction: float, width: int, colour: str, look: TerminalStyle) -> list[Segment]:
    """Return a bar on its track, ``width`` cells together."""
    full = bar(fraction, width, unicode=look.unicode)
    track = ("─" if look.unicode else ".") * (width - len(full))
    return [Segment(full, look.ink(colour)), Segment(track, look.ink(dim=True))]


def score_segments(snapshot: Snapshot, width: int, height: int, look: TerminalStyle) -> list[list[Segment]]:
    """Return each label's scores: letter, name, the rolling score as bar and figure, the newest window's as a mark.

    Parameters
    ----------
    snapshot : Snapshot
    width, height : int
        Cells and lines; labels that find no room are counted in the last line.
    look : TerminalStyle

    Returns
    -------
    list of list of Segment
        At most ``height``, each ``width`` cells wide.
    """
    labels = snapshot.start.labels
    shown = labels if len(labels) <= height else labels[: height - 1]
    name_width = min(12, max((len(label) for label in labels), default=0), max(width - 12, 1))
    rows = [_score_row(snapshot, label, width, name_width, look) for label in shown]
    if len(shown) < len(labels) and height > 0:
        rows.append([Segment(fit(f"  and {len(labels) - len(shown)} more", width), look.ink(dim=True))])
    return rows


def _score_row(snapshot: Snapshot, label: str, width: int, name_width: int, look: TerminalStyle) -> list[Segment]:
    """Return one label's row."""
    rolling = rolling_of(snapshot)
    score = rolling.scores.get(label) if rolling.scores else None
    colour = label_colours(snapshot.start.labels)[label]
    own = _own_score(snapshot, label)
    chosen = rolling.label == label
    has_own_figure = width >= OWN_FIGURE_WIDTH
    room = width - name_width - 8 - 7 * has_own_figure
    row = [
        Segment(label_letters(snapshot.start.labels)[label] + " ", look.ink(colour, bold=True)),
        Segment(fit(label, name_width, unicode=look.unicode) + " ", look.ink(bold=chosen)),
        *marked_bar(score or 0.0, own, room, colour, look),
        Segment(" " + _figure(score), look.ink(bold=chosen, dim=score is None)),
    ]
    mark = "│" if look.unicode else "|"
    return [*row, Segment(f" {mark} {_figure(own)}", look.ink(dim=True))] if has_own_figure else row


def _own_score(snapshot: Snapshot, label: str) -> float | None:
    """Return what the newest window alone gives a label; nothing where that window was withheld."""
    own = snapshot.window.verdict if snapshot.window else None
    judged = own is not None and own.scores is not None and own.state in ("verdict", "uncertain")
    return own.scores.get(label) if judged and own is not None and own.scores is not None else None


def _figure(score: float | None) -> str:
    """Return a score in four characters."""
    return "   -" if score is None else f"{score:4.2f}"


def marked_bar(fraction: float, mark: float | None, width: int, colour: str, look: TerminalStyle) -> list[Segment]:
    """Return a bar on its track with a mark at another value, ``width`` cells together."""
    if mark is None or width < 1:
        return bar_segments(fraction, width, colour, look)
    full = bar(fraction, width, unicode=look.unicode)
    at = min(width - 1, int(min(max(mark, 0.0), 1.0) * width))
    track = ("─" if look.unicode else ".") * (width - len(full))
    text, ink, sign = full + track, look.ink(colour), "│" if look.unicode else "|"
    if at < len(full):
        inside = look.ink("", on=colour) if full[at] == "█" else ink
        return [
            Segment(full[:at], ink),
            Segment(sign, inside),
            Segment(full[at + 1 :], ink),
            Segment(track, look.ink(dim=True)),
        ]
    dim = look.ink(dim=True)
    return [Segment(full, ink), Segment(text[len(full) : at], dim), Segment(sign, PLAIN), Segment(text[at + 1 :], dim)]


def history_row(snapshot: Snapshot, width: int, look: TerminalStyle) -> Line:
    """Return the strip of past verdicts, a letter to the window, the newest at the right."""
    row = Row(width).put(1, "history", look.ink(dim=True))
    field = width - GUTTER - RIGHT + 1
    row.draw(GUTTER, strip_segments(snapshot, field, look), field)
    return row.right("now", look.ink(dim=True)).line()


def strip_segments(snapshot: Snapshot, width: int, look: TerminalStyle) -> list[Segment]:
    """Return the newest ``width`` entries of the history, padded at the left."""
    letters, colours = label_letters(snapshot.start.labels), label_colours(snapshot.start.labels)
    past = snapshot.history[-width:] if width > 0 else ()
    segments = [Segment(("·" if look.unicode else " ") * (width - len(past)), look.ink(dim=True))]
    on = STRIP_GROUND if look.gradient else ""
    for entry, run in itertools.groupby(past):
        colour = colours.get(entry, GREY)
        segments.append(Segment(letters.get(entry, "#") * len(list(run)), look.ink(colour, on=on)))
    return segments


def level_row(level: Level, width: int, look: TerminalStyle) -> Line:
    """Return the input level: loudness as a bar, the peak as a tick, a mark when it clips."""
    field = width - GUTTER - RIGHT + 1
    row = Row(width).put(1, "level", look.ink(dim=True))
    row.draw(GUTTER, level_segments(level, field - 6, look), field - 6)
    if level.clipped:
        row.put(GUTTER + field - 5, "CLIP", look.ink(RED, bold=True))
    return row.right(f"{max(-99.0, level.rms_db):3.0f} dB").line()


def level_segments(level: Level, width: int, look: TerminalStyle) -> list[Segment]:
    """Return the level bar alone, ``width`` cells: a line, thinner than the scores, so that it does not shout."""
    heavy, thin, tick = ("━", "─", "│") if look.unicode else ("=", ".", "|")
    full = round(db_fraction(level.rms_db) * width)
    peak = min(max(round(db_fraction(level.peak_db) * width), full), width - 1)
    bright, dim = look.ink(RED if level.clipped else TEAL), look.ink(dim=True)
    if full >= width:
        return [Segment(heavy * width, bright)]
    return [
        Segment(heavy * full, bright),
        Segment(thin * (peak - full), dim),
        Segment(tick, PLAIN),
        Segment(thin * (width - peak - 1), dim),
    ]


def counters_row(snapshot: Snapshot, width: int, look: TerminalStyle) -> Line:
    """Return how long a hop takes and what was lost; a loss is set in colour."""
    row = Row(width).put(1, "hop", look.ink(dim=True))
    quiet, wide = look.ink(dim=True), width >= 78
    for column, name, value in ((GUTTER, "p50", snapshot.hop_p50_ms), (0, "p95", snapshot.hop_p95_ms)):
        figure = "     -" if value is None else f"{min(value, 9999.0):6.1f}"
        row.put(column, f"{name} ", quiet).put(0, figure).put(0, " ms  " if wide else " ", quiet)
    for name, count in (("skipped", snapshot.skipped), ("overruns", snapshot.overruns), ("gaps", snapshot.gaps)):
        style = look.ink(AMBER, bold=True) if count else quiet
        row.put(0, f" {name} {count:<5d}" if wide else f" {name[:4]} {count:<3d}", style)
    return row.line()


def early_text(ectopic: EctopicBeats) -> str:
    """Return what is known of early beats, ``ectopic beats 3 in 30 s``; empty where the rhythm cannot be followed."""
    if not ectopic.followable:
        return ""
    count = len(ectopic.premature)
    return (
        f"early beats {count} in {ectopic.covered_s:.0f} s" if count else f"no early beat in {ectopic.covered_s:.0f} s"
    )


def message_of(snapshot: Snapshot) -> tuple[str, bool]:
    """Return the line under the verdict, and whether it is a warning: an alarm goes before the newest window."""
    wrong = alarm(snapshot)
    if wrong is not None:
        return printable(wrong), True
    return window_message(snapshot.window, snapshot.start.window_s)


def window_message(window: WindowEvent | None, window_s: float) -> tuple[str, bool]:
    """Return what there is to say about the newest window, and whether it is a warning."""
    if window is None:
        return f"the first verdict needs {window_s:g} s of sound", False
    short = " (short clip, looped)" if window.short else ""
    if window.gap:
        return f"this window: samples were lost, it is withheld{short}", True
    quality = f"quality {window.quality.score:.2f}"
    if window.quality.reason is not None:
        return f"{quality}: {window.quality.reason}{short}", True
    own = window.verdict
    sure = "" if own.confidence is None else f" {own.confidence:.2f}"
    best = max(own.scores, key=own.scores.__getitem__) if own.scores and own.label is None else ""
    return f"this window: {quality}, {verdict_text(own)}{f', best {best}' if best else ''}{sure}{short}", False


def footer_row(legend: Mapping[str, str], width: int, look: TerminalStyle) -> Line:
    """Return what the result is not for, the letters of the states, and how to end.

    Parameters
    ----------
    legend : mapping of state to its word
        Shown when there is room for it; empty on a small screen, which has no margin either.
    width : int
    look : TerminalStyle
    """
    row = Row(width)
    if width < len(DISCLAIMER) + 2:
        return row.put(0, fit("not for diagnosis", width, unicode=look.unicode), look.ink(bold=True)).line()
    row.put(1 if legend else 0, DISCLAIMER, look.ink(bold=True))
    letters = label_letters(())
    if legend and width >= 78:
        row.put(35, "  ".join(f"{letters[state]} {word}" for state, word in legend.items()), look.ink(dim=True))
    if width >= len(DISCLAIMER) + 15:
        row.right("Ctrl+C ends", look.ink(dim=True), 1 if legend else 0)
    return row.line()

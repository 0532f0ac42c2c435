"""The dashboard for a screen below 60x16: what matters most, as much of it as there are lines for.

A pure function of a frozen snapshot; safe on any thread.
"""

from __future__ import annotations

import re

from rich.segment import Segment

from monitor.dashboard.drawing.canvas import Line, Row, TerminalStyle
from monitor.dashboard.drawing.glyphs import clock, fit
from monitor.dashboard.drawing.state import NOTHING_MORE, DashboardState
from monitor.dashboard.drawing.status import help_rows
from monitor.dashboard.drawing.widgets import (
    footer_row,
    level_segments,
    message_of,
    rolling_of,
    score_segments,
    strip_segments,
    verdict_colour,
    verdict_text,
)
from monitor.messages import Snapshot

__all__ = ["small_lines"]

BAR_WIDTH = 24
"""Below this many columns a bar would say nothing."""


def small_lines(
    snapshot: Snapshot, width: int, height: int, look: TerminalStyle, display: DashboardState = NOTHING_MORE
) -> list[Line]:
    """Return the lines of a small screen.

    Parameters
    ----------
    snapshot : Snapshot
    width, height : int
        Cells, at least 1.
    look : TerminalStyle
    display : DashboardState

    Returns
    -------
    list of Line
        ``height`` of them, the verdict always among them where there are two or more.
    """
    if display.help and height > 1:
        return [*help_rows(display, height - 1, width, look), footer_row({}, width, look)]
    pieces = _pieces(snapshot, width, look, display)
    by_rank = sorted(range(len(pieces)), key=lambda at: pieces[at][0])
    rows = [pieces[at][1] for at in sorted(by_rank[: height - 1])]
    rows += [Row(width).line()] * (height - 1 - len(rows))
    return [*rows, footer_row({}, width, look)]


def _pieces(snapshot: Snapshot, width: int, look: TerminalStyle, display: DashboardState) -> list[tuple[int, Line]]:
    """Return every line there could be, top first, with its rank; the lowest ranks stay."""
    bars = score_segments(snapshot, width, 4, look) if width >= BAR_WIDTH else []
    return [
        (3, _source_line(snapshot, width, look, display)),
        (0, _verdict_line(snapshot, width, look)),
        (2, _message_line(snapshot, width, look)),
        *((6, _whole(segments, width)) for segments in bars),
        (5, _heart_rate_line(snapshot, width, look)),
        (4, _whole(strip_segments(snapshot, width, look), width)),
        (7, _whole(level_segments(snapshot.level, width, look), width)),
    ]


def _source_line(snapshot: Snapshot, width: int, look: TerminalStyle, display: DashboardState) -> Line:
    """Return source and position, and whether it is held."""
    held = f"{display.held.upper()} " if display.held else ""
    time = held + clock(snapshot.elapsed_s + display.shift_s)
    source = fit(snapshot.start.source, max(width - len(time) - 1, 0), unicode=look.unicode)
    return Row(width).put(0, source).right(time, margin=0).line()


def _verdict_line(snapshot: Snapshot, width: int, look: TerminalStyle) -> Line:
    """Return the label, or the state, and how sure it is."""
    rolling = rolling_of(snapshot)
    sure = f" {rolling.confidence:.2f}" if rolling.label and rolling.confidence is not None else ""
    text = fit(verdict_text(rolling).upper() + sure, width, unicode=look.unicode)
    return Row(width).put(0, text, look.ink(verdict_colour(snapshot), bold=True)).line()


def _message_line(snapshot: Snapshot, width: int, look: TerminalStyle) -> Line:
    """Return what is wrong with a live input, or what there is to say about the newest window."""
    text, _ = message_of(snapshot)
    short = re.sub("^(this window: )?(quality [0-9.]+[:,] )?", "", text)
    return Row(width).put(0, fit(short, width, unicode=look.unicode), look.ink(dim=True)).line()


def _heart_rate_line(snapshot: Snapshot, width: int, look: TerminalStyle) -> Line:
    """Return the heart rate."""
    bpm = snapshot.window.heart_rate_bpm if snapshot.window else None
    row = Row(width).put(0, "heart rate ", look.ink(dim=True))
    return row.put(0, "- bpm" if bpm is None else f"{bpm:.0f} bpm").line()


def _whole(segments: list[Segment], width: int) -> Line:
    """Return a line of segments that are as wide as the screen."""
    return Row(width).draw(0, segments, width).line()

"""The dashboard for a screen below 60x16: what matters most, as much of it as there are lines for.

Pure functions; safe on any thread.
"""

from __future__ import annotations

import re

from rich.segment import Segment

from monitor.dashboard.drawing.canvas import Line, Row
from monitor.dashboard.drawing.glyphs import clock, fit
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.status import help_rows, prompt_row
from monitor.dashboard.drawing.timeline import strip_cells
from monitor.dashboard.drawing.widgets import (
    footer_row,
    history_segments,
    level_segments,
    rolling_verdict,
    score_segments,
    status_message,
    verdict_colour,
    verdict_text,
)
from monitor.output import printable
from monitor.text.shown import missing_text, shown_score

__all__ = ["compact_lines"]

BAR_WIDTH = 24
"""Below this width a bar would be too short to read."""


def compact_lines(layout: Layout) -> list[Line]:
    """Return the lines of a small screen.

    Returns
    -------
    list of Line
        As many as the layout is high, the verdict always among them where there are two or more.
    """
    width, style, num_rows = layout.width, layout.style, layout.height - 1
    footer = prompt_row(layout.state.prompt, width, style) if layout.state.prompt else footer_row({}, width, style)
    if layout.state.help and num_rows > 0:
        return [*help_rows(layout.state, num_rows, width, style), footer]
    ranked = _ranked_lines(layout)
    by_rank = sorted(range(len(ranked)), key=lambda index: ranked[index][0])
    rows = [ranked[index][1] for index in sorted(by_rank[:num_rows])]
    return [*rows, *[Row(width).line()] * (num_rows - len(rows)), footer]


def _ranked_lines(layout: Layout) -> list[tuple[int, Line]]:
    """Return rank and line of everything that could be shown, top first; the lowest ranks are kept."""
    snapshot, width, style = layout.snapshot, layout.width, layout.style
    bars = score_segments(snapshot, width, 4, style) if width >= BAR_WIDTH else []
    return [
        (3, _source_line(layout)),
        (0, _verdict_line(layout)),
        (2, _message_line(layout)),
        *((6, _full_width(segments, width)) for segments in bars),
        (5, _heart_rate_line(layout)),
        (4, _full_width(_past(layout), width)),
        (7, _full_width(level_segments(snapshot.level, width, style), width)),
    ]


def _past(layout: Layout) -> list[Segment]:
    """Return the last verdicts; of a recording that is reviewed those of the stretch on the screen."""
    if layout.state.timeline is not None:
        return strip_cells(layout, layout.state.timeline, layout.width).segments()
    return history_segments(layout.snapshot, layout.width, layout.style)


def _source_line(layout: Layout) -> Line:
    """Return source and position, and whether the playback is paused or the screen frozen."""
    start, state, width = layout.snapshot.start, layout.state, layout.width
    hold = f"{state.hold.upper()} " if state.hold else ""
    time = hold + clock(layout.snapshot.elapsed_s + state.shift_s)
    source = fit(start.source, max(width - len(time) - 1, 0), unicode=layout.style.unicode)
    return Row(width).put(0, source).right(time, margin=0).line()


def _verdict_line(layout: Layout) -> Line:
    """Return the label and its acoustic score, or the state and, where it is uncertain and there is room, why."""
    rolling = rolling_verdict(layout.snapshot)
    text, score = verdict_text(rolling).upper(), shown_score(rolling)
    if rolling.label and score is not None:
        text += f" {score:.2f}"
    reason = missing_text(rolling, layout.snapshot.start.acoustic_thresholds)
    if rolling.state == "uncertain" and len(text) + len(reason) + 2 <= layout.width:
        text += f"  {reason}"
    text = fit(text, layout.width, unicode=layout.style.unicode)
    return Row(layout.width).put(0, text, layout.style.ink(verdict_colour(layout.snapshot), bold=True)).line()


def _message_line(layout: Layout) -> Line:
    """Return the most urgent alert, or what there is to say about the newest window."""
    text = printable(layout.state.notice) or status_message(layout.snapshot)[0]
    short = re.sub("^(this window: )?(quality [0-9.]+[:,] )?", "", text)
    ink = layout.style.ink(dim=True)
    return Row(layout.width).put(0, fit(short, layout.width, unicode=layout.style.unicode), ink).line()


def _heart_rate_line(layout: Layout) -> Line:
    """Return the heart rate."""
    window = layout.snapshot.window
    bpm = window.heart_rate_bpm if window else None
    row = Row(layout.width).put(0, "heart rate ", layout.style.ink(dim=True))
    return row.put(0, "- bpm" if bpm is None else f"{bpm:.0f} bpm").line()


def _full_width(segments: list[Segment], width: int) -> Line:
    """Return a line of segments that are as wide as the screen together."""
    return Row(width).draw(0, segments, width).line()

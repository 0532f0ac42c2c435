"""The time axis of a recording that is reviewed: sound, verdicts, marks and a person's labels over one stretch of it.

Rows of one width, all on the same axis, with a cursor. Pure functions of a :class:`~.state.TimelineView`; safe on any
thread.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from monitor.dashboard.drawing.canvas import AMBER, BLUE, GREY, PLAIN, RED, TRACK, YELLOW, Line, Row
from monitor.dashboard.drawing.glyphs import clock, fit
from monitor.dashboard.drawing.layout import IMAGE_LINES, Layout, RowPlan
from monitor.dashboard.drawing.state import TimelineView
from monitor.dashboard.drawing.waveform import MAX_CROWDED, automatic_gain_db, tick_text, wave_lines
from monitor.dashboard.drawing.widgets import GUTTER, label_colours
from monitor.text.letters import label_letters

__all__ = ["TIMELINE_ROWS", "Cells", "review_plan", "strip_cells", "timeline_rows"]

TIMELINE_ROWS = 4
"""Rows of the axis besides the waveform: marks, verdicts, labels, time."""
FIXED_ROWS = 8
"""Two of the header, four of the verdict, keys, footer."""
MIN_TRACE, MAX_TRACE = 2, 10
MIN_TEXT = 4
"""Cells; a shorter text of a mark says nothing."""
MIN_TICK = 2
"""Columns from a heart sound to the next, with which the digits 1 and 2 stand apart."""
MIN_IMAGE = 4
"""Rows of the spectrogram; a lower one shows nothing."""


def review_plan(height: int, message_rows: int) -> RowPlan:
    """Return the rows of each part of a review.

    Examples
    --------
    >>> review_plan(24, 1)
    RowPlan(image=7, trace=3, keys=1, axis=1, ticks=0, level=0, events=0, rule=0, spacing=0)
    """
    free = height - FIXED_ROWS - message_rows - TIMELINE_ROWS
    trace = min(MAX_TRACE, max(MIN_TRACE, free // 3))
    image = min(IMAGE_LINES, free - trace - 1)
    if image < MIN_IMAGE:
        return RowPlan(trace=max(0, min(MAX_TRACE, free)), keys=1)
    return RowPlan(image=image, trace=trace, keys=1, axis=1)


class Cells:
    """A row of single cells that may be painted over, ``width`` of them."""

    def __init__(self, width: int) -> None:
        self._cells: list[tuple[str, Style]] = [(" ", PLAIN)] * width

    def paint(self, column: int, text: str, style: Style) -> None:
        """Write text over what is there; what lies outside is cut."""
        for sign in text:
            cells = cell_len(sign)
            if column >= 0 and column + cells <= len(self._cells):
                self._cells[column : column + cells] = [(sign, style), *[("", style)] * (cells - 1)]
            column += cells

    def draw(self, segments: Iterable[Segment]) -> None:
        """Write segments of one cell per character from the left."""
        column = 0
        for segment in segments:
            self.paint(column, segment.text, segment.style or PLAIN)
            column += len(segment.text)

    def segments(self) -> list[Segment]:
        """Return the row; neighbours of the same style share a segment."""
        runs = itertools.groupby(self._cells, key=lambda cell: cell[1])
        return [Segment("".join(sign for sign, _ in run), style) for style, run in runs]


def timeline_rows(layout: Layout, view: TimelineView, trace_rows: int) -> list[Line]:
    """Return the rows of the axis: marks with S1 and S2, waveform, verdicts, labels, time."""
    style, field = layout.style, layout.field
    waves, gain_db = _waves(layout, view, trace_rows)
    name_of_marks, marks = _marks(layout, view)
    parts = [
        marks,
        *waves,
        strip_cells(layout, view, field),
        _labels(layout, view),
        _axis(layout, view),
    ]
    names = [name_of_marks, *([""] * len(waves)), "verdict", "labels", "time"]
    rows = []
    for index, (name, cells) in enumerate(zip(names, parts, strict=True)):
        row = Row(layout.width)
        is_middle = waves and index == 1 + len(waves) // 2
        row.put(1, "sound" if is_middle else name, style.ink(dim=True)).draw(GUTTER, cells.segments(), field)
        rows.append(row.right(f"{gain_db:+3.0f} dB", style.ink(dim=True)).line() if is_middle else row.line())
    return rows


def column_of(view: TimelineView, at_s: float, width: int) -> int:
    """Return the column of a moment, also outside the width."""
    span_s = view.end_s - view.start_s
    return math.floor((at_s - view.start_s) / span_s * width + 1e-9) if span_s > 0 else 0


def _cursor(view: TimelineView, width: int) -> int:
    """Return the column of the cursor."""
    return min(max(column_of(view, view.at_s, width), 0), width - 1)


def strip_cells(layout: Layout, view: TimelineView, width: int) -> Cells:
    """Return a row of the verdicts, one letter per column, with the cursor."""
    labels, style = layout.snapshot.start.labels, layout.style
    letters, colours = label_letters(labels), label_colours(labels)
    cells = Cells(width)
    cells.paint(0, ("·" if style.unicode else " ") * width, style.ink(dim=True))
    on = TRACK if style.gradient else ""
    for start_s, end_s, name in view.verdicts:
        first = max(0, column_of(view, start_s, width))
        last = min(width, max(column_of(view, end_s, width), first + 1))
        cells.paint(first, letters.get(name, "#") * (last - first), style.ink(colours.get(name, GREY), on=on))
    cells.paint(_cursor(view, width), "│" if style.unicode else "|", style.ink(AMBER, bold=True))
    return cells


def _marks(layout: Layout, view: TimelineView) -> tuple[str, Cells]:
    """Return the name of a row and the row: each mark with its text where there is room, S1 and S2 between them."""
    style, field = layout.style, layout.field
    cells, sign, ink = Cells(field), "▾" if style.unicode else "v", style.ink(BLUE, bold=True)
    shown = sorted((column_of(view, at_s, field), text) for at_s, text in view.marks)
    shown = [(min(column, field - 1), text) for column, text in shown if 0 <= column <= field]
    texts = []
    for (column, text), (following, _) in itertools.pairwise([*shown, (field + 1, "")]):
        room = min(following - column - 3, cell_len(text))
        texts.append(
            (column, f" {fit(text, room, unicode=style.unicode)}" if following - column - 3 >= MIN_TEXT else "")
        )
    taken = [(column - 1, column + 1 + cell_len(text)) for column, text in texts]
    ticks = _ticks(layout, view, taken)
    cells.paint(0, ticks, style.ink(YELLOW))
    for column, text in texts:
        cells.paint(column, sign, ink)
        cells.paint(column + 1, text, style.ink(BLUE))
    return "S1 S2" if ticks and not shown else "marks", cells


def _ticks(layout: Layout, view: TimelineView, taken: Sequence[tuple[int, int]]) -> str:
    """Return S1 and S2 in their columns, except where a mark stands; empty where they would run together."""
    ticks = [(column_of(view, at_s, layout.field), name) for at_s, name in view.ticks]
    crowded = sum(after - column < MIN_TICK for (column, _), (after, _) in itertools.pairwise(ticks))
    if not ticks or crowded > MAX_CROWDED * len(ticks):
        return ""
    free = [tick for tick in ticks if not any(first - 1 <= tick[0] <= last for first, last in taken)]
    return tick_text(free, layout.field, layout.style)


def _waves(layout: Layout, view: TimelineView, lines: int) -> tuple[list[Cells], float]:
    """Return the waveform with crosses where sound was lost and the cursor through all rows, and the display gain."""
    style, field = layout.style, layout.field
    dots = field * (2 if style.unicode else 1)
    low, high = _pooled(view, dots)
    peak = max(-np.nanmin(low, initial=0.0), np.nanmax(high, initial=0.0))
    gain_db = automatic_gain_db(float(peak)) + layout.state.gain_db
    lost = np.zeros(dots, bool)
    for start_s, end_s in view.lost:
        first, last = column_of(view, start_s, dots), column_of(view, end_s, dots)
        lost[max(0, first) : max(0, last + 1)] = True
    rows = []
    for line in wave_lines(low, high, lost, field, lines, gain_db, style) if lines else ():
        cells = Cells(field)
        cells.draw(line)
        cells.paint(_cursor(view, field), "│" if style.unicode else "|", style.ink(AMBER, bold=True))
        rows.append(cells)
    return rows, gain_db


def _pooled(view: TimelineView, columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return minimum and maximum of each column, NaN where nothing is known."""
    bins = len(view.low)
    if not bins:
        nothing = np.full(columns, np.nan, np.float32)
        return nothing, nothing
    first = np.arange(columns) * bins // columns
    if bins < columns:
        return view.low[first], view.high[first]
    return np.fmin.reduceat(view.low, first), np.fmax.reduceat(view.high, first)


def _labels(layout: Layout, view: TimelineView) -> Cells:
    """Return a person's own labels over their stretches."""
    style, field = layout.style, layout.field
    colours, cells = label_colours(layout.snapshot.start.labels), Cells(field)
    for start_s, end_s, text in view.labels:
        if end_s <= view.start_s or start_s >= view.end_s:
            continue
        first, last = (min(max(column_of(view, at_s, field), 0), field) for at_s in (start_s, end_s))
        room = max(0, last - first - 2)
        name = fit(text, min(room, cell_len(text)), unicode=style.unicode)
        line = ("─" if style.unicode else "-") * (room - cell_len(name))
        cells.paint(first, f"[{name}{line}]"[: max(1, last - first)], style.ink(colours.get(text, YELLOW), bold=True))
    return cells


def _axis(layout: Layout, view: TimelineView) -> Cells:
    """Return the axis: its ends, the selected stretch, the cursor."""
    style, field = layout.style, layout.field
    plain, chosen, at = ("─", "═", "▲") if style.unicode else ("-", "=", "^")
    dim, cells = style.ink(dim=True), Cells(field)
    ends, cursor = (f"{clock(view.start_s)} ", f" {clock(view.end_s)}"), _cursor(view, field)
    cells.paint(0, plain * field, dim)
    if cursor > len(ends[0]):
        cells.paint(0, ends[0], dim)
    if cursor < field - len(ends[1]) - 1:
        cells.paint(field - len(ends[1]), ends[1], dim)
    if view.selection is not None:
        first, last = (column_of(view, edge, field) for edge in view.selection)
        ink = style.ink(RED if view.loops else AMBER, bold=True)
        if first < field and last >= 0:
            inside = range(max(first, 0), min(last, field - 1) + 1)
            cells.paint(inside.start, chosen * len(inside), ink)
            cells.paint(first, "[", ink)
            cells.paint(min(last, field - 1) if view.selection[1] <= view.end_s else field, "]", ink)
    cells.paint(cursor, at, style.ink(AMBER, bold=True))
    return cells

"""The middle of the dashboard: the network's picture, the rhythm beside it, and what happened.

Pure functions; safe on any thread.
"""

from __future__ import annotations

from monitor.dashboard.drawing.canvas import Line, Row
from monitor.dashboard.drawing.glyphs import clock, fit
from monitor.dashboard.drawing.layout import PICTURE_SIZE, Area, Page, Plan
from monitor.dashboard.drawing.palette import BLUE, RED, YELLOW
from monitor.dashboard.drawing.picture import RHYTHM, SOUND, View, picture_lines, row_marks
from monitor.dashboard.drawing.state import Happening
from monitor.dashboard.drawing.widgets import GUTTER, label_colours
from monitor.messages import Snapshot
from monitor.text.text_lines import printable

__all__ = ["draw_events", "event_colour", "event_text", "picture_rows"]

EVENT_COLOURS = {"gap": RED, "device": YELLOW, "mark": BLUE}


def picture_rows(page: Page, plan: Plan) -> list[Line]:
    """Return the network's picture, and rhythm and events beside it where there is room."""
    views = [(GUTTER, SOUND)]
    if page.has_two_pictures:
        views.append((page.rhythm_column, RHYTHM))
    rows = [Row(page.width) for _ in range(plan.title + plan.picture + plan.axis)]
    pictures = rows[plan.title : plan.title + plan.picture]
    for column, view in views:
        columns = min(page.field, PICTURE_SIZE)
        if plan.title:
            rows[0].put(column, view.title, page.look.ink(dim=True))
        _draw_view(page, pictures, column, columns, view)
        if plan.axis:
            _draw_axis(page, rows[-1], column, columns)
    area = page.events_beside_pictures
    if area is not None and rows:
        draw_events(page, rows if plan.title else rows[: plan.picture], area, has_title=bool(plan.title))
    return [row.line() for row in rows]


def draw_events(page: Page, rows: list[Row], area: Area, *, has_title: bool = False) -> None:
    """Write what happened into some rows, the newest at the top."""
    if has_title:
        rows[0].put(area.column, "events, newest first", page.look.ink(dim=True))
    newest = reversed(page.display.happenings[-len(rows) :])
    for row, happening in zip(rows[has_title:], newest, strict=False):
        style = page.look.ink(event_colour(page.snapshot, happening))
        row.put(area.column, fit(event_text(happening), area.width, unicode=page.look.unicode), style)


def event_text(happening: Happening) -> str:
    """Return when something happened, and what."""
    return f"{clock(happening.at_s):>7}  {printable(happening.text)}"


def event_colour(snapshot: Snapshot, happening: Happening) -> str:
    """Return the colour of what happened, empty where it has none; the words say the same."""
    colours = {**label_colours(snapshot.start.labels), **EVENT_COLOURS}
    return colours.get(happening.kind, "")


def _draw_view(page: Page, rows: list[Row], column: int, columns: int, view: View) -> None:
    """Draw one channel into rows, with its marks at the left."""
    tensor, look = page.snapshot.tensor, page.look
    drawn: list[Line] = [()] * len(rows)
    if tensor is not None and view.channel < tensor.shape[2]:
        drawn = picture_lines(tensor, view, len(rows), columns, look, page.kind)
    marks = row_marks(view, len(rows)) if page.kind == "heart" else {}
    for number, (row, segments) in enumerate(zip(rows, drawn, strict=True)):
        row.put(column - 8, f"{marks.get(number, ''):>7}", look.ink(dim=True))
        row.draw(column, segments, columns if segments else 0)


def _draw_axis(page: Page, row: Row, column: int, columns: int) -> None:
    """Write the ends of the time axis under a picture."""
    dim, shift_s = page.look.ink(dim=True), page.display.shift_s
    window = page.snapshot.window
    ends = ("", "") if window is None else (f"{window.start_s + shift_s:.1f} s", f"{window.end_s + shift_s:.1f} s")
    row.put(column, ends[0], dim).put(column + columns - len(ends[1]), ends[1], dim)

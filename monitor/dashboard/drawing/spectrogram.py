"""The middle of the dashboard: the network's picture, the rhythm beside it, and what happened.

Pure functions; safe on any thread.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from monitor.dashboard.drawing.canvas import BLUE, RED, YELLOW, Line, Row, TerminalStyle
from monitor.dashboard.drawing.glyphs import clock, fit, pixels, pool, shade_rows
from monitor.dashboard.drawing.layout import PICTURE_SIZE, Area, Layout, RowPlan
from monitor.dashboard.drawing.state import LoggedEvent
from monitor.dashboard.drawing.widgets import GUTTER, label_colours
from monitor.features.colormap import INFERNO
from monitor.messages import Snapshot
from monitor.text.text_lines import printable

__all__ = [
    "RHYTHM",
    "SOUND",
    "ChannelView",
    "draw_events",
    "event_colour",
    "event_text",
    "picture_lines",
    "picture_rows",
    "row_marks",
]

COLOUR_STEPS = 64
"""Of 256: neighbours are told apart by nobody, and a quarter of the styles are made."""

BIN_HZ = 15.625
FIRST_LAG_S = 0.2
LAG_STEP_S = 0.025
"""Row k of channel 0 is ``(k + 1) * BIN_HZ``, of channel 2 the lag ``FIRST_LAG_S + k * LAG_STEP_S``.
Source: monitor/features/spectrogram.py."""

_LIGHTNESS = np.array((0.2126, 0.7152, 0.0722), np.float32)
_INFERNO_LIGHT = np.maximum.accumulate(INFERNO.astype(np.float32) @ _LIGHTNESS)


class ChannelView(NamedTuple):
    """How one channel is looked at.

    Attributes
    ----------
    title : str
    channel : int
    low, high : float
        Values of the darkest and the lightest colour: fixed, so that nothing flickers. They hold
        all but a few percent of the pixels of PASCAL set B.
    marks : tuple of (row, text)
        Names of some rows, row 0 the lowest.
    """

    title: str
    channel: int
    low: float
    high: float
    marks: tuple[tuple[int, str], ...]


def _hz(frequency: float) -> int:
    """Return the row of a frequency."""
    return round(frequency / BIN_HZ) - 1


def _bpm(bpm: float) -> int:
    """Return the row of a beat rate."""
    return round((60.0 / bpm - FIRST_LAG_S) / LAG_STEP_S)


SOUND = ChannelView(
    "sound as the network sees it",
    channel=0,
    low=-1.0,
    high=2.0,
    marks=((63, "1 kHz"), (_hz(500), "500 Hz"), (_hz(250), "250"), (0, "16 Hz")),
)
RHYTHM = ChannelView(
    "rhythm: level lines are a regular beat",
    channel=2,
    low=-0.5,
    high=1.2,
    marks=((63, "34 bpm"), (_bpm(60), "60"), (_bpm(120), "120"), (0, "300")),
)


def picture_lines(
    tensor: NDArray[np.float32], view: ChannelView, lines: int, columns: int, look: TerminalStyle, kind: str = "heart"
) -> list[Line]:
    """Return one channel of a picture, low rows at the bottom.

    Parameters
    ----------
    tensor : ndarray, shape (64, 64, channels), float32
    view : ChannelView
    lines, columns : int
        The room; a picture that is larger is made smaller by maxima, never larger.
    look : TerminalStyle
    kind : {"heart", "article"}
        The article's picture is RGB in [0, 1] painted in inferno, its top row first.

    Returns
    -------
    list of Line
        At most ``lines``, each ``min(columns, 64)`` cells wide.
    """
    steps = _article_steps(tensor) if kind == "article" else _channel_steps(tensor, view)
    if not look.gradient:
        shades = shade_rows(pool(steps, lines, columns), COLOUR_STEPS, unicode=look.unicode)
        return [(Segment(row, Style.null()),) for row in shades]
    if not look.unicode:
        return [_cell_line(row, row, " ") for row in pool(steps, lines, columns)]
    small = pool(steps, 2 * lines, columns)
    return [_cell_line(top, bottom, "▀") for top, bottom in zip(small[::2], small[1::2], strict=True)]


def row_marks(view: ChannelView, lines: int) -> dict[int, str]:
    """Return what stands beside each line of a picture, by line; the outer marks win over the inner."""
    inner = view.marks[1:-1] if lines >= len(view.marks) * 2 else ()
    return {lines - 1 - row * lines // 64: text for row, text in (*inner, view.marks[0], view.marks[-1])}


def _channel_steps(tensor: NDArray[np.float32], view: ChannelView) -> NDArray[np.intp]:
    """Return the colour step of each pixel of a channel, top row first."""
    return pixels(tensor[:, :, view.channel], view.low, view.high, COLOUR_STEPS)


def _article_steps(tensor: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the colour step that each pixel of an inferno picture was painted with."""
    light = np.nan_to_num(tensor[:, :, :3] * 255.0) @ _LIGHTNESS
    steps: NDArray[np.intp] = np.minimum(np.searchsorted(_INFERNO_LIGHT, light), 255) * COLOUR_STEPS // 256
    return steps


def _cell_line(top: NDArray[np.intp], bottom: NDArray[np.intp], character: str) -> Line:
    """Return one line of cells; they are made once, for making some thousand takes most of a frame's time."""
    cell = _half_block if character == "▀" else _space
    return tuple(map(cell, (top * COLOUR_STEPS + bottom).tolist()))


@functools.lru_cache(maxsize=COLOUR_STEPS * COLOUR_STEPS)
def _half_block(pair: int) -> Segment:
    """Return the cell whose foreground is the upper and background the lower pixel."""
    top, bottom = divmod(pair, COLOUR_STEPS)
    return Segment("▀", Style.from_color(_pixel_colour(top), _pixel_colour(bottom)))


@functools.lru_cache(maxsize=COLOUR_STEPS)
def _space(pair: int) -> Segment:
    """Return the cell that is filled with one pixel, for terminals without blocks."""
    return Segment(" ", Style.from_color(None, _pixel_colour(pair % COLOUR_STEPS)))


@functools.lru_cache(maxsize=COLOUR_STEPS)
def _pixel_colour(step: int) -> Color:
    """Return the inferno colour of a step."""
    return Color.from_rgb(*(int(value) for value in INFERNO[step * 255 // (COLOUR_STEPS - 1)]))


EVENT_COLOURS = {"gap": RED, "device": YELLOW, "mark": BLUE}


def picture_rows(layout: Layout, plan: RowPlan) -> list[Line]:
    """Return the network's picture, and rhythm and events beside it where there is room."""
    views = [(GUTTER, SOUND)]
    if layout.has_two_pictures:
        views.append((layout.rhythm_column, RHYTHM))
    rows = [Row(layout.width) for _ in range(plan.title + plan.picture + plan.axis)]
    pictures = rows[plan.title : plan.title + plan.picture]
    for column, view in views:
        columns = min(layout.field, PICTURE_SIZE)
        if plan.title:
            rows[0].put(column, view.title, layout.look.ink(dim=True))
        _draw_view(layout, pictures, column, columns, view)
        if plan.axis:
            _draw_axis(layout, rows[-1], column, columns)
    area = layout.events_beside_pictures
    if area is not None and rows:
        draw_events(layout, rows if plan.title else rows[: plan.picture], area, has_title=bool(plan.title))
    return [row.line() for row in rows]


def draw_events(layout: Layout, rows: list[Row], area: Area, *, has_title: bool = False) -> None:
    """Write what happened into some rows, the newest at the top."""
    if has_title:
        rows[0].put(area.column, "events, newest first", layout.look.ink(dim=True))
    newest = reversed(layout.display.events[-len(rows) :])
    for row, event in zip(rows[has_title:], newest, strict=False):
        style = layout.look.ink(event_colour(layout.snapshot, event))
        row.put(area.column, fit(event_text(event), area.width, unicode=layout.look.unicode), style)


def event_text(event: LoggedEvent) -> str:
    """Return when something happened, and what."""
    return f"{clock(event.at_s):>7}  {printable(event.text)}"


def event_colour(snapshot: Snapshot, event: LoggedEvent) -> str:
    """Return the colour of what happened, empty where it has none; the words say the same."""
    colours = {**label_colours(snapshot.start.labels), **EVENT_COLOURS}
    return colours.get(event.kind, "")


def _draw_view(layout: Layout, rows: list[Row], column: int, columns: int, view: ChannelView) -> None:
    """Draw one channel into rows, with its marks at the left."""
    tensor, look = layout.snapshot.tensor, layout.look
    drawn: list[Line] = [()] * len(rows)
    if tensor is not None and view.channel < tensor.shape[2]:
        drawn = picture_lines(tensor, view, len(rows), columns, look, layout.kind)
    marks = row_marks(view, len(rows)) if layout.kind == "heart" else {}
    for number, (row, segments) in enumerate(zip(rows, drawn, strict=True)):
        row.put(column - 8, f"{marks.get(number, ''):>7}", look.ink(dim=True))
        row.draw(column, segments, columns if segments else 0)


def _draw_axis(layout: Layout, row: Row, column: int, columns: int) -> None:
    """Write the ends of the time axis under a picture."""
    dim, shift_s = layout.look.ink(dim=True), layout.display.shift_s
    window = layout.snapshot.window
    ends = ("", "") if window is None else (f"{window.start_s + shift_s:.1f} s", f"{window.end_s + shift_s:.1f} s")
    row.put(column, ends[0], dim).put(column + columns - len(ends[1]), ends[1], dim)

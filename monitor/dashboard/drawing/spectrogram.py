"""The middle of the dashboard: the network's input image (spectrogram, autocorrelation), and the list of events.

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
from monitor.dashboard.drawing.layout import IMAGE_SIZE, Columns, Layout, RowPlan
from monitor.dashboard.drawing.state import LoggedEvent
from monitor.dashboard.drawing.widgets import GUTTER, label_colours
from monitor.features.colormap import INFERNO
from monitor.messages import Snapshot
from monitor.output import printable

__all__ = [
    "AUTOCORRELATION",
    "SPECTROGRAM",
    "ChannelView",
    "axis_labels",
    "event_colour",
    "event_text",
    "image_lines",
    "image_rows",
    "put_events",
]

COLOUR_STEPS = 64
"""Of the 256 of the colormap: neighbouring colours look the same, and fewer styles need to be created."""

BIN_HZ = 15.625
FIRST_LAG_S = 0.2
LAG_STEP_S = 0.025
"""Row k of channel 0 is ``(k + 1) * BIN_HZ``, of channel 2 the lag ``FIRST_LAG_S + k * LAG_STEP_S``.
Source: monitor/features/image.py."""

_LIGHTNESS = np.array((0.2126, 0.7152, 0.0722), np.float32)
_INFERNO_LIGHT = np.maximum.accumulate(INFERNO.astype(np.float32) @ _LIGHTNESS)


class ChannelView(NamedTuple):
    """How one channel of the input image is shown.

    Attributes
    ----------
    title : str
    channel : int
    low, high : float
        Values of the darkest and the lightest colour: fixed, to avoid flicker. All but a few percent of the pixels of
        PASCAL set B lie between them.
    ticks : tuple of (row, text)
        Axis labels of some rows, row 0 the lowest.
    """

    title: str
    channel: int
    low: float
    high: float
    ticks: tuple[tuple[int, str], ...]


def _hz(frequency: float) -> int:
    """Return the row of a frequency."""
    return round(frequency / BIN_HZ) - 1


def _bpm(bpm: float) -> int:
    """Return the row of a heart rate."""
    return round((60.0 / bpm - FIRST_LAG_S) / LAG_STEP_S)


SPECTROGRAM = ChannelView(
    "log spectrogram (network input)",
    channel=0,
    low=-1.0,
    high=2.0,
    ticks=((63, "1 kHz"), (_hz(500), "500 Hz"), (_hz(250), "250"), (0, "16 Hz")),
)
AUTOCORRELATION = ChannelView(
    "rhythm: autocorrelation, horizontal lines = regular beat",
    channel=2,
    low=-0.5,
    high=1.2,
    ticks=((63, "34 bpm"), (_bpm(60), "60"), (_bpm(120), "120"), (0, "300")),
)


def image_lines(
    tensor: NDArray[np.float32], view: ChannelView, lines: int, columns: int, style: TerminalStyle, kind: str = "heart"
) -> list[Line]:
    """Return one channel of the input image, low rows at the bottom.

    Parameters
    ----------
    tensor : ndarray, shape (64, 64, channels), float32
    view : ChannelView
    lines, columns : int
        Available size; a larger image is reduced by max pooling, a smaller one is not enlarged.
    style : TerminalStyle
    kind : {"heart", "article"}
        The article's image is RGB in [0, 1] in the inferno colormap, top row first.

    Returns
    -------
    list of Line
        At most ``lines``, each ``min(columns, 64)`` cells wide.
    """
    steps = _article_steps(tensor) if kind == "article" else _channel_steps(tensor, view)
    if not (style.colour and style.gradient):
        shades = shade_rows(pool(steps, lines, columns), COLOUR_STEPS, unicode=style.unicode)
        return [(Segment(row, Style.null()),) for row in shades]
    if not style.unicode:
        return [_cell_line(row, row, " ") for row in pool(steps, lines, columns)]
    small = pool(steps, 2 * lines, columns)
    return [_cell_line(top, bottom, "▀") for top, bottom in zip(small[::2], small[1::2], strict=True)]


def axis_labels(view: ChannelView, lines: int) -> dict[int, str]:
    """Return the axis label of each line, by line index; the outer labels win over the inner."""
    inner = view.ticks[1:-1] if lines >= len(view.ticks) * 2 else ()
    return {lines - 1 - row * lines // 64: text for row, text in (*inner, view.ticks[0], view.ticks[-1])}


def _channel_steps(tensor: NDArray[np.float32], view: ChannelView) -> NDArray[np.intp]:
    """Return the colour index of each pixel of a channel, top row first."""
    return pixels(tensor[:, :, view.channel], view.low, view.high, COLOUR_STEPS)


def _article_steps(tensor: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the colour index of each pixel of an inferno image."""
    light = np.nan_to_num(tensor[:, :, :3] * 255.0) @ _LIGHTNESS
    steps: NDArray[np.intp] = np.minimum(np.searchsorted(_INFERNO_LIGHT, light), 255) * COLOUR_STEPS // 256
    return steps


def _cell_line(top: NDArray[np.intp], bottom: NDArray[np.intp], character: str) -> Line:
    """Return one line of cells; cells are cached, since creating them would take most of the drawing time."""
    cell = _half_block if character == "▀" else _space
    return tuple(map(cell, (top * COLOUR_STEPS + bottom).tolist()))


@functools.lru_cache(maxsize=COLOUR_STEPS * COLOUR_STEPS)
def _half_block(pair: int) -> Segment:
    """Return the cell whose foreground is the upper and whose background is the lower pixel."""
    top, bottom = divmod(pair, COLOUR_STEPS)
    return Segment("▀", Style.from_color(_pixel_colour(top), _pixel_colour(bottom)))


@functools.lru_cache(maxsize=COLOUR_STEPS)
def _space(pair: int) -> Segment:
    """Return a cell filled with one pixel, for terminals without block characters."""
    return Segment(" ", Style.from_color(None, _pixel_colour(pair % COLOUR_STEPS)))


@functools.lru_cache(maxsize=COLOUR_STEPS)
def _pixel_colour(step: int) -> Color:
    """Return the inferno colour of an index."""
    return Color.from_rgb(*(int(value) for value in INFERNO[step * 255 // (COLOUR_STEPS - 1)]))


EVENT_COLOURS = {"gap": RED, "device": YELLOW, "mark": BLUE}


def image_rows(layout: Layout, plan: RowPlan) -> list[Line]:
    """Return the spectrogram, and autocorrelation and events beside it where there is room."""
    views = [(GUTTER, SPECTROGRAM)]
    if layout.shows_autocorrelation:
        views.append((layout.autocorrelation_column, AUTOCORRELATION))
    rows = [Row(layout.width) for _ in range(plan.title + plan.image + plan.axis)]
    images = rows[plan.title : plan.title + plan.image]
    for column, view in views:
        columns = min(layout.field, IMAGE_SIZE)
        if plan.title:
            rows[0].put(column, view.title, layout.style.ink(dim=True))
        _draw_view(layout, images, column, columns, view)
        if plan.axis:
            _draw_axis(layout, rows[-1], column, columns)
    events = layout.events_beside_images
    if events is not None and rows:
        put_events(layout, rows if plan.title else rows[: plan.image], events, has_title=bool(plan.title))
    return [row.line() for row in rows]


def put_events(layout: Layout, rows: list[Row], columns: Columns, *, has_title: bool = False) -> None:
    """Write the events into some rows, the newest at the top."""
    if has_title:
        rows[0].put(columns.column, "events, newest first", layout.style.ink(dim=True))
    newest = reversed(layout.state.events[-len(rows) :])
    for row, event in zip(rows[has_title:], newest, strict=False):
        ink = layout.style.ink(event_colour(layout.snapshot, event))
        row.put(columns.column, fit(event_text(event), columns.width, unicode=layout.style.unicode), ink)


def event_text(event: LoggedEvent) -> str:
    """Return time and text of an event."""
    return f"{clock(event.at_s):>7}  {printable(event.text)}"


def event_colour(snapshot: Snapshot, event: LoggedEvent) -> str:
    """Return the colour of an event; empty where it has none."""
    colours = {**label_colours(snapshot.start.labels), **EVENT_COLOURS}
    return colours.get(event.kind, "")


def _draw_view(layout: Layout, rows: list[Row], column: int, columns: int, view: ChannelView) -> None:
    """Draw one channel into rows, with the axis labels at the left."""
    tensor, style, kind = layout.snapshot.tensor, layout.style, layout.snapshot.start.kind
    drawn: list[Line] = [()] * len(rows)
    if tensor is not None and view.channel < tensor.shape[2]:
        drawn = image_lines(tensor, view, len(rows), columns, style, kind)
    labels = axis_labels(view, len(rows)) if kind == "heart" else {}
    for index, (row, segments) in enumerate(zip(rows, drawn, strict=True)):
        row.put(column - 8, f"{labels.get(index, ''):>7}", style.ink(dim=True))
        row.draw(column, segments, columns if segments else 0)


def _draw_axis(layout: Layout, row: Row, column: int, columns: int) -> None:
    """Write the ends of the time axis below an image."""
    dim, shift_s = layout.style.ink(dim=True), layout.state.shift_s
    window = layout.snapshot.window
    ends = ("", "") if window is None else (f"{window.start_s + shift_s:.1f} s", f"{window.end_s + shift_s:.1f} s")
    row.put(column, ends[0], dim).put(column + columns - len(ends[1]), ends[1], dim)

"""The spectrogram: a channel of the network's input image, on the time axis of the sound above it.

Pure functions but for one drawn image that is kept, since it stays as it is until the next window; safe on any thread.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from monitor.dashboard.drawing.canvas import PLAIN, Line, Row, TerminalStyle
from monitor.dashboard.drawing.glyphs import pixels, pool, shade_rows
from monitor.dashboard.drawing.layout import IMAGE_SIZE, Layout, RowPlan
from monitor.dashboard.drawing.waveform import TimeAxis
from monitor.dashboard.drawing.widgets import GUTTER
from monitor.features.colormap import INFERNO
from monitor.messages import Snapshot, WindowEvent

__all__ = [
    "SPECTROGRAM",
    "ChannelView",
    "SpectrogramPicture",
    "axis_labels",
    "image_lines",
    "image_rows",
    "image_values",
    "on_axis",
    "spectrogram_picture",
    "window_image_rows",
]

COLOUR_STEPS = 64
"""Of the 256 of the colormap: neighbouring colours look the same, and fewer styles need to be created."""

BIN_HZ = 15.625
"""Row k of channel 0 is ``(k + 1) * BIN_HZ``. Source: monitor/features/image.py."""

_LIGHTNESS = np.array((0.2126, 0.7152, 0.0722), np.float32)
_INFERNO_LIGHT = np.maximum.accumulate(INFERNO.astype(np.float32) @ _LIGHTNESS)


class ChannelView(NamedTuple):
    """How one channel of the input image is shown.

    Attributes
    ----------
    channel : int
    low, high : float
        Values of the darkest and the lightest colour: fixed, to avoid flicker. All but a few percent of the pixels of
        PASCAL set B lie between them.
    ticks : tuple of (row, text)
        Axis labels of some rows, row 0 the lowest.
    """

    channel: int
    low: float
    high: float
    ticks: tuple[tuple[int, str], ...]


class SpectrogramPicture(NamedTuple):
    """A spectrogram that is drawn in pixels.

    Attributes
    ----------
    tensor : ndarray, shape (64, 64, channels), float32
    kind : str
        Of the image, as in :func:`image_lines`.
    span : (float, float)
        Start and end of the window, seconds of the source.
    window_s : float
        Seconds that the columns stand for.
    axis : TimeAxis
    """

    tensor: NDArray[np.float32]
    kind: str
    span: tuple[float, float]
    window_s: float
    axis: TimeAxis

    @property
    def key(self) -> tuple[object, ...]:
        """What the picture depends on: pictures with the same key and tensor look alike."""
        return self.kind, self.span, self.window_s, self.axis


def _hz(frequency: float) -> int:
    """Return the row of a frequency."""
    return round(frequency / BIN_HZ) - 1


SPECTROGRAM = ChannelView(
    channel=0,
    low=-1.0,
    high=2.0,
    ticks=((63, "1 kHz"), (_hz(500), "500 Hz"), (_hz(250), "250"), (0, "16 Hz")),
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
    return _styled_lines(steps, lines, columns, style)


def _styled_lines(steps: NDArray[np.intp], lines: int, columns: int, style: TerminalStyle) -> list[Line]:
    """Return an image of colour indices as cells; columns of -1, outside of what is known, stay empty."""
    known = np.flatnonzero(steps[0] >= 0) if len(steps) else np.zeros(0, np.intp)
    first, after = (int(known[0]), int(known[-1]) + 1) if len(known) else (0, 0)
    before, behind = ((Segment(" " * count, PLAIN),) if count else () for count in (first, steps.shape[1] - after))
    image = steps[:, first:after]
    if not image.shape[1]:
        return [before + behind] * lines
    if not (style.colour and style.gradient):
        shades = shade_rows(pool(image, lines, columns), COLOUR_STEPS, unicode=style.unicode)
        drawn: list[Line] = [(Segment(row, Style.null()),) for row in shades]
    elif not style.unicode:
        drawn = [_cell_line(row, row, " ", style) for row in pool(image, lines, columns)]
    else:
        small = pool(image, 2 * lines, columns)
        drawn = [_cell_line(top, bottom, "▀", style) for top, bottom in zip(small[::2], small[1::2], strict=True)]
    return [before + line + behind for line in drawn]


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


def _cell_line(top: NDArray[np.intp], bottom: NDArray[np.intp], character: str, style: TerminalStyle) -> Line:
    """Return one line of cells; cells are cached, since creating them would take most of the drawing time."""
    cell = _half_block if character == "▀" else _space
    if style.light:
        top, bottom = COLOUR_STEPS - 1 - top, COLOUR_STEPS - 1 - bottom
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


_kept: list[tuple[NDArray[np.float32], tuple[object, ...], list[Line]]] = []
"""The image that was drawn last, with the array and all else that it was drawn from: most screens show it again."""


def on_axis(steps: NDArray[np.intp], span: tuple[float, float], window_s: float, axis: TimeAxis) -> NDArray[np.intp]:
    """Return an image of a window with one column per cell of a time axis.

    Parameters
    ----------
    steps : ndarray, shape (rows, columns), intp
        The window's image.
    span : (float, float)
        Start and end of the window, seconds of the source.
    window_s : float
        Seconds that the columns stand for; more than the span where a short clip was looped.
    axis : TimeAxis

    Returns
    -------
    ndarray, shape (rows, axis.width), intp
        Interpolated where a cell is shorter than a column, else the largest of the columns in a cell; -1 outside of
        the window.

    Examples
    --------
    >>> from monitor.dashboard.drawing.waveform import TimeAxis
    >>> on_axis(np.array([[1, 2, 3, 4]]), (0.0, 4.0), 4.0, TimeAxis(5, 200, 5)).tolist()
    [[1, 2, 3, 4, -1]]
    """
    per_column = window_s / steps.shape[1]
    left = (axis.start_s + axis.cell_s * np.arange(axis.width) - span[0]) / per_column  # (axis.width,) in columns
    step = axis.cell_s / per_column
    last = steps.shape[1] - 1
    if step < 1.0:
        at = np.clip(left + step / 2 - 0.5, 0, last)
        low = at.astype(np.intp)
        share = at - low
        drawn = (steps[:, low] * (1 - share) + steps[:, np.minimum(low + 1, last)] * share).astype(np.intp)
    else:
        first, after = (np.ceil(edge - 0.5).astype(np.intp) for edge in (left, left + step))
        drawn = steps[:, np.clip(first, 0, last)]
        for more in range(1, math.ceil(step) + 1):
            also = (first + more < after) & (first + more <= last)
            drawn = np.where(also, np.maximum(drawn, steps[:, np.clip(first + more, 0, last)]), drawn)
    outside = (left + step <= 1e-6) | (left * per_column >= span[1] - span[0] - 1e-6)
    return np.where(outside, -1, drawn).astype(np.intp)


def image_rows(layout: Layout, plan: RowPlan) -> list[Line]:
    """Return the spectrogram on the axis that the trace has, or why there is none, and below it the time in seconds."""
    axis, style, snapshot = layout.axis, layout.style, layout.snapshot
    rows = [Row(layout.width) for _ in range(plan.image + plan.axis)]
    images, window = rows[: plan.image], snapshot.window
    _draw_labels(layout, images, GUTTER)
    if snapshot.tensor is None or window is None or not snapshot.tensor.shape[2]:
        if images:
            images[len(images) // 2].put(GUTTER + 1, f"no picture: {_no_picture(snapshot)}", style.ink(dim=True))
    else:
        for row, line in zip(images, _axis_lines(layout, snapshot.tensor, window, len(images), axis), strict=True):
            row.draw(GUTTER, line, layout.field)
    if plan.axis:
        _draw_seconds(layout, rows[-1], axis)
    return [row.line() for row in rows]


def spectrogram_picture(layout: Layout) -> SpectrogramPicture | None:
    """Return what a terminal with pixels shows in place of the image of :func:`image_rows`; None without one."""
    snapshot, start = layout.snapshot, layout.snapshot.start
    window, tensor = snapshot.window, snapshot.tensor
    if tensor is None or window is None or not tensor.shape[2]:
        return None
    return SpectrogramPicture(tensor, start.kind, (window.start_s, window.end_s), start.window_s, layout.axis)


def image_values(picture: SpectrogramPicture) -> NDArray[np.float32]:
    """Return the image of a spectrogram, 0 the darkest to 1 the lightest.

    Returns
    -------
    ndarray, shape (64, 64), float32
        Top row first.
    """
    if picture.kind == "article":
        return _article_steps(picture.tensor).astype(np.float32) / np.float32(COLOUR_STEPS - 1)
    view = SPECTROGRAM
    channel = np.nan_to_num(picture.tensor[::-1, :, view.channel], nan=view.low, posinf=view.high, neginf=view.low)
    values: NDArray[np.float32] = np.clip((channel - view.low) / (view.high - view.low), 0.0, 1.0).astype(np.float32)
    return values


def _no_picture(snapshot: Snapshot) -> str:
    """Return why there is no image."""
    if snapshot.window is None:
        return f"it shows the last {snapshot.start.window_s:g} s once they are heard"
    return "this window was not analysed"


def _axis_lines(
    layout: Layout, tensor: NDArray[np.float32], window: WindowEvent, lines: int, axis: TimeAxis
) -> list[Line]:
    """Return the image of a window on an axis; the one that was drawn last is not drawn again."""
    start, span = layout.snapshot.start, (window.start_s, window.end_s)
    key = (span, start.window_s, start.kind, lines, axis, layout.style)
    kept = _kept[0] if _kept else None
    if kept is not None and kept[0] is tensor and kept[1] == key:
        return kept[2]
    steps = _article_steps(tensor) if start.kind == "article" else _channel_steps(tensor, SPECTROGRAM)
    drawn = _styled_lines(on_axis(steps, span, start.window_s, axis), lines, axis.width, layout.style)
    _kept[:] = [(tensor, key, drawn)]
    return drawn


def window_image_rows(layout: Layout, plan: RowPlan) -> list[Line]:
    """Return the spectrogram of one window with an axis of its own, as a review shows it at its cursor."""
    rows = [Row(layout.width) for _ in range(plan.image + plan.axis)]
    columns, images, snapshot = min(layout.field, IMAGE_SIZE), rows[: plan.image], layout.snapshot
    _draw_labels(layout, images, GUTTER)
    if snapshot.tensor is not None and snapshot.tensor.shape[2]:
        drawn = image_lines(snapshot.tensor, SPECTROGRAM, len(images), columns, layout.style, snapshot.start.kind)
        for row, segments in zip(images, drawn, strict=True):
            row.draw(GUTTER, segments, columns)
    if plan.axis:
        _draw_ends(layout, rows[-1], GUTTER, columns)
    return [row.line() for row in rows]


def _draw_labels(layout: Layout, rows: list[Row], column: int) -> None:
    """Write the frequencies at the left of an image."""
    labels = axis_labels(SPECTROGRAM, len(rows)) if layout.snapshot.start.kind == "heart" else {}
    for index, row in enumerate(rows):
        row.put(column - 8, f"{labels.get(index, ''):>7}", layout.style.ink(dim=True))


def _draw_seconds(layout: Layout, row: Row, axis: TimeAxis) -> None:
    """Write whole seconds of the recording below their cells; the axis may begin before the sound does."""
    shift_s, ink = layout.state.shift_s, layout.style.ink(dim=True)
    first = math.ceil(max(0.0, axis.start_s + shift_s) - 1e-6)
    for second in range(first, first + math.ceil(axis.width * axis.cell_s) + 1):
        text, cell = f"{second} s", axis.cell(second - shift_s + 1e-6)
        if 0 <= cell <= axis.width - len(text):
            row.put(GUTTER + cell, text, ink)


def _draw_ends(layout: Layout, row: Row, column: int, columns: int) -> None:
    """Write the ends of a window below its image."""
    dim, shift_s = layout.style.ink(dim=True), layout.state.shift_s
    window = layout.snapshot.window
    ends = ("", "") if window is None else (f"{window.start_s + shift_s:.1f} s", f"{window.end_s + shift_s:.1f} s")
    row.put(column, ends[0], dim).put(column + columns - len(ends[1]), ends[1], dim)

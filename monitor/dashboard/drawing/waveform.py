"""The phonocardiogram in characters: 2x4 braille dots per cell, and ticks at the heard beats.

A row of cells has a :class:`TimeAxis`; what is drawn on the same one agrees in time, column by column. Pure functions;
safe on any thread.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from monitor.dashboard.drawing.canvas import RED, TEAL, YELLOW, Line, TerminalStyle
from monitor.dashboard.trace import BIN_S, Ticks, Trace

__all__ = [
    "MAX_CROWDED",
    "TRACE_S",
    "TimeAxis",
    "TracePicture",
    "automatic_gain_db",
    "axis_until",
    "columns_of",
    "tick_segments",
    "tick_text",
    "ticked",
    "trace_lines",
    "wave_lines",
]

TRACE_S = 5.0
"""Minimum seconds shown: one window."""
GAIN_STEP_DB, MAX_GAIN_DB = 3.0, 60.0
"""The automatic gain moves in steps, so that the waveform keeps its height while the level varies slightly."""

MAX_CROWDED = 0.1
"""Share of the names without room from which all are shortened."""

BRAILLE = 0x2800
DOTS = np.array(((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80)))
"""The bit of each dot of a braille cell, four rows by two columns. Source: Unicode, Braille Patterns."""

CELLS = (" ", *(chr(BRAILLE + dots) for dots in range(1, 256)))
"""The empty cell is a space: some fonts draw circles for dots that are not set."""


class TimeAxis(NamedTuple):
    """The seconds that a row of cells stands for, at least :data:`TRACE_S` of them.

    Attributes
    ----------
    end_cell : int
        The cell after the last, counted from the beginning of the source.
    bins : int
        Bins of :data:`~monitor.dashboard.trace.BIN_S` per cell.
    width : int
        Cells.
    """

    end_cell: int
    bins: int
    width: int

    @property
    def start_s(self) -> float:
        """Where the first cell begins, seconds of the source."""
        return (self.end_cell - self.width) * self.bins * BIN_S

    @property
    def cell_s(self) -> float:
        """Seconds of one cell."""
        return self.bins * BIN_S

    def cell(self, at_s: float) -> int:
        """Return the cell of a moment; it may lie outside of the row."""
        return int(at_s / BIN_S) // self.bins - (self.end_cell - self.width)


class TracePicture(NamedTuple):
    """A phonocardiogram that is drawn in pixels.

    Attributes
    ----------
    trace : Trace
    axis : TimeAxis
    gain_db : float
        Display gain.
    """

    trace: Trace
    axis: TimeAxis
    gain_db: float


def axis_until(end_s: float, width: int, style: TerminalStyle) -> TimeAxis:
    """Return the axis of a row whose last cell holds the last moment before ``end_s``.

    Examples
    --------
    >>> axis_until(10.0, 100, TerminalStyle())
    TimeAxis(end_cell=200, bins=10, width=100)
    """
    dots = 2 if style.unicode else 1
    bins = dots * max(1, math.ceil(TRACE_S / BIN_S / (dots * width)))
    return TimeAxis(math.ceil(end_s / BIN_S / bins - 1e-6), bins, width)


def automatic_gain_db(peak: float) -> float:
    """Return the largest gain, 0 to 60 dB in steps of 3, with which the peak still fits.

    Parameters
    ----------
    peak : float
        Amplitude, 0 to 1.

    Examples
    --------
    >>> automatic_gain_db(0.5), automatic_gain_db(0.1)
    (6.0, 18.0)
    """
    if not peak > 0:
        return 0.0
    return min(MAX_GAIN_DB, max(0.0, math.floor(-20.0 * math.log10(peak) / GAIN_STEP_DB) * GAIN_STEP_DB))


def trace_lines(
    trace: Trace, width: int, lines: int, gain_db: float, style: TerminalStyle, axis: TimeAxis | None = None
) -> list[Line]:
    """Return the waveform of the last seconds.

    Parameters
    ----------
    trace : Trace
    width, lines : int
        Cells, at least 1.
    gain_db : float
        Display gain; louder samples are clipped at the edge.
    style : TerminalStyle
    axis : TimeAxis or None
        ``width`` cells wide; None for the one whose last cell holds the newest sample.

    Returns
    -------
    list of Line
        ``lines`` of them, each ``width`` cells wide.
    """
    low, high, lost = columns_of(trace, axis or _own_axis(trace, width, style), 2 if style.unicode else 1)  # (columns,)
    return wave_lines(low, high, lost, width, lines, gain_db, style)


def wave_lines(
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    lost: NDArray[np.bool_],
    width: int,
    lines: int,
    gain_db: float,
    style: TerminalStyle,
) -> list[Line]:
    """Return a waveform from the lowest and the highest sample of each column of dots.

    Parameters
    ----------
    low, high : ndarray, shape (columns,), float32
        Two columns per cell, one where the terminal has ASCII only; NaN where nothing is known.
    lost : ndarray, shape (columns,), bool
        Where sound was lost.
    width, lines : int
        Cells, at least 1.
    gain_db : float
        Display gain; louder samples are clipped at the edge.
    style : TerminalStyle
    """
    rows = 4 * lines if style.unicode else lines
    half, scale = (rows - 1) / 2, 10.0 ** (gain_db / 20.0)
    top, bottom = (np.clip(half - half * scale * edge, 0, rows - 1).round() for edge in (high, low))
    row = np.arange(rows)[:, None]
    filled = (row >= top) & (row <= bottom)  # (rows, columns); False for NaN, before the first sample
    if not style.unicode:
        texts = ["".join("|" if dot else " " for dot in line) for line in filled.tolist()]
        return [_styled(text, lost, style) for text in texts]
    cells = (filled.reshape(lines, 4, width, 2) * DOTS[None, :, None, :]).sum(axis=(1, 3))  # (lines, width)
    lost_cells = lost[::2] | lost[1::2]
    return [_styled("".join(map(CELLS.__getitem__, line)), lost_cells, style) for line in cells.tolist()]


def tick_segments(ticks: Ticks, axis: TimeAxis, style: TerminalStyle) -> list[Segment]:
    """Return a row of the axis' width with a tick at each moment, or the moment's name where it has one.

    Where the names have no room beside each other, all are shortened to their last sign: 1 and 2 for S1 and S2.

    Parameters
    ----------
    ticks : tuple of (float, str or None)
        Moments in seconds of the source, ascending.
    axis : TimeAxis
    style : TerminalStyle

    Examples
    --------
    >>> axis = axis_until(5.0, 10, TerminalStyle())
    >>> tick_segments(((0.6, None), (2.1, "S1")), axis, TerminalStyle(unicode=False))[0].text
    ' v  S1    '
    """
    text = tick_text([(axis.cell(at_s), name) for at_s, name in ticks], axis.width, style)
    return [Segment(text, style.ink(YELLOW))]


def tick_text(ticks: Sequence[tuple[int, str | None]], width: int, style: TerminalStyle) -> str:
    """Return a row with a tick in each cell, or its name from there on; see :func:`tick_segments`.

    Parameters
    ----------
    ticks : sequence of (int, str or None)
        Cells and names, ascending; those outside the row count for the room that names have, so that a row that moves
        on keeps its form.
    width : int
        Cells.
    style : TerminalStyle

    Examples
    --------
    >>> tick_text([(0, "S1"), (3, "S2"), (8, "S1")], 10, TerminalStyle())
    'S1 S2   S1'
    >>> tick_text([(0, "S1"), (2, "S2"), (5, "S1")], 8, TerminalStyle())
    '1 2  1  '
    """
    pairs = itertools.pairwise(ticks)
    crowded = sum(name is not None and after - cell <= len(name) for (cell, name), (after, _) in pairs)
    short = crowded > MAX_CROWDED * len(ticks)
    signs = [" "] * width
    for cell, name in ticks:
        text = _mark(style) if name is None else name[-1:] if short else name
        for at, sign in enumerate(text, cell):
            if 0 <= at < width:
                signs[at] = sign
    return "".join(signs)


def ticked(line: Line, trace: Trace, axis: TimeAxis, style: TerminalStyle) -> Line:
    """Return a line of one sign per cell of the axis, with a tick in place of the sign at each tick of the trace."""
    cells, mark, ink = {axis.cell(at_s) for at_s, _ in trace.ticks}, _mark(style), style.ink(YELLOW)
    signs = [(sign, segment.style) for segment in line for sign in segment.text]
    signs = [(mark, ink) if cell in cells else sign for cell, sign in enumerate(signs)]
    runs = itertools.groupby(signs, key=lambda pair: pair[1])
    return tuple(Segment("".join(sign for sign, _ in run), kept) for kept, run in runs)


def _mark(style: TerminalStyle) -> str:
    """Return the sign of a tick."""
    return "▾" if style.unicode else "v"


def _own_axis(trace: Trace, width: int, style: TerminalStyle) -> TimeAxis:
    """Return the axis that ends with the newest bin of a trace."""
    return axis_until((trace.first_bin + len(trace.low)) * BIN_S, width, style)


def columns_of(
    trace: Trace, axis: TimeAxis, dots: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Return minimum and maximum of each column, NaN where there is no sample, and whether samples were lost there.

    Parameters
    ----------
    trace : Trace
    axis : TimeAxis
    dots : int
        Columns per cell; the axis' bins must be a multiple of it.

    Returns
    -------
    tuple of ndarray, each of shape (dots * axis.width,)
        float32, float32 and bool.
    """
    columns, per_column = dots * axis.width, axis.bins // dots
    start = (axis.end_cell - axis.width) * axis.bins
    low, high = (np.full(columns * per_column, math.nan, np.float32) for _ in range(2))
    offset = max(0, trace.first_bin - start)
    visible = slice(max(0, start - trace.first_bin), max(0, start + len(low) - trace.first_bin))
    filled = slice(offset, offset + len(trace.low[visible]))
    low[filled], high[filled] = trace.low[visible], trace.high[visible]
    times = (start + per_column * np.arange(columns)) * BIN_S
    lost = np.zeros(columns, bool)
    for begin_s, end_s in trace.lost_s:
        lost |= (times < end_s) & (times + per_column * BIN_S > begin_s)
    shape = (columns, per_column)
    return np.fmin.reduce(low.reshape(shape), axis=1), np.fmax.reduce(high.reshape(shape), axis=1), lost


def _styled(text: str, lost: NDArray[np.bool_], style: TerminalStyle) -> Line:
    """Return a line with crosses where samples were lost."""
    ink, lost_ink = style.ink(TEAL), style.ink(RED)
    if not lost.any():
        return (Segment(text, ink),)
    pairs = zip(text, lost.tolist(), strict=True)
    runs = itertools.groupby(pairs, key=lambda pair: pair[1])
    return tuple(
        Segment("".join("x" if is_lost else sign for sign, _ in run), lost_ink if is_lost else ink)
        for is_lost, run in runs
    )

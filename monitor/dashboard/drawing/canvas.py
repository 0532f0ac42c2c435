"""A finished screen, and the rows that it is built from.

A :class:`Canvas` is lines of styled text, each exactly as wide as the screen, so that a new canvas
overwrites the old one without clearing. Rich prints it like any other renderable; :mod:`monitor.dashboard.terminal`
writes the lines directly, which avoids Rich's wrapping and measuring of some thousand cells.
Pure values; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from typing import Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

__all__ = [
    "AMBER",
    "BLUE",
    "FULL_STYLE",
    "GREEN",
    "GREY",
    "PLAIN",
    "RED",
    "ROSE",
    "SIXTEEN",
    "TEAL",
    "VIOLET",
    "YELLOW",
    "Canvas",
    "Line",
    "Row",
    "TerminalStyle",
    "ink",
]

GREEN, AMBER, VIOLET = "#1fc39a", "#f39c1f", "#b07cf0"
"""Colours of the labels: bluish green, orange and violet are distinguishable with every kind of colour vision."""
TEAL, ROSE = "#4fa3b5", "#d9798f"
YELLOW, BLUE, GREY, RED = "#f5efae", "#a9d3f5", "#6a6a6a", "#e0383e"

SIXTEEN = {
    GREEN: "cyan",
    AMBER: "yellow",
    VIOLET: "magenta",
    TEAL: "bright_cyan",
    ROSE: "bright_magenta",
    YELLOW: "bright_yellow",
    BLUE: "bright_blue",
    GREY: "white",
    RED: "bright_red",
}
"""The colours on terminals with 16 colours; the arithmetically nearest ones would coincide for several."""


Line = tuple[Segment, ...]

PLAIN = Style()


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalStyle:
    """What a terminal can show.

    Attributes
    ----------
    colour : bool
        Whether to use colours at all (``NO_COLOR``).
    gradient : bool
        Whether there are 256 colours or more, enough for an image.
    unicode : bool
        Whether block characters can be shown; ASCII only otherwise.
    """

    colour: bool = True
    gradient: bool = True
    unicode: bool = True

    @classmethod
    def from_console(cls, console: Console) -> TerminalStyle:
        """Return what a console can show."""
        colour = console.color_system is not None and not console.no_color
        gradient = console.color_system in ("256", "truecolor")
        return cls(colour, colour and gradient, console.encoding.lower().startswith("utf"))

    def ink(self, colour: str = "", *, on: str = "", bold: bool = False, dim: bool = False) -> Style:
        """Return a style; without colours only the weight remains, with 16 colours the nearest of :data:`SIXTEEN`."""
        if not self.gradient:
            colour, on = SIXTEEN.get(colour, colour), SIXTEEN.get(on, on)
        return ink(colour, on, bold, dim) if self.colour else ink("", "", bold, dim)


FULL_STYLE = TerminalStyle()


@functools.lru_cache(maxsize=256)
def ink(colour: str, on: str, bold: bool, dim: bool) -> Style:
    """Return a style; cached, because creating one is slow."""
    return Style(color=colour or None, bgcolor=on or None, bold=bold or None, dim=dim or None)


class Row:
    """One line of the screen, filled from left to right at fixed columns.

    Parameters
    ----------
    width : int
        Cells; text beyond is cut.

    Notes
    -----
    Used by one thread.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._cells = 0
        self._segments: list[Segment] = []

    def put(self, column: int, text: str, style: Style = PLAIN) -> Self:
        """Write printable text at a column, or after the last text if that ends further right."""
        self._pad(min(column, self.width))
        room = self.width - self._cells
        cells = cell_len(text)
        if cells > room:
            text, cells = set_cell_size(text, room), room
        if text:
            self._segments.append(Segment(text, style))
            self._cells += cells
        return self

    def right(self, text: str, style: Style = PLAIN, margin: int = 1) -> Self:
        """Write text that ends ``margin`` cells before the right edge."""
        return self.put(self.width - margin - cell_len(text), text, style)

    def draw(self, column: int, segments: Iterable[Segment], cells: int) -> Self:
        """Add segments of ``cells`` total width; omitted when they do not fit."""
        if max(column, self._cells) + cells <= self.width:
            self._pad(column)
            self._segments.extend(segments)
            self._cells += cells
        return self

    def line(self) -> Line:
        """Return the finished line, padded to the width."""
        self._pad(self.width)
        return tuple(self._segments)

    def _pad(self, column: int) -> None:
        """Fill with spaces up to a column."""
        if column > self._cells:
            self._segments.append(Segment(" " * (column - self._cells), PLAIN))
            self._cells = column


@dataclasses.dataclass(frozen=True, slots=True)
class Canvas:
    """What the screen shows at one moment.

    Attributes
    ----------
    width : int
    lines : tuple of Line
        Top first, each ``width`` cells wide.
    trace_rows : (int, int, int)
        Where the trace may be drawn anew: its first line, and how many are ticks and waveform; zeros for nowhere.

    Examples
    --------
    >>> Canvas(4, (Row(4).put(0, "ab").line(), Row(4).right("c").line())).text.splitlines()
    ['ab', '  c']
    """

    width: int
    lines: tuple[Line, ...]
    trace_rows: tuple[int, int, int] = (0, 0, 0)

    @property
    def text(self) -> str:
        """The characters without styles, one line per row, trailing spaces removed."""
        return "\n".join("".join(segment.text for segment in line).rstrip() for line in self.lines) + "\n"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments and a line feed after each line."""
        for line in self.lines:
            yield from line
            yield Segment.line()

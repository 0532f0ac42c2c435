"""A finished picture of the screen, and the rows that it is built from.

A :class:`Canvas` is lines of styled text, each exactly as wide as the screen, so that one frame
covers another without clearing. Rich prints it as any other renderable; :mod:`monitor.dashboard.terminal`
takes its lines as they are, which spares Rich's wrapping and measuring of some thousand cells.
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
"""Of the labels; bluish green, orange and violet differ in lightness or in blue for every kind of eye."""
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
"""What terminals of sixteen colours show: the nearest by arithmetic would make several of them one."""


Line = tuple[Segment, ...]

PLAIN = Style()


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalStyle:
    """What a terminal can show.

    Attributes
    ----------
    colour : bool
        Whether colours are wanted at all (``NO_COLOR``).
    gradient : bool
        Whether there are 256 colours or more, enough for a picture.
    unicode : bool
        Whether block characters can be written.
    """

    colour: bool = True
    gradient: bool = True
    unicode: bool = True

    @classmethod
    def of(cls, console: Console) -> TerminalStyle:
        """Return what a console can show."""
        colour = console.color_system is not None and not console.no_color
        gradient = console.color_system in ("256", "truecolor")
        return cls(colour, colour and gradient, console.encoding.lower().startswith("utf"))

    def ink(self, colour: str = "", *, on: str = "", bold: bool = False, dim: bool = False) -> Style:
        """Return a style; without colours only its weight is left, with sixteen each has one of them."""
        if not self.gradient:
            colour, on = SIXTEEN.get(colour, colour), SIXTEEN.get(on, on)
        return ink(colour, on, bold, dim) if self.colour else ink("", "", bold, dim)


@functools.lru_cache(maxsize=256)
def ink(colour: str, on: str, bold: bool, dim: bool) -> Style:
    """Return a style; the same one for the same arguments, for making one is slow."""
    return Style(color=colour or None, bgcolor=on or None, bold=bold or None, dim=dim or None)


class Row:
    """One line of the screen, filled from left to right at fixed columns.

    Parameters
    ----------
    width : int
        Cells; what reaches beyond is cut.

    Notes
    -----
    Used by one thread, until :meth:`line`.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._cells = 0
        self._segments: list[Segment] = []

    def put(self, column: int, text: str, style: Style = PLAIN) -> Self:
        """Write printable text from a column on, or from where the last one ended if that is further."""
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
        """Write text that ends ``margin`` cells before the edge."""
        return self.put(self.width - margin - cell_len(text), text, style)

    def draw(self, column: int, segments: Iterable[Segment], cells: int) -> Self:
        """Add segments that are ``cells`` wide together; left out when they do not fit."""
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
    """What stands on the screen at one moment.

    Attributes
    ----------
    width : int
    lines : tuple of Line
        Top first, each ``width`` cells wide.
    """

    width: int
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The characters alone, one line each, without the spaces at the ends."""
        return "\n".join("".join(segment.text for segment in line).rstrip() for line in self.lines) + "\n"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments, a line feed behind each line."""
        for line in self.lines:
            yield from line
            yield Segment.line()

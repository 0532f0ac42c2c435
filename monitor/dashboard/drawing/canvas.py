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
    "FAINT",
    "FULL_STYLE",
    "GREEN",
    "GREY",
    "LIGHT",
    "PLAIN",
    "RED",
    "ROSE",
    "SIXTEEN",
    "SIXTEEN_LIGHT",
    "TEAL",
    "TRACK",
    "VIOLET",
    "YELLOW",
    "Canvas",
    "Line",
    "Picture",
    "Row",
    "TerminalStyle",
    "cut",
    "ink",
]

GREEN, AMBER, VIOLET = "#1fc39a", "#f39c1f", "#b07cf0"
"""Colours of the labels: bluish green, orange and violet are distinguishable with every kind of colour vision."""
TEAL, ROSE = "#4fa3b5", "#d9798f"
YELLOW, BLUE, GREY, RED = "#f5efae", "#a9d3f5", "#787878", "#ff5f5f"
FAINT, TRACK = "#949494", "#262626"
"""What matters less, and the background of the history: pure greys, which stay grey where there are 256 colours."""

LIGHT = {
    GREEN: "#00695f",
    AMBER: "#793e09",
    VIOLET: "#8e12df",
    TEAL: "#005f73",
    ROSE: "#af005f",
    YELLOW: "#6a6a00",
    BLUE: "#2643ad",
    GREY: "#2a2a2a",
    RED: "#b2093c",
    FAINT: "#5f5f5f",
    TRACK: "#eeeeee",
}
"""The colours on a light background; text has a contrast of 4.5 and more on both."""

SIXTEEN = {
    GREEN: "cyan",
    AMBER: "bright_yellow",
    VIOLET: "bright_magenta",
    TEAL: "green",
    ROSE: "bright_green",
    YELLOW: "bright_white",
    BLUE: "bright_cyan",
    GREY: "white",
    RED: "bright_red",
}
"""The colours on terminals with 16 colours; the arithmetically nearest ones would coincide for several."""
SIXTEEN_LIGHT = {
    GREEN: "blue",
    AMBER: "red",
    VIOLET: "magenta",
    TEAL: "blue",
    ROSE: "magenta",
    YELLOW: "",
    BLUE: "",
    GREY: "",
    RED: "red",
}
"""The same on a light background, where the others of the sixteen are too light; letters tell the labels apart too."""


PALETTES: dict[tuple[bool, bool], dict[str, str]] = {
    (True, False): {},
    (True, True): LIGHT,
    (False, False): SIXTEEN,
    (False, True): SIXTEEN_LIGHT,
}
"""By whether there are 256 colours or more, and whether the background is light."""

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
    light : bool
        Whether the background is light.
    pictures : bool
        Whether a canvas names the places where the terminal can show a picture made of its own pixels.
    """

    colour: bool = True
    gradient: bool = True
    unicode: bool = True
    light: bool = False
    pictures: bool = False

    @classmethod
    def from_console(cls, console: Console) -> TerminalStyle:
        """Return what a console can show."""
        colour = console.color_system is not None and not console.no_color
        gradient = console.color_system in ("256", "truecolor")
        return cls(colour, colour and gradient, console.encoding.lower().startswith("utf"))

    def ink(self, colour: str = "", *, on: str = "", bold: bool = False, dim: bool = False) -> Style:
        """Return a style; without colours only the weight remains, with 16 colours the nearest of :data:`SIXTEEN`.

        What is dim has a grey of its own where there are colours enough: terminals dim text by as much as they like.
        """
        if not self.colour:
            return ink("", "", bold, dim)
        if dim and self.gradient and not colour:
            colour, dim = FAINT, False
        names = PALETTES[self.gradient, self.light]
        if self.light and not self.gradient and names.get(colour):
            bold = False  # many terminals show a bold colour of the sixteen as the lighter one
        return ink(names.get(colour, colour), names.get(on, on), bold, dim)


FULL_STYLE = TerminalStyle()


@functools.lru_cache(maxsize=256)
def ink(colour: str, on: str, bold: bool, dim: bool) -> Style:
    """Return a style; cached, because creating one is slow."""
    return Style(color=colour or None, bgcolor=on or None, bold=bold or None, dim=dim or None)


def cut(line: Line, first: int, after: int) -> Line:
    """Return the cells of a line from ``first`` to before ``after``.

    Examples
    --------
    >>> cut((Segment("abc"), Segment("def")), 1, 4)
    (Segment('bc'), Segment('d'))
    """
    parts, column = [], 0
    for segment in line:
        begin, end = max(first - column, 0), min(after - column, segment.cell_length)
        if begin < end:
            _, part = segment.split_cells(begin)
            parts.append(part.split_cells(end - begin)[0])
        column += segment.cell_length
    return tuple(parts)


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

    @property
    def cells(self) -> int:
        """How many cells are written."""
        return self._cells

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


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A part of a canvas that a terminal with pixels shows sharp, in place of the characters that stand there.

    Attributes
    ----------
    row, column : int
        Its first cell, from 0.
    lines, columns : int
        Its size in cells.
    content : object
        What it shows, with all that it is drawn from; equal contents are the same picture.
    """

    row: int
    column: int
    lines: int
    columns: int
    content: object

    @property
    def place(self) -> tuple[int, int, int, int]:
        """First row and column, lines and columns."""
        return self.row, self.column, self.lines, self.columns


@dataclasses.dataclass(frozen=True, slots=True)
class Canvas:
    """What the screen shows at one moment.

    Attributes
    ----------
    width : int
    lines : tuple of Line
        Top first, each ``width`` cells wide.
    trace_rows : (int, int, int)
        Where the trace may be drawn again: its first line, and how many are ticks and waveform; zeros for nowhere.
    pictures : tuple of Picture
        What a terminal with pixels shows sharp; none where the style has none.
    light : bool
        Whether it was drawn for a light background.

    Examples
    --------
    >>> Canvas(4, (Row(4).put(0, "ab").line(), Row(4).right("c").line())).text.splitlines()
    ['ab', '  c']
    """

    width: int
    lines: tuple[Line, ...]
    trace_rows: tuple[int, int, int] = (0, 0, 0)
    pictures: tuple[Picture, ...] = ()
    light: bool = False

    @property
    def text(self) -> str:
        """The characters without styles, one line per row, trailing spaces removed."""
        return "\n".join("".join(segment.text for segment in line).rstrip() for line in self.lines) + "\n"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments and a line feed after each line."""
        for line in self.lines:
            yield from line
            yield Segment.line()

"""A canvas of the dashboard as an SVG document, cell by cell, the same in every browser and with every font.

Blocks, shades, lines and braille characters become shapes, so that there are no seams whatever font the reader has.
Every letter has the position of its cell, so that neither the font's widths, nor a letter that another font lends, nor
repeated spaces, which browsers collapse, move anything. The document states its size, without which a picture in a
table has none, and each text its font. Nothing is downloaded: Rich's own export loads its font from a server. Pure
functions; safe on any thread.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from html import escape

from rich.cells import cell_len
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style

from monitor.dashboard.drawing.canvas import Canvas

__all__ = ["svg_of"]

CELL_WIDTH, CELL_HEIGHT = 9, 18
BASELINE = 14
MARGIN = 12
BACKGROUND, INK, DIM_INK = "#14161a", "#d7d7d7", "#8b8d91"
LIGHT_BACKGROUND, LIGHT_INK, LIGHT_DIM_INK = "#ffffff", "#1c1c1c", "#5f5f5f"
FONT = (
    "font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" "
    'font-size="14.5" font-variant="none"'
)
"""No ligatures: Firefox draws one at the place of its first letter."""

Box = tuple[float, float, float, float]
BOXES: dict[str, tuple[Box, ...]] = {
    **{sign: ((0, 0, CELL_WIDTH * count / 8, CELL_HEIGHT),) for count, sign in enumerate("▏▎▍▌▋▊▉█", 1)},
    **dict.fromkeys("░▒▓", ((0, 0, CELL_WIDTH, CELL_HEIGHT),)),
    "▀": ((0, 0, CELL_WIDTH, CELL_HEIGHT // 2),),
    "▄": ((0, CELL_HEIGHT // 2, CELL_WIDTH, CELL_HEIGHT // 2),),
    "─": ((0, 8, CELL_WIDTH, 1),),
    "━": ((0, 8, CELL_WIDTH, 2),),
    "═": ((0, 7, CELL_WIDTH, 1), (0, 10, CELL_WIDTH, 1)),
    "│": ((4, 0, 1, CELL_HEIGHT),),
}
"""Left, top, width and height of the rectangles of a character, in its cell."""
OPACITY = {"░": ' fill-opacity="0.25"', "▒": ' fill-opacity="0.5"', "▓": ' fill-opacity="0.75"'}
BRAILLE = {chr(0x2800 + dots) for dots in range(1, 256)}
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot of each bit. Source: Unicode, Braille Patterns."""
RUN = re.compile(r"\S+(?: \S+)*")
"""Words with single spaces between them, which no viewer changes."""
SHAPED_FROM = 0x0590
"""The first letter of the scripts whose letters join or change places: Hebrew, Arabic, and those of India."""
DOT_WIDTH, DOT_HEIGHT = CELL_WIDTH / 2, CELL_HEIGHT / 4


def svg_of(canvas: Canvas) -> str:
    """Return a canvas as an SVG document."""
    width = canvas.width * CELL_WIDTH + 2 * MARGIN
    height = len(canvas.lines) * CELL_HEIGHT + 2 * MARGIN
    inks = (LIGHT_INK, LIGHT_DIM_INK) if canvas.light else (INK, DIM_INK)
    background = LIGHT_BACKGROUND if canvas.light else BACKGROUND
    shapes = [shape for row, line in enumerate(canvas.lines) for shape in _line_shapes(line, row, inks)]
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} shape-rendering="crispEdges">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{background}"/>',
            *shapes,
            "</svg>\n",
        ]
    )


def _line_shapes(line: tuple[Segment, ...], row: int, inks: tuple[str, str]) -> list[str]:
    """Return the shapes of one line."""
    shapes: list[str] = []
    x, y = MARGIN, MARGIN + row * CELL_HEIGHT
    for segment in line:
        shapes += _segment_shapes(segment.text, segment.style or Style.null(), (x, y), inks)
        x += cell_len(segment.text) * CELL_WIDTH
    return shapes


def _segment_shapes(text: str, style: Style, at: tuple[int, int], inks: tuple[str, str]) -> list[str]:
    """Return the shapes of a segment: background, then blocks and lines, dots, and letters."""
    (x, y), (plain, dim) = at, inks
    ink = _hex(style, "color") or (dim if style.dim else plain)
    background = _hex(style, "bgcolor")
    shapes = [_rect(x, y, cell_len(text) * CELL_WIDTH, CELL_HEIGHT, background)] if background and text else []
    shapes += _boxes(text, x, y, ink)
    if BRAILLE & set(text):
        shapes.append(_dots(text, x, y, ink))
    letters = "".join(" " if sign in BOXES or sign in BRAILLE else sign for sign in text)
    attributes = f'{FONT} fill="{ink}"' + (' font-weight="bold"' if style.bold else "")
    for run in RUN.finditer(letters):
        left = x + cell_len(letters[: run.start()]) * CELL_WIDTH
        shapes += _run_texts(run[0], left, y + BASELINE, attributes)
    return shapes


def _run_texts(run: str, x: int, y: int, attributes: str) -> Iterator[str]:
    """Yield texts: letters with a position each; words of other scripts as wide as their cells, joined as they are."""
    for whole, words in itertools.groupby(run.split(" "), key=_is_shaped):
        text = " ".join(words)
        if whole:
            place = f'x="{x}" y="{y}" textLength="{cell_len(text) * CELL_WIDTH}" lengthAdjust="spacingAndGlyphs"'
        else:
            place = f'x="{" ".join(str(x + at * CELL_WIDTH) for at in range(len(text)))}" y="{y}"'
        yield f"<text {place} {attributes}>{escape(text)}</text>"
        x += cell_len(text + " ") * CELL_WIDTH


def _is_shaped(word: str) -> bool:
    """Return whether a word must be set as a whole, because its characters are not one letter in one cell each."""
    return any(
        cell_len(sign) != 1
        or unicodedata.combining(sign)
        or ord(sign) > 0xFFFF  # two positions for one letter
        or (ord(sign) >= SHAPED_FROM and sign.isalpha())
        for sign in word
    )


def _boxes(text: str, x: int, y: int, ink: str) -> Iterator[str]:
    """Yield the rectangles of blocks, shades and lines; one for a line over several cells."""
    for sign, group in itertools.groupby(text):
        cells = len(list(group))
        for left, top, width, height in BOXES.get(sign, ()):
            if width == CELL_WIDTH:
                yield _rect(x, y + top, cells * width, height, ink, OPACITY.get(sign, ""))
            else:
                yield from (_rect(x + at * CELL_WIDTH + left, y + top, width, height, ink) for at in range(cells))
        x += cells * cell_len(sign) * CELL_WIDTH


def _dots(text: str, x: int, y: int, ink: str) -> str:
    """Return the dots of braille characters as one path."""
    parts = []
    for sign in text:
        set_dots = {dot for bit, dot in enumerate(DOTS) if sign in BRAILLE and (ord(sign) - 0x2800) >> bit & 1}
        for column, row in sorted(set_dots):
            left, top = x + column * DOT_WIDTH, y + row * DOT_HEIGHT
            parts.append(f"M{left:g} {top:g}h{DOT_WIDTH:g}v{DOT_HEIGHT:g}h-{DOT_WIDTH:g}z")
        x += cell_len(sign) * CELL_WIDTH
    return f'<path fill="{ink}" d="{"".join(parts)}"/>'


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: str = "") -> str:
    """Return a rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"{opacity}/>'


def _hex(style: Style, side: str) -> str:
    """Return a style's foreground or background as ``#rrggbb``; empty for the default colour."""
    color = getattr(style, side)
    return "" if color is None or color.type is ColorType.DEFAULT else str(color.get_truecolor().hex)

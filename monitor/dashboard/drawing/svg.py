"""A canvas of the dashboard as an SVG document, cell by cell.

Block and braille characters become shapes, so that there are no seams whatever font the reader has. Each run of words
has a position and a length of its own, so that no letter depends on repeated spaces, which browsers collapse. Nothing
is downloaded: Rich's own export loads its font from a server. Pure functions; safe on any thread.
"""

from __future__ import annotations

import re
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
BACKGROUND, INK, DIM_INK = "#14161a", "#d7d7d7", "#75777b"

EIGHTHS = {sign: count for count, sign in enumerate("▏▎▍▌▋▊▉█", 1)}
HALVES = {"▀": 0, "▄": CELL_HEIGHT // 2}
BRAILLE = {chr(0x2800 + dots) for dots in range(1, 256)}
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot of each bit. Source: Unicode, Braille Patterns."""
RUN = re.compile(r"\S+(?: \S+)*")
"""Words with single spaces between them, which no viewer changes."""
DOT_WIDTH, DOT_HEIGHT = CELL_WIDTH / 2, CELL_HEIGHT / 4


def svg_of(canvas: Canvas) -> str:
    """Return a canvas as an SVG document."""
    width = canvas.width * CELL_WIDTH + 2 * MARGIN
    height = len(canvas.lines) * CELL_HEIGHT + 2 * MARGIN
    shapes = [shape for row, line in enumerate(canvas.lines) for shape in _line_shapes(line, row)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="14.5"',
            "  font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\"",
            '  shape-rendering="crispEdges">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
            *shapes,
            "</svg>\n",
        ]
    )


def _line_shapes(line: tuple[Segment, ...], row: int) -> list[str]:
    """Return the shapes of one line."""
    shapes: list[str] = []
    x, y = MARGIN, MARGIN + row * CELL_HEIGHT
    for segment in line:
        shapes += _segment_shapes(segment.text, segment.style or Style.null(), x, y)
        x += cell_len(segment.text) * CELL_WIDTH
    return shapes


def _segment_shapes(text: str, style: Style, x: int, y: int) -> list[str]:
    """Return the shapes of a segment: background, then blocks, dots or letters."""
    ink = _hex(style, "color") or (DIM_INK if style.dim else INK)
    background = _hex(style, "bgcolor")
    width = cell_len(text) * CELL_WIDTH
    shapes = [_rect(x, y, width, CELL_HEIGHT, background)] if background and text else []
    if not text.strip():
        return shapes
    if set(text) <= {*EIGHTHS, *HALVES, " "}:
        return shapes + [_block(sign, x + at * CELL_WIDTH, y, ink) for at, sign in enumerate(text) if sign != " "]
    if set(text) <= BRAILLE | {" "}:
        return [*shapes, _dots(text, x, y, ink)]
    weight = ' font-weight="bold"' if style.bold else ""
    runs = [(run[0], x + cell_len(text[: run.start()]) * CELL_WIDTH) for run in RUN.finditer(text)]
    return shapes + [_letters(run, left, y, f'fill="{ink}"', weight) for run, left in runs]


def _letters(run: str, x: int, y: int, fill: str, weight: str) -> str:
    """Return letters, as wide as their cells in any font."""
    length = f'textLength="{cell_len(run) * CELL_WIDTH}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x}" y="{y + BASELINE}" {fill} {length}{weight}>{escape(run)}</text>'


def _block(sign: str, x: int, y: int, ink: str) -> str:
    """Return the rectangle of a block character."""
    if sign in HALVES:
        return _rect(x, y + HALVES[sign], CELL_WIDTH, CELL_HEIGHT // 2, ink)
    return _rect(x, y, CELL_WIDTH * EIGHTHS[sign] / 8, CELL_HEIGHT, ink)


def _dots(text: str, x: int, y: int, ink: str) -> str:
    """Return the dots of braille characters as one path."""
    parts = []
    for at, sign in enumerate(text):
        set_dots = {dot for bit, dot in enumerate(DOTS) if sign != " " and (ord(sign) - 0x2800) >> bit & 1}
        for column, row in sorted(set_dots):
            left, top = x + at * CELL_WIDTH + column * DOT_WIDTH, y + row * DOT_HEIGHT
            parts.append(f"M{left:g} {top:g}h{DOT_WIDTH:g}v{DOT_HEIGHT:g}h-{DOT_WIDTH:g}z")
    return f'<path fill="{ink}" d="{"".join(parts)}"/>'


def _rect(x: int, y: int, width: float, height: int, fill: str) -> str:
    """Return a rectangle."""
    return f'<rect x="{x}" y="{y}" width="{width:g}" height="{height}" fill="{fill}"/>'


def _hex(style: Style, side: str) -> str:
    """Return a style's foreground or background as ``#rrggbb``; empty for the default colour."""
    color = getattr(style, side)
    return "" if color is None or color.type is ColorType.DEFAULT else str(color.get_truecolor().hex)

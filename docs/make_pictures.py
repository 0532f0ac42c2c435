"""Draws a dashboard as an SVG file for the README, cell by cell.

Block characters become rectangles, so that the picture has no seams whatever font the reader's
browser has, and nothing is fetched from anywhere.

    python docs/make_pictures.py docs/dashboard.svg 24

plays the demo in real time for 24 seconds, through the real pipeline and network, and draws what the
dashboard shows then.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style

from models.bundle import DEFAULT_BUNDLE, load_bundle
from monitor.dashboard import render
from monitor.frame import Frame
from monitor.pipeline import Pipeline
from monitor.sources.synthetic import SyntheticSource

CELL_WIDTH, CELL_HEIGHT = 9, 18
BASELINE = 14
MARGIN = 12
SCREEN = (100, 34)
GROUND, INK, DIM_INK = "#14161a", "#d7d7d7", "#75777b"

EIGHTHS = {sign: number for number, sign in enumerate("▏▎▍▌▋▊▉█", 1)}
HALVES = {"▀": 0, "▄": CELL_HEIGHT // 2}


def svg_of(frame: Frame) -> str:
    """Return a frame as an SVG document."""
    width = frame.width * CELL_WIDTH + 2 * MARGIN
    height = len(frame.lines) * CELL_HEIGHT + 2 * MARGIN
    shapes = [shape for number, line in enumerate(frame.lines) for shape in _line_shapes(line, number)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="14.5"',
            "  font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\"",
            '  shape-rendering="crispEdges" xml:space="preserve">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{GROUND}"/>',
            *shapes,
            "</svg>\n",
        ]
    )


def _line_shapes(line: tuple[Segment, ...], number: int) -> list[str]:
    """Return the shapes of one line."""
    shapes: list[str] = []
    x, y = MARGIN, MARGIN + number * CELL_HEIGHT
    for segment in line:
        shapes += _segment_shapes(segment.text, segment.style or Style.null(), x, y)
        x += len(segment.text) * CELL_WIDTH
    return shapes


def _segment_shapes(text: str, style: Style, x: int, y: int) -> list[str]:
    """Return the shapes of a run of one style: its ground, then blocks or letters."""
    ink = _hex(style, "color") or (DIM_INK if style.dim else INK)
    ground = _hex(style, "bgcolor")
    shapes = [_rect(x, y, len(text) * CELL_WIDTH, CELL_HEIGHT, ground)] if ground and text else []
    if text and set(text) <= {*EIGHTHS, *HALVES, " "}:
        return shapes + [_block(sign, x + at * CELL_WIDTH, y, ink) for at, sign in enumerate(text) if sign != " "]
    if not text.strip():
        return shapes
    weight = ' font-weight="bold"' if style.bold else ""
    length = f'textLength="{len(text) * CELL_WIDTH}" lengthAdjust="spacingAndGlyphs"'
    return [*shapes, f'<text x="{x}" y="{y + BASELINE}" fill="{ink}" {length}{weight}>{escape(text)}</text>']


def _block(sign: str, x: int, y: int, ink: str) -> str:
    """Return the rectangle of a block character."""
    if sign in HALVES:
        return _rect(x, y + HALVES[sign], CELL_WIDTH, CELL_HEIGHT // 2, ink)
    return _rect(x, y, CELL_WIDTH * EIGHTHS[sign] / 8, CELL_HEIGHT, ink)


def _rect(x: int, y: int, width: float, height: int, fill: str) -> str:
    """Return a rectangle."""
    return f'<rect x="{x}" y="{y}" width="{width:g}" height="{height}" fill="{fill}"/>'


def _hex(style: Style, side: str) -> str:
    """Return a style's foreground or background as ``#rrggbb``, empty where it has none."""
    color = getattr(style, side)
    return "" if color is None or color.type is ColorType.DEFAULT else str(color.get_truecolor().hex)


def demo_frame(seconds: float) -> Frame:
    """Return what the dashboard shows after so many seconds of the demo."""
    source = SyntheticSource(speed=1.0)
    with Pipeline(source, load_bundle(DEFAULT_BUNDLE)) as pipeline:
        for window in pipeline.windows():
            if window.end_s >= seconds:
                break
        snapshot = pipeline.snapshot()
    scene = next((scene for scene in source.scenes if snapshot.elapsed_s < scene.end_s), source.scenes[-1])
    return render(snapshot, *SCREEN, note=f"playing: {scene.name}")


def main(arguments: list[str]) -> int:
    """Write the picture; return the exit code."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    Path(arguments[0]).write_text(svg_of(demo_frame(float(arguments[1]))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

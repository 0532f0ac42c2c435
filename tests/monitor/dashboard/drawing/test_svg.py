"""A canvas as SVG: valid, complete, and without links to any server."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from monitor.dashboard.drawing.canvas import GREEN, Canvas, Row, TerminalStyle
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.svg import CELL_WIDTH, MARGIN, svg_of

GOLDENS: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "golden" / "make_golden.py"))
CANVAS = render(GOLDENS["SCENES"]["murmur"], 120, 40, state=GOLDENS["LIVELY"])


def test_is_valid_and_self_contained() -> None:
    """The document is XML with every word of the screen, and refers to nothing outside."""
    svg = svg_of(CANVAS)
    text = "".join(ElementTree.fromstring(svg).itertext())
    assert "not for diagnosis" in text
    assert "sound was lost" in text
    assert svg.count("http") == 1  # the namespace
    assert "url(" not in svg


def test_no_letter_depends_on_repeated_spaces() -> None:
    """Viewers collapse them, so each run of words has an x and a length of its own, wide characters included."""
    svg = svg_of(Canvas(20, (Row(20).put(1, " 心音  b c   d ").line(),)))
    found = re.findall(r'<text x="(\d+)".* textLength="(\d+)".*>(.*)</text>', svg)
    cells = [((int(x) - MARGIN) / CELL_WIDTH, int(length) / CELL_WIDTH, text) for x, length, text in found]
    assert cells == [(2, 4, "心音"), (8, 3, "b c"), (14, 1, "d")]


def test_every_braille_dot_is_drawn() -> None:
    """As many shapes as there are dots."""
    dots = sum(bin(ord(sign) - 0x2800).count("1") for sign in CANVAS.text if 0x2800 <= ord(sign) < 0x2900)
    assert dots > 500
    paths = [line for line in svg_of(CANVAS).splitlines() if line.startswith("<path")]
    assert sum(line.count("z") for line in paths) == dots


def test_blocks_are_rectangles_in_their_colour() -> None:
    """Three eighths of a cell, and a lower half."""
    ink = TerminalStyle().ink(GREEN)
    svg = svg_of(Canvas(4, (Row(4).put(1, "▍▄", ink).line(),)))
    assert f'<rect x="21" y="12" width="3.375" height="18" fill="{GREEN}"/>' in svg
    assert f'<rect x="30" y="21" width="9" height="9" fill="{GREEN}"/>' in svg


def test_text_is_escaped() -> None:
    """Markup in a file name stays text."""
    svg = svg_of(Canvas(12, (Row(12).put(0, "<a&b>.wav").line(),)))
    assert "<a&b>.wav" in "".join(ElementTree.fromstring(svg).itertext())

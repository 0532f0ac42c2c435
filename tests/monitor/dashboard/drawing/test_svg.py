"""A canvas as SVG: valid, complete, and without links to any server."""

from __future__ import annotations

import dataclasses
import re
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from monitor.dashboard.drawing.canvas import GREEN, Canvas, Row, TerminalStyle
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.svg import BACKGROUND, CELL_WIDTH, INK, LIGHT_BACKGROUND, LIGHT_INK, MARGIN, svg_of

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


def texts_in_cells(svg: str) -> list[tuple[list[float], float | None, str]]:
    """Return the columns, the width in cells where one is stated, and the letters of each text."""
    found = []
    for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        columns = [(float(x) - MARGIN) / CELL_WIDTH for x in text.attrib["x"].split()]
        length = text.get("textLength")
        found.append((columns, None if length is None else float(length) / CELL_WIDTH, text.text or ""))
    return found


def test_every_letter_has_a_position_of_its_own() -> None:
    """No letter depends on a font's widths or repeated spaces; joined letters have position and width as a word."""
    svg = svg_of(Canvas(24, (Row(24).put(1, " 心音  b c   d e\u0301x é").line(),)))
    assert texts_in_cells(svg) == [
        ([2], 4, "心音"),
        ([8, 9, 10], None, "b c"),
        ([14], None, "d"),
        ([16], 2, "e\u0301x"),
        ([19], None, "é"),
    ]


def test_words_of_every_script_stand_in_their_cells() -> None:
    """Around a word that is set as a whole, letters keep their columns."""
    svg = svg_of(Canvas(24, (Row(24).put(0, "a 心 b قلب c").line(),)))
    assert texts_in_cells(svg) == [
        ([0], None, "a"),
        ([2], 2, "心"),
        ([5], None, "b"),
        ([7], 3, "قلب"),
        ([11], None, "c"),
    ]


def test_a_size_and_the_fonts_are_stated() -> None:
    """The document is as wide as its cells, and each text names its font and size."""
    root = ElementTree.fromstring(svg_of(CANVAS))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("1104", "744", "0 0 1104 744")
    texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
    assert len(texts) > 50
    assert all("monospace" in text.attrib["font-family"] and text.attrib["font-size"] == "14.5" for text in texts)


def test_lines_and_shades_are_shapes() -> None:
    """A line over several cells is one rectangle, beside words of the same colour; a shade is part of its ink."""
    svg = svg_of(Canvas(8, (Row(8).put(0, "│──a═░▓").line(),)))
    assert texts_in_cells(svg) == [([3], None, "a")]
    boxes = re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" fill="#d7d7d7"(.*)/>', svg)
    assert boxes == [
        ("16", "12", "1", "18", ""),
        ("21", "20", "18", "1", ""),
        ("48", "19", "9", "1", ""),
        ("48", "22", "9", "1", ""),
        ("57", "12", "9", "18", ' fill-opacity="0.25"'),
        ("66", "12", "9", "18", ' fill-opacity="0.75"'),
    ]


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


def test_the_theme_is_that_of_the_screen() -> None:
    """White paper and dark ink for a light screen, and the same letters."""
    dark, light = (svg_of(dataclasses.replace(CANVAS, light=light)) for light in (False, True))
    assert f'rx="8" fill="{BACKGROUND}"' in dark
    assert f'rx="8" fill="{LIGHT_BACKGROUND}"' in light
    assert f'fill="{INK}"' in dark
    assert f'fill="{INK}"' not in light
    assert f'fill="{LIGHT_INK}"' in light
    assert "".join(ElementTree.fromstring(dark).itertext()) == "".join(ElementTree.fromstring(light).itertext())

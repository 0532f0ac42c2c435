"""A saved screenshot in real browsers: letters and colours in their cells, the same in all, and nothing asked for."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from monitor.dashboard.drawing.canvas import Canvas
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.svg import BASELINE, CELL_HEIGHT, CELL_WIDTH, MARGIN
from monitor.dashboard.screenshot import save_screenshot
from tests.system.browsers import CHROMIUM, FIREFOX, WEBKIT, Chromium, Firefox, WebKit

pytestmark = pytest.mark.subprocess

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "monitor" / "dashboard" / "golden" / "make_golden.py"
BROWSERS = [
    pytest.param(Chromium, marks=pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")),
    pytest.param(Firefox, marks=pytest.mark.skipif(FIREFOX is None, reason="needs Firefox")),
    pytest.param(WebKit, marks=pytest.mark.skipif(not WEBKIT, reason="needs Xvfb and WebKitGTK's WebDriver")),
]
PLACE_TOLERANCE = 0.02
"""Of the user units of the document, of which a cell is nine wide."""
COLOUR_TOLERANCE = 2
"""Of 255."""
LETTERS_TOLERANCE = 24
"""Of 255, in the mean colour of a cell: two browsers smooth the same letter differently."""
LETTERS = """[...document.querySelectorAll("text")].flatMap((text) =>
  Array.from({length: text.getNumberOfChars()}, (_, at) => {
    const {x, y} = text.getStartPositionOfChar(at);
    return [x, y, text.textContent[at]];
  }))"""
IN_A_TABLE = '<body style="margin:0"><table cellspacing="0" cellpadding="0"><tr><td><img src="{}"></table>'
"""Where a picture is as wide as it says, and one that says nothing is not seen at all."""
BOX = 'document.querySelector("img").getBoundingClientRect().toJSON()'
PAINTED = """document.querySelector("img").decode().then(() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))"""
"""True once a frame with the picture has been drawn."""
OTHER_FONTS = ("monospace", "serif", "sans-serif")


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    """Return a full dashboard at 120x40."""
    golden = runpy.run_path(str(GOLDEN))
    return render(golden["SCENES"]["murmur"], 120, 40, state=golden["LIVELY"])


@pytest.fixture(scope="module")
def screenshot(canvas, tmp_path_factory) -> Path:
    """Return the canvas as the key ``s`` saves it."""
    path = tmp_path_factory.mktemp("screenshot") / "auscult-20260102-030405.svg"
    save_screenshot(canvas, path)
    return path


@pytest.fixture(scope="module", params=BROWSERS)
def browser(request, tmp_path_factory):
    """Return each browser in turn, with its errors and requests empty."""
    with request.param(tmp_path_factory.mktemp(request.param.__name__)) as browser:
        browser.screen(1200, 800)
        yield browser


def cells_of(letters):
    """Return letters by row and column, and the largest distance of one from the corner of its cell."""
    places = np.array([[(y - MARGIN - BASELINE) / CELL_HEIGHT, (x - MARGIN) / CELL_WIDTH] for x, y, _ in letters])
    nearest = np.round(places)  # (letters, 2)
    shown = {(int(row), int(column)): one for (row, column), (*_, one) in zip(nearest, letters, strict=True)}
    return {cell: one for cell, one in shown.items() if one != " "}, float(
        np.abs((places - nearest) * (CELL_HEIGHT, CELL_WIDTH)).max()
    )


@pytest.mark.parametrize("font", [None, *OTHER_FONTS])
def test_every_letter_stands_in_its_column(browser, canvas, screenshot, tmp_path, font):
    """A browser shows the letters in the cells where the terminal does, with any font, also one of unequal letters."""
    svg = screenshot.read_text(encoding="utf-8")
    page = tmp_path / "page.svg"
    page.write_text(svg if font is None else re.sub(r'font-family="[^"]*"', f'font-family="{font}"', svg), "utf-8")
    browser.open(page)
    shown, largest = cells_of(browser.evaluate(LETTERS))
    cells = {
        (row, column): sign for row, line in enumerate(canvas.text.splitlines()) for column, sign in enumerate(line)
    }
    assert len(shown) > 500
    assert largest < PLACE_TOLERANCE
    assert {cell: cells.get(cell) for cell in shown} == shown
    letters = {cell: sign for cell, sign in cells.items() if sign.isalnum() and sign.isascii()}
    assert letters.items() <= shown.items()


def picture_of(browser, svg, folder):
    """Return the box and the colours, ``(height, width, 3)``, of a screenshot embedded in a page as the README does."""
    image = pytest.importorskip("PIL.Image", reason="needs Pillow")
    page = folder / "page.html"
    page.write_text(IN_A_TABLE.format(svg.as_uri()))
    browser.open(page)
    assert browser.evaluate(PAINTED)
    box = browser.evaluate(BOX)
    browser.screenshot(folder / "page.png")
    with image.open(folder / "page.png") as picture:
        return box, np.asarray(picture.convert("RGB")).astype(int)


def test_a_picture_in_a_table_has_its_size_and_its_colours(browser, canvas, screenshot, tmp_path):
    """It is as large as its cells, and the middle of every half block has the colour of the terminal."""
    box, colours = picture_of(browser, screenshot, tmp_path)
    assert (box["width"], box["height"]) == (120 * CELL_WIDTH + 2 * MARGIN, 40 * CELL_HEIGHT + 2 * MARGIN)
    meant, shown = [], []
    for row, line in enumerate(canvas.lines):
        column = 0
        for segment in line:
            for at, sign in enumerate(segment.text):
                if sign == "▀" and segment.style.bgcolor is not None:
                    y, x = MARGIN + row * CELL_HEIGHT, MARGIN + (column + at) * CELL_WIDTH + CELL_WIDTH // 2
                    meant += [segment.style.color.get_truecolor(), segment.style.bgcolor.get_truecolor()]
                    shown += [colours[y + CELL_HEIGHT // 4, x], colours[y + 3 * CELL_HEIGHT // 4, x]]
            column += segment.cell_length
    assert len(meant) > 1500
    assert np.abs(np.array(meant) - np.array(shown)).max() <= COLOUR_TOLERANCE


def cell_means(colours, width, height):
    """Return the mean colour of each cell, ``(rows, columns, 3)``."""
    inner = colours[MARGIN : MARGIN + height * CELL_HEIGHT, MARGIN : MARGIN + width * CELL_WIDTH]
    return inner.reshape(height, CELL_HEIGHT, width, CELL_WIDTH, 3).mean(axis=(1, 3))


@pytest.fixture(scope="module")
def chromium_cells(screenshot, tmp_path_factory):
    """Return the mean colour of each cell in Chromium."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    folder = tmp_path_factory.mktemp("chromium-cells")
    with Chromium(folder) as chromium:
        chromium.screen(1200, 800)
        return cell_means(picture_of(chromium, screenshot, folder)[1], 120, 40)


def test_browsers_show_the_same(browser, screenshot, chromium_cells, tmp_path):
    """No cell is filled, empty or of another colour in one browser and not in Chromium."""
    cells = cell_means(picture_of(browser, screenshot, tmp_path)[1], 120, 40)
    assert chromium_cells.max() - chromium_cells.min() > 200  # there is something to see
    assert np.abs(cells - chromium_cells).max() <= LETTERS_TOLERANCE


def test_nothing_is_asked_for(browser, screenshot):
    """A browser that opens a screenshot opens that file alone, and has nothing to complain about."""
    if isinstance(browser, WebKit):
        pytest.skip("WebDriver does not tell what WebKit asks for")
    browser.requests.clear()
    browser.open(screenshot)
    assert browser.evaluate("document.documentElement.nodeName") == "svg"
    assert set(browser.requests) <= {screenshot.as_uri()}
    assert browser.errors == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.svg")), ids=lambda path: path.name)
def test_no_picture_of_the_documentation_refers_to_a_server(path):
    """The one address is the name of the format."""
    svg = path.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"'\s)]+", svg)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"url\(|@import|@font-face|<image|href=", svg)

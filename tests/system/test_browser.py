"""A saved screenshot in a real browser: every letter stands in its column."""

from __future__ import annotations

import base64
import json
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.svg import BASELINE, CELL_HEIGHT, CELL_WIDTH, MARGIN, svg_of

GOLDEN = Path(__file__).parents[1] / "monitor" / "dashboard" / "golden" / "make_golden.py"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGE = """<html xmlns="http://www.w3.org/1999/xhtml"><body>{svg}<pre id="letters"/><script><![CDATA[
const letters = [];
for (const text of document.querySelectorAll("text"))
  for (let i = 0; i < text.getNumberOfChars(); i++) {{
    const {{x, y}} = text.getStartPositionOfChar(i);
    letters.push([x, y, text.textContent[i]]);
  }}
document.getElementById("letters").textContent = btoa(unescape(encodeURIComponent(JSON.stringify(letters))));
]]></script></body></html>"""
"""An XML page, so that the browser parses the screenshot as it does a file of its own."""


def dumped_page(page, folder):
    """Return a page as the browser has it after its script ran."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder / 'profile'}"]
    command = [BROWSER, *flags, "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=120).stdout


def letters_in_browser(svg, folder):
    """Return the letters that a browser shows, by row and column in cells."""
    page = folder / "page.xhtml"
    page.write_text(PAGE.format(svg=svg), encoding="utf-8")
    dumped = dumped_page(page, folder).partition('id="letters">')[2].partition("<")[0]
    letters = json.loads(base64.b64decode(dumped))
    return {
        (round((y - MARGIN - BASELINE) / CELL_HEIGHT), round((x - MARGIN) / CELL_WIDTH)): letter
        for x, y, letter in letters
        if letter != " "
    }


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
def test_every_letter_stands_in_its_column(tmp_path):
    """A browser shows the letters of a screenshot in the cells where the terminal does."""
    golden = runpy.run_path(str(GOLDEN))
    canvas = render(golden["SCENES"]["murmur"], 120, 40, state=golden["LIVELY"])
    shown = letters_in_browser(svg_of(canvas), tmp_path)
    cells = {
        (row, column): sign for row, line in enumerate(canvas.text.splitlines()) for column, sign in enumerate(line)
    }
    assert len(shown) > 500
    assert {cell: cells.get(cell) for cell in shown} == shown
    letters = {cell: sign for cell, sign in cells.items() if sign.isalnum() and sign.isascii()}
    assert letters.items() <= shown.items()

"""The site of the pages: it is built without a warning, has every page, and asks nobody outside for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import monitor
from monitor.cli import COMMANDS
from tests.system.browsers import CHROMIUM, Chromium

for package in ("sphinx", "furo", "numpydoc", "myst_parser"):
    pytest.importorskip(package, reason="the site needs the docs extra")
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "make" / "make_site.py"
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["'](?:https?:)?//|url\(["']?(?:https?:)?//|@import"""
)
STYLES = re.compile(r"""<link\b[^>]*\bhref=["'](?:https?:)?//[^>]*>""")
PAGES = ("docs/index", "docs/EVIDENCE", "docs/guides/tour-listening", "docs/reference/python", "README")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, warnings as errors, by the documented command."""
    folder = tmp_path_factory.mktemp("site") / "built"
    done = subprocess.run([sys.executable, str(SCRIPT), str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"wrote {folder / 'index.html'}\n"
    return folder


def test_every_page_is_there(site: Path) -> None:
    """Each Markdown page of the docs and of the top folder, at its place."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    missing = [page for page in pages if not (site / page.relative_to(ROOT).with_suffix(".html")).is_file()]
    assert len(pages) > 40
    assert missing == []


def test_the_reference_is_whole(site: Path) -> None:
    """Every command with its flags, and every public name with its docstring."""
    commands = (site / "docs" / "reference" / "commands.html").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert re.search(rf"<h2>auscult {name}\b", commands), name
    assert "--wait-for-device" in commands
    python = (site / "docs" / "reference" / "python.html").read_text(encoding="utf-8")
    for name in monitor.__all__:
        assert f'id="monitor.{name}"' in python, name
    assert "integers of any level; channels are averaged" in python


def test_nothing_outside_is_asked_for(site: Path) -> None:
    """No page or style sheet names a script, picture, font or style of another server; links are another matter."""
    files = [*site.rglob("*.html"), *site.rglob("*.css"), *site.rglob("*.svg")]
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not FETCHED.search(text), path
        assert not STYLES.search(text), path


def test_the_way_in(site: Path) -> None:
    """index.html leads to the start page, whose table of contents has the five kinds of readers."""
    assert 'url=docs/index.html"' in (site / "index.html").read_text(encoding="utf-8")
    start = (site / "docs" / "index.html").read_text(encoding="utf-8")
    for reader in ("listening", "training", "embedding", "archives", "reviewers"):
        assert f'href="readers/{reader}.html"' in start


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_in_a_browser(site: Path, tmp_path: Path, dark: bool) -> None:
    """Pages open from the disk without an error or a request elsewhere, light or dark as the system is."""
    with Chromium(tmp_path) as browser:
        browser.screen(1200, 900, dark=dark)
        for page in PAGES:
            browser.open(site / f"{page}.html")
            background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
            levels = [int(level) for level in re.findall(r"\d+", background)[:3]]
            assert (max(levels) < 80) if dark else (min(levels) > 200), (page, background)
            assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), page
        assert browser.errors == []
        assert [address for address in browser.requests if not address.startswith("file:")] == []


def test_wrong_usage() -> None:
    """An unknown flag explains the command, with exit code 2."""
    done = subprocess.run([sys.executable, str(SCRIPT), "--open"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "python docs/make/make_site.py [FOLDER]" in done.stderr

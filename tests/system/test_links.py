"""Every relative link in the Markdown files leads to a file, and to a heading where it names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(<?([^)>\s]+)>?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SKIPPED_FOLDERS = {"build", "dist", "node_modules", "runs", "venv"}


def pages() -> list[Path]:
    """Return the Markdown files of the project."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(path for path in found if not any(map(is_skipped, path.parts)))


def is_skipped(name: str) -> bool:
    """Return whether a folder of this name holds nothing of the project."""
    return name in SKIPPED_FOLDERS or (name.startswith(".") and name != ".github")


def links(page: Path) -> list[str]:
    """Return the relative links of a page, code blocks left out."""
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return [link for link in LINK.findall(text) if "://" not in link and not link.startswith("mailto:")]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, formed as GitHub forms them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_pages_are_found() -> None:
    """The front page, the guides and the cards are among the pages that are checked."""
    names = {page.as_posix() for page in pages()}
    assert {"README.md", "docs/design.md", "docs/guides/listening.md", "models/heart-sounds/CARD.md"} <= names


@pytest.mark.parametrize("page", pages(), ids=str)
def test_relative_links_resolve(page: Path) -> None:
    """Each link names a file or folder of the checkout, and an existing heading."""
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (ROOT / page.parent / name) if name else ROOT / page
        assert target.exists(), link
        assert target.resolve().is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link

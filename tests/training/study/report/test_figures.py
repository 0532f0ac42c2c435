"""Figures that pages quote come from their source, and a mark that leads nowhere is an error."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.errors import DataError
from training.study.report.figures import figure_text, filled, unmarked

SOURCES: dict[str, Any] = {
    "ours": {
        "headline": {
            "murmur_auc in CirCor DigiScope": {"value": 0.922, "low": 0.8871, "high": 0.9482},
            "alone": {"value": 0.5, "low": None, "high": None},
            "undefined": {"value": None, "low": None, "high": None},
        },
        "per_seed": {"accuracy": [0.8265, None, 0.8178]},
        "title": "the recipe",
        "recordings": 461,
        "empty": [],
        "nothing": None,
    },
    "mine": {"curve": [{"threshold": 0.5, "error": 0.1774}, {"threshold": 0.8, "error": 0.12}], "share": 0.6774},
}


@pytest.mark.parametrize(
    ("path", "form", "text"),
    [
        ("ours/headline/murmur_auc in CirCor DigiScope", None, "0.922 (0.887 to 0.948)"),
        ("ours/headline/murmur_auc in CirCor DigiScope", ".4f", "0.9220 (0.8871 to 0.9482)"),
        ("ours/headline/murmur_auc in CirCor DigiScope/value", None, "0.922"),
        ("ours/headline/alone", None, "0.500"),
        ("ours/headline/undefined", ".2f", "-"),
        ("ours/per_seed/accuracy", None, "0.818 to 0.827"),
        ("ours/recordings", None, "461"),
        ("ours/nothing", None, "-"),
        ("mine/curve/threshold=0.8/error", None, "0.120"),
        ("mine/curve/threshold=0.5/error", ".0%", "18 %"),
        ("mine/share", ".2f", "0.68"),
    ],
)
def test_a_figure(path: str, form: str | None, text: str) -> None:
    """A metric has its interval, a list its extremes, a count no decimals, an undefined value a dash."""
    assert figure_text(SOURCES, path, form) == text


@pytest.mark.parametrize(
    "path",
    [
        "theirs",
        "ours/recordings as words",
        "ours/headline/accuracy",
        "mine/curve/threshold=0.7/error",
        "mine/curve/0",
        "ours/title",
        "ours/empty",
    ],
)
def test_a_path_that_leads_to_no_figure(path: str) -> None:
    """The error names the path, and in a page the page."""
    with pytest.raises(ValueError, match=path):
        figure_text(SOURCES, path)
    with pytest.raises(DataError, match=rf"README\.md: {path}"):
        filled(f"x <!-- figure {path} -->1<!-- end -->", SOURCES, "README.md")


def test_a_page_is_filled_in() -> None:
    """Only what stands between the marks changes, over lines too; filling again changes nothing."""
    marks = "A <!-- figure ours/recordings -->{}<!-- end --> of <!-- figure mine/share as .0% -->{}<!-- end -->, 0.5."
    once = filled(marks.format("about\n500", ""), SOURCES)
    assert once == marks.format("461", "68 %")
    assert filled(once, SOURCES) == once


@pytest.mark.parametrize(
    "text",
    [
        "a <!-- figure ours/recordings -->461",
        "a 461<!-- end -->",
        "a <!-- figure ours/recordings --><!-- figure ours/recordings -->1<!-- end --><!-- end -->",
        "a <!-- figure ours/recordings -->461<!-- end --> and<!-- end -->",
    ],
)
def test_marks_come_in_pairs(text: str) -> None:
    """A mark that is not closed, not opened, or within another one is an error that says so."""
    with pytest.raises(DataError, match=r"a mark of a figure|a figure within"):
        filled(text, SOURCES)


def test_what_is_typed_by_hand() -> None:
    """Marked figures and code blocks are no figures that were typed into a text."""
    assert unmarked("0.1 <!-- figure mine/share -->0.2<!-- end -->\n```sh\n0.3\n```\n0.4") == "0.1 \n\n0.4"

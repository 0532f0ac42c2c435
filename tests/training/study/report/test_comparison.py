"""What the page of evidence begins with, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training.study.report.comparison import comparison_table, not_reached, published_notes
from training.study.report.page import evidence_text, read_evidence
from training.study.report.tables import TARGETS

DOCS = Path(__file__).resolve().parents[4] / "docs"


@pytest.fixture(scope="module")
def studies() -> dict[str, dict[str, Any]]:
    """Return the recipe and the article's, as they were measured."""
    return {
        name: json.loads((DOCS / "evidence" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("ours", "article")
    }


def test_every_row_has_ours_and_the_article_s(studies: dict[str, dict[str, Any]]) -> None:
    """Each metric was measured for both, with an interval; the first is the murmur's AUC."""
    rows = comparison_table(studies["ours"], studies["article"]).rows
    assert len(rows) == 10
    assert all(" to " in str(row[1]) and " to " in str(row[3]) for row in rows)
    best = studies["ours"]["headline"]["murmur_auc"]
    assert rows[0][3] == f"{best['value']:.3f} ({best['low']:.3f} to {best['high']:.3f})"


def test_published_figures_have_their_source(studies: dict[str, dict[str, Any]]) -> None:
    """A name in brackets in the table stands below it, with the work that it is from."""
    cells = " ".join(str(row[2]) for row in comparison_table(studies["ours"], studies["article"]).rows)
    notes = "\n".join(published_notes())
    assert "0.763 at 0.914 [Chorba 2021]" in cells
    assert "1.67 [MLP, PASCAL]" in cells
    assert "0.10 [UCL, PASCAL]" in cells
    for name in ("[Chorba 2021]", "[Prince 2023]", "[PASCAL]"):
        assert name.rstrip("]").lstrip("[") in cells
        assert f"- {name}" in notes


def test_without_studies() -> None:
    """What was not measured is a dash, and nothing is said to be reached or missed."""
    rows = comparison_table(None, None).rows
    assert {row[1] for row in rows} == {row[3] for row in rows} == {"-"}
    assert not_reached(None) == []


def test_what_is_not_reached(studies: dict[str, dict[str, Any]]) -> None:
    """A target that is met is left out, one that misses what was required is bold and comes first."""
    headline = {name: {"value": value, "low": 0.0, "high": 1.0} for _, name, _, value, _ in TARGETS}
    headline["accuracy"] = {"value": 0.7, "low": 0.6, "high": 0.8}
    headline["murmur_auc"] = {"value": 0.95, "low": 0.9, "high": 0.97}
    assert not_reached({**studies["ours"], "headline": headline}) == [
        "- **accuracy**: 0.700 (0.600 to 0.800), required 0.83.",
        "- murmur AUC: 0.950 (0.900 to 0.970) is what was required; the target was 0.96.",
    ]


def test_the_order_of_the_page() -> None:
    """It opens with the comparison and ends with what is not reached."""
    text = evidence_text(read_evidence(DOCS / "evidence"))
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[0] == "## The comparison that matters"
    assert headings[-2:] == ["## Limits", "## What is not reached"]

"""The figures of several sites together, in Markdown: every number comes from the JSON."""

from __future__ import annotations

import json
from pathlib import Path

from training.reports.site_pooling import pooling_blocks

POOLING = json.loads(
    (Path(__file__).parents[3] / "docs" / "evidence" / "sites" / "pooling.json").read_text(encoding="utf-8")
)


def with_difference(low: float) -> dict[str, object]:
    """Return the figures with another lower bound of the maximum's difference from the mean; no other is above 0."""
    areas = {
        name: {**values, "low": min(values["low"], 0.0)} if name.endswith(" - mean") else values
        for name, values in POOLING["auc"].items()
    }
    changed = {**areas["maximum - mean"], "low": low}
    return {**POOLING, "auc": {**areas, "maximum - mean": changed}}


def test_every_candidate_has_a_row() -> None:
    """With its AUC; the mean has no difference from itself."""
    rows = pooling_blocks(POOLING)[1].splitlines()[2:]
    candidates = [name for name in POOLING["auc"] if not name.endswith(" - mean")]
    assert len(rows) == len(candidates)
    for name, row in zip(candidates, rows, strict=True):
        assert f"{POOLING['auc'][name]['value']:.3f} (" in row
    assert rows[0].startswith("| mean score (used) |")
    assert rows[0].endswith("|  |")


def test_what_is_significant_is_read_from_the_intervals() -> None:
    """A candidate whose interval excludes zero is named."""
    assert "No candidate is significantly better" in pooling_blocks(with_difference(-0.001))[2]
    assert pooling_blocks(with_difference(0.001))[2].startswith("Significantly better than the mean score: maximum.")


def test_sites_and_findings() -> None:
    """A row per site, and one for children with and without a murmur; what it does not say is said."""
    blocks = pooling_blocks(POOLING)
    assert [line.split(" | ")[0] for line in blocks[3].splitlines()[2:]] == ["| AV", "| PV", "| TV", "| MV"]
    assert len(blocks[5].splitlines()) == 4
    assert "does not rule out a murmur" in blocks[4]
    assert f"{POOLING['silent_sites']} sites at which" in blocks[0]

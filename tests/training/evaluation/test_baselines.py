"""Published results, as printed and as computed from them."""

from __future__ import annotations

import pytest

from training.evaluation.baselines import MURMUR_DETECTORS, PUBLISHED, SOURCE
from training.evaluation.classification import CHALLENGE


def test_the_table() -> None:
    """Three entries, each with the metrics of our own table."""
    assert [row["name"] for row in PUBLISHED] == ["J48", "MLP", "UCL"]
    assert all(set(row) == {"name", *CHALLENGE} for row in PUBLISHED)
    assert [row["total_precision"] for row in PUBLISHED] == [1.37, 1.67, 1.31]


def test_computed_metrics() -> None:
    """Youden of UCL is .51 + .59 - 1; its discriminant power is .5513 (logit .51 + logit .59)."""
    ucl = PUBLISHED[2]
    assert ucl["youden"] == pytest.approx(0.10)
    assert ucl["discriminant_power"] == pytest.approx(0.5513 * (0.0400 + 0.3640), abs=1e-3)


def test_the_source_is_named() -> None:
    """The source and its recordings."""
    assert "Gomes et al. 2013" in SOURCE
    assert "test files" in SOURCE


def test_detectors_of_murmurs() -> None:
    """Each has its figures, how many patients they are of, and the work that states them."""
    figures = {row["name"]: (row["sensitivity"], row["specificity"], row["patients"]) for row in MURMUR_DETECTORS}
    assert figures == {"Chorba 2021": (0.763, 0.914, 962), "Prince 2023": (0.856, 0.844, 615)}
    for row in MURMUR_DETECTORS:
        assert row["name"].split()[0] in row["source"]
        assert str(row["patients"]) in row["source"]

"""The tables of docs/EVIDENCE.md say what the JSON of a study says."""

from __future__ import annotations

from typing import Any

import pytest

from training.evaluation.classification import CHALLENGE, OF_LABEL
from training.reports.table import cell_text
from training.study.report.tables import (
    TARGETS,
    ablation_table,
    data_table,
    effect_sentence,
    flips_table,
    rhythm_table,
    robustness_table,
    set_tables,
    target_table,
)

UNDEFINED = {"value": None, "low": None, "high": None}
ACCURACY = {"accuracy": UNDEFINED, "balanced_accuracy": UNDEFINED}


def estimate(value: float, half: float = 0.02) -> dict[str, float]:
    """Return the JSON of a metric with an interval around it."""
    return {"value": value, "low": value - half, "high": value + half}


def study(value: float) -> dict[str, Any]:
    """Return the headline metrics of a study, all of one value, from two seeds."""
    return {
        "headline": {name: estimate(value) for _, name, *_ in TARGETS},
        "per_seed": {name: [value - 0.01, value + 0.01] for _, name, *_ in TARGETS},
    }


def target_row(ours: dict[str, Any], title: str) -> list[str]:
    """Return the cells of a target, without its title."""
    rows = {row[0]: row[1:] for row in target_table(ours, None).rows}
    return [str(cell) for cell in rows[title]]


def test_a_target() -> None:
    """Both values, the interval, the range of the seeds, what is required, and whether it is met."""
    (cells, *_) = target_table(study(0.951), study(0.771)).rows
    assert cells[1:5] == ("0.771", "0.951", "0.931 to 0.971", "0.941 to 0.961")
    assert cells[5:] == ("0.95", "0.96", "required")


@pytest.mark.parametrize(("value", "met"), [(0.97, "target"), (0.96, "target"), (0.95, "required"), (0.9494, "**no**")])
def test_what_is_met(value: float, met: str) -> None:
    """A target is met by the value as it is rounded for display."""
    assert target_row(study(value), "murmur AUC")[-1] == met


@pytest.mark.parametrize(("value", "met"), [(0.01, "target"), (0.02, "required"), (0.021, "**no**")])
def test_a_lower_calibration_error_is_better(value: float, met: str) -> None:
    """The target of the calibration error is below the required value."""
    assert target_row(study(value), "calibration error")[-1] == met


def test_an_undefined_target_is_a_dash() -> None:
    """A metric without a value, and a study that is missing, have dashes and are not measured."""
    ours = study(0.9)
    ours["headline"]["murmur_auc"] = UNDEFINED
    cells = target_row(ours, "murmur AUC")
    assert cells[:3] == ["-", "-", "-"]
    assert cells[-1] == "not measured"


def test_the_effect_of_a_change() -> None:
    """Metrics whose interval excludes zero are named with the direction; a lower calibration error improves."""
    differences = {
        "murmur_auc": estimate(-0.03),
        "calibration_error": estimate(-0.05, 0.01),
        "accuracy": estimate(0.01),
    }
    assert effect_sentence(differences) == (
        "It worsens murmur AUC by 0.030, and it improves calibration error by 0.050; all other intervals include zero."
    )


@pytest.mark.parametrize("difference", [estimate(0.01), {**estimate(0.5), "low": None, "high": None}])
def test_no_significant_effect(difference: dict[str, float | None]) -> None:
    """An interval that includes zero, or none at all, is no effect."""
    assert effect_sentence({"accuracy": difference}).startswith("No metric changes significantly")


def test_ablations() -> None:
    """A difference has a sign; one that was not measured is a dash."""
    comparisons = {"short": {"differences": {"murmur_auc": estimate(0.03)}}}
    (row,) = ablation_table({"short": {"title": "shorter"}}, comparisons).rows
    assert row[:2] == ("shorter", "+0.030 (+0.010 to +0.050)")
    assert set(row[2:]) == {"-"}


def test_robustness() -> None:
    """Each perturbation has its row; a metric that was not measured is a dash."""
    (row,) = robustness_table({"8 bit": {"murmur_auc": estimate(0.9)}}).rows
    assert [cell_text(cell) for cell in row] == ["8 bit", "0.900 (0.880 to 0.920)", "-", "-"]


def test_flipped_labels() -> None:
    """Counts have their share of the windows and recordings; what was not counted is a dash."""
    counted = {
        "windows": 200,
        "window_label_flips": 1,
        "recordings": 50,
        "final_label_flips": 0,
        "largest_score_change": 0.0123,
    }
    rows = flips_table({"perturbations": {"DC offset of 0.1": counted, "24 bit": {"windows": 0}, "AAC": {}}}).rows
    assert rows[0] == ("DC offset of 0.1", 200, "1 (0.50 %)", 50, "0 (0.00 %)", "0.012")
    assert rows[1][1:] == (0, "-", "-", "-", "-")
    assert rows[2][1:] == ("-",) * 5


def test_one_number_for_one_metric() -> None:
    """The label against clean normals has the value and interval of the headline, where that has it."""
    label = {"clean normals": {"positives": 46, "negatives": 200, "auc": estimate(0.6, 0.05)}}
    rhythm = {"label": label, "marks": {"windows": 0, "regular": {"windows": 0}, "definitions": {}}}
    ours = {"rhythm": rhythm, "headline": {"extrastole_auc_clean_normals": estimate(0.6, 0.04)}}
    (row,) = rhythm_table(ours, None).rows
    assert cell_text(row[3]) == "0.600 (0.560 to 0.640)"


def test_rhythm() -> None:
    """Label and annotations each have their negatives; an article without rhythm has dashes."""
    definition = {
        "definition": "an ectopic beat",
        "windows": 63,
        "recordings": 17,
        "patients": 14,
        "auc_against_regular": estimate(0.9),
        "auc_against_all": estimate(0.8),
    }
    annotated = {"windows": 8144, "regular": {"windows": 5825}, "definitions": {"premature": definition}}
    label = {"clean normals": {"positives": 46, "negatives": 200, "auc": estimate(0.6)}}
    rows = rhythm_table({"rhythm": {"label": label, "marks": annotated}}, None).rows
    assert [row[2] for row in rows] == ["200 clean normals", "5825 regular windows", "all 8081 others"]
    assert [cell_text(row[3])[:5] for row in rows] == ["0.600", "0.900", "0.800"]
    assert {cell_text(row[4]) for row in rows} == {"-"}


def data_set(**changes: Any) -> dict[str, Any]:
    """Return the JSON of a data set: 5 recordings with a murmur, 9 without, nothing else known."""
    label = {"positives": 5, "negatives": 9, **{name: estimate(0.9) for name in OF_LABEL}}
    values = {
        "per_recording": {
            "murmur": label,
            "normal": {**label, "negatives": 0},
            "extrastole": {**label, "positives": 0},
        },
        "confusion": {"labels": ["normal", "murmur"], "matrix": [[0, 0], [0, 0]]},
        "reliability": [{"low": 0.6, "high": 0.7, "count": 0, "confidence": None, "accuracy": None}],
        "coverage": [{"coverage": 0.8, "error": UNDEFINED}],
        "challenge": dict.fromkeys(CHALLENGE, UNDEFINED),
        "subgroups": {"signal": {"clean": {"recordings": 7, "patients": 3, **label, **ACCURACY}}},
        "finding": "murmur",
    }
    return values | changes


def test_a_partially_labelled_set_has_one_table() -> None:
    """Labels need recordings on both sides, subgroups a second one; undefined metrics make no table."""
    (table,) = set_tables(data_set())
    assert table.title == "Each label, per recording"
    assert [row[:2] for row in table.rows] == [("murmur", "5 / 9")]


def test_the_tables_of_a_fully_labelled_set() -> None:
    """Confusion, reliability, coverage, the challenge and subgroups have their tables, in this order."""
    group = data_set()["subgroups"]["signal"]["clean"]
    values = data_set(
        confusion={"labels": ["normal", "murmur"], "matrix": [[31, 2], [3, 17]]},
        reliability=[{"low": 0.5, "high": 0.6, "count": 4, "confidence": 0.55, "accuracy": 0.5}],
        coverage=[{"coverage": 0.8, "error": estimate(0.125)}],
        challenge={name: estimate(0.5) for name in CHALLENGE},
        subgroups={"signal": {"clean": group, "noisy": group}},
    )
    lines = [table.markdown() for table in set_tables(values)][1:]
    assert lines[0][2:] == ["| normal | 31 | 2 |", "| murmur | 3 | 17 |"]
    assert lines[1][2:] == ["| 0.5 to 0.6 | 4 | 0.550 | 0.500 |"]
    assert lines[2][2:] == ["| 80% | 0.125 (0.105 to 0.145) |"]
    assert lines[3][2].startswith("| ours | 0.500 (0.480 to 0.520) |")
    assert [line[:18] for line in lines[4][2:]] == ["| clean | 7 / 3 | ", "| noisy | 7 / 3 | "]


def test_data() -> None:
    """A set that was never held out counts zero, and is called what it is called today."""
    recorded = {"set": "sounds that are no heart", "recordings": 29, "patients": 0, "labels": {"not-heart": 29}}
    assert data_table({"data": [recorded], "held_out": []}).rows == [("non-cardiac sounds", 29, 0, 0, "29 not-heart")]

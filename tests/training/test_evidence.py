"""Held-out scores become figures with intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training.evidence import Evidence, Figure, measure

LABELS = ("normal", "murmur", "extrastole")


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Return the evidence of 60 recordings of 30 patients, mostly judged right."""
    rng = np.random.default_rng(0)
    truth = np.array([0] * 36 + [1] * 16 + [2] * 8, np.intp)
    scores = rng.dirichlet((1, 1, 1), 60) * 0.6 + 0.4 * np.eye(3)[truth]
    return measure(truth, scores, LABELS, [f"p{row // 2}" for row in range(60)])


def test_figures(evidence: Evidence) -> None:
    """All figures that the card and the command promise are there, each inside its interval."""
    assert list(evidence.overall) == ["accuracy", "balanced_accuracy", "macro_f1", "calibration_error"]
    assert list(evidence.per_label) == list(LABELS)
    names = ["sensitivity", "specificity", "precision", "auc", "sensitivity_at_specificity_0.90"]
    for figures in evidence.per_label.values():
        assert list(figures) == names
    # the calibration error of a draw tends to be larger than that of the whole, so it may lie outside
    figures = [figure for name, figure in evidence.overall.items() if name != "calibration_error"]
    figures += [figure for of_label in evidence.per_label.values() for figure in of_label.values()]
    assert all(0 <= figure.low <= figure.value <= figure.high <= 1 for figure in figures)


def test_counts(evidence: Evidence) -> None:
    """Recordings and patients are counted, and the confusion has every recording once."""
    assert (evidence.num_recordings, evidence.num_patients) == (60, 30)
    assert evidence.confusion.sum() == 60
    assert evidence.confusion.sum(axis=1).tolist() == [36, 16, 8]


def test_the_decision_is_the_largest_score(quick_figures: None) -> None:
    """Accuracy and confusion follow from the label with the largest score alone."""
    scores = np.array([[0.4, 0.35, 0.25], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.6, 0.2, 0.2]])
    found = measure(np.array([0, 1, 2, 1]), scores, LABELS, ["a", "b", "c", "d"])
    assert found.overall["accuracy"].value == 0.75
    assert found.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_the_seed_repeats_the_intervals(quick_figures: None) -> None:
    """The same scores give the same intervals to the last digit."""
    truth, scores = np.array([0, 1, 0, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    first, second = (measure(truth, scores, ("a", "b"), ["p", "q", "r", "s"]) for _ in range(2))
    assert first.to_json() == second.to_json()


def test_json(evidence: Evidence) -> None:
    """Written as JSON and read again it is the same, with plain numbers of four digits."""
    values = evidence.to_json()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["recordings"] == 60
    assert values["overall"]["accuracy"]["value"] == round(evidence.overall["accuracy"].value, 4)


def test_what_is_no_number_is_null(quick_figures: None) -> None:
    """The precision of a label never decided is null, never NaN, which is no JSON."""
    found = measure(np.array([0, 0, 1, 1]), np.tile([[0.9, 0.1]], (4, 1)), ("a", "b"), ["p", "q", "r", "s"]).to_json()
    assert found["per_label"]["b"]["precision"] == {"value": None, "low": None, "high": None}
    assert found["per_label"]["b"]["auc"]["value"] == 0.5


def test_as_a_person_reads_it() -> None:
    """A figure reads as value and interval, three digits each."""
    assert str(Figure(0.92345, 0.88, 0.951)) == "0.923 (0.880 to 0.951)"

"""The confidence threshold keeps a stated error, and is evaluated on patients that it was not chosen on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.calibration.abstention import MAX_ERROR, measure_selective_accuracy, min_confidence
from training.evaluation.bootstrap import Bootstrap

rows = st.lists(st.tuples(st.booleans(), st.floats(0.34, 1.0)), min_size=1, max_size=60)


def columns(pairs: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return which labels are right, and their confidence."""
    return np.array([right for right, _ in pairs]), np.array([confidence for _, confidence in pairs])


@given(rows, st.floats(0.0, 0.9))
def test_the_lowest_threshold_within_the_error(pairs: list[tuple[bool, float]], max_error: float) -> None:
    """No lower threshold keeps the stated error; where none does, it is the one with the smallest error."""
    right, confidence = columns(pairs)
    threshold = min_confidence(right, confidence, max_error)
    errors = {}
    for at in np.round(np.arange(0.5, 0.9001, 0.01), 2).tolist():
        given_label = confidence >= at
        errors[at] = 1.0 - right[given_label].mean() if given_label.any() else math.nan
    enough = [at for at, error in errors.items() if error <= max_error + 1e-9]
    defined = [error for error in errors.values() if not math.isnan(error)]
    if enough:
        assert threshold == min(enough)
    elif defined:
        assert errors[threshold] == min(defined)
    else:
        assert threshold == 0.9


def test_by_hand() -> None:
    """Of five labels above 0.6 one is wrong, of six above 0.5 two: an error of a fifth needs a threshold above 0.55."""
    confidence = np.array([0.55, 0.65, 0.7, 0.75, 0.8, 0.9])
    right = np.array([False, False, True, True, True, True])
    assert min_confidence(right, confidence, 0.2) == pytest.approx(0.56)
    assert min_confidence(right, confidence, 0.0) == pytest.approx(0.66)
    assert min_confidence(right, confidence, 0.4) == 0.5


def scores_of(confidence: np.ndarray) -> np.ndarray:
    """Return scores of two labels, of which the first is the more probable."""
    return np.column_stack((confidence, 1.0 - confidence))


def test_metrics() -> None:
    """Coverage and error with intervals, and the curve: both fall with the threshold."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1.0, 600)
    ground_truth = (rng.random(600) > confidence).astype(np.intp)
    patients = [f"p{row // 3}" for row in range(600)]
    folds = np.arange(600) // 3 % 5
    selective = measure_selective_accuracy(ground_truth, scores_of(confidence), folds, patients, Bootstrap(repeats=50))
    assert selective.error.low <= MAX_ERROR <= selective.error.high
    assert selective.coverage.low < selective.coverage.value < selective.coverage.high
    coverages = [coverage for _, coverage, _ in selective.curve]
    errors = [error for _, _, error in selective.curve]
    assert coverages == sorted(coverages, reverse=True)
    assert errors == sorted(errors, reverse=True)
    assert coverages[0] == 1.0
    assert selective.to_json()["curve"][0]["error"] == pytest.approx(errors[0], abs=1e-4)


def test_the_threshold_of_a_fold_comes_from_the_others() -> None:
    """A fold that is always right has the threshold that the other one needs."""
    confidence = np.tile(np.linspace(0.5, 0.99, 100), 2)
    folds = np.repeat([0, 1], 100)
    ground_truth = np.where(folds == 0, 0, (confidence < 0.8).astype(int))
    selective = measure_selective_accuracy(
        ground_truth, scores_of(confidence), folds, [str(n) for n in range(200)], Bootstrap(repeats=10), max_error=0.0
    )
    given_label = np.concatenate((confidence[:100] >= 0.8, confidence[100:] >= 0.5))
    assert selective.coverage.value == pytest.approx(given_label.mean())
    assert selective.error.value == pytest.approx(1.0 - (ground_truth == 0)[given_label].mean())


def test_a_single_fold() -> None:
    """After the first fold alone, the threshold is chosen on the same recordings."""
    selective = measure_selective_accuracy(
        np.array([0, 1]), scores_of(np.array([0.9, 0.6])), np.zeros(2, np.intp), ["a", "b"], Bootstrap(repeats=5)
    )
    assert selective.threshold == pytest.approx(0.61)
    assert (selective.coverage.value, selective.error.value) == (0.5, 0.0)

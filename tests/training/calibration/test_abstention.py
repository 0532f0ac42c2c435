"""The threshold of a label keeps a stated error, and is measured on who did not choose it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.calibration.abstention import MOST_WRONG, measure_selective_accuracy, min_confidence
from training.evaluation.bootstrap import Bootstrap

rows = st.lists(st.tuples(st.booleans(), st.floats(0.34, 1.0)), min_size=1, max_size=60)


def columns(pairs: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return who is right, and how sure."""
    return np.array([right for right, _ in pairs]), np.array([sure for _, sure in pairs])


@given(rows, st.floats(0.0, 0.9))
def test_the_lowest_threshold_that_is_good_enough(pairs: list[tuple[bool, float]], most_wrong: float) -> None:
    """No more are wrong than stated, and no lower threshold would do; or none does, and it is the best one."""
    right, confidence = columns(pairs)
    found = min_confidence(right, confidence, most_wrong)
    errors = {}
    for threshold in np.round(np.arange(0.5, 0.9001, 0.01), 2).tolist():
        given_label = confidence >= threshold
        errors[threshold] = 1.0 - right[given_label].mean() if given_label.any() else math.nan
    enough = [at for at, error in errors.items() if error <= most_wrong + 1e-9]
    told = [error for error in errors.values() if not math.isnan(error)]
    if enough:
        assert found == min(enough)
    elif told:
        assert errors[found] == min(told)
    else:
        assert found == 0.9


def test_by_hand() -> None:
    """Of five labels above .6 one is wrong, of six above .5 two: for a fifth, .6 is needed, just above the sixth."""
    confidence = np.array([0.55, 0.65, 0.7, 0.75, 0.8, 0.9])
    right = np.array([False, False, True, True, True, True])
    assert min_confidence(right, confidence, 0.2) == pytest.approx(0.56)
    assert min_confidence(right, confidence, 0.0) == pytest.approx(0.66)
    assert min_confidence(right, confidence, 0.4) == 0.5


def scores_of(confidence: np.ndarray) -> np.ndarray:
    """Return scores of two labels, the first the surer one."""
    return np.column_stack((confidence, 1.0 - confidence))


def test_figures() -> None:
    """Coverage and error with intervals, and the curve: the surer, the fewer labels and the fewer wrong."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1.0, 600)
    truth = (rng.random(600) > confidence).astype(np.intp)
    patients = [f"p{number // 3}" for number in range(600)]
    folds = np.arange(600) // 3 % 5
    found = measure_selective_accuracy(truth, scores_of(confidence), folds, patients, Bootstrap(repeats=50))
    assert found.error.low <= MOST_WRONG <= found.error.high
    assert found.coverage.low < found.coverage.value < found.coverage.high
    coverages = [coverage for _, coverage, _ in found.curve]
    errors = [error for _, _, error in found.curve]
    assert coverages == sorted(coverages, reverse=True)
    assert errors == sorted(errors, reverse=True)
    assert coverages[0] == 1.0
    assert found.to_json()["curve"][0]["error"] == pytest.approx(errors[0], abs=1e-4)


def test_each_fold_is_told_by_the_others() -> None:
    """A fold that is always right could do without a threshold; the others' one is used for it all the same."""
    confidence = np.tile(np.linspace(0.5, 0.99, 100), 2)
    folds = np.repeat([0, 1], 100)
    truth = np.where(folds == 0, 0, (confidence < 0.8).astype(int))
    found = measure_selective_accuracy(
        truth, scores_of(confidence), folds, [str(n) for n in range(200)], Bootstrap(repeats=10), most_wrong=0.0
    )
    given_label = np.concatenate((confidence[:100] >= 0.8, confidence[100:] >= 0.5))
    assert found.coverage.value == pytest.approx(given_label.mean())
    assert found.error.value == pytest.approx(1.0 - (truth == 0)[given_label].mean())


def test_one_fold_alone() -> None:
    """Ended after the first fold, there is nobody else to choose: the figures are there all the same."""
    found = measure_selective_accuracy(
        np.array([0, 1]), scores_of(np.array([0.9, 0.6])), np.zeros(2, np.intp), ["a", "b"], Bootstrap(repeats=5)
    )
    assert found.threshold == pytest.approx(0.61)
    assert (found.coverage.value, found.error.value) == (0.5, 0.0)

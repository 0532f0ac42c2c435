"""ROC, coverage and reliability curves against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation import metrics
from training.evaluation.curves import ReliabilityBin, accuracy_at_coverage, reliability, roc_curve


def test_roc_by_hand() -> None:
    """A point per threshold, from nothing decided to everything decided."""
    false_positive_rate, sensitivity = roc_curve(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    np.testing.assert_allclose(false_positive_rate, [0, 0, 0.5, 0.5, 1])
    np.testing.assert_allclose(sensitivity, [0, 0.5, 0.5, 1, 1])


def test_equal_scores_make_one_roc_point() -> None:
    """No threshold separates equal scores."""
    false_positive_rate, sensitivity = roc_curve(np.array([True, False, True, False]), np.full(4, 0.5))
    np.testing.assert_allclose(false_positive_rate, [0, 1])
    np.testing.assert_allclose(sensitivity, [0, 1])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_the_area_below_the_roc_curve_is_the_auc(rows: list[tuple[bool, int]]) -> None:
    """The trapezia under the curve add up to the AUC."""
    positive, score = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], float)
    if positive.all() or not positive.any():
        with pytest.raises(ValueError, match="roc_curve needs at least one positive and one negative"):
            roc_curve(positive, score)
        return
    false_positive_rate, sensitivity = roc_curve(positive, score)
    assert np.trapezoid(sensitivity, false_positive_rate) == pytest.approx(metrics.auc(positive, score))


def test_roc_refuses_other_shapes() -> None:
    """A score per recording."""
    with pytest.raises(ValueError, match=r"score\.shape=\(3,\) must be the shape of positive, \(2,\)"):
        roc_curve(np.array([True, False]), np.zeros(3))


def test_nan_is_refused() -> None:
    """NaN has no rank and belongs to no bin: no curve is drawn from it."""
    with pytest.raises(ValueError, match="score must hold no NaN; 1 of 2 is"):
        roc_curve(np.array([True, False]), np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match="confidence must hold no NaN; 1 of 2 is"):
        accuracy_at_coverage(np.array([True, False]), np.array([0.5, np.nan]), 0.5)
    with pytest.raises(ValueError, match="scores must hold no NaN; 2 of 2 are"):
        reliability(np.array([0]), np.full((1, 2), np.nan))


CORRECT = np.array([True, True, False, True, False])
CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6, 0.5])


@pytest.mark.parametrize(
    ("coverage", "accuracy"), [(0.01, 1.0), (0.2, 1.0), (0.4, 1.0), (0.6, 2 / 3), (0.8, 0.75), (1.0, 0.6)]
)
def test_accuracy_at_coverage_by_hand(coverage: float, accuracy: float) -> None:
    """The decisions with the highest confidence count, at least one."""
    assert accuracy_at_coverage(CORRECT, CONFIDENCE, coverage) == pytest.approx(accuracy)


def test_ties_at_the_edge_count_by_their_mean() -> None:
    """The order of equal confidences does not matter."""
    correct, confidence = np.array([True, True, False, False]), np.array([0.9, 0.5, 0.5, 0.5])
    assert accuracy_at_coverage(correct, confidence, 0.5) == pytest.approx((1 + 1 / 3) / 2)
    assert accuracy_at_coverage(correct[::-1], confidence[::-1], 0.5) == pytest.approx((1 + 1 / 3) / 2)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=30))
def test_full_coverage_is_the_accuracy(rows: list[tuple[bool, int]]) -> None:
    """Coverage 1 gives the accuracy, and any coverage a value from 0 to 1."""
    correct, confidence = np.array([row[0] for row in rows]), np.array([row[1] / 9 for row in rows])
    assert accuracy_at_coverage(correct, confidence, 1.0) == pytest.approx(correct.mean())
    assert 0 <= accuracy_at_coverage(correct, confidence, 0.3) <= 1


@pytest.mark.parametrize("coverage", [0.0, -0.5, 1.01, math.nan])
def test_a_coverage_out_of_range_is_refused(coverage: float) -> None:
    """Above 0, at most 1."""
    with pytest.raises(ValueError, match="must be above 0 and at most 1"):
        accuracy_at_coverage(CORRECT, CONFIDENCE, coverage)


@pytest.mark.parametrize("correct", [np.array([], bool), np.array([True])])
def test_accuracy_at_coverage_refuses_shapes(correct: np.ndarray) -> None:
    """Nothing, and other shapes, are refused."""
    with pytest.raises(ValueError, match=r"confidence\.shape="):
        accuracy_at_coverage(correct, np.zeros(len(correct) * 2), 0.5)


def test_reliability_by_hand() -> None:
    """Two decisions of 0.8, one correct; one of 1.0, correct; nothing elsewhere."""
    scores = np.array([[0.8, 0.2], [0.2, 0.8], [1.0, 0.0]])
    bins = reliability(np.array([0, 0, 0]), scores, num_bins=5)
    assert bins[4] == ReliabilityBin(0.8, 1.0, 3, pytest.approx(2.6 / 3), pytest.approx(2 / 3))
    assert [each.count for each in bins] == [0, 0, 0, 0, 3]
    assert math.isnan(bins[0].confidence)
    assert math.isnan(bins[0].accuracy)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=40))
def test_the_bins_add_up_to_the_calibration_error(rows: list[tuple[int, int, int]]) -> None:
    """The gaps of the bins, weighted by their counts, are the expected calibration error."""
    ground_truth = np.array([row[0] for row in rows], np.intp)
    raw = np.array([[row[1], row[2], 3.0] for row in rows])
    scores = raw / raw.sum(axis=1, keepdims=True)
    bins = [each for each in reliability(ground_truth, scores) if each.count]
    assert sum(each.count for each in bins) == len(rows)
    gaps = sum(each.count * abs(each.accuracy - each.confidence) for each in bins) / len(rows)
    assert gaps == pytest.approx(metrics.calibration_error(ground_truth, scores))


def test_reliability_of_nothing_is_empty_bins() -> None:
    """No recording, ten empty bins."""
    bins = reliability(np.array([], np.intp), np.zeros((0, 3)))
    assert [each.count for each in bins] == [0] * 10


def test_reliability_refuses() -> None:
    """Shapes that do not fit, and no bins."""
    with pytest.raises(ValueError, match=r"scores\.shape=\(2, 3\) must be \(n, k\) for ground_truth of shape \(1,\)"):
        reliability(np.array([0]), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="num_bins=0 must be 1 or more"):
        reliability(np.array([0]), np.ones((1, 2)), num_bins=0)

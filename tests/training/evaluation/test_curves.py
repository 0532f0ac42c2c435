"""Curves of merit against values worked out by hand."""

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
    alarms, hits = roc_curve(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    np.testing.assert_allclose(alarms, [0, 0, 0.5, 0.5, 1])
    np.testing.assert_allclose(hits, [0, 0.5, 0.5, 1, 1])


def test_roc_takes_equal_scores_together() -> None:
    """No threshold parts equal scores, so they make one point."""
    alarms, hits = roc_curve(np.array([True, False, True, False]), np.full(4, 0.5))
    np.testing.assert_allclose(alarms, [0, 1])
    np.testing.assert_allclose(hits, [0, 1])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_the_area_below_the_roc_curve_is_the_auc(rows: list[tuple[bool, int]]) -> None:
    """The trapezia under the curve add up to what counting pairs gives."""
    positive, score = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], float)
    if positive.all() or not positive.any():
        with pytest.raises(ValueError, match="roc_curve needs at least one positive and one negative"):
            roc_curve(positive, score)
        return
    alarms, hits = roc_curve(positive, score)
    assert np.trapezoid(hits, alarms) == pytest.approx(metrics.auc(positive, score))


def test_roc_refuses_other_shapes() -> None:
    """A score per recording."""
    with pytest.raises(ValueError, match=r"score\.shape=\(3,\) must be the shape of positive, \(2,\)"):
        roc_curve(np.array([True, False]), np.zeros(3))


RIGHT = np.array([True, True, False, True, False])
CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6, 0.5])


@pytest.mark.parametrize(
    ("coverage", "accuracy"), [(0.01, 1.0), (0.2, 1.0), (0.4, 1.0), (0.6, 2 / 3), (0.8, 0.75), (1.0, 0.6)]
)
def test_accuracy_at_coverage_by_hand(coverage: float, accuracy: float) -> None:
    """The surest are kept, one at least."""
    assert accuracy_at_coverage(RIGHT, CONFIDENCE, coverage) == pytest.approx(accuracy)


def test_the_order_of_equals_does_not_matter() -> None:
    """Where the edge falls among equals, they count by their mean, in whatever order they stand."""
    right, confidence = np.array([True, True, False, False]), np.array([0.9, 0.5, 0.5, 0.5])
    assert accuracy_at_coverage(right, confidence, 0.5) == pytest.approx((1 + 1 / 3) / 2)
    assert accuracy_at_coverage(right[::-1], confidence[::-1], 0.5) == pytest.approx((1 + 1 / 3) / 2)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=30))
def test_full_coverage_is_the_accuracy(rows: list[tuple[bool, int]]) -> None:
    """Nothing left out, nothing changed; and any coverage gives a share."""
    right, confidence = np.array([row[0] for row in rows]), np.array([row[1] / 9 for row in rows])
    assert accuracy_at_coverage(right, confidence, 1.0) == pytest.approx(right.mean())
    assert 0 <= accuracy_at_coverage(right, confidence, 0.3) <= 1


@pytest.mark.parametrize("coverage", [0.0, -0.5, 1.01, math.nan])
def test_a_coverage_out_of_range_is_refused(coverage: float) -> None:
    """Above 0, at most 1."""
    with pytest.raises(ValueError, match="must be above 0 and at most 1"):
        accuracy_at_coverage(RIGHT, CONFIDENCE, coverage)


@pytest.mark.parametrize("right", [np.array([], bool), np.array([True])])
def test_accuracy_at_coverage_refuses_shapes(right: np.ndarray) -> None:
    """Nothing, and other shapes, are refused."""
    with pytest.raises(ValueError, match=r"confidence\.shape="):
        accuracy_at_coverage(right, np.zeros(len(right) * 2), 0.5)


def test_reliability_by_hand() -> None:
    """Two decisions of 0.8, one right; one of 1.0, right; nothing elsewhere."""
    scores = np.array([[0.8, 0.2], [0.2, 0.8], [1.0, 0.0]])
    bins = reliability(np.array([0, 0, 0]), scores, num_bins=5)
    assert bins[4] == ReliabilityBin(0.8, 1.0, 3, pytest.approx(2.6 / 3), pytest.approx(2 / 3))
    assert [its.count for its in bins] == [0, 0, 0, 0, 3]
    assert math.isnan(bins[0].confidence)
    assert math.isnan(bins[0].accuracy)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=40))
def test_the_bins_add_up_to_the_calibration_error(rows: list[tuple[int, int, int]]) -> None:
    """The gaps of the bins, weighed by their counts, are the expected calibration error."""
    truth = np.array([row[0] for row in rows], np.intp)
    raw = np.array([[row[1], row[2], 3.0] for row in rows])
    scores = raw / raw.sum(axis=1, keepdims=True)
    bins = [its for its in reliability(truth, scores) if its.count]
    assert sum(its.count for its in bins) == len(rows)
    gaps = sum(its.count * abs(its.accuracy - its.confidence) for its in bins) / len(rows)
    assert gaps == pytest.approx(metrics.calibration_error(truth, scores))


def test_reliability_of_nothing_is_empty_bins() -> None:
    """No recording, ten empty bins."""
    bins = reliability(np.array([], np.intp), np.zeros((0, 3)))
    assert [its.count for its in bins] == [0] * 10


def test_reliability_refuses() -> None:
    """Shapes that do not fit, and no bins."""
    with pytest.raises(ValueError, match=r"scores\.shape=\(2, 3\) must be \(n, k\) for truth of shape \(1,\)"):
        reliability(np.array([0]), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="num_bins=0 must be 1 or more"):
        reliability(np.array([0]), np.ones((1, 2)), num_bins=0)

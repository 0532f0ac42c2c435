"""Metrics against values worked out by hand, and against scikit-learn where it is installed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.evaluation import metrics
from training.evaluation.metrics import Ranking

MATRIX = np.array([[8, 2, 0], [1, 3, 0], [1, 1, 0]])
"""10 of the first class, 4 of the second, 2 of the third, which is never decided."""


@st.composite
def scored(draw: st.DrawFn) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return ground truth and scores of three classes, with ties."""
    size = draw(st.integers(3, 40))
    truth = np.array(draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)), np.intp)
    raw = draw(st.lists(st.tuples(*[st.integers(1, 6)] * 3), min_size=size, max_size=size))
    scores = np.array(raw, float)
    return truth, scores / scores.sum(axis=1, keepdims=True)


def test_confusion_by_hand() -> None:
    """Rows are the ground truth, columns the decisions."""
    ground_truth, decided = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 2])
    np.testing.assert_array_equal(metrics.confusion(ground_truth, decided, 3), [[1, 1, 0], [0, 1, 0], [1, 0, 1]])


def test_accuracy_by_hand() -> None:
    """11 of 16 are correct."""
    assert metrics.accuracy(MATRIX) == 11 / 16


def test_balanced_accuracy_by_hand() -> None:
    """The mean of 8/10, 3/4 and 0."""
    assert metrics.balanced_accuracy(MATRIX) == pytest.approx((0.8 + 0.75 + 0.0) / 3)


def test_macro_f1_by_hand() -> None:
    """F1 is 2 x 8 / (10 + 10), 2 x 3 / (4 + 6) and 0."""
    assert metrics.macro_f1(MATRIX) == pytest.approx((0.8 + 0.6 + 0.0) / 3)


def test_a_class_that_does_not_occur() -> None:
    """A class without a recording neither helps nor hurts the means over classes."""
    with_it = np.array([[8, 2, 1], [1, 3, 0], [0, 0, 0]])
    assert metrics.balanced_accuracy(with_it) == pytest.approx((8 / 11 + 3 / 4) / 2)
    assert metrics.macro_f1(with_it) == pytest.approx((16 / 20 + 6 / 9) / 2)


def test_sensitivity_specificity_precision_by_hand() -> None:
    """Of the second class 3 of 4 are found, 9 of 12 others are rejected, 3 of 6 decisions are correct."""
    assert metrics.sensitivity_specificity_precision(MATRIX, 1) == (0.75, 0.75, 0.5)


def test_zero_denominators_give_nan() -> None:
    """The precision of a class that is never decided is NaN, and the same holds for the other two."""
    sensitivity, specificity, precision = metrics.sensitivity_specificity_precision(MATRIX, 2)
    assert (sensitivity, specificity) == (0.0, 1.0)
    assert np.isnan(precision)
    assert np.isnan(metrics.sensitivity_specificity_precision(np.array([[0, 0], [1, 1]]), 0)[0])
    assert np.isnan(metrics.sensitivity_specificity_precision(np.array([[1, 1], [0, 0]]), 0)[1])


@pytest.mark.parametrize(
    ("truth", "decided"),
    [([], []), ([0], [0, 1]), ([[0]], [[0]]), ([0, 3], [0, 0]), ([0, 0], [0, 3]), ([-1, 0], [0, 0])],
)
def test_confusion_refuses(truth: list[Any], decided: list[Any]) -> None:
    """Nothing, other shapes, and classes that do not exist are refused."""
    with pytest.raises(ValueError, match=r"decided\.shape|class indices must be from 0 to 2"):
        metrics.confusion(np.array(truth, np.intp), np.array(decided, np.intp), 3)


@pytest.mark.parametrize(
    ("positive", "score", "area"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 1.0),
        ([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], 0.0),
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], 0.75),
        ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 0.5),
        ([0, 1, 1], [0.3, 0.3, 0.7], 0.75),
        ([1, 0, 0, 0, 1], [0.4, 0.4, 0.4, 0.1, 0.9], 5 / 6),
    ],
)
def test_auc_by_hand(positive: list[int], score: list[float], area: float) -> None:
    """The fraction of pairs in which the positive scores higher, a tie being half a pair."""
    assert metrics.auc(np.array(positive, bool), np.array(score)) == pytest.approx(area)


@given(scored())
def test_auc_counts_pairs(case: tuple[NDArray[np.intp], NDArray[np.float64]]) -> None:
    """The area is what counting all pairs gives, ties and all."""
    truth, scores = case
    positive, score = truth == 0, scores[:, 0]
    assume(positive.any() and not positive.all())
    difference = score[positive][:, None] - score[~positive][None, :]
    assert metrics.auc(positive, score) == pytest.approx(((difference > 0) + 0.5 * (difference == 0)).mean())


@pytest.mark.parametrize("positive", [[True, True], [False, False]])
def test_auc_refuses_an_empty_side(positive: list[bool]) -> None:
    """The AUC needs positives and negatives."""
    score = np.array([0.1, 0.2])
    with pytest.raises(ValueError, match="needs at least one positive and one negative"):
        metrics.auc(np.array(positive), score)


def test_auc_refuses_other_shapes() -> None:
    """A score per recording."""
    with pytest.raises(ValueError, match=r"score\.shape=\(3,\) must be the shape of positive, \(2,\)"):
        metrics.auc(np.array([True, False]), np.zeros(3))


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_score_that_is_nan_is_refused(at: int) -> None:
    """NaN has no rank: there is no area and no ranking, wherever it stands, on either side."""
    positive, score = np.array([True, False, True]), np.array([0.1, 0.2, 0.3])
    score[at] = np.nan
    for refuses in (metrics.auc, Ranking):
        with pytest.raises(ValueError, match="score must hold no NaN; 1 of 3 is"):
            refuses(positive, score)


def test_calibration_of_nan_is_refused() -> None:
    """NaN belongs to no bin of confidence."""
    with pytest.raises(ValueError, match="scores must hold no NaN; 2 of 4 are"):
        metrics.calibration_error(np.array([0, 1]), np.array([[np.nan, 0.5], [np.nan, 0.5]]))


def test_calibrated_scores_have_no_calibration_error() -> None:
    """Scores of 0.7 that are correct 7 times in 10, and of 0.9 that are correct 9 in 10, have no calibration error."""
    scores = np.repeat([[0.7, 0.3], [0.9, 0.1]], 10, axis=0)
    truth = np.array([0] * 7 + [1] * 3 + [0] * 9 + [1])
    assert metrics.calibration_error(truth, scores) == pytest.approx(0.0, abs=1e-12)


def test_calibration_error_by_hand() -> None:
    """Half the scores are 1.0 and correct half the time: error 0.5 on half of them, 0.2 on the others."""
    scores = np.array([[1.0, 0.0], [1.0, 0.0], [0.8, 0.2], [0.8, 0.2]])
    assert metrics.calibration_error(np.array([0, 1, 0, 0]), scores) == pytest.approx(0.5 * 0.5 + 0.5 * 0.2)


@given(scored())
def test_calibration_error_is_from_0_to_1(case: tuple[NDArray[np.intp], NDArray[np.float64]]) -> None:
    """It lies from 0 to 1 whatever the scores."""
    assert 0 <= metrics.calibration_error(*case) <= 1


@settings(max_examples=25, deadline=None)
@given(scored())
def test_the_same_as_scikit_learn(case: tuple[NDArray[np.intp], NDArray[np.float64]]) -> None:
    """Accuracy, balanced accuracy, F1, sensitivity, precision and area are scikit-learn's."""
    sklearn = pytest.importorskip("sklearn.metrics", reason="the comparison needs scikit-learn")
    truth, scores = case
    assume(len(set(truth.tolist())) == 3)
    decided = scores.argmax(axis=1)
    matrix = metrics.confusion(truth, decided, 3)
    np.testing.assert_array_equal(matrix, sklearn.confusion_matrix(truth, decided, labels=[0, 1, 2]))
    assert metrics.accuracy(matrix) == pytest.approx(sklearn.accuracy_score(truth, decided))
    assert metrics.balanced_accuracy(matrix) == pytest.approx(sklearn.balanced_accuracy_score(truth, decided))
    assert metrics.macro_f1(matrix) == pytest.approx(sklearn.f1_score(truth, decided, average="macro", zero_division=0))
    recall = sklearn.recall_score(truth, decided, average=None, labels=[0, 1, 2])
    precision = sklearn.precision_score(truth, decided, average=None, labels=[0, 1, 2], zero_division=np.nan)
    for label in range(3):
        ours = metrics.sensitivity_specificity_precision(matrix, label)
        assert ours[0] == pytest.approx(recall[label])
        assert ours[2] == pytest.approx(precision[label], nan_ok=True)
        area = sklearn.roc_auc_score(truth == label, scores[:, label])
        assert metrics.auc(truth == label, scores[:, label]) == pytest.approx(area)


def test_total_precision_by_hand() -> None:
    """8 of 10, 3 of 6, and nothing from the class that is never decided."""
    assert metrics.total_precision(MATRIX) == pytest.approx(0.8 + 0.5)
    assert metrics.total_precision(np.eye(3, dtype=np.int64)) == 3.0


def test_youden_by_hand() -> None:
    """Sensitivity and specificity less 1; NaN stays NaN."""
    assert metrics.youden(0.8, 0.9) == pytest.approx(0.7)
    assert metrics.youden(0.0, 0.0) == -1.0
    assert np.isnan(metrics.youden(float("nan"), 0.9))


def test_discriminant_power_by_hand() -> None:
    """Odds of 3 and 9: sqrt(3) / pi times ln 27; 0 for guessing, below 0 for worse."""
    assert metrics.discriminant_power(0.75, 0.9) == pytest.approx(np.sqrt(3) / np.pi * np.log(27))
    assert metrics.discriminant_power(0.3, 0.7) == pytest.approx(0.0)
    assert metrics.discriminant_power(0.2, 0.3) < 0


@pytest.mark.parametrize(("sensitivity", "specificity"), [(1.0, 0.5), (0.5, 0.0), (float("nan"), 0.5)])
def test_discriminant_power_has_no_finite_value(sensitivity: float, specificity: float) -> None:
    """For a value of 0, 1 or NaN it is NaN, never an error or infinity."""
    assert np.isnan(metrics.discriminant_power(sensitivity, specificity))


@pytest.mark.parametrize("metric", [metrics.youden, metrics.discriminant_power])
def test_values_out_of_range_are_refused(metric: Any) -> None:
    """A sensitivity in percent is refused."""
    with pytest.raises(ValueError, match="sensitivity=80 must be from 0 to 1"):
        metric(80, 0.5)
    with pytest.raises(ValueError, match=r"specificity=-0\.1 must be from 0 to 1"):
        metric(0.5, -0.1)


@given(scored())
def test_total_precision_is_at_most_the_number_of_classes(
    case: tuple[NDArray[np.intp], NDArray[np.float64]],
) -> None:
    """It lies from 0 to 3 for three classes, and is the sum of the precisions that exist."""
    truth, scores = case
    matrix = metrics.confusion(truth, scores.argmax(axis=1), 3)
    parts = [metrics.sensitivity_specificity_precision(matrix, index)[2] for index in range(3)]
    assert metrics.total_precision(matrix) == pytest.approx(np.nansum(parts))
    assert 0 <= metrics.total_precision(matrix) <= 3 + 1e-12


ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=40)


@given(ROWS, st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_ranking_equals_counting_pairs_and_trying_all_thresholds(
    rows: list[tuple[bool, int]], seed: int, specificity: float
) -> None:
    """For any resample: the AUC counts pairs, the sensitivity is the best of any threshold with that specificity."""
    positive, score = np.array([row[0] for row in rows]), np.array([row[1] / 6 for row in rows])
    drawn = np.random.default_rng(seed).integers(len(rows), size=len(rows))
    area, sensitivity = Ranking(positive, score).metrics(drawn, specificity)
    positive, score = positive[drawn], score[drawn]
    if positive.all() or not positive.any():
        assert math.isnan(area)
        assert math.isnan(sensitivity)
        return
    difference = score[positive][:, None] - score[~positive][None, :]
    assert area == pytest.approx(((difference > 0) + 0.5 * (difference == 0)).mean())
    decisions = [score >= threshold for threshold in (*np.unique(score), np.inf)]
    allowed = [said[positive].mean() for said in decisions if (~said)[~positive].mean() >= specificity - 1e-12]
    assert sensitivity == pytest.approx(max(allowed))


def test_ranking_by_hand() -> None:
    """Of two positives one lies above both negatives and one between them."""
    ranking = Ranking(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    assert ranking.metrics(np.arange(4), 0.9) == (0.75, 0.5)
    assert ranking.metrics(np.arange(4), 0.5) == (0.75, 1.0)
    assert ranking.auc(np.arange(4)) == 0.75


def test_sensitivity_at_specificity_by_hand() -> None:
    """Keeping 9 of 10 negatives below leaves one false alarm: 2 of 3 positives lie above the second negative."""
    score = np.concatenate((np.arange(10) / 100, [0.5, 0.6], [0.085]))
    ranking = Ranking(np.array([False] * 10 + [True] * 3), score)
    assert ranking.metrics(np.arange(13), 0.9)[1] == 1.0
    assert ranking.metrics(np.arange(13), 1.0)[1] == pytest.approx(2 / 3)


def test_ranking_refuses_other_shapes() -> None:
    """A score per row."""
    with pytest.raises(ValueError, match=r"score\.shape=\(3,\) must be the shape of positive, \(2,\)"):
        Ranking(np.array([True, False]), np.zeros(3))


def test_messages_name_what_is_wrong() -> None:
    """Both shapes, the classes that exist, and a value that is no fraction."""
    with pytest.raises(
        ValueError, match=r"^decided.shape=\(2,\) must be the shape of ground_truth, \(1,\), and not empty$"
    ):
        metrics.confusion(np.array([0]), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match=r"^class indices must be from 0 to 2$"):
        metrics.confusion(np.array([0]), np.array([3]), 3)
    with pytest.raises(ValueError, match=r"^auc needs at least one positive and one negative$"):
        metrics.auc(np.array([True]), np.array([0.5]))


def test_calibration_error_has_ten_bins_of_equal_width() -> None:
    """0.81 and 0.89 share a bin, 0.79 is in the one below; with two bins all three are together."""
    scores = np.array([[0.81, 0.19], [0.89, 0.11], [0.79, 0.21]])
    truth = np.array([0, 1, 0])
    assert metrics.calibration_error(truth, scores) == pytest.approx((abs(1.0 - 1.70) + abs(1.0 - 0.79)) / 3)
    assert metrics.calibration_error(truth, scores, num_bins=2) == pytest.approx(abs(2.0 - 2.49) / 3)
    assert metrics.calibration_error(truth, scores, num_bins=1) == pytest.approx(abs(2.0 - 2.49) / 3)


def test_a_score_of_1_is_in_the_last_bin() -> None:
    """Together with 0.95, though ten times it is ten."""
    scores, truth = np.array([[1.0, 0.0], [0.95, 0.05]]), np.array([0, 1])
    assert metrics.calibration_error(truth, scores) == pytest.approx(abs(1.0 - 1.95) / 2)


def test_a_class_may_be_missing_from_one_side() -> None:
    """Class 0 may occur only among the decisions, and the last class too."""
    np.testing.assert_array_equal(
        metrics.confusion(np.array([1, 1]), np.array([0, 2]), 3), [[0] * 3, [1, 0, 1], [0] * 3]
    )
    assert metrics.confusion(np.array([0]), np.array([0]), 1).dtype == np.int64


@pytest.mark.parametrize("metric", [metrics.youden, metrics.discriminant_power])
def test_values_from_0_to_1_are_accepted(metric: Any) -> None:
    """0, 1 and NaN are fractions, on either side."""
    for value in (0.0, 1.0, math.nan):
        metric(value, 0.5)
        metric(0.5, value)
    with pytest.raises(ValueError, match=r"^specificity=1\.5 must be from 0 to 1$"):
        metric(0.5, 1.5)


def test_rounding_costs_no_threshold() -> None:
    """0.28 of 25 negatives are 7, though the product is 7.000000000000001: a positive above 7 of them is found."""
    score = np.append(np.arange(25) / 25, 6.5 / 25)
    ranking = Ranking(np.arange(26) == 25, score)
    assert ranking.metrics(np.arange(26), 0.28)[1] == 1.0
    assert ranking.metrics(np.arange(26), 0.29)[1] == 0.0

"""Figures of merit against values worked out by hand, and against scikit-learn where it is installed."""

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
def judged(draw: st.DrawFn) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return truth and scores of three classes, with ties."""
    size = draw(st.integers(3, 40))
    truth = np.array(draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)), np.intp)
    raw = draw(st.lists(st.tuples(*[st.integers(1, 6)] * 3), min_size=size, max_size=size))
    scores = np.array(raw, float)
    return truth, scores / scores.sum(axis=1, keepdims=True)


def test_confusion_by_hand() -> None:
    """Rows are the truth, columns what was decided."""
    truth, decided = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 2])
    np.testing.assert_array_equal(metrics.confusion(truth, decided, 3), [[1, 1, 0], [0, 1, 0], [1, 0, 1]])


def test_accuracy_by_hand() -> None:
    """11 of 16 are right."""
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
    assert np.isfinite(metrics.macro_f1(with_it))


def test_sensitivity_specificity_precision_by_hand() -> None:
    """Of the second class 3 of 4 are found, 9 of 12 others are left alone, 3 of 6 decisions are right."""
    assert metrics.sensitivity_specificity_precision(MATRIX, 1) == (0.75, 0.75, 0.5)


def test_nothing_to_divide_by() -> None:
    """The precision of a class never decided is no number, and the same holds for the other two."""
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
    with pytest.raises(ValueError, match=r"decided\.shape|class numbers must be from 0 to 2"):
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
    """The share of pairs in which the positive scores higher, a tie being half a pair."""
    assert metrics.auc(np.array(positive, bool), np.array(score)) == pytest.approx(area)


@given(judged())
def test_auc_counts_pairs(case: tuple[NDArray[np.intp], NDArray[np.float64]]) -> None:
    """The area is what counting all pairs gives, ties and all."""
    truth, scores = case
    positive, score = truth == 0, scores[:, 0]
    assume(positive.any() and not positive.all())
    difference = score[positive][:, None] - score[~positive][None, :]
    assert metrics.auc(positive, score) == pytest.approx(((difference > 0) + 0.5 * (difference == 0)).mean())


@given(judged())
def test_sensitivity_at_specificity_tries_all_thresholds(case: tuple[NDArray[np.intp], NDArray[np.float64]]) -> None:
    """The figure is the best that any threshold gives, found by trying all of them."""
    truth, scores = case
    positive, score = truth == 0, scores[:, 0]
    assume(positive.any() and not positive.all())
    decisions = [score >= threshold for threshold in (*np.unique(score), np.inf)]
    fitting = [said[positive].mean() for said in decisions if (~said)[~positive].mean() >= 0.8 - 1e-12]
    assert metrics.sensitivity_at_specificity(positive, score, 0.8) == pytest.approx(max(fitting))


def test_sensitivity_at_specificity_by_hand() -> None:
    """Keeping 9 of 10 negatives below leaves one alarm: 2 of 3 positives lie above the second negative."""
    negative = np.arange(10) / 100
    score = np.concatenate((negative, [0.5, 0.6], [0.085]))
    positive = np.array([False] * 10 + [True] * 3)
    assert metrics.sensitivity_at_specificity(positive, score, 0.9) == 1.0
    assert metrics.sensitivity_at_specificity(positive, score, 1.0) == pytest.approx(2 / 3)


@pytest.mark.parametrize("positive", [[True, True], [False, False]])
def test_one_side_is_empty(positive: list[bool]) -> None:
    """Figures of a ranking need both sides."""
    score = np.array([0.1, 0.2])
    with pytest.raises(ValueError, match="needs at least one positive and one negative"):
        metrics.auc(np.array(positive), score)
    with pytest.raises(ValueError, match="needs at least one positive and one negative"):
        metrics.sensitivity_at_specificity(np.array(positive), score, 0.9)


def test_auc_refuses_other_shapes() -> None:
    """A score per recording."""
    with pytest.raises(ValueError, match=r"score\.shape=\(3,\) must be the shape of positive, \(2,\)"):
        metrics.auc(np.array([True, False]), np.zeros(3))


def test_perfectly_calibrated() -> None:
    """Scores of 0.7 that are right 7 times in 10, and of 0.9 that are right 9 in 10, have no calibration error."""
    scores = np.repeat([[0.7, 0.3], [0.9, 0.1]], 10, axis=0)
    truth = np.array([0] * 7 + [1] * 3 + [0] * 9 + [1])
    assert metrics.calibration_error(truth, scores) == pytest.approx(0.0, abs=1e-12)


def test_calibration_error_by_hand() -> None:
    """Half the scores say 1.0 and are right half the time: error 0.5 on half of them, 0.2 on the others."""
    scores = np.array([[1.0, 0.0], [1.0, 0.0], [0.8, 0.2], [0.8, 0.2]])
    assert metrics.calibration_error(np.array([0, 1, 0, 0]), scores) == pytest.approx(0.5 * 0.5 + 0.5 * 0.2)


@given(judged())
def test_calibration_error_is_a_share(case: tuple[NDArray[np.intp], NDArray[np.float64]]) -> None:
    """It lies from 0 to 1 whatever the scores."""
    assert 0 <= metrics.calibration_error(*case) <= 1


@settings(max_examples=25, deadline=None)
@given(judged())
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


def mean_of(values: NDArray[np.float64]) -> Any:
    """Return the figure that is the mean of some values."""
    return lambda rows: float(values[rows].mean())


def test_the_interval_holds_the_truth() -> None:
    """Of 60 data sets drawn from patients of mean 0, the 95 % interval of at least 50 holds 0 (57 expected)."""
    held = 0
    for number in range(60):
        rng = np.random.default_rng(number)
        values = np.repeat(rng.standard_normal(40), 3) + 0.1 * rng.standard_normal(120)
        patients = [f"p{index // 3}" for index in range(120)]
        low, high = metrics.bootstrap_interval(mean_of(values), patients, rng, repeats=200)
        assert low < values.mean() < high
        held += low < 0 < high
    assert held >= 50


def test_patients_are_drawn_whole() -> None:
    """Ten copies of each recording make the interval narrower only if they were taken for other patients'."""
    values = np.random.default_rng(0).standard_normal(30)

    def width(copies: int, owners: int) -> float:
        rows = np.arange(30 * copies)
        names = [f"p{row // copies if owners == 30 else row}" for row in rows]
        low, high = metrics.bootstrap_interval(
            mean_of(np.repeat(values, copies)), names, np.random.default_rng(1), repeats=400
        )
        return high - low

    assert width(10, 30) == pytest.approx(width(1, 30), rel=0.15)
    assert width(10, 300) < 0.5 * width(1, 30)


def test_the_seed_repeats_the_interval() -> None:
    """The same generator state gives the same interval."""
    values = np.random.default_rng(0).standard_normal(20)
    patients = [f"p{number}" for number in range(20)]
    first, second = (metrics.bootstrap_interval(mean_of(values), patients, np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_draws_without_a_figure_are_left_out() -> None:
    """A draw in which the figure cannot be formed, or is no number, does not count."""

    def figure(rows: NDArray[np.intp]) -> float:
        if 0 not in rows:
            raise ValueError("no zero")
        return float("nan") if 1 in rows else 5.0

    assert metrics.bootstrap_interval(figure, ["a", "b", "c"], np.random.default_rng(0)) == (5.0, 5.0)


def test_no_draw_gives_a_figure() -> None:
    """Where no draw gives a figure, there is no interval."""

    def figure(rows: NDArray[np.intp]) -> float:
        raise ValueError(f"{len(rows)} rows are too few")

    with pytest.raises(ValueError, match="no draw of patients gave a figure"):
        metrics.bootstrap_interval(figure, ["a", "b"], np.random.default_rng(0), repeats=10)


def test_total_precision_by_hand() -> None:
    """8 of 10, 3 of 6, and nothing from the class that is never decided."""
    assert metrics.total_precision(MATRIX) == pytest.approx(0.8 + 0.5)
    assert metrics.total_precision(np.eye(3, dtype=np.int64)) == 3.0


def test_youden_by_hand() -> None:
    """Sensitivity and specificity less 1; what is no number stays none."""
    assert metrics.youden(0.8, 0.9) == pytest.approx(0.7)
    assert metrics.youden(0.0, 0.0) == -1.0
    assert np.isnan(metrics.youden(float("nan"), 0.9))


def test_discriminant_power_by_hand() -> None:
    """Odds of 3 and 9: sqrt(3) / pi times ln 27; guessing has none, and worse than guessing less than none."""
    assert metrics.discriminant_power(0.75, 0.9) == pytest.approx(np.sqrt(3) / np.pi * np.log(27))
    assert metrics.discriminant_power(0.3, 0.7) == pytest.approx(0.0)
    assert metrics.discriminant_power(0.2, 0.3) < 0


@pytest.mark.parametrize(("sensitivity", "specificity"), [(1.0, 0.5), (0.5, 0.0), (float("nan"), 0.5)])
def test_discriminant_power_has_no_finite_value(sensitivity: float, specificity: float) -> None:
    """Of a share that is 0, 1 or unknown it is no number, never an error or infinity."""
    assert np.isnan(metrics.discriminant_power(sensitivity, specificity))


@pytest.mark.parametrize("figure", [metrics.youden, metrics.discriminant_power])
def test_shares_are_checked(figure: Any) -> None:
    """A sensitivity in percent is refused."""
    with pytest.raises(ValueError, match="sensitivity=80 must be from 0 to 1"):
        figure(80, 0.5)
    with pytest.raises(ValueError, match=r"specificity=-0\.1 must be from 0 to 1"):
        figure(0.5, -0.1)


@given(judged())
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
def test_the_same_as_the_plain_figures(rows: list[tuple[bool, int]], seed: int, specificity: float) -> None:
    """For any rows, drawn more than once or not at all: area and sensitivity are those of training.evaluation.metrics."""
    positive, score = np.array([row[0] for row in rows]), np.array([row[1] / 6 for row in rows])
    drawn = np.random.default_rng(seed).integers(len(rows), size=len(rows))
    area, sensitivity = Ranking(positive, score).figures(drawn, specificity)
    if positive[drawn].all() or not positive[drawn].any():
        assert math.isnan(area)
        assert math.isnan(sensitivity)
        return
    assert area == pytest.approx(metrics.auc(positive[drawn], score[drawn]))
    plain = metrics.sensitivity_at_specificity(positive[drawn], score[drawn], specificity)
    assert sensitivity == pytest.approx(plain)


def test_by_hand() -> None:
    """Of two positives one lies above both negatives and one between them."""
    ranking = Ranking(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    assert ranking.figures(np.arange(4), 0.9) == (0.75, 0.5)
    assert ranking.figures(np.arange(4), 0.5) == (0.75, 1.0)


def test_other_shapes_are_refused() -> None:
    """A score per recording."""
    with pytest.raises(ValueError, match=r"score\.shape=\(3,\) must be the shape of positive, \(2,\)"):
        Ranking(np.array([True, False]), np.zeros(3))

"""Figures of several classes and of one label, worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.classification import (
    AT_SPECIFICITY,
    CHALLENGE,
    COVERAGES,
    OF_LABEL,
    OVERALL,
    accuracies,
    confusion_of,
    label_metrics,
    majority_baseline,
    multiclass_metrics,
)
from training.evaluation.cross_validated import measure
from training.evaluation.ground_truth import LabelledScores, labelled_scores
from training.evaluation.scoring import ScoredRecording

LABELS = ("normal", "murmur", "extrastole")
NORMAL, MURMUR, EXTRA = (0.7, 0.2, 0.1), (0.2, 0.6, 0.2), (0.1, 0.1, 0.8)

MakeScored = Callable[..., ScoredRecording]
FEW = Bootstrap(0, 30)


def hearts(
    make_scored: MakeScored, rows: Sequence[tuple[str, tuple[float, ...]]], labels: tuple[str, ...] = LABELS
) -> LabelledScores:
    """Return hearts of some labels and scores, each of another patient."""
    return labelled_scores([make_scored(label, scores, f"p{row}") for row, (label, scores) in enumerate(rows)], labels)


@pytest.fixture
def eight(make_scored: MakeScored) -> LabelledScores:
    """Return 4 normals, one taken for a murmur; 2 murmurs, one taken for normal; 2 extrasystoles, both found."""
    rows = [("normal", NORMAL)] * 3 + [("normal", MURMUR), ("murmur", MURMUR), ("murmur", NORMAL)]
    return hearts(make_scored, [*rows, ("extrastole", EXTRA), ("extrastole", EXTRA)])


def test_overall_by_hand(eight: LabelledScores) -> None:
    """6 of 8 are right; sensitivities 3/4, 1/2 and 1; F1 3/4, 1/2 and 1."""
    found = multiclass_metrics(eight, FEW)
    assert found["accuracy"].value == 0.75
    assert found["balanced_accuracy"].value == pytest.approx((0.75 + 0.5 + 1) / 3)
    assert found["macro_f1"].value == pytest.approx((0.75 + 0.5 + 1) / 3)
    assert confusion_of(eight).tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 2]]


def test_calibration_by_hand(eight: LabelledScores) -> None:
    """Four of .7 with 3 right, two of .6 with 1 right, two of .8 with 2 right."""
    error = multiclass_metrics(eight, FEW)["calibration_error"].value
    assert error == pytest.approx((4 * 0.05 + 2 * 0.1 + 2 * 0.2) / 8)


def test_the_challenges_own_figures_by_hand(eight: LabelledScores) -> None:
    """Precisions 3/4, 1/2 and 1; of 4 problems 3 are taken for one, of 4 normals 3 for none."""
    found = multiclass_metrics(eight, FEW)
    assert found["total_precision"].value == pytest.approx(2.25)
    assert found["heart_problem_sensitivity"].value == 0.75
    assert found["heart_problem_specificity"].value == 0.75
    assert found["youden"].value == pytest.approx(0.5)
    assert found["discriminant_power"].value == pytest.approx(math.sqrt(3) / math.pi * 2 * math.log(3))


def test_coverage_by_hand(eight: LabelledScores) -> None:
    """The two of .8 are right; of the four of .7 one is wrong; the last two are one and one."""
    found = multiclass_metrics(eight, FEW)
    assert found["error_at_0.2"].value == 0.0
    assert found["error_at_0.5"].value == pytest.approx(0.5 / 4)
    assert found["error_at_1.0"].value == pytest.approx(0.25)
    assert found["accuracy_on_surest_80"].value == pytest.approx(1 - found["error_at_0.8"].value)


def test_the_names(eight: LabelledScores) -> None:
    """All figures that are promised are there, and none of the surest is without its interval."""
    found = multiclass_metrics(eight, FEW)
    assert set(found) == {*OVERALL, *CHALLENGE, *(f"error_at_{share}" for share in COVERAGES)}
    assert all(figure.low <= figure.high for name, figure in found.items() if name in OVERALL)


def test_one_label_by_hand(eight: LabelledScores) -> None:
    """Murmur: 1 of 2 found, 5 of 6 others left alone, 1 of 2 decisions right."""
    its = label_metrics(eight, "murmur", FEW)
    assert (its.positives, its.negatives) == (2, 6)
    figures = {name: figure.value for name, figure in its.metrics.items()}
    assert figures["sensitivity"] == 0.5
    assert figures["specificity"] == pytest.approx(5 / 6)
    assert figures["precision"] == 0.5
    # scores .6 and .2 of the positives against .2 .2 .2 .6 .1 .1
    assert figures["auc"] == pytest.approx(((5 + 0.5) + (2 + 1.5)) / 12)
    assert figures[AT_SPECIFICITY] == 0.0


def test_the_same_as_the_training_measures(make_scored: MakeScored) -> None:
    """Values and intervals are those that auscult train gives for the same scores."""
    rng = np.random.default_rng(1)
    truth = np.array([0] * 20 + [1] * 12 + [2] * 8, np.intp)
    scores = 0.7 * rng.dirichlet((1, 1, 1), 40) + 0.3 * np.eye(3)[truth]
    patients = [f"p{row // 2}" for row in range(40)]
    trained = measure(truth, scores, LABELS, patients, seed=0)
    rows = zip(truth, scores, patients, strict=True)
    ours = labelled_scores(
        [make_scored(LABELS[label], tuple(its.tolist()), patient) for label, its, patient in rows], LABELS
    )
    found = multiclass_metrics(ours, Bootstrap(0, 1000))
    for name, figure in trained.overall.items():
        assert parts(found[name]) == pytest.approx(parts(figure))
    for label, figures in trained.per_label.items():
        its = label_metrics(ours, label, Bootstrap(0, 1000)).metrics
        assert list(its) == list(figures) == list(OF_LABEL)
        for name, figure in figures.items():
            assert parts(its[name]) == pytest.approx(parts(figure), nan_ok=True)


def parts(figure: Estimate) -> tuple[float, float, float]:
    """Return a figure as numbers."""
    return (figure.value, figure.low, figure.high)


def test_partial_labels_serve_one_label(make_scored: MakeScored) -> None:
    """Children with and without a murmur: figures of murmur are there, those of several classes are not."""
    rows = [("murmur", MURMUR), ("murmur", NORMAL), ("normal or extrastole", NORMAL), ("normal or extrastole", EXTRA)]
    children = hearts(make_scored, rows)
    murmur = label_metrics(children, "murmur", FEW)
    assert (murmur.positives, murmur.negatives) == (2, 2)
    assert murmur.metrics["sensitivity"].value == 0.5
    assert murmur.metrics["specificity"].value == 1.0
    assert all(math.isnan(figure.value) for figure in multiclass_metrics(children.certain(), FEW).values())


def test_one_side_only(make_scored: MakeScored) -> None:
    """Normals alone tell how many are left alone, and nothing that needs both sides."""
    alone = hearts(make_scored, [("normal", NORMAL), ("normal", MURMUR)])
    its = label_metrics(alone, "murmur", FEW)
    assert (its.positives, its.negatives) == (0, 2)
    assert its.metrics["specificity"].value == 0.5
    assert all(math.isnan(its.metrics[name].value) for name in ("sensitivity", "precision", "auc", AT_SPECIFICITY))


def test_nothing_told(make_scored: MakeScored) -> None:
    """Of a label that no recording tells of, there is no figure."""
    its = label_metrics(hearts(make_scored, [("normal or extrastole", NORMAL)]), "normal", FEW)
    assert (its.positives, its.negatives) == (0, 0)
    assert all(math.isnan(figure.value) for figure in its.metrics.values())


def test_labels_without_normal(make_scored: MakeScored) -> None:
    """A bundle of other labels has no heart problem to find; the rest is as ever."""
    found = multiclass_metrics(hearts(make_scored, [("a", (0.9, 0.1)), ("b", (0.8, 0.2))], ("a", "b")), FEW)
    assert found["accuracy"].value == 0.5
    assert math.isnan(found["heart_problem_sensitivity"].value)
    assert math.isnan(found["discriminant_power"].value)
    assert found["total_precision"].value == 0.5


def test_accuracies_alone(eight: LabelledScores) -> None:
    """The short form gives the same two figures."""
    both, all_of_them = accuracies(eight, FEW), multiclass_metrics(eight, FEW)
    assert both == {name: all_of_them[name] for name in ("accuracy", "balanced_accuracy")}
    empty = accuracies(eight.only(np.array([], np.intp)), FEW)
    assert all(math.isnan(figure.value) for figure in empty.values())


def test_always_the_most_frequent(eight: LabelledScores) -> None:
    """Always "normal" is right for 4 of 8, with one sensitivity of 1 and two of 0."""
    always = majority_baseline(eight)
    assert always is not None
    assert always[0] == "normal"
    assert always[1]["accuracy"] == 0.5
    assert always[1]["balanced_accuracy"] == pytest.approx(1 / 3)
    assert always[1]["macro_f1"] == pytest.approx((2 * 4 / 12) / 3)
    assert majority_baseline(eight.only(np.array([], np.intp))) is None


def test_no_truth_is_a_matrix_of_zeros(eight: LabelledScores) -> None:
    """The confusion keeps its shape."""
    assert confusion_of(eight.only(np.array([], np.intp))).tolist() == [[0] * 3] * 3

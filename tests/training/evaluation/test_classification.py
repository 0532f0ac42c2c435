"""Metrics of several classes and of one label, worked out by hand."""

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


def labelled(
    make_scored: MakeScored, rows: Sequence[tuple[str, tuple[float, ...]]], labels: tuple[str, ...] = LABELS
) -> LabelledScores:
    """Return recordings of some labels and scores, each of another patient."""
    return labelled_scores([make_scored(label, scores, f"p{row}") for row, (label, scores) in enumerate(rows)], labels)


@pytest.fixture
def eight(make_scored: MakeScored) -> LabelledScores:
    """Return 4 normals, one taken for a murmur; 2 murmurs, one taken for normal; 2 extrasystoles, both correct."""
    rows = [("normal", NORMAL)] * 3 + [("normal", MURMUR), ("murmur", MURMUR), ("murmur", NORMAL)]
    return labelled(make_scored, [*rows, ("extrastole", EXTRA), ("extrastole", EXTRA)])


def test_overall_by_hand(eight: LabelledScores) -> None:
    """6 of 8 are correct; sensitivities 3/4, 1/2 and 1; F1 3/4, 1/2 and 1."""
    result = multiclass_metrics(eight, FEW)
    assert result["accuracy"].value == 0.75
    assert result["balanced_accuracy"].value == pytest.approx((0.75 + 0.5 + 1) / 3)
    assert result["macro_f1"].value == pytest.approx((0.75 + 0.5 + 1) / 3)
    assert confusion_of(eight).tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 2]]


def test_calibration_by_hand(eight: LabelledScores) -> None:
    """Four of .7 with 3 right, two of .6 with 1 right, two of .8 with 2 right."""
    error = multiclass_metrics(eight, FEW)["calibration_error"].value
    assert error == pytest.approx((4 * 0.05 + 2 * 0.1 + 2 * 0.2) / 8)


def test_challenge_metrics_by_hand(eight: LabelledScores) -> None:
    """Precisions 3/4, 1/2 and 1; of 4 problems 3 are taken for one, of 4 normals 3 for none."""
    result = multiclass_metrics(eight, FEW)
    assert result["total_precision"].value == pytest.approx(2.25)
    assert result["heart_problem_sensitivity"].value == 0.75
    assert result["heart_problem_specificity"].value == 0.75
    assert result["youden"].value == pytest.approx(0.5)
    assert result["discriminant_power"].value == pytest.approx(math.sqrt(3) / math.pi * 2 * math.log(3))


def test_coverage_by_hand(eight: LabelledScores) -> None:
    """Both of .8 are correct, three of four of .7, and one of the last two."""
    result = multiclass_metrics(eight, FEW)
    assert result["error_at_0.2"].value == 0.0
    assert result["error_at_0.5"].value == pytest.approx(0.5 / 4)
    assert result["error_at_1.0"].value == pytest.approx(0.25)
    assert result["accuracy_on_surest_80"].value == pytest.approx(1 - result["error_at_0.8"].value)


def test_metric_names(eight: LabelledScores) -> None:
    """All documented metrics are there, and the overall ones have intervals."""
    result = multiclass_metrics(eight, FEW)
    assert set(result) == {*OVERALL, *CHALLENGE, *(f"error_at_{share}" for share in COVERAGES)}
    assert all(estimate.low <= estimate.high for name, estimate in result.items() if name in OVERALL)


def test_label_metrics_by_hand(eight: LabelledScores) -> None:
    """Murmur: 1 of 2 result, 5 of 6 others rejected, 1 of 2 decisions correct."""
    result = label_metrics(eight, "murmur", FEW)
    assert (result.positives, result.negatives) == (2, 6)
    values = {name: estimate.value for name, estimate in result.metrics.items()}
    assert values["sensitivity"] == 0.5
    assert values["specificity"] == pytest.approx(5 / 6)
    assert values["precision"] == 0.5
    # scores .6 and .2 of the positives against .2 .2 .2 .6 .1 .1
    assert values["auc"] == pytest.approx(((5 + 0.5) + (2 + 1.5)) / 12)
    assert values[AT_SPECIFICITY] == 0.0


@pytest.mark.slow
def test_evaluation_equals_cross_validation(make_scored: MakeScored) -> None:
    """Values and intervals are those that auscult train gives for the same scores."""
    rng = np.random.default_rng(1)
    ground_truth = np.array([0] * 20 + [1] * 12 + [2] * 8, np.intp)
    scores = 0.7 * rng.dirichlet((1, 1, 1), 40) + 0.3 * np.eye(3)[ground_truth]
    patients = [f"p{row // 2}" for row in range(40)]
    trained = measure(ground_truth, scores, LABELS, patients, seed=0)
    rows = zip(ground_truth, scores, patients, strict=True)
    ours = labelled_scores(
        [make_scored(LABELS[label], tuple(row.tolist()), patient) for label, row, patient in rows], LABELS
    )
    result = multiclass_metrics(ours, Bootstrap(0, 1000))
    for name, estimate in trained.overall.items():
        assert parts(result[name]) == pytest.approx(parts(estimate))
    for label, values in trained.per_label.items():
        result = label_metrics(ours, label, Bootstrap(0, 1000)).metrics
        assert list(result) == list(values) == list(OF_LABEL)
        for name, estimate in values.items():
            assert parts(result[name]) == pytest.approx(parts(estimate), nan_ok=True)


def parts(estimate: Estimate) -> tuple[float, float, float]:
    """Return a estimate as numbers."""
    return (estimate.value, estimate.low, estimate.high)


def test_partial_labels_count_for_one_label(make_scored: MakeScored) -> None:
    """Children with and without a murmur: there are metrics of murmur, none of several classes."""
    rows = [("murmur", MURMUR), ("murmur", NORMAL), ("normal or extrastole", NORMAL), ("normal or extrastole", EXTRA)]
    children = labelled(make_scored, rows)
    murmur = label_metrics(children, "murmur", FEW)
    assert (murmur.positives, murmur.negatives) == (2, 2)
    assert murmur.metrics["sensitivity"].value == 0.5
    assert murmur.metrics["specificity"].value == 1.0
    assert all(math.isnan(estimate.value) for estimate in multiclass_metrics(children.certain(), FEW).values())


def test_negatives_alone(make_scored: MakeScored) -> None:
    """Normals alone give a specificity, and no metric that needs both sides."""
    alone = labelled(make_scored, [("normal", NORMAL), ("normal", MURMUR)])
    result = label_metrics(alone, "murmur", FEW)
    assert (result.positives, result.negatives) == (0, 2)
    assert result.metrics["specificity"].value == 0.5
    assert all(math.isnan(result.metrics[name].value) for name in ("sensitivity", "precision", "auc", AT_SPECIFICITY))


def test_an_unknown_label(make_scored: MakeScored) -> None:
    """A label that is unknown for every recording has no metric."""
    result = label_metrics(labelled(make_scored, [("normal or extrastole", NORMAL)]), "normal", FEW)
    assert (result.positives, result.negatives) == (0, 0)
    assert all(math.isnan(estimate.value) for estimate in result.metrics.values())


def test_labels_without_normal(make_scored: MakeScored) -> None:
    """A bundle of other labels has no heart problem to find; the other metrics do not change."""
    result = multiclass_metrics(labelled(make_scored, [("a", (0.9, 0.1)), ("b", (0.8, 0.2))], ("a", "b")), FEW)
    assert result["accuracy"].value == 0.5
    assert math.isnan(result["heart_problem_sensitivity"].value)
    assert math.isnan(result["discriminant_power"].value)
    assert result["total_precision"].value == 0.5


def test_accuracies_alone(eight: LabelledScores) -> None:
    """The two metrics equal those of all."""
    both, all_of_them = accuracies(eight, FEW), multiclass_metrics(eight, FEW)
    assert both == {name: all_of_them[name] for name in ("accuracy", "balanced_accuracy")}
    empty = accuracies(eight.only(np.array([], np.intp)), FEW)
    assert all(math.isnan(estimate.value) for estimate in empty.values())


def test_majority_baseline(eight: LabelledScores) -> None:
    """Always "normal" is correct for 4 of 8, with one sensitivity of 1 and two of 0."""
    always = majority_baseline(eight)
    assert always is not None
    assert always[0] == "normal"
    assert always[1]["accuracy"] == 0.5
    assert always[1]["balanced_accuracy"] == pytest.approx(1 / 3)
    assert always[1]["macro_f1"] == pytest.approx((2 * 4 / 12) / 3)
    assert majority_baseline(eight.only(np.array([], np.intp))) is None


def test_confusion_of_no_rows(eight: LabelledScores) -> None:
    """A matrix of zeros of the usual shape."""
    assert confusion_of(eight.only(np.array([], np.intp))).tolist() == [[0] * 3] * 3

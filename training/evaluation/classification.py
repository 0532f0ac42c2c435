"""Classification metrics by name, as functions of the rows that count: one family for every caller. Pure.

A row is a recording, or a patient; its decision is the label with the largest score. Each ``..._statistic`` checks
its arrays once and returns a function from row numbers to metrics, as
:meth:`training.evaluation.bootstrap.Bootstrap.estimate` asks for. What the rows do not give is NaN.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.labels import NORMAL
from training.evaluation import curves, metrics
from training.evaluation.bootstrap import UNDEFINED, Bootstrap, Estimate, Statistic
from training.evaluation.ground_truth import IS, IS_NOT, UNKNOWN, LabelledScores
from training.evaluation.metrics import Ranking

__all__ = [
    "AT_SPECIFICITY",
    "CHALLENGE",
    "COVERAGES",
    "OF_LABEL",
    "OVERALL",
    "SPECIFICITY",
    "LabelMetrics",
    "accuracies",
    "confusion_of",
    "label_metrics",
    "label_statistic",
    "majority_baseline",
    "multiclass_metrics",
    "overall_statistic",
]

COVERAGES = tuple(tenth / 10 for tenth in range(1, 11))
SELECTIVE_COVERAGE = 0.8
SPECIFICITY = 0.90
AT_SPECIFICITY = f"sensitivity_at_specificity_{SPECIFICITY:.2f}"

ACCURACIES = ("accuracy", "balanced_accuracy")
OVERALL = (*ACCURACIES, "macro_f1", "calibration_error", "accuracy_on_surest_80")
CHALLENGE = (
    "total_precision",
    "heart_problem_sensitivity",
    "heart_problem_specificity",
    "youden",
    "discriminant_power",
)
ERROR_AT = tuple(f"error_at_{coverage}" for coverage in COVERAGES)
OF_LABEL = ("sensitivity", "specificity", "precision", "auc", AT_SPECIFICITY)

Rows = NDArray[np.intp]
Matrix = NDArray[np.int64]


def overall_statistic(ground_truth: NDArray[np.intp], scores: NDArray[np.float64]) -> Statistic:
    """Return the function from rows to the metrics named in OVERALL.

    Parameters
    ----------
    ground_truth : ndarray, shape (n,), int
        Class index; rows that are UNKNOWN (-1) do not count.
    scores : ndarray, shape (n, classes)

    Raises
    ------
    ValueError
        If the shapes differ or a class index is out of range.
    """
    known = ground_truth != UNKNOWN
    decided, confidence = scores.argmax(axis=1), scores.max(axis=1)
    correct = decided == ground_truth
    matrix_of = _confusion_by_rows(ground_truth, decided, scores.shape[1])

    def metrics_of(rows: Rows) -> dict[str, float]:
        rows = rows[known[rows]]
        if not len(rows):
            return dict.fromkeys(OVERALL, math.nan)
        matrix = matrix_of(rows)
        values = (
            metrics.accuracy(matrix),
            metrics.balanced_accuracy(matrix),
            metrics.macro_f1(matrix),
            metrics.calibration_error(ground_truth[rows], scores[rows]),
            curves.accuracy_at_coverage(correct[rows], confidence[rows], SELECTIVE_COVERAGE),
        )
        return dict(zip(OVERALL, values, strict=True))

    return metrics_of


def label_statistic(
    positive: NDArray[np.bool_], decided: NDArray[np.bool_], score: NDArray[np.floating]
) -> Callable[[Rows], dict[str, float]]:
    """Return the function from rows to the metrics named in OF_LABEL.

    Parameters
    ----------
    positive, decided : ndarray, shape (n,), bool
        Whether a row has the label, and whether the label was decided on.
    score : ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    matrix_of, ranking = _confusion_by_rows(positive, decided, 2), Ranking(positive, score)

    def metrics_of(rows: Rows) -> dict[str, float]:
        rates = metrics.sensitivity_specificity_precision(matrix_of(rows), 1)
        return dict(zip(OF_LABEL, (*rates, *ranking.metrics(rows, SPECIFICITY)), strict=True))

    return metrics_of


def _challenge_statistic(
    ground_truth: NDArray[np.intp], decided: NDArray[np.intp], labels: Sequence[str]
) -> Callable[[Rows], dict[str, float]]:
    """Return the function from rows to the metrics of the PASCAL challenge, named in CHALLENGE."""
    matrix_of = _confusion_by_rows(ground_truth, decided, len(labels))

    def metrics_of(rows: Rows) -> dict[str, float]:
        if not len(rows):
            return dict.fromkeys(CHALLENGE, math.nan)
        matrix = matrix_of(rows)
        sensitivity, specificity = _heart_problem(matrix, labels)
        values = (
            metrics.total_precision(matrix),
            sensitivity,
            specificity,
            metrics.youden(sensitivity, specificity),
            metrics.discriminant_power(sensitivity, specificity),
        )
        return dict(zip(CHALLENGE, values, strict=True))

    return metrics_of


def _heart_problem(matrix: Matrix, labels: Sequence[str]) -> tuple[float, float]:
    """Return sensitivity and specificity of any label but normal against normal; NaN where one side is missing."""
    if NORMAL not in labels:
        return math.nan, math.nan
    specificity, sensitivity, _ = metrics.sensitivity_specificity_precision(matrix, labels.index(NORMAL))
    return sensitivity, specificity


def _confusion_by_rows(
    ground_truth: NDArray[np.integer | np.bool_], decided: NDArray[np.integer | np.bool_], num_classes: int
) -> Callable[[Rows], Matrix]:
    """Return the function from rows to their confusion matrix; checked once, counted many times."""
    known = ground_truth.astype(np.intp) != UNKNOWN
    if known.any():
        metrics.confusion(ground_truth[known].astype(np.intp), decided[known].astype(np.intp), num_classes)
    cell = ground_truth.astype(np.intp) * num_classes + decided
    size = num_classes**2
    return lambda rows: np.bincount(cell[rows], minlength=size).reshape(num_classes, num_classes)


def multiclass_metrics(certain: LabelledScores, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Return the metrics named in OVERALL and in CHALLENGE, and ``error_at_0.1`` to ``error_at_1.0``.

    Parameters
    ----------
    certain : LabelledScores
        Rows whose ground truth is known.
    bootstrap : Bootstrap
    """
    decided, confidence = certain.scores.argmax(axis=1), certain.scores.max(axis=1)
    correct = decided == certain.ground_truth
    overall = overall_statistic(certain.ground_truth, certain.scores)
    challenge = _challenge_statistic(certain.ground_truth, decided, certain.labels)

    def errors(rows: Rows) -> dict[str, float]:
        if not len(rows):
            return dict.fromkeys(ERROR_AT, math.nan)
        right, sure = correct[rows], confidence[rows]
        return {
            name: 1 - curves.accuracy_at_coverage(right, sure, coverage)
            for name, coverage in zip(ERROR_AT, COVERAGES, strict=True)
        }

    return bootstrap.estimate(lambda rows: {**overall(rows), **challenge(rows), **errors(rows)}, certain.patients)


def accuracies(certain: LabelledScores, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Return accuracy and balanced accuracy alone."""
    matrix_of = _confusion_by_rows(certain.ground_truth, certain.scores.argmax(axis=1), len(certain.labels))

    def metrics_of(rows: Rows) -> dict[str, float]:
        if not len(rows):
            return dict.fromkeys(ACCURACIES, math.nan)
        matrix = matrix_of(rows)
        return dict(zip(ACCURACIES, (metrics.accuracy(matrix), metrics.balanced_accuracy(matrix)), strict=True))

    return bootstrap.estimate(metrics_of, certain.patients)


@dataclasses.dataclass(frozen=True, slots=True)
class LabelMetrics:
    """How well one label is separated from all others.

    Attributes
    ----------
    positives, negatives : int
        Recordings, or patients, that certainly have the label, or certainly do not.
    metrics : dict of str to Estimate
        Those named in OF_LABEL.
    """

    positives: int
    negatives: int
    metrics: dict[str, Estimate]


def label_metrics(labelled: LabelledScores, label: str, bootstrap: Bootstrap) -> LabelMetrics:
    """Return how well a label is separated from the others, among the rows for which it is known."""
    index = labelled.labels.index(label)
    known = labelled.only(np.flatnonzero(labelled.states[:, index] != UNKNOWN))
    positive = known.states[:, index] == IS
    counts = int(positive.sum()), int((known.states[:, index] == IS_NOT).sum())
    statistic = label_statistic(positive, known.scores.argmax(axis=1) == index, known.scores[:, index])
    estimates = bootstrap.estimate(statistic, known.patients)
    if not all(counts):  # precision depends on how common either side is
        estimates["precision"] = UNDEFINED
    return LabelMetrics(*counts, estimates)


def confusion_of(certain: LabelledScores) -> Matrix:
    """Return the confusion matrix, of zeros where there are no rows."""
    if not len(certain):
        return np.zeros((len(certain.labels),) * 2, np.int64)
    return metrics.confusion(certain.ground_truth, certain.scores.argmax(axis=1), len(certain.labels))


def majority_baseline(certain: LabelledScores) -> tuple[str, dict[str, float]] | None:
    """Return the most frequent label and the metrics of always predicting it; None where there are no rows."""
    if not len(certain):
        return None
    counts = np.bincount(certain.ground_truth, minlength=len(certain.labels))
    majority = int(counts.argmax())
    matrix = metrics.confusion(certain.ground_truth, np.full(len(certain), majority, np.intp), len(certain.labels))
    values = {
        "accuracy": metrics.accuracy(matrix),
        "balanced_accuracy": metrics.balanced_accuracy(matrix),
        "macro_f1": metrics.macro_f1(matrix),
    }
    return certain.labels[majority], values

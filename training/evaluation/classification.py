"""The figures of several classes and of one label, with their intervals. Pure.

The decision is the label with the largest score.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation import curves, metrics
from training.evaluation.bootstrap import UNDEFINED, Bootstrap, Estimate
from training.evaluation.ground_truth import IS, IS_NOT, NORMAL, UNTOLD, LabelledScores
from training.evaluation.metrics import Ranking

__all__ = [
    "AT_SPECIFICITY",
    "CHALLENGE",
    "COVERAGES",
    "OF_LABEL",
    "OVERALL",
    "LabelFigures",
    "baseline",
    "confusion_of",
    "one_label",
    "several_accuracies",
    "several_classes",
]

COVERAGES = tuple(tenth / 10 for tenth in range(1, 11))
SUREST = 0.8
SPECIFICITY = 0.90
AT_SPECIFICITY = f"sensitivity_at_specificity_{SPECIFICITY:.2f}"

OVERALL = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "accuracy_on_surest_80")
CHALLENGE = (
    "total_precision",
    "heart_problem_sensitivity",
    "heart_problem_specificity",
    "youden",
    "discriminant_power",
)
OF_LABEL = ("sensitivity", "specificity", "precision", "auc", AT_SPECIFICITY)

IntArray = NDArray[np.intp]


@dataclasses.dataclass(frozen=True, slots=True)
class LabelFigures:
    """How well one label is told from all others.

    Attributes
    ----------
    positives, negatives : int
        Recordings, or patients, that certainly have the label, or have it not.
    figures : dict of str to Estimate
        Those named in OF_LABEL.
    """

    positives: int
    negatives: int
    figures: dict[str, Estimate]


def several_classes(certain: LabelledScores, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Return the figures of several classes, the challenge's own, and the errors along the coverage."""
    names = (*OVERALL, *CHALLENGE, *(f"error_at_{share}" for share in COVERAGES))
    if not len(certain):
        return dict.fromkeys(names, UNDEFINED)
    confidence = certain.scores.max(axis=1)
    decided = certain.scores.argmax(axis=1)
    right = decided == certain.truth

    matrix_of = _counting(certain.truth, decided, len(certain.labels))

    def of(rows: IntArray) -> dict[str, float]:
        matrix = matrix_of(rows)
        correct = [curves.accuracy_at_coverage(right[rows], confidence[rows], share) for share in COVERAGES]
        sensitivity, specificity = _heart_problem(matrix, certain.labels)
        values = (
            metrics.accuracy(matrix),
            metrics.balanced_accuracy(matrix),
            metrics.macro_f1(matrix),
            metrics.calibration_error(certain.truth[rows], certain.scores[rows]),
            correct[COVERAGES.index(SUREST)],
            metrics.total_precision(matrix),
            sensitivity,
            specificity,
            metrics.youden(sensitivity, specificity),
            metrics.discriminant_power(sensitivity, specificity),
            *(1 - value for value in correct),
        )
        return dict(zip(names, values, strict=True))

    return bootstrap.figures(of, certain.patients)


def _heart_problem(matrix: NDArray[np.int64], labels: Sequence[str]) -> tuple[float, float]:
    """Return sensitivity and specificity of any label but normal against normal; NaN where one side is missing."""
    if NORMAL not in labels:
        return math.nan, math.nan
    specificity, sensitivity, _ = metrics.sensitivity_specificity_precision(matrix, labels.index(NORMAL))
    return sensitivity, specificity


def one_label(hearts: LabelledScores, label: str, bootstrap: Bootstrap) -> LabelFigures:
    """Return how well a label is told from the others, where the truth says."""
    index = hearts.labels.index(label)
    told = hearts.only(np.flatnonzero(hearts.states[:, index] != UNTOLD))
    positive, score = told.states[:, index] == IS, told.scores[:, index]
    counts = int(positive.sum()), int((told.states[:, index] == IS_NOT).sum())
    if not len(told):
        return LabelFigures(*counts, dict.fromkeys(OF_LABEL, UNDEFINED))
    matrix_of = _counting(positive, told.scores.argmax(axis=1) == index, 2)
    ranking = Ranking(positive, score)

    def of(rows: IntArray) -> dict[str, float]:
        rates = metrics.sensitivity_specificity_precision(matrix_of(rows), 1)
        return dict(zip(OF_LABEL, (*rates, *ranking.figures(rows, SPECIFICITY)), strict=True))

    figures = bootstrap.figures(of, told.patients)
    if not all(counts):  # precision depends on how common either side is
        figures["precision"] = UNDEFINED
    return LabelFigures(*counts, figures)


def several_accuracies(certain: LabelledScores, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Return accuracy and balanced accuracy alone."""
    names = ("accuracy", "balanced_accuracy")
    if not len(certain):
        return dict.fromkeys(names, UNDEFINED)
    matrix_of = _counting(certain.truth, certain.scores.argmax(axis=1), len(certain.labels))

    def of(rows: IntArray) -> dict[str, float]:
        matrix = matrix_of(rows)
        return dict(zip(names, (metrics.accuracy(matrix), metrics.balanced_accuracy(matrix)), strict=True))

    return bootstrap.figures(of, certain.patients)


def _counting(
    truth: NDArray[np.integer | np.bool_], decided: NDArray[np.integer | np.bool_], size: int
) -> Callable[[IntArray], NDArray[np.int64]]:
    """Return the function from rows to their confusion matrix; checked once, counted many times."""
    metrics.confusion(truth.astype(np.intp), decided.astype(np.intp), size)
    cell = truth.astype(np.intp) * size + decided
    return lambda rows: np.bincount(cell[rows], minlength=size * size).reshape(size, size)


def confusion_of(certain: LabelledScores) -> NDArray[np.int64]:
    """Return the confusion matrix, of zeros where no truth is told."""
    if not len(certain):
        return np.zeros((len(certain.labels),) * 2, np.int64)
    return metrics.confusion(certain.truth, certain.scores.argmax(axis=1), len(certain.labels))


def baseline(certain: LabelledScores) -> tuple[str, dict[str, float]] | None:
    """Return the most frequent label and what always saying it would reach; None where no truth is told."""
    if not len(certain):
        return None
    counts = np.bincount(certain.truth, minlength=len(certain.labels))
    most = int(counts.argmax())
    matrix = metrics.confusion(certain.truth, np.full(len(certain), most, np.intp), len(certain.labels))
    figures = {
        "accuracy": metrics.accuracy(matrix),
        "balanced_accuracy": metrics.balanced_accuracy(matrix),
        "macro_f1": metrics.macro_f1(matrix),
    }
    return certain.labels[most], figures

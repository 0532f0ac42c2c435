"""Classification metrics as pure functions: they validate first and never load data.

Shapes and names are those of the Conventions in :mod:`training.evaluation`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Ranking",
    "accuracy",
    "auc",
    "balanced_accuracy",
    "calibration_error",
    "confusion",
    "discriminant_power",
    "macro_f1",
    "refuse_nan",
    "sensitivity_specificity_precision",
    "total_precision",
    "youden",
]

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.intp]
Matrix = NDArray[np.int64]


def confusion(ground_truth: IntArray, decided: IntArray, num_classes: int) -> Matrix:
    """Return the confusion matrix: rows are the ground truth, columns the decisions.

    Parameters
    ----------
    ground_truth, decided : ndarray, shape (n,), int
        Class indices, 0 to ``num_classes - 1``.
    num_classes : int

    Returns
    -------
    ndarray, shape (num_classes, num_classes), int64

    Raises
    ------
    ValueError
        If the shapes differ, nothing is given, or a class index is out of range.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    if ground_truth.shape != decided.shape or ground_truth.ndim != 1 or not len(ground_truth):
        raise ValueError(
            f"decided.shape={decided.shape} must be the shape of ground_truth, {ground_truth.shape}, and not empty"
        )
    if min(ground_truth.min(), decided.min()) < 0 or max(ground_truth.max(), decided.max()) >= num_classes:
        raise ValueError(f"class indices must be from 0 to {num_classes - 1}")
    matrix = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(matrix, (ground_truth, decided), 1)
    return matrix


def accuracy(matrix: Matrix) -> float:
    """Return the fraction of correct decisions, 0 to 1, of a confusion matrix.

    Examples
    --------
    >>> accuracy(np.array([[8, 2], [1, 4]]))
    0.8
    """
    return float(np.trace(matrix) / matrix.sum())


def balanced_accuracy(matrix: Matrix) -> float:
    """Return the mean sensitivity, 0 to 1, over the classes that occur.

    Examples
    --------
    >>> balanced_accuracy(np.array([[8, 2], [1, 3]]))
    0.775
    """
    occurs = matrix.sum(axis=1) > 0
    return float((np.diag(matrix)[occurs] / matrix.sum(axis=1)[occurs]).mean())


def macro_f1(matrix: Matrix) -> float:
    """Return the mean F1, 0 to 1, over the classes that occur; 0 for one that is never decided correctly.

    Examples
    --------
    >>> macro_f1(np.array([[2, 0], [1, 1]]))
    0.7333333333333334
    """
    correct = np.diag(matrix).astype(float)
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    occurs = matrix.sum(axis=1) > 0
    return float((2 * correct[occurs] / both[occurs]).mean())


def sensitivity_specificity_precision(matrix: Matrix, index: int) -> tuple[float, float, float]:
    """Return sensitivity, specificity and precision of one class, each 0 to 1; NaN where the denominator is 0.

    Examples
    --------
    >>> sensitivity_specificity_precision(np.array([[8, 2], [1, 3]]), 1)
    (0.75, 0.8, 0.6)
    """
    total, true_positives = matrix.sum(), matrix[index, index]
    positives, decided = matrix[index].sum(), matrix[:, index].sum()
    negatives = total - positives
    return (
        _ratio(true_positives, positives),
        _ratio(negatives - (decided - true_positives), negatives),
        _ratio(true_positives, decided),
    )


def total_precision(matrix: Matrix) -> float:
    """Return the sum of the precisions of all classes, 0 to their number; a class never decided adds 0.

    Source: the PASCAL Classifying Heart Sounds Challenge; Gomes et al. 2013, "Classifying Heart Sounds".

    Examples
    --------
    >>> total_precision(np.array([[3, 0], [1, 2]]))
    1.75
    """
    decided = matrix.sum(axis=0)
    return float((np.diag(matrix)[decided > 0] / decided[decided > 0]).sum())


def youden(sensitivity: float, specificity: float) -> float:
    """Return Youden's index, -1 to 1: sensitivity + specificity - 1; NaN where one of them is.

    Source: Youden 1950, "Index for rating diagnostic tests".

    Raises
    ------
    ValueError
        If one is not from 0 to 1.

    Examples
    --------
    >>> youden(0.75, 0.5)
    0.25
    """
    _check_fractions(sensitivity=sensitivity, specificity=specificity)
    return sensitivity + specificity - 1


def discriminant_power(sensitivity: float, specificity: float) -> float:
    """Return how well two classes are separated; NaN where a value is NaN, 0 or 1, for which it is not finite.

    Source: Gomes et al. 2013: sqrt(3) / pi times the sum of the logits of both, with the natural logarithm.

    Raises
    ------
    ValueError
        If one is not from 0 to 1.

    Examples
    --------
    >>> round(discriminant_power(0.75, 0.9), 3)
    1.817
    """
    _check_fractions(sensitivity=sensitivity, specificity=specificity)
    if not (0 < sensitivity < 1 and 0 < specificity < 1):  # NaN fails too
        return math.nan
    logits = math.log(sensitivity / (1 - sensitivity)) + math.log(specificity / (1 - specificity))
    return math.sqrt(3) / math.pi * logits


def _check_fractions(**fractions: float) -> None:
    """Raise for a value that is neither from 0 to 1 nor NaN."""
    for name, value in fractions.items():
        if not (math.isnan(value) or 0 <= value <= 1):
            raise ValueError(f"{name}={value} must be from 0 to 1")


def refuse_nan(**values: FloatArray) -> None:
    """Raise for scores that hold NaN: NaN has no rank, so a sort would put it above every score without a word.

    Raises
    ------
    ValueError
        If a value is NaN.

    Examples
    --------
    >>> refuse_nan(score=np.array([0.5, np.nan]))
    Traceback (most recent call last):
    ValueError: score must hold no NaN; 1 of 2 is
    """
    for name, array in values.items():
        count = int(np.isnan(array).sum())
        if count:
            raise ValueError(f"{name} must hold no NaN; {count} of {array.size} {'is' if count == 1 else 'are'}")


def _ratio(part: float, whole: float) -> float:
    """Return ``part / whole``, or NaN when the whole is 0."""
    return float(part / whole) if whole else float("nan")


def auc(positive: NDArray[np.bool_], score: FloatArray) -> float:
    """Return the area under the ROC curve, 0 to 1: how often a positive outscores a negative, ties counting half.

    Source: Mann-Whitney U by mid-ranks.

    Parameters
    ----------
    positive : ndarray, shape (n,), bool
    score : ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes differ, a score is NaN, or one side is empty.

    Examples
    --------
    >>> auc(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    0.75
    """
    area = Ranking(positive, score).auc(np.arange(len(positive)))
    if math.isnan(area):
        raise ValueError("auc needs at least one positive and one negative")
    return area


def calibration_error(ground_truth: IntArray, scores: FloatArray, num_bins: int = 10) -> float:
    """Return the expected calibration error, 0 to 1, of the top score, in bins of equal width.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".

    Parameters
    ----------
    ground_truth : ndarray, shape (n,), int
    scores : ndarray, shape (n, classes)
    num_bins : int

    Raises
    ------
    ValueError
        If a score is NaN.

    Examples
    --------
    >>> calibration_error(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]]))
    0.25
    """
    refuse_nan(scores=scores)
    confidence = scores.max(axis=1)  # (n,)
    correct = scores.argmax(axis=1) == ground_truth
    bin_of = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    bins = [bin_of == index for index in np.unique(bin_of)]
    return float(sum(abs(correct[rows].mean() - confidence[rows].mean()) * rows.mean() for rows in bins))


class Ranking:
    """Positives and negatives sorted by a score once, for the ROC metrics of many resamples.

    Parameters
    ----------
    positive : ndarray, shape (n,), bool
    score : ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes differ or a score is NaN, which has no rank.

    Examples
    --------
    >>> ranking = Ranking(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    >>> ranking.metrics(np.arange(4), specificity=0.9)
    (0.75, 0.5)
    """

    def __init__(self, positive: NDArray[np.bool_], score: FloatArray) -> None:
        if positive.shape != score.shape:
            raise ValueError(f"score.shape={score.shape} must be the shape of positive, {positive.shape}")
        refuse_nan(score=score)
        values, rank = np.unique(score, return_inverse=True)
        self._size = 2 * len(values)
        self._cell = 2 * rank + positive

    def metrics(self, rows: IntArray, specificity: float) -> tuple[float, float]:
        """Return the AUC, and the largest sensitivity of any threshold that keeps a specificity, for some rows.

        Parameters
        ----------
        rows : ndarray, shape (m,), int
            A row may occur more than once.
        specificity : float

        Returns
        -------
        tuple of float
            Each 0 to 1; NaN where the rows hold only positives or only negatives.
        """
        counts = np.bincount(self._cell[rows], minlength=self._size)
        negatives, positives = counts[0::2], counts[1::2]  # (distinct scores,)
        num_negative, num_positive = int(negatives.sum()), int(positives.sum())
        if not num_negative or not num_positive:
            return math.nan, math.nan
        below = np.cumsum(negatives)
        area = float(positives @ (below - 0.5 * negatives)) / (num_positive * num_negative)
        allowed = below - negatives >= specificity * num_negative - 1e-9  # thresholds at or below a score
        return area, float(positives[allowed].sum() / num_positive)

    def auc(self, rows: IntArray) -> float:
        """Return the area under the ROC curve of some rows, as :meth:`metrics` does."""
        return self.metrics(rows, 1.0)[0]

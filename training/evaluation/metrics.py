"""Figures of merit as pure functions: they validate first and never load data.

Scores are ``(n, k)``, truth is ``(n,)`` class numbers from 0 to k - 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Ranking",
    "accuracy",
    "auc",
    "balanced_accuracy",
    "bootstrap_interval",
    "calibration_error",
    "confusion",
    "discriminant_power",
    "macro_f1",
    "sensitivity_at_specificity",
    "sensitivity_specificity_precision",
    "total_precision",
    "youden",
]

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.intp]


def confusion(truth: IntArray, decided: IntArray, num_classes: int) -> NDArray[np.int64]:
    """Return the confusion matrix: rows are the truth, columns what was decided.

    Raises
    ------
    ValueError
        If the shapes differ, nothing is given, or a class number is out of range.
    """
    if truth.shape != decided.shape or truth.ndim != 1 or not len(truth):
        raise ValueError(f"decided.shape={decided.shape} must be the shape of truth, {truth.shape}, and not empty")
    if min(truth.min(), decided.min()) < 0 or max(truth.max(), decided.max()) >= num_classes:
        raise ValueError(f"class numbers must be from 0 to {num_classes - 1}")
    matrix = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(matrix, (truth, decided), 1)
    return matrix


def accuracy(matrix: NDArray[np.int64]) -> float:
    """Return the share of decisions that are right."""
    return float(np.trace(matrix) / matrix.sum())


def balanced_accuracy(matrix: NDArray[np.int64]) -> float:
    """Return the mean sensitivity over the classes that occur."""
    occurs = matrix.sum(axis=1) > 0
    return float((np.diag(matrix)[occurs] / matrix.sum(axis=1)[occurs]).mean())


def macro_f1(matrix: NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that occur; a class never decided and never right counts 0."""
    right = np.diag(matrix).astype(float)
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    occurs = matrix.sum(axis=1) > 0
    return float((2 * right[occurs] / both[occurs]).mean())


def sensitivity_specificity_precision(matrix: NDArray[np.int64], index: int) -> tuple[float, float, float]:
    """Return sensitivity, specificity and precision of one class; NaN where there is nothing to divide by."""
    total, hit = matrix.sum(), matrix[index, index]
    positives, decided = matrix[index].sum(), matrix[:, index].sum()
    negatives = total - positives
    return (
        _ratio(hit, positives),
        _ratio(negatives - (decided - hit), negatives),
        _ratio(hit, decided),
    )


def total_precision(matrix: NDArray[np.int64]) -> float:
    """Return the sum of the precisions of all classes, 0 to their number; a class never decided adds 0.

    Source: the PASCAL Classifying Heart Sounds Challenge; Gomes et al. 2013, "Classifying Heart Sounds".
    """
    decided = matrix.sum(axis=0)
    return float((np.diag(matrix)[decided > 0] / decided[decided > 0]).sum())


def youden(sensitivity: float, specificity: float) -> float:
    """Return Youden's index, -1 to 1: sensitivity + specificity - 1; NaN where one of them is.

    Raises
    ------
    ValueError
        If one is no share.
    """
    _check_shares(sensitivity=sensitivity, specificity=specificity)
    return sensitivity + specificity - 1


def discriminant_power(sensitivity: float, specificity: float) -> float:
    """Return how well two classes are told apart; NaN where a share is NaN, 0 or 1, for which it has no finite value.

    Source: Gomes et al. 2013: sqrt(3) / pi times the sum of the logits of both shares, with the natural logarithm.

    Raises
    ------
    ValueError
        If one is no share.
    """
    _check_shares(sensitivity=sensitivity, specificity=specificity)
    if not (0 < sensitivity < 1 and 0 < specificity < 1):  # NaN fails too
        return math.nan
    logits = math.log(sensitivity / (1 - sensitivity)) + math.log(specificity / (1 - specificity))
    return math.sqrt(3) / math.pi * logits


def _check_shares(**shares: float) -> None:
    """Refuse what is neither a share nor NaN."""
    for name, value in shares.items():
        if not (math.isnan(value) or 0 <= value <= 1):
            raise ValueError(f"{name}={value} must be from 0 to 1")


def _ratio(part: float, whole: float) -> float:
    """Return ``part / whole``, or NaN when there is no whole."""
    return float(part / whole) if whole else float("nan")


def auc(positive: NDArray[np.bool_], score: FloatArray) -> float:
    """Return the area under the ROC curve: how often a positive outscores a negative, ties counting half.

    Source: Mann-Whitney U by mid-ranks.

    Raises
    ------
    ValueError
        If the shapes differ or one side is empty.
    """
    if positive.shape != score.shape:
        raise ValueError(f"score.shape={score.shape} must be the shape of positive, {positive.shape}")
    num_positive = int(positive.sum())
    num_negative = len(positive) - num_positive
    if not num_positive or not num_negative:
        raise ValueError("auc needs at least one positive and one negative")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2.0)[inverse]
    return float((ranks[positive].sum() - num_positive * (num_positive + 1) / 2) / (num_positive * num_negative))


def sensitivity_at_specificity(positive: NDArray[np.bool_], score: FloatArray, specificity: float) -> float:
    """Return the largest sensitivity of any threshold that keeps at least ``specificity``.

    Raises
    ------
    ValueError
        If one side is empty.
    """
    if positive.all() or not positive.any():
        raise ValueError("sensitivity_at_specificity needs at least one positive and one negative")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(positive[order]) / positive.sum()
    alarms = np.cumsum(~positive[order]) / (~positive).sum()
    whole = np.append(score[order][1:] != score[order][:-1], True)  # a threshold cannot part equal scores
    allowed = whole & (alarms <= 1 - specificity + 1e-12)
    return float(hits[allowed].max(initial=0.0))


def calibration_error(truth: IntArray, scores: FloatArray, num_bins: int = 10) -> float:
    """Return the expected calibration error of the top score, in bins of equal width.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    confidence = scores.max(axis=1)
    right = scores.argmax(axis=1) == truth
    which = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    bins = [which == number for number in np.unique(which)]
    return float(sum(abs(right[held].mean() - confidence[held].mean()) * held.mean() for held in bins))


def bootstrap_interval(
    figure: Callable[[IntArray], float], patients: Sequence[str], rng: np.random.Generator, repeats: int = 1000
) -> tuple[float, float]:
    """Return the 95 % interval of a figure by drawing whole patients with replacement.

    Parameters
    ----------
    figure : callable
        From row numbers to the figure; it may raise ValueError on a draw that lacks a class, which is left out.
    patients : sequence of str
        One entry per row.
    rng : Generator
    repeats : int

    Returns
    -------
    tuple of float
        2.5 and 97.5 percentiles.

    Raises
    ------
    ValueError
        If no draw gave a figure.
    """
    names, which = np.unique(np.asarray(patients), return_inverse=True)
    rows = [np.flatnonzero(which == index) for index in range(len(names))]
    values = []
    for _ in range(repeats):
        drawn = np.concatenate([rows[index] for index in rng.integers(len(names), size=len(names))])
        try:
            values.append(figure(drawn))
        except ValueError:
            continue
    values = [value for value in values if not np.isnan(value)]
    if not values:
        raise ValueError("no draw of patients gave a figure: too few patients, or one label only")
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


class Ranking:
    """Positives and negatives in the order of a score.

    Parameters
    ----------
    positive : ndarray, shape (n,), bool
    score : ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes differ.
    """

    def __init__(self, positive: NDArray[np.bool_], score: NDArray[np.floating]) -> None:
        if positive.shape != score.shape:
            raise ValueError(f"score.shape={score.shape} must be the shape of positive, {positive.shape}")
        values, place = np.unique(score, return_inverse=True)
        self._size = 2 * len(values)
        self._cell = 2 * place + positive

    def figures(self, rows: NDArray[np.intp], specificity: float) -> tuple[float, float]:
        """Return the area under the ROC curve and the sensitivity that keeps a specificity, for some rows.

        Parameters
        ----------
        rows : ndarray, shape (m,), int
            A row may come more than once.
        specificity : float

        Returns
        -------
        tuple of float
            NaN where the rows hold only positives or only negatives.
        """
        counts = np.bincount(self._cell[rows], minlength=self._size)
        negatives, positives = counts[0::2], counts[1::2]
        num_negative, num_positive = int(negatives.sum()), int(positives.sum())
        if not num_negative or not num_positive:
            return math.nan, math.nan
        below = np.cumsum(negatives)
        area = float(positives @ (below - 0.5 * negatives)) / (num_positive * num_negative)
        kept = below - negatives >= specificity * num_negative - 1e-9  # at a threshold that takes this place in
        return area, float(positives[kept].sum() / num_positive)

"""Curves as pure functions that validate first: ROC, accuracy against coverage, reliability.

Shapes and names are those of the Conventions in :mod:`training.evaluation`.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from training.evaluation.metrics import refuse_nan

__all__ = ["ReliabilityBin", "accuracy_at_coverage", "reliability", "roc_curve"]

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.intp]


def roc_curve(positive: NDArray[np.bool_], score: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ROC curve: false positive rate (1 - specificity) and sensitivity, a point per threshold.

    Parameters
    ----------
    positive : ndarray, shape (n,), bool
    score : ndarray, shape (n,)

    Returns
    -------
    tuple of ndarray, shape (thresholds + 1,)
        Each rises from 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, a score is NaN, or one side is empty.

    Examples
    --------
    >>> roc_curve(np.array([True, False, True]), np.array([0.9, 0.5, 0.5]))
    (array([0., 0., 1.]), array([0. , 0.5, 1. ]))
    """
    if positive.shape != score.shape:
        raise ValueError(f"score.shape={score.shape} must be the shape of positive, {positive.shape}")
    if positive.all() or not positive.any():
        raise ValueError("roc_curve needs at least one positive and one negative")
    refuse_nan(score=score)
    order = np.argsort(-score, kind="stable")
    last_of_equals = np.append(score[order][1:] != score[order][:-1], True)  # no threshold separates equal scores
    true_positives = np.cumsum(positive[order])[last_of_equals]
    false_positives = np.cumsum(~positive[order])[last_of_equals]
    return np.append(0.0, false_positives / (~positive).sum()), np.append(0.0, true_positives / positive.sum())


def accuracy_at_coverage(correct: NDArray[np.bool_], confidence: FloatArray, coverage: float) -> float:
    """Return the accuracy on the fraction of decisions with the highest confidence; ties at the edge by their mean.

    Parameters
    ----------
    correct : ndarray, shape (n,), bool
    confidence : ndarray, shape (n,)
    coverage : float
        Above 0, at most 1; rounded to whole decisions, at least one.

    Raises
    ------
    ValueError
        If the shapes differ, nothing is given, a confidence is NaN, or the coverage is out of range.

    Examples
    --------
    >>> accuracy_at_coverage(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.6]), coverage=0.75)
    0.6666666666666666
    """
    if correct.shape != confidence.shape or not len(correct):
        raise ValueError(
            f"confidence.shape={confidence.shape} must be the shape of correct, {correct.shape}, not empty"
        )
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage={coverage} must be above 0 and at most 1")
    refuse_nan(confidence=confidence)
    count = max(1, round(coverage * len(correct)))
    edge = np.partition(confidence, len(confidence) - count)[len(confidence) - count]
    above, equal = confidence > edge, confidence == edge
    num_above = int(above.sum())
    return float((correct[above].sum() + (count - num_above) * correct[equal].mean()) / count)


@dataclasses.dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Decisions of similar confidence.

    Attributes
    ----------
    low, high : float
        Edges of the bin.
    count : int
    confidence, accuracy : float
        Means over the bin; NaN where it is empty.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(ground_truth: IntArray, scores: FloatArray, num_bins: int = 10) -> list[ReliabilityBin]:
    """Return the mean confidence and the accuracy of each bin of confidence.

    The bins are those of :func:`training.evaluation.metrics.calibration_error`.

    Raises
    ------
    ValueError
        If the shapes do not fit, a score is NaN, or ``num_bins`` is below 1.

    Examples
    --------
    >>> scores = np.array([[0.75, 0.25], [0.75, 0.25], [0.25, 0.75]])
    >>> [(each.count, each.confidence, each.accuracy) for each in reliability(np.array([0, 1, 1]), scores, 2)[1:]]
    [(3, 0.75, 0.6666666666666666)]
    """
    if scores.ndim != 2 or ground_truth.shape != scores.shape[:1]:
        raise ValueError(f"scores.shape={scores.shape} must be (n, k) for ground_truth of shape {ground_truth.shape}")
    if num_bins < 1:
        raise ValueError(f"num_bins={num_bins} must be 1 or more")
    refuse_nan(scores=scores)
    confidence, correct = scores.max(axis=1, initial=0.0), scores.argmax(axis=1) == ground_truth
    bin_of = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    bins = []
    for index in range(num_bins):
        rows = bin_of == index
        means = (float(confidence[rows].mean()), float(correct[rows].mean())) if rows.any() else (math.nan, math.nan)
        bins.append(ReliabilityBin(index / num_bins, (index + 1) / num_bins, int(rows.sum()), *means))
    return bins

"""Curves of merit as pure functions that validate first: ROC, coverage against accuracy, reliability.

Scores are ``(n, k)``, truth is ``(n,)`` class numbers from 0 to k - 1, as in :mod:`training.evaluation.metrics`.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["ReliabilityBin", "accuracy_at_coverage", "reliability", "roc_curve"]

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.intp]


def roc_curve(positive: NDArray[np.bool_], score: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ROC curve: false alarms (1 - specificity) and sensitivity, each from 0 to 1, a point per threshold.

    Raises
    ------
    ValueError
        If the shapes differ or one side is empty.
    """
    if positive.shape != score.shape:
        raise ValueError(f"score.shape={score.shape} must be the shape of positive, {positive.shape}")
    if positive.all() or not positive.any():
        raise ValueError("roc_curve needs at least one positive and one negative")
    order = np.argsort(-score, kind="stable")
    whole = np.append(score[order][1:] != score[order][:-1], True)
    hits, alarms = np.cumsum(positive[order])[whole], np.cumsum(~positive[order])[whole]
    return np.append(0.0, alarms / (~positive).sum()), np.append(0.0, hits / positive.sum())


def accuracy_at_coverage(right: NDArray[np.bool_], confidence: FloatArray, coverage: float) -> float:
    """Return the accuracy on the share of decisions that are surest; equals at the edge count by their mean.

    Parameters
    ----------
    right : ndarray, shape (n,), bool
    confidence : ndarray, shape (n,)
    coverage : float
        Above 0, at most 1; rounded to whole decisions, one at least.

    Raises
    ------
    ValueError
        If the shapes differ, nothing is given, or the coverage is out of range.
    """
    if right.shape != confidence.shape or not len(right):
        raise ValueError(f"confidence.shape={confidence.shape} must be the shape of right, {right.shape}, not empty")
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage={coverage} must be above 0 and at most 1")
    count = max(1, round(coverage * len(right)))
    edge = np.partition(confidence, len(confidence) - count)[len(confidence) - count]
    surer, equal = confidence > edge, confidence == edge
    num_surer = int(surer.sum())
    return float((right[surer].sum() + (count - num_surer) * right[equal].mean()) / count)


@dataclasses.dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Decisions of like confidence.

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


def reliability(truth: IntArray, scores: FloatArray, num_bins: int = 10) -> list[ReliabilityBin]:
    """Return what confidence promised and what came true, in the bins of :func:`training.evaluation.metrics.calibration_error`.

    Raises
    ------
    ValueError
        If the shapes do not fit or ``num_bins`` is below 1.
    """
    if scores.ndim != 2 or truth.shape != scores.shape[:1]:
        raise ValueError(f"scores.shape={scores.shape} must be (n, k) for truth of shape {truth.shape}")
    if num_bins < 1:
        raise ValueError(f"num_bins={num_bins} must be 1 or more")
    confidence, right = scores.max(axis=1, initial=0.0), scores.argmax(axis=1) == truth
    which = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    bins = []
    for number in range(num_bins):
        held = which == number
        means = (float(confidence[held].mean()), float(right[held].mean())) if held.any() else (math.nan, math.nan)
        bins.append(ReliabilityBin(number / num_bins, (number + 1) / num_bins, int(held.sum()), *means))
    return bins

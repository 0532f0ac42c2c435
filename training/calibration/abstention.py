"""The confidence below which no label is given: chosen for a stated error, and cross-validated. Pure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.bootstrap import Bootstrap, Estimate

__all__ = ["MAX_ERROR", "SelectiveAccuracy", "measure_selective_accuracy", "min_confidence"]

MAX_ERROR = 1.0 / 6.0
"""Stated error: share of the labels given that may be wrong. In set B a tenth of the labels are inaudible, so that a
network can abstain from them only where it is unsure for other reasons."""

THRESHOLDS = np.round(np.arange(0.5, 0.9001, 0.01), 2)
"""Candidates. A label is never given that is less probable than not."""

CURVE = (0.0, 0.5, 0.6, 0.7, 0.8)
"""Thresholds in the model card."""


@dataclasses.dataclass(frozen=True)
class SelectiveAccuracy:
    """Coverage and error where no label is given below a confidence.

    Attributes
    ----------
    stated_error : float
        That the threshold was chosen for.
    threshold : float
        Of the bundle, chosen on all held-out recordings.
    coverage, error : Estimate
        Share of recordings that get a label, and share of these labels that are wrong; each fold's threshold is chosen
        on the others.
    curve : list of (float, float, float)
        Threshold, coverage, error; the error is NaN where no label is given.
    """

    stated_error: float
    threshold: float
    coverage: Estimate
    error: Estimate
    curve: list[tuple[float, float, float]]

    def to_json(self) -> dict[str, Any]:
        """Return the metrics as plain JSON values."""
        return {
            "stated_error": round(self.stated_error, 4),
            "threshold": self.threshold,
            "coverage": self.coverage.to_json(),
            "error": self.error.to_json(),
            "curve": [
                {"threshold": at, "coverage": round(share, 4), "error": None if math.isnan(error) else round(error, 4)}
                for at, share, error in self.curve
            ],
        }


def min_confidence(right: NDArray[np.bool_], confidence: NDArray[np.floating], max_error: float) -> float:
    """Return the lowest confidence threshold at which no more than a share of the labels given is wrong.

    Parameters
    ----------
    right : ndarray, shape (recordings,), bool
    confidence : ndarray, shape (recordings,)
    max_error : float
        0 to 1.

    Returns
    -------
    float
        0.5 to 0.9; where no threshold is enough, the one with the smallest error, and 0.9 where no label is given at
        any.

    Examples
    --------
    >>> min_confidence(np.array([True, True, False]), np.array([0.9, 0.8, 0.6]), max_error=0.1)
    0.61
    """
    errors = [_coverage_and_error(right, confidence, threshold)[1] for threshold in THRESHOLDS.tolist()]
    enough = [at for at, error in zip(THRESHOLDS.tolist(), errors, strict=True) if error <= max_error + 1e-9]
    if enough:
        return float(enough[0])
    defined = [(error, at) for error, at in zip(errors, THRESHOLDS.tolist(), strict=True) if not math.isnan(error)]
    return float(min(defined)[1]) if defined else float(THRESHOLDS[-1])


def measure_selective_accuracy(
    ground_truth: NDArray[np.intp],
    scores: NDArray[np.float64],
    folds: NDArray[np.intp],
    patients: Sequence[str],
    bootstrap: Bootstrap,
    max_error: float = MAX_ERROR,
) -> SelectiveAccuracy:
    """Return coverage and error of the labels given, where each fold's threshold is chosen on the others.

    Parameters
    ----------
    ground_truth : ndarray, shape (recordings,), int
    scores : ndarray, shape (recordings, labels)
        Of held-out recordings, each fold calibrated by the others.
    folds : ndarray, shape (recordings,), int
        With a single fold, the threshold is chosen on the same recordings.
    patients : sequence of str
    bootstrap : Bootstrap
    max_error : float

    Examples
    --------
    >>> ground_truth = np.array([0, 1, 0, 1])
    >>> scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.1, 0.9]])
    >>> folds = np.array([0, 0, 1, 1])
    >>> selective = measure_selective_accuracy(ground_truth, scores, folds, ["a", "b", "c", "d"], Bootstrap(0, 20))
    >>> selective.threshold, selective.curve[0]
    (0.56, (0.0, 1.0, 0.25))
    """
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == ground_truth  # (recordings,)
    given = np.empty(len(ground_truth), bool)
    for fold in np.unique(folds):
        held_out = folds == fold
        others = ~held_out if (~held_out).any() else held_out
        given[held_out] = confidence[held_out] >= min_confidence(right[others], confidence[others], max_error)

    def statistic(rows: NDArray[np.intp]) -> dict[str, float]:
        labelled = given[rows]
        error = float(1.0 - right[rows][labelled].mean()) if labelled.any() else math.nan
        return {"coverage": float(labelled.mean()), "error": error}

    estimates = bootstrap.estimate(statistic, patients)
    return SelectiveAccuracy(
        stated_error=max_error,
        threshold=min_confidence(right, confidence, max_error),
        coverage=estimates["coverage"],
        error=estimates["error"],
        curve=[(at, *_coverage_and_error(right, confidence, at)) for at in CURVE],
    )


def _coverage_and_error(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], threshold: float
) -> tuple[float, float]:
    """Return the share that gets a label at a threshold, and the share of these labels that is wrong, or NaN."""
    given = confidence >= threshold
    return float(given.mean()), float(1.0 - right[given].mean()) if given.any() else math.nan

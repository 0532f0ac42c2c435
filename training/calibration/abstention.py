"""From how sure on a label is given: chosen for a stated error, and measured on patients who did not choose. Pure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.bootstrap import Bootstrap, Estimate

__all__ = ["MOST_WRONG", "SelectiveAccuracy", "measure_selective_accuracy", "min_confidence"]

MOST_WRONG = 1.0 / 6.0
"""Stated error: share of the labels given that may be wrong. In set B a tenth of the labels cannot be heard by anybody,
and can only be abstained from where a network is unsure for other reasons."""

THRESHOLDS = np.round(np.arange(0.5, 0.9001, 0.01), 2)
"""Candidates. A label is never given that is less likely than not."""

CURVE = (0.0, 0.5, 0.6, 0.7, 0.8)
"""Thresholds that a card tells."""


@dataclasses.dataclass(frozen=True)
class SelectiveAccuracy:
    """What it brings to say nothing where the network is unsure.

    Attributes
    ----------
    stated_error : float
        What the threshold was chosen for.
    threshold : float
        That of the bundle, chosen on all held-out recordings.
    coverage, error : Estimate
        Share of recordings that get a label, and share of these labels that are wrong, where each fold's threshold is
        chosen on the others.
    curve : list of (float, float, float)
        Threshold, coverage, error; the error is NaN where no label is given.
    """

    stated_error: float
    threshold: float
    coverage: Estimate
    error: Estimate
    curve: list[tuple[float, float, float]]

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        return {
            "stated_error": round(self.stated_error, 4),
            "threshold": self.threshold,
            "coverage": self.coverage.to_json(),
            "error": self.error.to_json(),
            "curve": [
                {"threshold": at, "coverage": round(share, 4), "error": None if math.isnan(wrong) else round(wrong, 4)}
                for at, share, wrong in self.curve
            ],
        }


def min_confidence(right: NDArray[np.bool_], confidence: NDArray[np.floating], most_wrong: float) -> float:
    """Return the lowest threshold at which no more than a share of the labels given is wrong.

    Parameters
    ----------
    right : ndarray, shape (recordings,), bool
    confidence : ndarray, shape (recordings,)
    most_wrong : float
        0 to 1.

    Returns
    -------
    float
        0.5 to 0.9; where no threshold is good enough, the one with the fewest wrong labels, and 0.9 where every label
        is less likely than not.
    """
    errors = [_coverage_and_error(right, confidence, threshold)[1] for threshold in THRESHOLDS.tolist()]
    enough = [at for at, error in zip(THRESHOLDS.tolist(), errors, strict=True) if error <= most_wrong + 1e-9]
    if enough:
        return float(enough[0])
    told = [(error, at) for error, at in zip(errors, THRESHOLDS.tolist(), strict=True) if not math.isnan(error)]
    return float(min(told)[1]) if told else float(THRESHOLDS[-1])


def measure_selective_accuracy(
    truth: NDArray[np.intp],
    scores: NDArray[np.float64],
    folds: NDArray[np.intp],
    patients: Sequence[str],
    bootstrap: Bootstrap,
    most_wrong: float = MOST_WRONG,
) -> SelectiveAccuracy:
    """Return what abstaining brings on recordings that did not choose their own threshold.

    Parameters
    ----------
    truth : ndarray, shape (recordings,), int
    scores : ndarray, shape (recordings, labels)
        Of networks that did not hear the patient, calibrated on others.
    folds : ndarray, shape (recordings,), int
        All of one fold: the threshold is chosen on these very recordings.
    patients : sequence of str
    bootstrap : Bootstrap
    most_wrong : float
    """
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    given = np.empty(len(truth), bool)
    for fold in np.unique(folds):
        held = folds == fold
        others = ~held if (~held).any() else held
        given[held] = confidence[held] >= min_confidence(right[others], confidence[others], most_wrong)

    def of(rows: NDArray[np.intp]) -> dict[str, float]:
        its = given[rows]
        return {"coverage": float(its.mean()), "error": float(1.0 - right[rows][its].mean()) if its.any() else math.nan}

    found = bootstrap.figures(of, patients)
    return SelectiveAccuracy(
        stated_error=most_wrong,
        threshold=min_confidence(right, confidence, most_wrong),
        coverage=found["coverage"],
        error=found["error"],
        curve=[(at, *_coverage_and_error(right, confidence, at)) for at in CURVE],
    )


def _coverage_and_error(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], threshold: float
) -> tuple[float, float]:
    """Return which share gets a label at a threshold, and which share of these is wrong."""
    given = confidence >= threshold
    return float(given.mean()), float(1.0 - right[given].mean()) if given.any() else math.nan

"""How loud a murmur is: from a network's output to a probability, and its metrics on held-out recordings. Pure.

Fitted on graded murmurs; soft and loud ones weigh the same. Reported are: loud against soft ones, as an AUC; and
absent, soft and loud together, as the unweighted average recall (UAR), where a murmur counts as absent below the
threshold that is chosen on the other folds for the stated specificity.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.inference.calibration import Loudness
from training.calibration.operating_point import SPECIFICITY, ScoredSet, passes
from training.evaluation.bootstrap import Bootstrap, Estimate, mean_statistic
from training.evaluation.metrics import Ranking

__all__ = ["ABSENT", "LOUD", "SOFT", "GradedRecordings", "LoudnessResult", "fit_loudness", "measure_loudness"]

ABSENT, SOFT, LOUD = range(3)
STEPS = 50
RIDGE = 1e-3
"""Keeps the weight finite where soft and loud murmurs do not overlap."""

Rows = NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class GradedRecordings:
    """Held-out recordings, or patients, of whom it is known whether they have a murmur and how loud it is.

    Attributes
    ----------
    truth : ndarray, shape (recordings,), int
        ABSENT, SOFT or LOUD.
    murmur_scores : ndarray, shape (repeats, recordings)
    logits : ndarray, shape (repeats, recordings)
        The network's output for a loud murmur, the mean over the windows.
    folds : ndarray, shape (repeats, recordings), int
    patients : sequence of str
    """

    truth: NDArray[np.intp]
    murmur_scores: NDArray[np.float64]
    logits: NDArray[np.float64]
    folds: NDArray[np.intp]
    patients: Sequence[str]

    def by_patient(self) -> GradedRecordings:
        """Return the same with one row for a patient: the mean over the recordings, and the loudest grade."""
        names = sorted(set(self.patients))
        rows = [np.flatnonzero([patient == name for patient in self.patients]) for name in names]
        return GradedRecordings(
            np.array([self.truth[of].max() for of in rows], np.intp),
            np.stack([self.murmur_scores[:, of].mean(axis=1) for of in rows], axis=1),
            np.stack([self.logits[:, of].mean(axis=1) for of in rows], axis=1),
            np.stack([self.folds[:, of[0]] for of in rows], axis=1),
            names,
        )


@dataclasses.dataclass(frozen=True)
class LoudnessResult:
    """From output to probability, and how well it does where each fold's is fitted on the other folds.

    Attributes
    ----------
    loudness : Loudness
        Fitted on all held-out recordings.
    counts : dict of str to int
        Recordings and patients by grade.
    metrics : dict of str to Estimate
        ``auc_recordings``, ``auc_patients``: loud against soft; ``uar_recordings``, ``uar_patients``: absent, soft and
        loud; ``recall_absent``, ``recall_soft``, ``recall_loud`` of recordings.
    """

    loudness: Loudness
    counts: Mapping[str, int]
    metrics: Mapping[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, as it stands in a bundle."""
        return {
            **dataclasses.asdict(self.loudness),
            "counts": dict(self.counts),
            "metrics": {name: estimate.to_json() for name, estimate in self.metrics.items()},
        }


def fit_loudness(logits: NDArray[np.floating], is_loud: NDArray[np.bool_]) -> Loudness:
    """Return the logistic regression from an output to the probability of a loud murmur.

    Parameters
    ----------
    logits : ndarray, shape (n,)
    is_loud : ndarray, shape (n,), bool
        Of both kinds at least one; each kind weighs the same.

    Examples
    --------
    >>> loudness = fit_loudness(np.array([-2.0, -1.0, 0.5, 1.0, 2.0]), np.array([False, False, True, False, True]))
    >>> loudness.probability(np.array([0.0, 0.0, 0.0, 2.0]), num_labels=2) > 0.5  # two labels, non-cardiac, loud
    True
    """
    inputs = np.column_stack([logits, np.ones(len(logits))]).astype(np.float64)
    weights = np.where(is_loud, 0.5 / is_loud.mean(), 0.5 / (~is_loud).mean())
    coefficients = np.array([1.0, 0.0])
    for _ in range(STEPS):
        probability = 1.0 / (1.0 + np.exp(-np.clip(inputs @ coefficients, -30.0, 30.0)))
        gradient = inputs.T @ (weights * (probability - is_loud)) + RIDGE * coefficients
        curvature = (inputs.T * (weights * probability * (1.0 - probability))) @ inputs + RIDGE * np.eye(2)
        coefficients = coefficients - np.linalg.solve(curvature, gradient)
    return Loudness(round(float(coefficients[0]), 6), round(float(coefficients[1]), 6))


def measure_loudness(recordings: GradedRecordings, bootstrap: Bootstrap) -> LoudnessResult | None:
    """Return the calibration of the loudness and its metrics on held-out patients.

    Parameters
    ----------
    recordings : GradedRecordings
    bootstrap : Bootstrap
        Over patients.

    Returns
    -------
    LoudnessResult or None
        None where soft and loud murmurs are not both among them, or nothing without a murmur is.
    """
    counts = np.bincount(recordings.truth, minlength=3)
    if not counts.all():
        return None
    graded = recordings.truth != ABSENT
    loudness = fit_loudness(
        recordings.logits[:, graded].ravel(), np.tile(recordings.truth[graded] == LOUD, len(recordings.logits))
    )
    metrics: dict[str, Estimate] = {}
    patients = recordings.by_patient()
    for name, of_kind in (("recordings", recordings), ("patients", patients)):
        statistics = [_statistic(of_kind, repeat) for repeat in range(len(of_kind.logits))]
        measured = bootstrap.estimate(mean_statistic(statistics), of_kind.patients)
        metrics |= {f"{key}_{name}": measured[key] for key in ("auc", "uar")}
        if of_kind is recordings:
            metrics |= {key: measured[key] for key in ("recall_absent", "recall_soft", "recall_loud")}
    of_patients = np.bincount(patients.truth, minlength=3)
    grades = ("absent", "soft", "loud")
    numbers = {f"recordings_{grade}": int(counts[index]) for index, grade in enumerate(grades)}
    numbers |= {f"patients_{grade}": int(of_patients[index]) for index, grade in enumerate(grades)}
    return LoudnessResult(loudness, numbers, metrics)


def _statistic(recordings: GradedRecordings, repeat: int) -> Callable[[Rows], dict[str, float]]:
    """Return the function from rows to the metrics of one repeat."""
    truth, logits = recordings.truth, recordings.logits[repeat]
    graded, is_loud = truth != ABSENT, truth == LOUD
    named = _named(recordings, repeat)
    ranking = Ranking(is_loud, logits)

    def metrics(rows: Rows) -> dict[str, float]:
        recalls = [_mean(named[rows][truth[rows] == kind] == kind) for kind in (ABSENT, SOFT, LOUD)]
        return {
            "auc": ranking.auc(rows[graded[rows]]),
            "uar": float(np.mean(recalls)),
            **dict(zip(("recall_absent", "recall_soft", "recall_loud"), recalls, strict=True)),
        }

    return metrics


def _mean(flags: NDArray[np.bool_]) -> float:
    """Return the share that is true, NaN of none."""
    return float(flags.mean()) if len(flags) else math.nan


def _named(recordings: GradedRecordings, repeat: int) -> NDArray[np.intp]:
    """Return ABSENT, SOFT or LOUD for each recording, each fold judged by what is fitted on the others."""
    truth, folds = recordings.truth, recordings.folds[repeat]
    one = ScoredSet("", truth != ABSENT, recordings.murmur_scores, recordings.folds, recordings.patients)
    named = np.where(passes([one], repeat, SPECIFICITY)[0], SOFT, ABSENT)
    for fold in np.unique(folds):
        fitted_on, held_out = (folds != fold) & (truth != ABSENT), folds == fold
        is_loud = truth[fitted_on] == LOUD
        if is_loud.all() or not is_loud.any():
            continue
        loudness = fit_loudness(recordings.logits[repeat, fitted_on], is_loud)
        loud = loudness.weight * recordings.logits[repeat] + loudness.bias >= 0.0
        named[held_out & (named == SOFT) & loud] = LOUD
    return named

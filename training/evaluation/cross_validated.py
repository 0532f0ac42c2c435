"""Scores of held-out recordings to metrics with intervals: what ``auscult train`` prints and a bundle carries.

A metric is the mean over the repeats; in a resample the same patients count in every repeat.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.labels import EXTRASTOLE, MURMUR, NORMAL
from training.evaluation import metrics
from training.evaluation.bootstrap import Bootstrap, Estimate, mean_statistic
from training.evaluation.classification import OF_LABEL, OVERALL, label_statistic, overall_statistic
from training.evaluation.metrics import Ranking

__all__ = ["CrossValidatedMetrics", "auc_estimate", "measure"]

RESAMPLES = 1000
"""Of the bootstrap."""

Rows = NDArray[np.intp]


@dataclasses.dataclass(frozen=True, slots=True)
class CrossValidatedMetrics:
    """Metrics of a network on held-out patients.

    Attributes
    ----------
    overall : dict of str to Estimate
        accuracy, balanced_accuracy, macro_f1, calibration_error, accuracy_on_surest_80.
    per_label : dict of label to dict of str to Estimate
        sensitivity, specificity, precision, auc, sensitivity_at_specificity_0.90.
    confusion : ndarray, shape (labels, labels)
        Rows are the ground truth; summed over the repeats.
    num_recordings, num_patients : int
    apart : dict of str to Estimate
        Where the set says which recordings are noisy: murmur AUC among clean and among noisy recordings, extrastole
        AUC against clean and against noisy normals, ranked by ``audible``.
    num_repeats : int
    """

    overall: dict[str, Estimate]
    per_label: dict[str, dict[str, Estimate]]
    confusion: NDArray[np.int64]
    num_recordings: int
    num_patients: int
    apart: dict[str, Estimate] = dataclasses.field(default_factory=dict)
    num_repeats: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the metrics as plain JSON values."""
        return {
            "overall": _to_json(self.overall),
            "per_label": {label: _to_json(estimates) for label, estimates in self.per_label.items()},
            "apart": _to_json(self.apart),
            "confusion": self.confusion.tolist(),
            "recordings": self.num_recordings,
            "patients": self.num_patients,
            "repeats": self.num_repeats,
        }


def _to_json(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """Return estimates as JSON values."""
    return {name: estimate.to_json() for name, estimate in estimates.items()}


def measure(
    ground_truth: NDArray[np.intp],
    scores: NDArray[np.float64],
    labels: Sequence[str],
    patients: Sequence[str],
    seed: int = 0,
    noisy: Sequence[bool | None] | None = None,
    audible: NDArray[np.float64] | None = None,
) -> CrossValidatedMetrics:
    """Return the metrics of some held-out recordings; the decision is the label with the largest score.

    Parameters
    ----------
    ground_truth : ndarray, shape (recordings,), int
    scores : ndarray, shape (recordings, labels) or (repeats, recordings, labels)
    labels : sequence of str
    patients : sequence of str
        One per recording.
    seed : int
        Of the bootstrap.
    noisy : sequence of bool or None, or None
        What the data set says of each recording.
    audible : ndarray, shape (recordings,) or (repeats, recordings), or None
        What ranks recordings of different folds by an extrasystole, where their scores do not: the score without the
        share of inaudible ones, as in :class:`training.study.scores.StudyScores`. None for the scores.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]])
    >>> result = measure(np.array([0, 1, 0]), scores, ("normal", "murmur"), ["a", "b", "c"])
    >>> round(result.overall["accuracy"].value, 2), result.per_label["murmur"]["auc"].value
    (0.67, 0.5)
    """
    if scores.ndim not in (2, 3) or scores.shape[-2:] != (len(ground_truth), len(labels)):
        raise ValueError(f"scores.shape={scores.shape} must end with {(len(ground_truth), len(labels))}")
    repeats = scores.reshape(-1, *scores.shape[-2:])  # (repeats, recordings, labels)
    contrasts = _contrasts(ground_truth, labels, noisy or [None] * len(ground_truth))
    ranked = _ranked(repeats, labels, audible)
    statistic = mean_statistic(
        [
            _statistic(ground_truth, of_repeat, labels, contrasts, ranks)
            for of_repeat, ranks in zip(repeats, ranked, strict=True)
        ]
    )
    estimates = Bootstrap(seed, RESAMPLES).estimate(statistic, patients)
    return CrossValidatedMetrics(
        overall={name: estimates[name] for name in OVERALL},
        per_label={label: {name: estimates[f"{label}/{name}"] for name in OF_LABEL} for label in labels},
        confusion=sum(
            (metrics.confusion(ground_truth, of_repeat.argmax(axis=1), len(labels)) for of_repeat in repeats),
            np.zeros((len(labels),) * 2, np.int64),
        ),
        num_recordings=len(ground_truth),
        num_patients=len(set(patients)),
        apart={name: estimates[name] for name in contrasts},
        num_repeats=len(repeats),
    )


def _ranked(
    repeats: NDArray[np.float64], labels: Sequence[str], audible: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return what ranks the recordings by each label in the comparisons of equal noise, shaped like ``repeats``."""
    if audible is None or EXTRASTOLE not in labels:
        return repeats
    if audible.size != repeats[..., 0].size or audible.shape[-1] != repeats.shape[1]:
        raise ValueError(f"audible.shape={audible.shape} must be {repeats.shape[:-1]}")
    ranked = repeats.copy()
    ranked[..., list(labels).index(EXTRASTOLE)] = audible.reshape(repeats.shape[:-1])
    return ranked


def auc_estimate(
    positive: NDArray[np.bool_], scores: NDArray[np.float64], patients: Sequence[str], seed: int = 0
) -> Estimate:
    """Return the area under the ROC curve with its interval.

    Parameters
    ----------
    positive : ndarray, shape (recordings,), bool
    scores : ndarray, shape (repeats, recordings)
    patients : sequence of str
    seed : int
        Of the bootstrap.
    """
    statistic = mean_statistic([_auc_statistic(Ranking(positive, of_repeat)) for of_repeat in scores])
    return Bootstrap(seed, RESAMPLES).estimate(statistic, patients)["auc"]


def _auc_statistic(ranking: Ranking) -> Callable[[Rows], dict[str, float]]:
    """Return the function from rows to the area under a ranking's ROC curve."""
    return lambda rows: {"auc": ranking.auc(rows)}


@dataclasses.dataclass(frozen=True, slots=True)
class _Contrast:
    """One label, by index, against others, among some of the recordings."""

    index: int
    among: NDArray[np.bool_]


def _contrasts(
    ground_truth: NDArray[np.intp], labels: Sequence[str], noisy: Sequence[bool | None]
) -> dict[str, _Contrast]:
    """Return the comparisons in which noise cannot stand for a label; none that the recordings do not give."""
    kinds = {
        "clean": np.array([value is False for value in noisy]),
        "noisy": np.array([value is True for value in noisy]),
    }
    contrasts = {}
    if MURMUR in labels:
        for kind, among in kinds.items():
            contrasts[f"murmur_auc_{kind}"] = _Contrast(labels.index(MURMUR), among)
    if {EXTRASTOLE, NORMAL} <= set(labels):
        ectopic, normal = ground_truth == labels.index(EXTRASTOLE), ground_truth == labels.index(NORMAL)
        for kind, among in kinds.items():
            name = f"extrastole_against_{kind}_normals_auc"
            contrasts[name] = _Contrast(labels.index(EXTRASTOLE), ectopic | (among & normal))
    return {
        name: contrast
        for name, contrast in contrasts.items()
        if len(np.unique(ground_truth[contrast.among] == contrast.index)) > 1
    }


def _statistic(
    ground_truth: NDArray[np.intp],
    scores: NDArray[np.float64],
    labels: Sequence[str],
    contrasts: Mapping[str, _Contrast],
    ranked: NDArray[np.float64],
) -> Callable[[Rows], dict[str, float]]:
    """Return the function from rows to all metrics of one repeat."""
    decided = scores.argmax(axis=1)
    overall = overall_statistic(ground_truth, scores)
    of_labels = {
        label: label_statistic(ground_truth == index, decided == index, scores[:, index])
        for index, label in enumerate(labels)
    }
    rankings = {
        name: Ranking(ground_truth == contrast.index, ranked[:, contrast.index]) for name, contrast in contrasts.items()
    }

    def metrics_of(rows: Rows) -> dict[str, float]:
        values = dict(overall(rows))
        for label, statistic in of_labels.items():
            values |= {f"{label}/{name}": value for name, value in statistic(rows).items()}
        for name, contrast in contrasts.items():
            values[name] = rankings[name].auc(rows[contrast.among[rows]])
        return values

    return metrics_of

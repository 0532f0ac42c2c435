"""Held-out scores to figures with intervals: what ``auscult train`` prints and a bundle carries.

A figure is the mean over the repeats; in a draw of the bootstrap the same patients count in every repeat.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.labels import EXTRASTOLE, NORMAL
from training.evaluation import metrics
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.curves import accuracy_at_coverage
from training.evaluation.metrics import Ranking

__all__ = ["CrossValidatedMetrics", "area_figure", "measure"]

DRAWS = 1000
"""Of the bootstrap."""
SUREST = 0.8
SPECIFICITY = 0.90
OVERALL = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "accuracy_on_surest_80")
OF_LABEL = ("sensitivity", "specificity", "precision", "auc", f"sensitivity_at_specificity_{SPECIFICITY:.2f}")
MURMUR = "murmur"

Rows = NDArray[np.intp]
Values = dict[str, float]
FigureOf = Callable[[Rows], Values]


@dataclasses.dataclass(frozen=True, slots=True)
class CrossValidatedMetrics:
    """What held-out patients say of a network.

    Attributes
    ----------
    overall : dict of str to Estimate
        accuracy, balanced_accuracy, macro_f1, calibration_error, accuracy_on_surest_80.
    per_label : dict of label to dict of str to Estimate
        sensitivity, specificity, precision, auc, sensitivity_at_specificity_0.90.
    confusion : ndarray, shape (labels, labels)
        Rows are the truth; summed over the repeats.
    num_recordings, num_patients : int
    apart : dict of str to Estimate
        Where the set says which recordings are noisy: murmur AUC among clean and among noisy recordings, extrastole
        AUC against clean and against noisy normals.
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
        """Return the evidence as plain JSON values."""
        return {
            "overall": _to_json(self.overall),
            "per_label": {label: _to_json(figures) for label, figures in self.per_label.items()},
            "apart": _to_json(self.apart),
            "confusion": self.confusion.tolist(),
            "recordings": self.num_recordings,
            "patients": self.num_patients,
            "repeats": self.num_repeats,
        }


def _to_json(figures: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """Return figures as JSON values."""
    return {name: figure.to_json() for name, figure in figures.items()}


def measure(
    truth: NDArray[np.intp],
    scores: NDArray[np.float64],
    labels: Sequence[str],
    patients: Sequence[str],
    seed: int = 0,
    noisy: Sequence[bool | None] | None = None,
) -> CrossValidatedMetrics:
    """Return the figures of some held-out recordings; the decision is the label with the largest score.

    Parameters
    ----------
    truth : ndarray, shape (recordings,), int
    scores : ndarray, shape (recordings, labels) or (repeats, recordings, labels)
    labels : sequence of str
    patients : sequence of str
        One per recording.
    seed : int
        Of the bootstrap.
    noisy : sequence of bool or None, or None
        What the data set says of each recording.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    if scores.ndim not in (2, 3) or scores.shape[-2:] != (len(truth), len(labels)):
        raise ValueError(f"scores.shape={scores.shape} must end with {(len(truth), len(labels))}")
    repeats = scores.reshape(-1, *scores.shape[-2:])
    parts = _parts(truth, labels, noisy or [None] * len(truth))
    of = _mean_of([_figures_of(truth, of_repeat, labels, parts) for of_repeat in repeats])
    figures = Bootstrap(seed, DRAWS).figures(of, patients)
    return CrossValidatedMetrics(
        overall={name: figures[name] for name in OVERALL},
        per_label={label: {name: figures[f"{label}/{name}"] for name in OF_LABEL} for label in labels},
        confusion=sum(
            (metrics.confusion(truth, its.argmax(axis=1), len(labels)) for its in repeats),
            np.zeros((len(labels),) * 2, np.int64),
        ),
        num_recordings=len(truth),
        num_patients=len(set(patients)),
        apart={name: figures[name] for name in parts},
        num_repeats=len(repeats),
    )


def area_figure(
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
    of = _mean_of([_area_of(Ranking(positive, of_repeat)) for of_repeat in scores])
    return Bootstrap(seed, DRAWS).figures(of, patients)["auc"]


def _area_of(ranking: Ranking) -> FigureOf:
    """Return the function from rows to the area under a ranking's ROC curve."""
    return lambda rows: {"auc": ranking.figures(rows, SPECIFICITY)[0]}


def _mean_of(repeats: Sequence[FigureOf]) -> FigureOf:
    """Return the function from rows to the figures' means over the repeats; NaN where one has none."""

    def of(rows: Rows) -> Values:
        each = [of_repeat(rows) for of_repeat in repeats]
        return {name: math.fsum(its[name] for its in each) / len(each) for name in each[0]}

    return of


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """One label against others, among some of the recordings; ``place`` of a recording in them, -1 outside."""

    index: int
    rows: Rows
    positive: NDArray[np.bool_]
    place: Rows


def _parts(truth: NDArray[np.intp], labels: Sequence[str], noisy: Sequence[bool | None]) -> dict[str, _Part]:
    """Return the comparisons in which noise cannot stand for a label; none that the recordings do not give."""
    kinds = {"clean": np.array([its is False for its in noisy]), "noisy": np.array([its is True for its in noisy])}
    wanted = {}
    for kind, held in kinds.items():
        if MURMUR in labels:
            wanted[f"murmur_auc_{kind}"] = (MURMUR, held)
    for kind, held in kinds.items():
        if {EXTRASTOLE, NORMAL} <= set(labels):
            early = truth == labels.index(EXTRASTOLE)
            against = held & (truth == labels.index(NORMAL))
            wanted[f"extrastole_against_{kind}_normals_auc"] = (EXTRASTOLE, early | against)
    parts = {name: _part(truth, labels.index(label), held) for name, (label, held) in wanted.items()}
    return {name: part for name, part in parts.items() if part.positive.any() and not part.positive.all()}


def _part(truth: NDArray[np.intp], index: int, held: NDArray[np.bool_]) -> _Part:
    """Return one comparison."""
    rows = np.flatnonzero(held)
    return _Part(index, rows, truth[rows] == index, np.where(held, np.cumsum(held) - 1, -1))


def _figures_of(
    truth: NDArray[np.intp], scores: NDArray[np.float64], labels: Sequence[str], parts: Mapping[str, _Part]
) -> FigureOf:
    """Return the function from rows to all figures of one repeat."""
    decided, confidence = scores.argmax(axis=1), scores.max(axis=1)
    right = decided == truth
    cell, size = truth * len(labels) + decided, len(labels)
    rankings = [Ranking(truth == index, scores[:, index]) for index in range(size)]
    within = {name: Ranking(part.positive, scores[part.rows, part.index]) for name, part in parts.items()}

    def of(rows: Rows) -> Values:
        matrix = np.bincount(cell[rows], minlength=size * size).reshape(size, size)
        overall = (
            metrics.accuracy(matrix),
            metrics.balanced_accuracy(matrix),
            metrics.macro_f1(matrix),
            metrics.calibration_error(truth[rows], scores[rows]),
            accuracy_at_coverage(right[rows], confidence[rows], SUREST),
        )
        found = dict(zip(OVERALL, overall, strict=True))
        for index, label in enumerate(labels):
            rates = metrics.sensitivity_specificity_precision(matrix, index)
            ranked = rankings[index].figures(rows, SPECIFICITY)
            found |= {f"{label}/{name}": its for name, its in zip(OF_LABEL, (*rates, *ranked), strict=True)}
        for name, part in parts.items():
            places = part.place[rows]
            found[name] = within[name].figures(places[places >= 0], SPECIFICITY)[0]
        return found

    return of

"""Held-out scores to figures with intervals: what ``auscult train`` prints and a bundle carries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import metrics

__all__ = ["Evidence", "Figure", "measure"]


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval over patients."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """Return the figure as JSON values, rounded to 4 digits; what is no number is None."""
        return {key: round(value, 4) if np.isfinite(value) else None for key, value in dataclasses.asdict(self).items()}

    def __str__(self) -> str:
        """Return it as a person reads it: ``0.92 (0.88 to 0.95)``."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """What held-out patients say of a network.

    Attributes
    ----------
    overall : dict of str to Figure
        accuracy, balanced_accuracy, macro_f1, calibration_error.
    per_label : dict of label to dict of str to Figure
        sensitivity, specificity, precision, auc, sensitivity_at_specificity_0.90.
    confusion : ndarray, shape (labels, labels)
        Rows are the truth.
    num_recordings, num_patients : int
    """

    overall: dict[str, Figure]
    per_label: dict[str, dict[str, Figure]]
    confusion: NDArray[np.int64]
    num_recordings: int
    num_patients: int

    def to_json(self) -> dict[str, Any]:
        """Return the evidence as plain JSON values."""
        return {
            "overall": {name: figure.to_json() for name, figure in self.overall.items()},
            "per_label": {
                label: {name: figure.to_json() for name, figure in figures.items()}
                for label, figures in self.per_label.items()
            },
            "confusion": self.confusion.tolist(),
            "recordings": self.num_recordings,
            "patients": self.num_patients,
        }


def measure(
    truth: NDArray[np.intp], scores: NDArray[np.float64], labels: Sequence[str], patients: Sequence[str], seed: int = 0
) -> Evidence:
    """Return the figures of some held-out recordings; the decision is the label with the largest score.

    Parameters
    ----------
    truth : ndarray, shape (recordings,), int
    scores : ndarray, shape (recordings, labels)
    labels : sequence of str
    patients : sequence of str
        One per recording.
    seed : int
        Of the bootstrap.
    """
    decided = scores.argmax(axis=1)

    def figure(of: Callable[[NDArray[np.intp]], float]) -> Figure:
        value = of(np.arange(len(truth)))
        if np.isnan(value):
            return Figure(value, value, value)
        return Figure(value, *metrics.bootstrap_interval(of, patients, np.random.default_rng(seed)))

    def from_confusion(of: Callable[[NDArray[np.int64]], float]) -> Figure:
        return figure(lambda rows: of(metrics.confusion(truth[rows], decided[rows], len(labels))))

    def of_label(index: int) -> dict[str, Figure]:
        names = ("sensitivity", "specificity", "precision")
        parts = [lambda m, k=k: metrics.sensitivity_specificity_precision(m, index)[k] for k in range(3)]
        positive = truth == index
        return {name: from_confusion(part) for name, part in zip(names, parts, strict=True)} | {
            "auc": figure(lambda rows: metrics.auc(positive[rows], scores[rows, index])),
            "sensitivity_at_specificity_0.90": figure(
                lambda rows: metrics.sensitivity_at_specificity(positive[rows], scores[rows, index], 0.90)
            ),
        }

    return Evidence(
        overall={
            "accuracy": from_confusion(metrics.accuracy),
            "balanced_accuracy": from_confusion(metrics.balanced_accuracy),
            "macro_f1": from_confusion(metrics.macro_f1),
            "calibration_error": figure(lambda rows: metrics.calibration_error(truth[rows], scores[rows])),
        },
        per_label={label: of_label(index) for index, label in enumerate(labels)},
        confusion=metrics.confusion(truth, decided, len(labels)),
        num_recordings=len(truth),
        num_patients=len(set(patients)),
    )

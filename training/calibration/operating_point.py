"""The score from which a murmur is possible: chosen on held-out recordings for a stated specificity. Pure.

A label is given only where it is more probable than not, which finds the loud murmurs. Below that lies a band in which
a murmur is still several times as probable as in a recording without one. Its lower end is this operating point.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.bootstrap import Bootstrap, Estimate, mean_statistic

__all__ = ["SPECIFICITY", "OperatingPoint", "ScoredSet", "choose_threshold", "measure_operating_point", "passes"]

SPECIFICITY = 0.95
"""Stated specificity, the mean over the data sets: each weighs the same, however many recordings it has."""

THRESHOLDS = np.round(np.arange(0.01, 0.9901, 0.01), 2)
"""Candidates."""

Rows = NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class ScoredSet:
    """Held-out recordings of one data set, in which it is known who has the label.

    Attributes
    ----------
    name : str
    positive : ndarray, shape (recordings,), bool
    scores : ndarray, shape (repeats, recordings)
        Of the label.
    folds : ndarray, shape (repeats, recordings), int
    patients : sequence of str
    """

    name: str
    positive: NDArray[np.bool_]
    scores: NDArray[np.float64]
    folds: NDArray[np.intp]
    patients: Sequence[str]


@dataclasses.dataclass(frozen=True)
class OperatingPoint:
    """The operating point of a label, and how it performs where each fold's is chosen on the other folds.

    Attributes
    ----------
    label : str
    specificity : float
        That it was chosen for.
    possible_from : float
        Score, chosen on all held-out recordings.
    sets : dict of str to dict of str to Estimate
        ``sensitivity`` and ``specificity`` of each data set, and ``labelled``, the share of the positive recordings
        whose score is high enough for the label itself.
    """

    label: str
    specificity: float
    possible_from: float
    sets: Mapping[str, Mapping[str, Estimate]]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "label": self.label,
            "specificity": self.specificity,
            "possible_from": self.possible_from,
            "sets": {
                name: {key: estimate.to_json() for key, estimate in estimates.items()}
                for name, estimates in self.sets.items()
            },
        }


def choose_threshold(negatives: Sequence[NDArray[np.floating]], specificity: float = SPECIFICITY) -> float:
    """Return the lowest threshold at which enough recordings without the label are below it.

    Parameters
    ----------
    negatives : sequence of ndarray
        Scores of the recordings without the label, one array per data set.
    specificity : float
        Wanted mean over the data sets of the share that is below.

    Returns
    -------
    float
        0.01 to 0.99; 0.99 where no threshold is enough.

    Examples
    --------
    >>> choose_threshold([np.linspace(0.0, 0.5, 101), np.linspace(0.0, 0.3, 101)])
    0.46
    """
    for threshold in THRESHOLDS.tolist():
        if np.mean([(scores < threshold).mean() for scores in negatives]) >= specificity - 1e-9:
            return float(threshold)
    return float(THRESHOLDS[-1])


def measure_operating_point(
    label: str,
    sets: Sequence[ScoredSet],
    labelled_from: float,
    bootstrap: Bootstrap,
    specificity: float = SPECIFICITY,
) -> OperatingPoint | None:
    """Return the operating point of a label, or None where it would be no lower than the threshold of the label.

    Parameters
    ----------
    label : str
    sets : sequence of ScoredSet
        At least one, each with recordings without the label; the same number of repeats in all.
    labelled_from : float
        Score from which the label itself is given.
    bootstrap : Bootstrap
        Over patients, set by set.
    specificity : float

    Examples
    --------
    >>> scores = np.array([[0.1, 0.2, 0.3, 0.4, 0.45, 0.9]])
    >>> positive, folds = np.array([False, False, False, False, True, True]), np.array([[0, 1, 0, 1, 0, 1]])
    >>> clinic = ScoredSet("clinic", positive, scores, folds, list("abcdef"))
    >>> point = measure_operating_point("murmur", [clinic], 0.58, Bootstrap(0, 20))
    >>> point.possible_from, point.sets["clinic"]["sensitivity"].value
    (0.41, 1.0)
    """
    chosen = choose_threshold([one.scores[:, ~one.positive].ravel() for one in sets], specificity)
    if chosen >= labelled_from:
        return None
    repeats = range(len(sets[0].scores))
    passed = [passes(sets, repeat, specificity) for repeat in repeats]
    measured = {
        one.name: bootstrap.estimate(
            mean_statistic([_statistic(one, passed[repeat][index], repeat, labelled_from) for repeat in repeats]),
            one.patients,
        )
        for index, one in enumerate(sets)
    }
    return OperatingPoint(label, specificity, chosen, measured)


def passes(sets: Sequence[ScoredSet], repeat: int, specificity: float) -> list[NDArray[np.bool_]]:
    """Return whether each recording reaches the threshold that is chosen on the other folds.

    Parameters
    ----------
    sets : sequence of ScoredSet
    repeat : int
    specificity : float

    Returns
    -------
    list of ndarray, each ``(recordings,)``
        One per data set.
    """
    passed = [np.zeros(len(one.positive), bool) for one in sets]
    for fold in np.unique(np.concatenate([one.folds[repeat] for one in sets])):
        others = [one.scores[repeat, (one.folds[repeat] != fold) & ~one.positive] for one in sets]
        known = [scores for scores in others if len(scores)]
        threshold = choose_threshold(known, specificity) if known else float(THRESHOLDS[-1])
        for one, flags in zip(sets, passed, strict=True):
            held_out = one.folds[repeat] == fold
            flags[held_out] = one.scores[repeat, held_out] >= threshold
    return passed


def _statistic(
    one: ScoredSet, passed: NDArray[np.bool_], repeat: int, labelled_from: float
) -> Callable[[Rows], dict[str, float]]:
    """Return the function from rows to sensitivity and specificity of one repeat."""
    labelled = one.scores[repeat] >= labelled_from

    def shares(rows: Rows) -> dict[str, float]:
        positive = one.positive[rows]
        return {
            "sensitivity": _mean(passed[rows][positive]),
            "specificity": 1.0 - _mean(passed[rows][~positive]),
            "labelled": _mean(labelled[rows][positive]),
        }

    return shares


def _mean(flags: NDArray[np.bool_]) -> float:
    """Return the share that is true, NaN of none."""
    return float(flags.mean()) if len(flags) else math.nan

"""The quality gate, fitted and measured: what of a window says that it is a heart, and from where on it is believed.

Each window has the features of :mod:`monitor.inference.quality_gate` and the odds that a network gave which was fitted without its
patient or group. Whoever is measured helped to choose nothing: each fold is judged by the gate of the others.
Pure NumPy.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.inference.quality_gate import MOST_ODDS, GateFeatures, QualityGate
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.metrics import Ranking

__all__ = ["GateMetrics", "GateWindows", "fit_gate", "measure_gate"]

RIDGE = 1e-3
"""Of the standardised weights; what two features tell alike is shared between them."""
STEPS = 50

MOST_WITHHELD = 0.01
"""Share of the clean windows of any set of hearts that may be withheld, where the gate is fitted."""
MOST_REQUIRED = 0.5
"""Nothing is withheld that is a heart rather than not."""

DRAWS = 300
"""Of the bootstrap: there are thousands of windows to count in each."""

ACCEPTED = 0.95
"""Share of clean heart windows that is let pass where sets are compared at one point."""


@dataclasses.dataclass(frozen=True)
class GateWindows:
    """Windows of hearts and of other sounds.

    Attributes
    ----------
    features : ndarray, shape (windows, 4), float64
        As :class:`monitor.inference.quality_gate.GateFeatures`.
    odds : ndarray, shape (windows,), float64
        Natural-log odds of a heart.
    kinds : ndarray of str, shape (windows,)
        What is weighed and told apart: a data set of hearts, or a sort of other sounds.
    hearts, clean : ndarray of bool, shape (windows,)
        Whether it is a heart; whether it is one of those that the network is for, and nobody calls it noisy.
    groups : ndarray of str, shape (windows,)
        Patient, or what else must not be on both sides.
    folds : ndarray of int, shape (windows,)
        The same for all windows of a group.
    """

    features: NDArray[np.float64]
    odds: NDArray[np.float64]
    kinds: NDArray[np.str_]
    hearts: NDArray[np.bool_]
    clean: NDArray[np.bool_]
    groups: NDArray[np.str_]
    folds: NDArray[np.intp]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.odds)

    def only(self, chosen: NDArray[np.bool_]) -> GateWindows:
        """Return some of the windows."""
        return GateWindows(*(getattr(self, field.name)[chosen] for field in dataclasses.fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[GateWindows]) -> GateWindows:
        """Return several as one."""
        fields = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


@dataclasses.dataclass(frozen=True)
class GateMetrics:
    """What a gate does to windows that it was not fitted on; intervals by bootstrap over groups.

    Attributes
    ----------
    auc : Estimate
        Of hearts against all other sounds.
    windows : dict of str to int
        By kind, hearts first.
    passing, passing_at_95 : dict of str to Estimate
        By kind: the share that is let pass by the gate as it is, and where 95 % of clean hearts are.
    """

    auc: Estimate
    windows: dict[str, int]
    passing: dict[str, Estimate]
    passing_at_95: dict[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        return {
            "auc": self.auc.to_json(),
            "kinds": {
                kind: {
                    "windows": number,
                    "passing": self.passing[kind].to_json(),
                    "passing_where_95_of_clean_hearts_do": self.passing_at_95[kind].to_json(),
                }
                for kind, number in self.windows.items()
            },
        }


def fit_gate(windows: GateWindows) -> QualityGate:
    """Return the gate that tells hearts from other sounds best, each kind weighing the same on its side.

    Parameters
    ----------
    windows : GateWindows
        Some of hearts and some of other sounds.

    Raises
    ------
    ValueError
        If either is missing.
    """
    if not windows.hearts.any() or windows.hearts.all():
        raise ValueError("windows must be of hearts and of other sounds")
    values = _values(windows)
    weights = _weights(windows)
    middle = values[windows.hearts].mean(axis=0)
    spread = np.maximum(np.sqrt(weights @ (values - weights @ values) ** 2), 1e-6)
    solution = _logistic((values - middle) / spread, windows.hearts, weights)
    slopes, bias = solution[:-1] / spread, float(solution[-1])
    logits = (values - middle) @ slopes + bias
    clean = [logits[windows.clean & (windows.kinds == kind)] for kind in np.unique(windows.kinds[windows.clean])]
    limit = min((float(np.quantile(its, MOST_WITHHELD)) for its in clean), default=0.0)
    rounded = [round(float(value), 6) for value in (*middle, *slopes)]
    return QualityGate(
        typical=GateFeatures(*rounded[:4]),
        weights=GateFeatures(*rounded[5:9]),
        typical_odds=rounded[4],
        odds_weight=rounded[9],
        bias=round(bias, 6),
        poor_below=round(min(MOST_REQUIRED, 1.0 / (1.0 + float(np.exp(-limit)))), 6),
    )


def measure_gate(windows: GateWindows) -> GateMetrics:
    """Return what gates do to the windows of folds that they were not fitted on."""
    scores, passing = np.empty(len(windows)), np.empty(len(windows), bool)
    for fold in np.unique(windows.folds):
        held = windows.folds == fold
        gate = fit_gate(windows.only(~held))
        scores[held] = gate_logits(gate, windows.only(held))
        passing[held] = 1.0 / (1.0 + np.exp(-scores[held])) >= gate.poor_below
    at_95 = scores >= np.quantile(scores[windows.clean], 1.0 - ACCEPTED)
    ranking = Ranking(windows.hearts, scores)
    kinds = [*np.unique(windows.kinds[windows.hearts]).tolist(), *np.unique(windows.kinds[~windows.hearts]).tolist()]
    places = {kind: windows.kinds == kind for kind in kinds}

    def of(rows: NDArray[np.intp]) -> dict[str, float]:
        values = {"auc": ranking.figures(rows, ACCEPTED)[0]}
        for kind, place in places.items():
            its = rows[place[rows]]
            values[f"passing {kind}"] = float(passing[its].mean()) if len(its) else math.nan
            values[f"at_95 {kind}"] = float(at_95[its].mean()) if len(its) else math.nan
        return values

    found = Bootstrap(repeats=DRAWS).figures(of, windows.groups.tolist())
    return GateMetrics(
        auc=found["auc"],
        windows={kind: int(place.sum()) for kind, place in places.items()},
        passing={kind: found[f"passing {kind}"] for kind in kinds},
        passing_at_95={kind: found[f"at_95 {kind}"] for kind in kinds},
    )


def gate_logits(gate: QualityGate, windows: GateWindows) -> NDArray[np.float64]:
    """Return the scores of some windows as natural-log odds, shape (windows,)."""
    weights = np.array((*gate.weights, gate.odds_weight))
    logits: NDArray[np.float64] = (_values(windows) - (*gate.typical, gate.typical_odds)) @ weights + gate.bias
    return logits


def _values(windows: GateWindows) -> NDArray[np.float64]:
    """Return features and odds side by side, shape (windows, 5)."""
    return np.column_stack((windows.features, np.clip(windows.odds, -MOST_ODDS, MOST_ODDS)))


def _weights(windows: GateWindows) -> NDArray[np.float64]:
    """Return the weight of each window: together 1, half of it hearts, on either side as much for every kind."""
    weights = np.zeros(len(windows))
    for side in (windows.hearts, ~windows.hearts):
        kinds = np.unique(windows.kinds[side])
        for kind in kinds:
            place = side & (windows.kinds == kind)
            weights[place] = 0.5 / (len(kinds) * place.sum())
    return weights


def _logistic(
    values: NDArray[np.float64], truth: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the coefficients, bias last, of a logistic model with a small ridge, by Newton's method."""
    design = np.column_stack((values, np.ones(len(values))))
    ridge = RIDGE * np.diag([*np.ones(values.shape[1]), 0.0])
    solution = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ solution, -50.0, 50.0)))
        slope = design.T @ (weights * (truth - chance)) - ridge @ solution
        bend = (design.T * (weights * chance * (1.0 - chance))) @ design + ridge + 1e-9 * np.eye(len(solution))
        step = np.linalg.solve(bend, slope)
        solution += step
        if np.abs(step).max() < 1e-8:
            break
    return solution

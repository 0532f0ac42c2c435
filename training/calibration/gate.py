"""The quality gate, fitted and measured: a logistic regression of heart against other sound, and its threshold.

Each window has the features of :mod:`monitor.inference.quality_gate` and the heart odds of a network that was fitted
without its patient or group. Metrics are cross-validated: each fold is scored by the gate of the others. Pure NumPy.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.inference.quality_gate import MAX_ODDS, GateFeatures, QualityGate
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.metrics import Ranking

__all__ = ["GateMetrics", "GateWindows", "fit_gate", "measure_gate"]

RIDGE = 1e-3
"""L2 penalty on the standardised weights; correlated features share theirs."""
MAX_STEPS = 50
"""Of Newton's method, which takes about 10."""

MAX_WITHHELD = 0.01
"""Share of the clean windows of any set of hearts that may be withheld, on the windows that the gate is fitted on."""
MAX_THRESHOLD = 0.5
"""A window is never withheld that is more probably a heart than not."""

RESAMPLES = 300
"""Of the bootstrap; fewer than elsewhere, for each counts thousands of windows."""

COMPARED_AT = 0.95
"""Share of clean heart windows that pass at the operating point at which kinds are compared."""


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
        A data set of hearts, or a sort of other sounds; each kind has the same weight in the fit.
    hearts, clean : ndarray of bool, shape (windows,)
        Whether it is a heart; whether it is a heart of the training data that is not labelled noisy.
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
    def concatenated(cls, parts: Sequence[GateWindows]) -> GateWindows:
        """Return the windows of all parts, of which there is at least one."""
        fields = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


@dataclasses.dataclass(frozen=True)
class GateMetrics:
    """Metrics of a gate on windows that it was not fitted on, with intervals by bootstrap over groups.

    Attributes
    ----------
    auc : Estimate
        Of hearts against all other sounds.
    windows : dict of str to int
        By kind, hearts first.
    passing, passing_at_95 : dict of str to Estimate
        By kind: the share that passes at the gate's own threshold, and at that which 95 % of clean hearts pass.
    """

    auc: Estimate
    windows: dict[str, int]
    passing: dict[str, Estimate]
    passing_at_95: dict[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """Return the metrics as plain JSON values."""
        return {
            "auc": self.auc.to_json(),
            "kinds": {
                kind: {
                    "windows": count,
                    "passing": self.passing[kind].to_json(),
                    "passing_where_95_of_clean_hearts_do": self.passing_at_95[kind].to_json(),
                }
                for kind, count in self.windows.items()
            },
        }


def fit_gate(windows: GateWindows) -> QualityGate:
    """Return the gate that separates hearts from other sounds best, with equal weight for each kind of a side.

    Parameters
    ----------
    windows : GateWindows
        Some of hearts and some of other sounds.

    Raises
    ------
    ValueError
        If either is missing.

    Examples
    --------
    >>> odds = np.linspace(-3.0, 3.0, 60)
    >>> windows = GateWindows(
    ...     features=np.zeros((60, 4)),
    ...     odds=odds,
    ...     kinds=np.where(odds > 0, "clinic", "speech"),
    ...     hearts=odds > 0,
    ...     clean=odds > 0,
    ...     groups=np.arange(60).astype(str),
    ...     folds=np.arange(60) % 2,
    ... )
    >>> gate = fit_gate(windows)
    >>> gate.odds_weight > 0, gate.poor_below <= 0.5
    (True, True)
    """
    if not windows.hearts.any() or windows.hearts.all():
        raise ValueError("windows must be of hearts and of other sounds")
    values = _values(windows)  # (windows, 5)
    weights = _weights(windows)  # (windows,)
    middle = values[windows.hearts].mean(axis=0)
    spread = np.maximum(np.sqrt(weights @ (values - weights @ values) ** 2), 1e-6)
    solution = _logistic((values - middle) / spread, windows.hearts, weights)
    slopes, bias = solution[:-1] / spread, float(solution[-1])
    logits = (values - middle) @ slopes + bias
    clean = [logits[windows.clean & (windows.kinds == kind)] for kind in np.unique(windows.kinds[windows.clean])]
    limit = min((float(np.quantile(of_kind, MAX_WITHHELD)) for of_kind in clean), default=0.0)
    rounded = [round(float(value), 6) for value in (*middle, *slopes)]
    return QualityGate(
        typical=GateFeatures(*rounded[:4]),
        weights=GateFeatures(*rounded[5:9]),
        typical_odds=rounded[4],
        odds_weight=rounded[9],
        bias=round(bias, 6),
        poor_below=round(min(MAX_THRESHOLD, 1.0 / (1.0 + float(np.exp(-limit)))), 6),
    )


def measure_gate(windows: GateWindows) -> GateMetrics:
    """Return the metrics of gates on the windows of folds that they were not fitted on.

    Parameters
    ----------
    windows : GateWindows
        Of two folds or more, each with hearts and other sounds.

    Raises
    ------
    ValueError
        If all folds but one hold only hearts, or only other sounds.
    """
    scores, passing = np.empty(len(windows)), np.empty(len(windows), bool)
    for fold in np.unique(windows.folds):
        held_out = windows.folds == fold
        gate = fit_gate(windows.only(~held_out))
        scores[held_out] = gate_logits(gate, windows.only(held_out))
        passing[held_out] = 1.0 / (1.0 + np.exp(-scores[held_out])) >= gate.poor_below
    at_95 = scores >= np.quantile(scores[windows.clean], 1.0 - COMPARED_AT)
    ranking = Ranking(windows.hearts, scores)
    kinds = [*np.unique(windows.kinds[windows.hearts]).tolist(), *np.unique(windows.kinds[~windows.hearts]).tolist()]
    of_kind = {kind: windows.kinds == kind for kind in kinds}

    def statistic(rows: NDArray[np.intp]) -> dict[str, float]:
        values = {"auc": ranking.auc(rows)}
        for kind, mask in of_kind.items():
            chosen = rows[mask[rows]]
            values[f"passing {kind}"] = float(passing[chosen].mean()) if len(chosen) else math.nan
            values[f"at_95 {kind}"] = float(at_95[chosen].mean()) if len(chosen) else math.nan
        return values

    estimates = Bootstrap(repeats=RESAMPLES).estimate(statistic, windows.groups.tolist())
    return GateMetrics(
        auc=estimates["auc"],
        windows={kind: int(mask.sum()) for kind, mask in of_kind.items()},
        passing={kind: estimates[f"passing {kind}"] for kind in kinds},
        passing_at_95={kind: estimates[f"at_95 {kind}"] for kind in kinds},
    )


def gate_logits(gate: QualityGate, windows: GateWindows) -> NDArray[np.float64]:
    """Return the scores of some windows as natural-log odds, shape (windows,)."""
    weights = np.array((*gate.weights, gate.odds_weight))
    logits: NDArray[np.float64] = (_values(windows) - (*gate.typical, gate.typical_odds)) @ weights + gate.bias
    return logits


def _values(windows: GateWindows) -> NDArray[np.float64]:
    """Return features and odds side by side, shape (windows, 5)."""
    return np.column_stack((windows.features, np.clip(windows.odds, -MAX_ODDS, MAX_ODDS)))


def _weights(windows: GateWindows) -> NDArray[np.float64]:
    """Return the weight of each window: 1 in all, half of it for hearts, the same for every kind of a side."""
    weights = np.zeros(len(windows))
    for side in (windows.hearts, ~windows.hearts):
        kinds = np.unique(windows.kinds[side])
        for kind in kinds:
            mask = side & (windows.kinds == kind)
            weights[mask] = 0.5 / (len(kinds) * mask.sum())
    return weights


def _logistic(
    values: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the coefficients ``(columns + 1,)``, bias last, of a ridge logistic regression, by Newton's method.

    Source: Hastie, Tibshirani & Friedman, "The elements of statistical learning", 2nd edition, section 4.4.1.
    """
    design = np.column_stack((values, np.ones(len(values))))
    ridge = RIDGE * np.diag([*np.ones(values.shape[1]), 0.0])
    solution = np.zeros(design.shape[1])
    for _ in range(MAX_STEPS):
        probability = 1.0 / (1.0 + np.exp(-np.clip(design @ solution, -50.0, 50.0)))
        gradient = design.T @ (weights * (positive - probability)) - ridge @ solution
        curvature = design.T * (weights * probability * (1.0 - probability))
        hessian = curvature @ design + ridge + 1e-9 * np.eye(len(solution))
        step = np.linalg.solve(hessian, gradient)
        solution += step
        if np.abs(step).max() < 1e-8:
            break
    return solution

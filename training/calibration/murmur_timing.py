"""Where in the cycle a murmur lies: the logistic model of a bundle, and how sure it must be for that to be said.

Fitted on made diastolic murmurs and real systolic ones of some patients, measured on others. Pure; the same input gives
the same model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.inference.segmentation.murmur_timing import NUM_FEATURES, TIMINGS, TimingModel
from training.evaluation.metrics import auc

__all__ = [
    "MIN_RIGHT",
    "SHARES",
    "TimedSpan",
    "fit_timing",
    "held_out",
    "model_of_all",
    "models_of_folds",
    "said_from",
    "timing_statistic",
]

MIN_RIGHT = 0.95
"""Share of what is said that must be right."""
SHARES = ((1 / 3, 1 / 3, 1 / 3), (0.7, 0.2, 0.1))
"""How frequent each timing is where that must hold: all alike, and most systolic."""
RIDGE = 10.0
ITERATIONS = 30
NEVER = 1.0
NOTHING_SAID = (NEVER, NEVER, NEVER)


@dataclasses.dataclass(frozen=True, slots=True)
class TimedSpan:
    """A few seconds of a heart with a murmur, as the model hears them.

    Attributes
    ----------
    patient : str
    fold : int
    kind : str
        How it was made; see :class:`training.examples.diastolic.MadeHeart`.
    timing : int
        Index of :data:`monitor.inference.segmentation.murmur_timing.TIMINGS`.
    features : ndarray, shape (32,)
    """

    patient: str
    fold: int
    kind: str
    timing: int
    features: NDArray[np.float64]


def _balanced(timing: NDArray[np.intp], shares: Sequence[float]) -> NDArray[np.float64]:
    """Return a weight for each span so that the timings have these shares of a sum of 1."""
    counts = np.bincount(timing, minlength=len(TIMINGS))
    return np.asarray(np.array(shares)[timing] / counts[timing], np.float64)


def fit_timing(features: NDArray[np.float64], timing: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the weights of :class:`~monitor.inference.segmentation.murmur_timing.TimingModel`.

    Newton's method for the multinomial logistic model, every timing as frequent as the others, with a ridge on the
    standardised features.

    Parameters
    ----------
    features : ndarray, shape (spans, 32)
    timing : ndarray, shape (spans,), int

    Returns
    -------
    ndarray, shape (3, 33)
    """
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    values = np.column_stack(((features - mean) / scale, np.ones(len(features))))  # (spans, 33)
    kinds, width = len(TIMINGS), NUM_FEATURES + 1
    expected = np.eye(kinds)[timing]
    weight = _balanced(timing, SHARES[0]) * len(timing)
    ridge = np.full(width, RIDGE)
    ridge[-1] = 1e-3
    found = np.zeros((kinds, width))
    for _ in range(ITERATIONS):
        odds = values @ found.T
        odds -= odds.max(axis=1, keepdims=True)
        probability = np.exp(odds)
        probability /= probability.sum(axis=1, keepdims=True)
        slope = ((expected - probability) * weight[:, None]).T @ values - ridge * found
        curvature = np.zeros((kinds * width, kinds * width))
        for one in range(kinds):
            for other in range(kinds):
                shared = weight * probability[:, one] * ((one == other) - probability[:, other])
                part = (values * shared[:, None]).T @ values + (one == other) * np.diag(ridge)
                curvature[one * width : (one + 1) * width, other * width : (other + 1) * width] = part
        found += np.linalg.solve(curvature, slope.ravel()).reshape(kinds, width)
    weights = found.copy()
    weights[:, :-1] /= scale
    weights[:, -1] -= weights[:, :-1] @ mean
    return weights


def said_from(probability: NDArray[np.float64], timing: NDArray[np.intp]) -> tuple[float, float, float]:
    """Return the least probability of each timing from which it is right often enough where it is said.

    Parameters
    ----------
    probability : ndarray, shape (spans, 3)
        Of spans that were not in the fit.
    timing : ndarray, shape (spans,), int

    Returns
    -------
    tuple of float
        :data:`MIN_RIGHT` of what is said is right whichever of :data:`SHARES` holds; 1 where no probability gives that.
    """
    best = probability.argmax(axis=1)
    thresholds = []
    for kind in range(len(TIMINGS)):
        said = np.flatnonzero(best == kind)
        order = said[np.argsort(-probability[said, kind], kind="stable")]
        ordered = probability[order, kind]
        enough = np.append(ordered[1:] < ordered[:-1], True)[: len(order)]  # those of one probability are said together
        for shares in SHARES:
            weight = _balanced(timing, shares)[order]
            enough &= np.cumsum(weight * (timing[order] == kind)) >= MIN_RIGHT * np.cumsum(weight)
        last = np.flatnonzero(enough)
        thresholds.append(float(ordered[last[-1]]) if len(last) else NEVER)
    first, second, third = thresholds
    return first, second, third


def models_of_folds(spans: Sequence[TimedSpan]) -> dict[int, TimingModel]:
    """Return a model for each fold, fitted on the others; its thresholds are chosen on what is held out of those."""
    features = np.array([span.features for span in spans])
    timing, folds = (np.array([getattr(span, name) for span in spans], np.intp) for name in ("timing", "fold"))
    weights = {fold: fit_timing(features[folds != fold], timing[folds != fold]) for fold in np.unique(folds).tolist()}
    probability = np.zeros((len(spans), len(TIMINGS)))
    for fold, fitted in weights.items():
        probability[folds == fold] = TimingModel(fitted, NOTHING_SAID).probabilities(features[folds == fold])
    return {
        fold: TimingModel(fitted, said_from(probability[folds != fold], timing[folds != fold]))
        for fold, fitted in weights.items()
    }


def model_of_all(spans: Sequence[TimedSpan]) -> TimingModel:
    """Return the model that is fitted on every patient; its thresholds are chosen on held-out patients."""
    features = np.array([span.features for span in spans])
    timing = np.array([span.timing for span in spans], np.intp)
    probability, _ = held_out(spans, models_of_folds(spans))
    return TimingModel(fit_timing(features, timing), said_from(probability, timing))


def held_out(
    spans: Sequence[TimedSpan], models: Mapping[int, TimingModel]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the probabilities of spans by the model of their fold, and what is said of each; -1 for nothing."""
    probability, said = np.zeros((len(spans), len(TIMINGS))), np.full(len(spans), -1)
    for row, span in enumerate(spans):
        model = models[span.fold]
        probability[row] = model.probabilities(span.features)
        best = int(probability[row].argmax())
        if probability[row, best] >= model.said_from[best]:
            said[row] = best
    return probability, said


def timing_statistic(
    probability: NDArray[np.float64], said: NDArray[np.intp], timing: NDArray[np.intp]
) -> Callable[[NDArray[np.intp]], dict[str, float]]:
    """Return the statistic of :class:`~training.evaluation.bootstrap.Bootstrap` over spans.

    Returns
    -------
    callable
        From row numbers to ``auc``, diastolic against systolic; ``said`` and ``right``, the share of spans of which
        something is said and of those the share that is right, every timing counted alike; and the same of each timing,
        as ``said_systolic``. NaN where there are no such spans.
    """
    lead = np.log(probability[:, 1] + 1e-12) - np.log(probability[:, 0] + 1e-12)

    def statistic(rows: NDArray[np.intp]) -> dict[str, float]:
        kinds, one = timing[rows], rows[timing[rows] < 2]
        metrics = {"auc": auc(timing[one] == 1, lead[one])}
        for kind, name in enumerate(TIMINGS):
            own = said[rows[kinds == kind]]
            told = own[own >= 0]
            metrics[f"said_{name}"] = float((own >= 0).mean()) if len(own) else float("nan")
            metrics[f"right_{name}"] = float((told == kind).mean()) if len(told) else float("nan")
        shares = np.array([metrics[f"said_{name}"] for name in TIMINGS])
        rights = np.array([metrics[f"right_{name}"] for name in TIMINGS])
        metrics["said"] = float(shares.mean())
        metrics["right"] = float((shares * rights).sum() / shares.sum()) if shares.sum() else float("nan")
        return metrics

    return statistic

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
from training.calibration.timing_over_time import (
    NEVER,
    NOTHING_SAID,
    SHARES,
    Bars,
    TimedSequence,
    bars_over_time,
    stacked,
)
from training.evaluation.metrics import auc

__all__ = [
    "MIN_RIGHT",
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
RIDGE = 10.0
ITERATIONS = 30
Numbers = NDArray[np.float64]


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


def fit_timing(features: Numbers, timing: NDArray[np.intp]) -> Numbers:
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


def said_from(probability: NDArray[np.float64], timing: NDArray[np.intp]) -> Bars:
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


def _weights_of_folds(spans: Sequence[TimedSpan]) -> tuple[dict[int, Numbers], Numbers]:
    """Return the weights of each fold, fitted on the others, and the probabilities of all spans by those of theirs."""
    features = np.array([span.features for span in spans])
    timing, folds = (np.array([getattr(span, name) for span in spans], np.intp) for name in ("timing", "fold"))
    weights = {fold: fit_timing(features[folds != fold], timing[folds != fold]) for fold in np.unique(folds).tolist()}
    probability = np.zeros((len(spans), len(TIMINGS)))
    for fold, fitted in weights.items():
        model = TimingModel(fitted, NOTHING_SAID, NOTHING_SAID)
        probability[folds == fold] = model.probabilities(features[folds == fold])
    return weights, probability


def _with_bars(
    weights: Numbers,
    spans: tuple[Numbers, NDArray[np.intp]],
    hearts: tuple[Numbers, NDArray[np.intp]],
    *,
    two_bars: bool = True,
) -> TimingModel:
    """Return a model whose bars are chosen on held-out spans and hearts: their probabilities and their timings."""
    bar = said_from(*spans)
    return TimingModel(weights, *(bars_over_time(*hearts, bar) if two_bars else (bar, bar)))


def models_of_folds(
    spans: Sequence[TimedSpan], sequences: Sequence[TimedSequence], *, two_bars: bool = True
) -> dict[int, TimingModel]:
    """Return a model for each fold, fitted on the others; its bars are chosen on what is held out of those.

    Without ``two_bars`` each timing has one, and the sequences do not matter.
    """
    weights, probability = _weights_of_folds(spans)
    over_time = stacked(sequences, weights)
    timing, folds = (np.array([getattr(span, name) for span in spans], np.intp) for name in ("timing", "fold"))
    timings, of_hearts = (np.array([getattr(one, name) for one in sequences], np.intp) for name in ("timing", "fold"))
    return {
        fold: _with_bars(
            fitted,
            (probability[folds != fold], timing[folds != fold]),
            (over_time[of_hearts != fold], timings[of_hearts != fold]),
            two_bars=two_bars,
        )
        for fold, fitted in weights.items()
    }


def model_of_all(spans: Sequence[TimedSpan], sequences: Sequence[TimedSequence]) -> TimingModel:
    """Return the model that is fitted on every patient; its bars are chosen on held-out patients."""
    weights, probability = _weights_of_folds(spans)
    timing = np.array([span.timing for span in spans], np.intp)
    timings = np.array([one.timing for one in sequences], np.intp)
    fitted = fit_timing(np.array([span.features for span in spans]), timing)
    return _with_bars(fitted, (probability, timing), (stacked(sequences, weights), timings))


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

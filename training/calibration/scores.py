"""How common the labels are taken to be, and how sure the network may be: fitted on held-out patients.

Pure NumPy. The network is trained with rare labels drawn more often; the calibration undoes that, puts
the labels' own frequencies in its place, and finds the one temperature at which the scores are
probabilities. It is chosen on held-out outputs, and reported on patients not used to choose it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.inference.calibration import Calibration
from monitor.labels import EXTRASTOLE

__all__ = ["cross_calibrated", "fit_calibration", "heart_threshold", "recording_scores"]

TEMPERATURES = np.geomspace(0.5, 4.0, 25)
SHOWN = 0.5
"""How often one window shows the early beat of a recording that has one. Set, not fitted: what the recordings' labels
would choose is the rarer the better, since few who are given that label let an early beat be heard at all."""
SHARES_UNHEARD = np.arange(0.0, 0.21, 0.01)
"""Candidates: share of the recordings that are labelled with an extrasystole which is not heard."""

HEARTS_WITHHELD = 0.01
"""Share of held-out heart windows that may be taken for no heart."""
MOST_REQUIRED = 0.5
"""A sound is never refused while the network takes it for a heart rather than not."""


def recording_scores(
    outputs: Sequence[NDArray[np.float32]], calibration: Calibration, num_labels: int
) -> NDArray[np.float64]:
    """Return a recording's scores: the mean over its windows.

    Parameters
    ----------
    outputs : sequence of ndarray, each ``(windows, outputs)``
        One entry per recording.
    calibration : Calibration
    num_labels : int

    Returns
    -------
    ndarray, shape (recordings, num_labels)
    """
    scores = calibration.scores(np.concatenate(outputs), num_labels)
    counts = np.array([len(windows) for windows in outputs])
    sums: NDArray[np.float64] = np.add.reduceat(scores, np.cumsum(counts) - counts)
    means: NDArray[np.float64] = sums / counts[:, None]
    return means


def fit_calibration(
    outputs: Sequence[NDArray[np.float32]],
    truth: NDArray[np.intp],
    labels: Sequence[str],
    drawn: Sequence[float],
    prior_exponent: float,
) -> Calibration:
    """Return the calibration whose recording scores give the recordings' own labels the highest probability.

    Where "extrastole" is a label, one more thing is chosen: how often a recording is given that label although no beat
    is heard to come early.

    Parameters
    ----------
    outputs : sequence of ndarray, each ``(windows, outputs)``
        Of held-out recordings.
    truth : ndarray, shape (recordings,), int
        Number of the label that each was given.
    labels : sequence of str
    drawn : sequence of float
        How often training drew each label.
    prior_exponent : float
        0: every label but an extrasystole weighs the same; 1: as common as in the recordings.
    """
    common = np.bincount(truth, minlength=len(labels)) / len(truth)
    exponents = np.array([1.0 if label == EXTRASTOLE else prior_exponent for label in labels])
    bias = exponents * np.log(np.maximum(common, 1e-6)) - np.log(np.asarray(drawn) / np.sum(drawn))
    told = EXTRASTOLE in labels
    bias += np.array([np.log(SHOWN) if label == EXTRASTOLE else 0.0 for label in labels])
    best, least = Calibration(), np.inf
    for temperature in TEMPERATURES:
        shown = Calibration("softmax", float(temperature), tuple(bias.tolist()))
        scores = recording_scores(outputs, shown, len(labels))
        for share in SHARES_UNHEARD if told else SHARES_UNHEARD[:1]:
            given = _given(labels, float(share)) if share else ()
            loss = _loss(scores @ np.asarray(given) if given else scores, truth)
            if loss < least:
                best, least = dataclasses.replace(shown, given=given), loss
    return best


def _given(labels: Sequence[str], share: float) -> tuple[tuple[float, ...], ...]:
    """Return which label is given to what sounds like each, if a share of all is called extrastole unheard.

    The same share whatever the sound: so the score of an extrasystole rises with what is heard of the rhythm alone.
    """
    matrix = np.eye(len(labels)) * (1.0 - share)
    matrix[:, labels.index(EXTRASTOLE)] += share
    return tuple(tuple(row) for row in matrix.tolist())


def _loss(scores: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """Return the mean negative log of what is given to the truth."""
    return float(-np.log(scores[np.arange(len(truth)), truth] + 1e-9).mean())


def cross_calibrated(
    outputs: Sequence[NDArray[np.float32]],
    truth: NDArray[np.intp],
    labels: Sequence[str],
    folds: NDArray[np.intp],
    drawn: Sequence[float],
    prior_exponent: float,
) -> NDArray[np.float64]:
    """Return recording scores in which no fold helped to choose its own calibration.

    Returns
    -------
    ndarray, shape (recordings, labels)
    """
    scores = np.empty((len(truth), len(labels)))
    for fold in np.unique(folds):
        others, held = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        chosen = fit_calibration([outputs[row] for row in others], truth[others], labels, drawn, prior_exponent)
        scores[held] = recording_scores([outputs[row] for row in held], chosen, len(labels))
    return scores


def heart_threshold(outputs: Sequence[NDArray[np.float32]], calibration: Calibration, num_labels: int) -> float:
    """Return the probability of a heart that all but the strangest windows of held-out hearts reach.

    Parameters
    ----------
    outputs : sequence of ndarray, each ``(windows, outputs)``
        Of held-out recordings, all of them hearts.
    calibration : Calibration
    num_labels : int
    """
    probabilities = [calibration.heart_probability(windows, num_labels) for windows in outputs]
    told = [values for values in probabilities if values is not None]
    if not told:
        return 0.0
    return round(min(MOST_REQUIRED, float(np.quantile(np.concatenate(told), HEARTS_WITHHELD))), 4)

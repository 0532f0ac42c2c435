"""Calibration: class priors and temperature, fitted on held-out patients.

Training draws rare labels more often; the calibration replaces these priors by the frequencies in the recordings, and
finds the temperature at which the scores are probabilities. It is fitted on held-out outputs, and reported on patients
that it was not fitted on. Pure NumPy.

Source: Guo et al., "On calibration of modern neural networks", ICML 2017 (temperature); Saerens, Latinne and
Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", Neural Computation 14, 2002.
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
VISIBLE = 0.5
"""Share of the windows of a recording with ectopic beats that show one. Set, not fitted: fitted to the recordings'
labels it would go to 0, since few recordings with that label have an audible ectopic beat at all."""
INAUDIBLE = np.arange(0.0, 0.21, 0.01)
"""Candidates: share of the recordings that are labelled with an extrasystole which is inaudible."""

MAX_WITHHELD = 0.01
"""Share of held-out heart windows that may be taken for non-cardiac sound."""
MAX_THRESHOLD = 0.5
"""A window is never withheld that is more probably a heart than not."""


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
    ground_truth: NDArray[np.intp],
    labels: Sequence[str],
    priors: Sequence[float],
    prior_exponent: float,
) -> Calibration:
    """Return the calibration with the highest mean log likelihood of the recordings' labels.

    Where "extrastole" is a label, the share of recordings that have that label without an audible ectopic beat is
    fitted too.

    Parameters
    ----------
    outputs : sequence of ndarray, each ``(windows, outputs)``
        Of held-out recordings.
    ground_truth : ndarray, shape (recordings,), int
        Index of the label of each.
    labels : sequence of str
    priors : sequence of float
        How often training drew each label, positive; need not sum to 1.
    prior_exponent : float
        0: every label but an extrasystole is equally common; 1: as common as in the recordings.

    Examples
    --------
    >>> outputs = [np.array([[2.0, 0.0, 0.0]]), np.array([[0.0, 2.0, 0.0]])]  # normal, murmur, non-cardiac
    >>> calibration = fit_calibration(outputs, np.array([0, 1]), ("normal", "murmur"), (1.0, 1.0), 1.0)
    >>> calibration.temperature
    0.5
    >>> recording_scores(outputs, calibration, 2).round(2)
    array([[0.98, 0.02],
           [0.02, 0.98]])
    """
    frequencies = np.bincount(ground_truth, minlength=len(labels)) / len(ground_truth)
    exponents = np.array([1.0 if label == EXTRASTOLE else prior_exponent for label in labels])
    bias = exponents * np.log(np.maximum(frequencies, 1e-6)) - np.log(np.asarray(priors) / np.sum(priors))
    bias += np.array([np.log(VISIBLE) if label == EXTRASTOLE else 0.0 for label in labels])  # (labels,)
    best, lowest = Calibration(), np.inf
    for temperature in TEMPERATURES:
        candidate = Calibration("softmax", float(temperature), tuple(bias.tolist()))
        scores = recording_scores(outputs, candidate, len(labels))  # (recordings, labels)
        for share in INAUDIBLE if EXTRASTOLE in labels else INAUDIBLE[:1]:
            given = _given(labels, float(share)) if share else ()
            loss = _loss(scores @ np.asarray(given) if given else scores, ground_truth)
            if loss < lowest:
                best, lowest = dataclasses.replace(candidate, given=given), loss
    return best


def _given(labels: Sequence[str], share: float) -> tuple[tuple[float, ...], ...]:
    """Return the probability of each given label (columns) for what is audible (rows).

    The share with an inaudible extrasystole is the same whatever the sound, so the score of an extrasystole still rises
    with the audible rhythm alone.
    """
    matrix = np.eye(len(labels)) * (1.0 - share)
    matrix[:, labels.index(EXTRASTOLE)] += share
    return tuple(tuple(row) for row in matrix.tolist())


def _loss(scores: NDArray[np.float64], ground_truth: NDArray[np.intp]) -> float:
    """Return the mean negative log likelihood of the labels."""
    return float(-np.log(scores[np.arange(len(ground_truth)), ground_truth] + 1e-9).mean())


def cross_calibrated(
    outputs: Sequence[NDArray[np.float32]],
    ground_truth: NDArray[np.intp],
    labels: Sequence[str],
    folds: NDArray[np.intp],
    priors: Sequence[float],
    prior_exponent: float,
    *,
    audible: bool = False,
    scored: Sequence[NDArray[np.float32]] | None = None,
) -> NDArray[np.float64]:
    """Return recording scores of which each fold is calibrated by the others.

    Parameters
    ----------
    outputs, ground_truth, labels, priors, prior_exponent
        As in :func:`fit_calibration`.
    folds : ndarray, shape (recordings,), int
        Two or more different ones.
    audible : bool
        Leave out the share of inaudible extrasystoles. It differs from fold to fold, so only without it do the scores
        of an extrasystole rank recordings of different folds.
    scored : sequence of ndarray, each ``(windows, outputs)``, or None
        Outputs of another form of the networks for the same recordings, scored with the calibration that is fitted on
        ``outputs``; None for ``outputs`` themselves.

    Returns
    -------
    ndarray, shape (recordings, labels)
    """
    scores = np.empty((len(ground_truth), len(labels)))
    for fold in np.unique(folds):
        others, held_out = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        fitted = fit_calibration([outputs[row] for row in others], ground_truth[others], labels, priors, prior_exponent)
        used = dataclasses.replace(fitted, given=()) if audible else fitted
        scores[held_out] = recording_scores([(scored or outputs)[row] for row in held_out], used, len(labels))
    return scores


def heart_threshold(outputs: Sequence[NDArray[np.float32]], calibration: Calibration, num_labels: int) -> float:
    """Return the heart probability that all but MAX_WITHHELD of the windows of held-out hearts reach.

    Parameters
    ----------
    outputs : sequence of ndarray, each ``(windows, outputs)``
        Of held-out recordings, all of them hearts.
    calibration : Calibration
    num_labels : int

    Returns
    -------
    float
        At most MAX_THRESHOLD; 0 for networks without an output for non-cardiac sound.
    """
    probabilities = [calibration.heart_probability(windows, num_labels) for windows in outputs]
    known = [values for values in probabilities if values is not None]
    if not known:
        return 0.0
    return round(min(MAX_THRESHOLD, float(np.quantile(np.concatenate(known), MAX_WITHHELD))), 4)

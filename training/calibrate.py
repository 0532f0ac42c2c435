"""How common the labels are taken to be, and how sure the network may be: fitted on held-out patients.

Pure NumPy. The network is trained with rare labels drawn more often; the calibration undoes that, puts
the labels' own frequencies in its place, and finds the one temperature at which the scores are
probabilities. It is chosen on held-out outputs, and reported on patients not used to choose it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration

__all__ = ["cross_calibrated", "fit_calibration", "heart_threshold", "recording_scores"]

TEMPERATURES = np.geomspace(0.5, 4.0, 43)

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
    return np.stack([calibration.scores(windows, num_labels).mean(axis=0) for windows in outputs])


def fit_calibration(
    outputs: Sequence[NDArray[np.float32]],
    allowed: NDArray[np.bool_],
    common: Sequence[float],
    drawn: Sequence[float],
    prior_exponent: float,
) -> Calibration:
    """Return the calibration whose recording scores give the labels that a recording may have the highest probability.

    Parameters
    ----------
    outputs : sequence of ndarray, each ``(windows, outputs)``
        Of held-out recordings.
    allowed : ndarray, shape (recordings, labels), bool
        Which labels a window of each recording may have; one where the truth is certain.
    common : sequence of float
        How common each label is among the recordings.
    drawn : sequence of float
        How often training drew each label.
    prior_exponent : float
        0: every label weighs the same; 1: as common as in the recordings.
    """
    prior = np.asarray(common) / np.sum(common)
    bias = prior_exponent * np.log(prior) - np.log(np.asarray(drawn) / np.sum(drawn))
    candidates = [Calibration("softmax", float(temperature), tuple(bias)) for temperature in TEMPERATURES]
    return min(candidates, key=lambda candidate: _loss(recording_scores(outputs, candidate, len(drawn)), allowed))


def _loss(scores: NDArray[np.float64], allowed: NDArray[np.bool_]) -> float:
    """Return the mean negative log of what is given to the labels that may be."""
    return float(-np.log((scores * allowed).sum(axis=1) + 1e-9).mean())


def cross_calibrated(
    outputs: Sequence[NDArray[np.float32]],
    allowed: NDArray[np.bool_],
    folds: NDArray[np.intp],
    common: Sequence[float],
    drawn: Sequence[float],
    prior_exponent: float,
) -> NDArray[np.float64]:
    """Return recording scores in which no fold helped to choose its own calibration.

    Returns
    -------
    ndarray, shape (recordings, labels)
    """
    scores = np.empty(allowed.shape)
    for fold in np.unique(folds):
        others, held = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        chosen = fit_calibration([outputs[row] for row in others], allowed[others], common, drawn, prior_exponent)
        scores[held] = recording_scores([outputs[row] for row in held], chosen, len(drawn))
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

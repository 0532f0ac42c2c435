"""What is said over time of where a murmur lies: two bars for each timing, and how often what is said changes.

From the first bar on something is said, and it stays down to the second. Pure; the same input gives the same bars.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.inference.segmentation.murmur_timing import TIMINGS, TimingModel

__all__ = [
    "NEVER",
    "NOTHING_SAID",
    "SHARES",
    "Bars",
    "TimedSequence",
    "bars_over_time",
    "held_out_over_time",
    "over_time_statistic",
    "said_over_time",
    "stacked",
]

SHARES = ((1 / 3, 1 / 3, 1 / 3), (0.7, 0.2, 0.1))
"""How frequent each timing is where that must hold: all alike, and most systolic."""
NEVER = 1.0
NOTHING_SAID = (NEVER, NEVER, NEVER)
STAYS_BELOW = 1.5
"""Natural log-odds by which the probability of what is said may fall below that from which it is said."""
RAISES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Natural log-odds by which the latter is raised for that, the least first."""

Bars = tuple[float, float, float]
Numbers = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class TimedSequence:
    """A heart with a murmur, as the model hears it hop by hop.

    Attributes
    ----------
    patient : str
    fold : int
    timing : int
        Index of :data:`monitor.inference.segmentation.murmur_timing.TIMINGS`.
    features : ndarray, shape (hops, 32)
        Of the cycles of the last seconds; NaN where there are too few.
    """

    patient: str
    fold: int
    timing: int
    features: NDArray[np.float64]


def _odds(bars: Bars) -> Numbers:
    """Return probabilities as natural log-odds; infinity for :data:`NEVER`."""
    values = np.array(bars)
    return np.asarray(np.log(values / np.maximum(1.0 - values, 1e-12)) + np.where(values == NEVER, np.inf, 0.0))


def _moved(bars: Bars, by: float) -> Bars:
    """Return probabilities moved on the scale of log-odds."""
    first, second, third = (1.0 / (1.0 + np.exp(-(_odds(bars) + by)))).tolist()
    return first, second, third


def said_over_time(probability: Numbers, said_from: Numbers, stays_from: Numbers) -> NDArray[np.intp]:
    """Return what is said of some hearts hop by hop, as ``TimingModel.timing`` says it.

    Parameters
    ----------
    probability : ndarray, shape (hearts, hops, 3)
        NaN where there are too few cycles, and behind the end.
    said_from, stays_from : ndarray, shape (hearts, 3)

    Returns
    -------
    ndarray, shape (hearts, hops), int
        Index of a timing; -1 for nothing.
    """
    hearts, hops = probability.shape[:2]
    every, word = np.arange(hearts), np.full(hearts, -1)
    said = np.full((hearts, hops), -1)
    for hop in range(hops):
        here = np.nan_to_num(probability[:, hop], nan=-1.0)
        best = here.argmax(axis=1)
        begins = here[every, best] >= said_from[every, best]
        stays = (word >= 0) & (here[every, word] >= stays_from[every, word])
        word = np.where(begins, best, np.where(stays, word, -1))
        said[:, hop] = word
    return said


def stacked(sequences: Sequence[TimedSequence], weights: Mapping[int, Numbers]) -> Numbers:
    """Return the probabilities of hearts by the weights of their folds, shape (hearts, hops, 3), NaN where unknown."""
    probability = np.full((len(sequences), max(len(one.features) for one in sequences), len(TIMINGS)), np.nan)
    for row, one in enumerate(sequences):
        model = TimingModel(weights[one.fold], NOTHING_SAID, NOTHING_SAID)
        probability[row, : len(one.features)] = model.probabilities(one.features)
    return probability


def _share_right(said: NDArray[np.intp], timing: NDArray[np.intp], shares: Bars) -> float:
    """Return the share of what is said that is right, where the timings have these shares; NaN of nothing."""
    hops = np.maximum(np.bincount(timing, minlength=len(TIMINGS)), 1)
    weight = np.array(shares)[timing] / hops[timing]
    told = float((weight * (said >= 0).sum(axis=1)).sum())
    return float((weight * (said == timing[:, None]).sum(axis=1)).sum()) / told if told else float("nan")


def bars_over_time(probability: Numbers, timing: NDArray[np.intp], said: Bars) -> tuple[Bars, Bars]:
    """Return the two bars of each timing: what is said stays long, and is right as often as with one bar.

    Parameters
    ----------
    probability : ndarray, shape (hearts, hops, 3)
        Of hearts that were not in the fit; NaN where there are too few cycles, and behind the end.
    timing : ndarray, shape (hearts,), int
    said : tuple of float
        The one bar, from :func:`said_from`.

    Returns
    -------
    said_from, stays_from : tuple of float
        The first as little above ``said`` as it takes; both are ``said`` where no raise is enough.
    """

    def rights(high: Bars, low: Bars) -> list[float]:
        every = (np.tile(bars, (len(probability), 1)) for bars in (high, low))
        words = said_over_time(probability, *every)
        return [_share_right(words, timing, shares) for shares in SHARES]

    wanted = rights(said, said)
    for raised in RAISES:
        high, low = _moved(said, raised), _moved(said, -STAYS_BELOW)
        if all(found >= least for found, least in zip(rights(high, low), wanted, strict=True)):
            return high, low
    return said, said


def held_out_over_time(sequences: Sequence[TimedSequence], models: Mapping[int, TimingModel]) -> NDArray[np.intp]:
    """Return what is said of hearts hop by hop by the model of their fold, shape (hearts, hops).

    -1 is nothing, -2 lies behind the end of the sound.
    """
    probability = stacked(sequences, {fold: model.weights for fold, model in models.items()})
    high = np.array([models[one.fold].said_from for one in sequences])
    low = np.array([models[one.fold].stays_from for one in sequences])
    said = said_over_time(probability, high, low)
    for row, one in enumerate(sequences):
        said[row, len(one.features) :] = -2
    return said


def over_time_statistic(
    said: NDArray[np.intp], timing: NDArray[np.intp], hop_s: float
) -> Callable[[NDArray[np.intp]], dict[str, float]]:
    """Return the statistic of :class:`~training.evaluation.bootstrap.Bootstrap` over hearts.

    Parameters
    ----------
    said : ndarray, shape (hearts, hops), int
        From :func:`held_out_over_time`.
    timing : ndarray, shape (hearts,), int
    hop_s : float

    Returns
    -------
    callable
        From row numbers to ``said`` and ``right``, as :func:`timing_statistic`, of hops; and ``changes_per_min``, how
        often what is said comes, goes or becomes another.
    """
    inside = said >= -1
    changes = ((said[:, 1:] != said[:, :-1]) & inside[:, 1:]).sum(axis=1)
    hops, told = inside.sum(axis=1), (said >= 0).sum(axis=1)
    right = (said == timing[:, None]).sum(axis=1)

    def statistic(rows: NDArray[np.intp]) -> dict[str, float]:
        kinds = [rows[timing[rows] == kind] for kind in np.unique(timing[rows]).tolist()]
        shares = [float(told[own].sum() / hops[own].sum()) for own in kinds]
        rights = [float(right[own].sum() / hops[own].sum()) for own in kinds]
        return {
            "changes_per_min": float(changes[rows].sum() / (hops[rows].sum() * hop_s / 60)),
            "said": float(np.mean(shares)),
            "right": sum(rights) / sum(shares) if sum(shares) else float("nan"),
        }

    return statistic

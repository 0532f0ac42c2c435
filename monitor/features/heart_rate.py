"""Heart rate of one window, from its log-energy envelope: how fast, how periodic, how sure.

The envelope is smoothed and freed from slow drift, its unbiased autocorrelation is weighted by
how common a rate is, and the first peak that comes near the highest is the beat. The mean
interval is then measured once early and once late in the window, because the hearts of children
speed up and slow down as they breathe. Pure functions, safe on any thread; must not know about
devices, files or networks.

Source: all constants are found and measured by benchmarks/constants/heart_rate.py; figures, and what was
tried and left, in docs/decisions/0007.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.heart_rate_tables import MAX_BPM, MIN_BPM, Plan, plan_of

__all__ = ["MAX_BPM", "MIN_BPM", "SHOWN_FROM", "HeartRate", "beat_of", "heart_rate"]

SLOPE, BIAS = 7.27, -1.28
"""Of the logistic model from periodicity to the chance that the rate is right."""

SHOWN_FROM = 0.928
"""Confidence from which a rate is shown."""


class HeartRate(NamedTuple):
    """The rate of a window, how periodic the window is, and how sure the rate.

    Attributes
    ----------
    bpm : float or None
        Beats per minute, 40 to 200; None when it is not sure enough to be shown.
    periodicity : float
        Autocorrelation at the beat, 0 (none) to 1 (each beat like the last).
    confidence : float
        Probability that the rate is within 5 beats per minute of the mean rate of the heart in the
        window, 0 to 1. It takes for granted that there is a heart: the quality gate judges that.
    """

    bpm: float | None
    periodicity: float
    confidence: float


NO_RHYTHM = HeartRate(None, 0.0, 0.0)


def heart_rate(envelope: NDArray[np.float32], frame_hop_s: float, shown_from: float = SHOWN_FROM) -> HeartRate:
    """Return the heart rate of a window.

    Parameters
    ----------
    envelope : ndarray, shape (num_frames,), float32
        Natural log of the power from 20 to 200 Hz, finite; its level does not matter.
    frame_hop_s : float
        Seconds between two values, 0.005 to 0.05.
    shown_from : float
        Confidence from which a rate is given; 0 gives every rate, sure or not.

    Returns
    -------
    HeartRate

    Raises
    ------
    ValueError
        If ``frame_hop_s`` is out of range or the envelope is too short to hold two slow beats.
    """
    beat = beat_of(envelope, plan_of(len(envelope), frame_hop_s))
    if beat is None:
        return NO_RHYTHM
    period_s, periodicity = beat
    confidence = 1.0 / (1.0 + math.exp(-(SLOPE * periodicity + BIAS)))
    if confidence < shown_from:
        return HeartRate(None, periodicity, confidence)
    return HeartRate(min(MAX_BPM, max(MIN_BPM, 60.0 / period_s)), periodicity, confidence)


def beat_of(envelope: NDArray[np.float32], plan: Plan) -> tuple[float, float] | None:
    """Return the mean beat interval in seconds and the periodicity, 0 to 1; None for a flat envelope."""
    beats = np.zeros(plan.padded, np.float32)
    heard = beats[: plan.length]
    plan.filtering.dot(envelope, heard)
    products = np.correlate(beats, heard, "valid")
    energy = float(products[0])
    if not energy > plan.flat:
        return None
    weighted: list[float] = plan.weighting.dot(products).tolist()
    half_lag = _beat_half_lag(weighted, plan)
    periodicity = min(1.0, max(0.0, weighted[half_lag] * plan.rarity[half_lag] / energy))
    return _mean_lag(beats, products, 0.5 * half_lag, plan) * plan.spacing_s, periodicity


def _beat_half_lag(weighted: list[float], plan: Plan) -> int:
    """Return where the first peak lies that comes near the highest value."""
    allowed = weighted[plan.first : plan.last + 1]
    highest = max(allowed)
    enough = plan.recipe.near_highest * highest
    for lag, here in enumerate(allowed, plan.first):
        if here >= enough and weighted[lag - 1] <= here >= weighted[lag + 1]:
            return lag
    return weighted.index(highest, plan.first)  # no peak at all, only a slope


def _mean_lag(beats: NDArray[np.float32], products: NDArray[np.float32], lag: float, plan: Plan) -> float:
    """Return the lag of the beat, between two values, as the mean of the early and the late part of the window.

    The part in which the beats are stronger, or more alike, counts more.
    """
    reach = max(1.0, plan.recipe.reach * lag)
    lowest, end = round(lag - reach), min(plan.num_lags, round(lag + reach) + 1)
    ectopic = np.correlate(beats[lowest : end - 1 + plan.ectopic], beats[: plan.ectopic], "valid").tolist()
    rest = zip(products[lowest:end].tolist(), ectopic, plan.late[lowest:end])  # noqa: B905  # three of one length
    early_at, early_height = _highest(ectopic)
    late_at, late_height = _highest([(whole - part) * share for whole, part, share in rest])
    return lowest + (early_at * early_height + late_at * late_height) / (early_height + late_height)


def _highest(values: list[float]) -> tuple[float, float]:
    """Return where the highest value lies, on the parabola through it and its neighbours, and how high it is."""
    here = max(values)
    at = values.index(here)
    height = max(here, 1e-9)
    if not 0 < at < len(values) - 1:
        return at, height
    before, after = values[at - 1], values[at + 1]
    bend = before - 2.0 * here + after
    return (at + 0.5 * (before - after) / bend if bend < 0.0 else at), height

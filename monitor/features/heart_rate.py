"""Heart rate of one window, from its log-energy envelope: the rate, the periodicity and a confidence.

The envelope is smoothed and detrended. Its unbiased autocorrelation is weighted by a prior over heart rates, and the
first peak that comes near the highest one is the beat interval. The mean interval is then measured in the first third
and in the rest of the window, because the heart rate of children rises and falls as they breathe. Pure functions,
safe on any thread; must not know about devices, files or networks.

Source: benchmarks/constants/heart_rate.py finds and measures all constants; docs/decisions/0007 has the results and
the alternatives.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.heart_rate_tables import MAX_BPM, MIN_BPM, HeartRateTables, heart_rate_tables

__all__ = ["MAX_BPM", "MIN_BPM", "SHOWN_FROM", "HeartRate", "beat_interval", "heart_rate"]

SLOPE, BIAS = 7.27, -1.28
"""Of the logistic model from periodicity to the probability that the rate is right."""

SHOWN_FROM = 0.928
"""Confidence from which a rate is shown."""


class HeartRate(NamedTuple):
    """The heart rate of a window, its periodicity, and the confidence in the rate.

    Attributes
    ----------
    bpm : float or None
        Beats per minute, 40 to 200; None when the confidence is too low.
    periodicity : float
        Autocorrelation at the beat interval, 0 (not periodic) to 1 (each beat like the one before).
    confidence : float
        Probability that the rate is within 5 beats per minute of the mean rate in the window, 0 to 1, given that the
        sound is a heart: whether it is one is the quality gate's question.
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
        Confidence from which a rate is given; 0 gives every rate.

    Returns
    -------
    HeartRate

    Raises
    ------
    ValueError
        If ``frame_hop_s`` is out of range or the envelope is too short to hold two slow beats.

    Examples
    --------
    >>> time_s = np.arange(0.0, 5.0, 0.025)
    >>> envelope = np.cos(2 * np.pi * time_s / 0.8).astype(np.float32)  # a beat every 0.8 s
    >>> round(heart_rate(envelope, frame_hop_s=0.025).bpm)
    75
    """
    beat = beat_interval(envelope, heart_rate_tables(len(envelope), frame_hop_s))
    if beat is None:
        return NO_RHYTHM
    period_s, periodicity = beat
    confidence = 1.0 / (1.0 + math.exp(-(SLOPE * periodicity + BIAS)))
    if confidence < shown_from:
        return HeartRate(None, periodicity, confidence)
    return HeartRate(min(MAX_BPM, max(MIN_BPM, 60.0 / period_s)), periodicity, confidence)


def beat_interval(envelope: NDArray[np.float32], tables: HeartRateTables) -> tuple[float, float] | None:
    """Return the mean beat interval in seconds and the periodicity, 0 to 1; None for a flat envelope."""
    beats = np.zeros(tables.padded, np.float32)  # the smoothed envelope, then zeros
    values = beats[: tables.length]
    tables.filtering.dot(envelope, values)  # (frames,) -> (length,)
    products = np.correlate(beats, values, "valid")  # (lags,)
    energy = float(products[0])
    if not energy > tables.flat:
        return None
    autocorrelation: list[float] = tables.weighting.dot(products).tolist()  # (half lags,)
    half_lag = _beat_half_lag(autocorrelation, tables)
    periodicity = min(1.0, max(0.0, autocorrelation[half_lag] * tables.inverse_prior[half_lag] / energy))
    return _mean_lag(beats, products, 0.5 * half_lag, tables) * tables.spacing_s, periodicity


def _beat_half_lag(autocorrelation: list[float], tables: HeartRateTables) -> int:
    """Return the half lag of the first peak that comes near the highest value."""
    allowed = autocorrelation[tables.first : tables.last + 1]
    highest = max(allowed)
    enough = tables.parameters.near_highest * highest
    for lag, here in enumerate(allowed, tables.first):
        if here >= enough and autocorrelation[lag - 1] <= here >= autocorrelation[lag + 1]:
            return lag
    return autocorrelation.index(highest, tables.first)  # no peak at all, only a slope


def _mean_lag(beats: NDArray[np.float32], products: NDArray[np.float32], lag: float, tables: HeartRateTables) -> float:
    """Return the interpolated lag of the beat, as the mean of the early and the late part of the window.

    Each part is weighted by its peak, so the part with the stronger and more regular beats counts more.
    """
    reach = max(1.0, tables.parameters.reach * lag)
    lowest, end = round(lag - reach), min(tables.num_lags, round(lag + reach) + 1)
    early = np.correlate(beats[lowest : end - 1 + tables.num_early], beats[: tables.num_early], "valid").tolist()
    rest = zip(products[lowest:end].tolist(), early, tables.late_scale[lowest:end])  # noqa: B905  # of one length
    early_at, early_height = _highest(early)
    late_at, late_height = _highest([(whole - part) * scale for whole, part, scale in rest])
    return lowest + (early_at * early_height + late_at * late_height) / (early_height + late_height)


def _highest(values: list[float]) -> tuple[float, float]:
    """Return the position and the height of the highest value; the position is that of a parabola's vertex."""
    here = max(values)
    at = values.index(here)
    height = max(here, 1e-9)
    if not 0 < at < len(values) - 1:
        return at, height
    before, after = values[at - 1], values[at + 1]
    bend = before - 2.0 * here + after
    return (at + 0.5 * (before - after) / bend if bend < 0.0 else at), height

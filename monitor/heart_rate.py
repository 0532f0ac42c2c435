"""Heart rate and periodicity of one window, from its log-energy envelope.

The envelope is smoothed and freed from slow drift, its unbiased autocorrelation is
weighted by how common a rate is, and the first peak that comes near the highest is the
beat. Pure functions, safe on any thread; must not know about devices, files or networks.

Source: the recipe (log energy 20-200 Hz, unbiased autocorrelation, log-normal prior, first
high peak) and the constants below were chosen on one half of the CirCor patients; figures
in docs/decisions/0003.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_BPM", "MIN_BPM", "HeartRate", "heart_rate"]

MIN_BPM = 40.0
MAX_BPM = 200.0

SMOOTHING_S = 0.175
"""Seconds; width of the Hann kernel over the envelope: as wide as the jitter of a beat."""

DRIFT_S = 0.875
"""Seconds; the running mean over this time is taken out: breathing, a slow thump."""

USUAL_BPM = 100.0
PRIOR_OCTAVES = 1.3
"""Centre and width of the log-normal prior."""

NEAR_HIGHEST = 0.75
"""The first peak of at least this share of the highest one is the beat; later ones are its multiples."""

SHOWN_FROM = 0.55
"""Periodicity from which a rate is shown."""

SMALLEST_VARIANCE = 1e-6
"""Squared natural-log power; a flatter envelope (digital silence) has no rhythm, only rounding."""


class HeartRate(NamedTuple):
    """The rate of a window and how periodic it is.

    Attributes
    ----------
    bpm : float or None
        Beats per minute, 40 to 200; None when the window is not periodic enough to say.
    periodicity : float
        Autocorrelation at the beat, 0 (none) to 1 (each beat like the last).
    """

    bpm: float | None
    periodicity: float


NO_RHYTHM = HeartRate(None, 0.0)


class _Plan(NamedTuple):
    """What depends only on the length and the spacing of an envelope.

    Attributes
    ----------
    kernel : ndarray, shape (odd,), float32
        Symmetric; smooths and takes the running mean out.
    padding : ndarray, shape (last + 1,), float32
        Zeros.
    unbiased, weights : ndarray, shape (last + 2,), float32
        By lag: 1 / (share of frames that overlap), and this times the prior.
    first, last : int
        Lags in frames of the fastest and the slowest rate.
    """

    kernel: NDArray[np.float32]
    padding: NDArray[np.float32]
    unbiased: NDArray[np.float32]
    weights: NDArray[np.float32]
    first: int
    last: int


def heart_rate(envelope: NDArray[np.float32], frame_hop_s: float, shown_from: float = SHOWN_FROM) -> HeartRate:
    """Return the heart rate of a window.

    Parameters
    ----------
    envelope : ndarray, shape (num_frames,), float32
        Natural log of the power from 20 to 200 Hz, finite; its level does not matter.
    frame_hop_s : float
        Seconds between two values, 0.005 to 0.05.
    shown_from : float
        Periodicity from which a rate is given; 0 gives every rate, sure or not.

    Returns
    -------
    HeartRate

    Raises
    ------
    ValueError
        If ``frame_hop_s`` is out of range or the envelope is too short to hold two slow beats.
    """
    plan = _plan(len(envelope), frame_hop_s)
    products = _products(envelope, plan)
    energy = float(products[0])
    if not energy > SMALLEST_VARIANCE * len(envelope):
        return NO_RHYTHM
    lag = _beat_lag((products * plan.weights).tolist(), plan)
    around = (products[lag - 1 : lag + 2] * plan.unbiased[lag - 1 : lag + 2]).tolist()
    periodicity = min(1.0, max(0.0, around[1] / energy))
    if periodicity < shown_from:
        return HeartRate(None, periodicity)
    bpm = 60.0 / ((lag + _beside(*around)) * frame_hop_s)
    return HeartRate(min(MAX_BPM, max(MIN_BPM, bpm)), periodicity)


def _products(envelope: NDArray[np.float32], plan: _Plan) -> NDArray[np.float32]:
    """Return the sum of lagged products of the filtered envelope, by lag from 0 to ``last + 1``."""
    level = envelope - np.add.reduce(envelope) / np.float32(len(envelope))
    beats = np.correlate(level, plan.kernel, "full")
    return np.correlate(np.concatenate((beats, plan.padding)), beats, "valid")


def _beat_lag(weighted: list[float], plan: _Plan) -> int:
    """Return the lag of the first peak that comes near the highest value, in frames."""
    allowed = weighted[plan.first : plan.last + 1]
    highest = max(allowed)
    enough = NEAR_HIGHEST * highest
    for lag, here in enumerate(allowed, plan.first):
        if here >= enough and weighted[lag - 1] <= here >= weighted[lag + 1]:
            return lag
    return weighted.index(highest, plan.first)  # no peak at all, only a slope


def _beside(before: float, here: float, after: float) -> float:
    """Return how far beside the middle one the peak of the parabola through three values lies, -0.5 to 0.5."""
    bend = before - 2.0 * here + after
    if bend >= 0.0:
        return 0.0
    return min(0.5, max(-0.5, 0.5 * (before - after) / bend))


@functools.lru_cache(maxsize=8)
def _plan(num_frames: int, frame_hop_s: float) -> _Plan:
    """Return the tables for envelopes of one length and spacing."""
    if not 0.005 <= frame_hop_s <= 0.05:
        raise ValueError(f"frame_hop_s={frame_hop_s:g} must be from 0.005 to 0.05")
    first = round(60.0 / (MAX_BPM * frame_hop_s))
    last = round(60.0 / (MIN_BPM * frame_hop_s))
    if num_frames < 2 * last:
        raise ValueError(f"envelope of {num_frames} frames must have at least {2 * last}, two slow beats")
    lags = np.arange(last + 2)
    rate = 60.0 / (np.maximum(lags, 1) * frame_hop_s)
    prior = np.exp(-0.5 * (np.log2(rate / USUAL_BPM) / PRIOR_OCTAVES) ** 2)
    unbiased = num_frames / (num_frames - lags)
    padding = np.zeros(last + 1, np.float32)
    weights = (unbiased * prior).astype(np.float32)
    return _Plan(_kernel(frame_hop_s), padding, unbiased.astype(np.float32), weights, first, last)


def _kernel(frame_hop_s: float) -> NDArray[np.float32]:
    """Return the symmetric kernel that smooths the envelope and takes its running mean out."""
    smooth = np.hanning(_odd(SMOOTHING_S / frame_hop_s) + 2)[1:-1]
    width = _odd(DRIFT_S / frame_hop_s)
    rest = np.full(width, -1.0 / width)
    rest[width // 2] += 1.0
    return np.convolve(smooth / smooth.sum(), rest).astype(np.float32)


def _odd(frames: float) -> int:
    """Return the nearest odd number of frames, so that a kernel has a middle."""
    return 2 * round((frames - 1.0) / 2.0) + 1

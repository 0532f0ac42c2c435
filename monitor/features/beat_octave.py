"""Is a beat interval the true one, or twice it? Asked where the envelope alone cannot say.

A heart of 220 bpm and one of 110 bpm whose first and second sounds are equally loud and evenly spaced have the same
envelope. They differ in timbre: half a beat apart, the slow heart has another sound, and the fast one the same. Pure
functions, safe on any thread; must not know about devices, files or networks.

Source: benchmarks/constants/beat_octave.py finds and measures all constants; docs/decisions/0012 has the results.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["FASTEST_BPM", "FAST_FROM", "MIN_FAST_BPM", "MIN_RATIO", "SLOW_BELOW", "fast_log_odds", "timbre_correlation"]

MIN_FAST_BPM = 170.0
"""Below this rate a beat is not taken for half of one."""
FASTEST_BPM = 280.0
"""Half of an interval is not looked for beyond this rate."""
MIN_RATIO = 0.6
"""Autocorrelation at half the interval, relative to that at the interval, from which half of it may be the beat."""

NUM_BINS = 12
"""Bins of the log power that are compared, 16 to 188 Hz: both heart sounds have nearly all of their energy there."""

WEIGHTS = (4.95, 46.6, -14.4)
INTERCEPT = -9.1
"""Logistic regression: natural log-odds per unit of each feature, and for features of 0."""
MAX_RATIO = 2.0
"""The ratio is clipped at this."""
ALIKE_FROM, ALIKE_WEIGHT = 0.8, 20.0
"""Correlation half an interval apart, relative to that an interval apart, from which the sounds are alike, and the most
log-odds per unit above it: in a sound without noise any two heart sounds are correlated."""
MIN_CORRELATION = 0.03
"""A correlation below this counts as this, so that a ratio to it is finite."""

FAST_FROM, SLOW_BELOW = 3.0, 0.0
"""Log-odds from which the short interval, and below which the long one is certain."""


def fast_log_odds(ratio: float, log_power: NDArray[np.float32], interval: float) -> float:
    """Return the natural log-odds that the beat interval is half of a given one.

    Parameters
    ----------
    ratio : float
        Autocorrelation of the envelope at half the interval, relative to that at the interval.
    log_power : ndarray, shape (frames, 64), float32
        Natural log of the power in the bins of the image, of the window.
    interval : float
        Frames, the longer of the two intervals.

    Returns
    -------
    float

    Examples
    --------
    >>> frames = np.arange(198)
    >>> log_power = np.zeros((198, 64), np.float32)
    >>> log_power[frames % 20 == 0, 1] = log_power[frames % 20 == 10, 6] = 5.0  # two sounds in turn, every 10 frames
    >>> fast_log_odds(1.0, log_power, interval=20.0) < SLOW_BELOW
    True
    >>> log_power[:, 6] = 0.0
    >>> log_power[frames % 20 == 10, 1] = 5.0  # the same sound every 10 frames
    >>> fast_log_odds(1.0, log_power, interval=20.0) > FAST_FROM
    True
    """
    timbre = log_power[:, :NUM_BINS] - log_power[:, :NUM_BINS].mean(axis=0)  # (frames, bins)
    timbre -= timbre.mean(axis=1, keepdims=True)
    half, whole = timbre_correlation(timbre, 0.5 * interval), timbre_correlation(timbre, interval)
    features = max(-MAX_RATIO, min(MAX_RATIO, ratio)), half, whole
    odds = INTERCEPT + sum(weight * value for weight, value in zip(WEIGHTS, features, strict=True))
    return min(odds, ALIKE_WEIGHT * (half / max(whole, MIN_CORRELATION) - ALIKE_FROM))


def timbre_correlation(timbre: NDArray[np.float32], lag: float) -> float:
    """Return the correlation of frames with those a lag later, -1 to 1; the largest of lags half a frame apart.

    Parameters
    ----------
    timbre : ndarray, shape (frames, bins), float32
        Log power less its mean over frames and over bins.
    lag : float
        Frames, 1 or more; between two frames they are interpolated.
    """
    return max(_correlation(timbre, lag + shift) for shift in (-0.5, 0.0, 0.5))


def _correlation(timbre: NDArray[np.float32], lag: float) -> float:
    """Return the correlation of frames with those a lag later; 0 where either are constant."""
    whole = int(lag)
    part = np.float32(lag - whole)
    later = timbre[whole + 1 :] * part + timbre[whole:-1] * (1 - part)  # (frames, bins)
    now = timbre[: len(later)]
    power = float((now * now).sum()) * float((later * later).sum())
    return float((now * later).sum()) / math.sqrt(power) if power > 0.0 else 0.0

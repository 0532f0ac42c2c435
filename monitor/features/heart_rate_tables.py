"""Precomputed matrices for the heart rate: one product with each replaces a chain of filters.

Computed once for each length and frame hop of an envelope, and cached; :mod:`monitor.features.heart_rate` uses them
on every hop. Pure functions, safe on any thread; must not know about devices, files or networks.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEFAULT_PARAMETERS", "MAX_BPM", "MIN_BPM", "HeartRateParameters", "HeartRateTables", "heart_rate_tables"]

MIN_BPM = 30.0
MAX_BPM = 240.0
"""The range of rates that are given. Source: ANSI/AAMI EC13 asks a heart rate meter for 30 to 200 bpm at least, and to
250 bpm for newborns."""

SPACING_S = 0.05
"""Seconds between two values of the smoothed envelope, which holds nothing above 10 Hz."""

EARLY = 0.33
"""Fraction of the smoothed envelope that is its early part: shifted by a beat, as much of it overlaps with the rest as
of the late part."""

MAX_LAG_S = 2.5
"""The longest beat interval that is looked for, beyond the slowest rate, so that a slower heart is known as such."""

USUAL_BPM = 100.0
"""Centre of the log-normal prior."""

MIN_VARIANCE = 1e-6
"""Squared natural-log power; what varies less (digital silence) is rounding alone."""

MIN_OVERLAP = 5
"""Values of the smoothed envelope; fewer say nothing about a lag."""

TAPS = 4
"""Lags to either side from which the autocorrelation at a half lag is interpolated (Lanczos)."""


class HeartRateParameters(NamedTuple):
    """Tuned parameters of the heart rate.

    Attributes
    ----------
    smoothing_s : float
        Seconds; width of the Hann kernel over the envelope, as wide as the jitter of a beat.
    drift_s : float
        Seconds; the running mean over this time is subtracted: breathing, a slow thump.
    prior_octaves : float
        Width of the log-normal prior over the rate.
    near_highest : float
        The first peak of at least this fraction of the highest one is the beat; later ones are multiples of it.
    reach : float
        Fraction of the lag by which the mean interval of the early or the late part may differ from it.
    """

    smoothing_s: float = 0.175
    drift_s: float = 0.875
    prior_octaves: float = 1.3
    near_highest: float = 0.75
    reach: float = 0.3


DEFAULT_PARAMETERS = HeartRateParameters()


class HeartRateTables(NamedTuple):
    """All that depends only on the parameters and on the length and frame hop of an envelope.

    Attributes
    ----------
    filtering : ndarray, shape (length, num_frames), float32
        Removes the mean, smooths, removes the running mean, and downsamples.
    length, padded : int
        Values of the smoothed envelope, without and with zeros for the longest lag behind them.
    num_lags : int
        Whole lags for which products are computed, from 0.
    num_early : int
        Values of the early part; the others are the late part.
    weighting : ndarray, shape (last + 2, num_lags), float32
        From products by whole lags to the unbiased autocorrelation by half lags, times the prior.
    inverse_prior : list of float, by half lag
    late_scale : list of float, by lag
        1 / (fraction of the late part that overlaps).
    first, last : int
        Half lags of the fastest rate, and of the slowest that is looked for: a window must hold two beats of it.
    step : int
        Frames from one lag to the next.
    spacing_s : float
        Seconds from one lag to the next.
    flat : float
        A sum of squares that is no rhythm.
    parameters : HeartRateParameters
    """

    filtering: NDArray[np.float32]
    length: int
    padded: int
    num_lags: int
    num_early: int
    weighting: NDArray[np.float32]
    inverse_prior: list[float]
    late_scale: list[float]
    first: int
    last: int
    step: int
    spacing_s: float
    flat: float
    parameters: HeartRateParameters


@functools.lru_cache(maxsize=64)
def heart_rate_tables(
    num_frames: int, frame_hop_s: float, parameters: HeartRateParameters = DEFAULT_PARAMETERS
) -> HeartRateTables:
    """Return the tables for envelopes of one length and frame hop.

    Raises
    ------
    ValueError
        As :func:`monitor.features.heart_rate.heart_rate` says.
    """
    if not 0.005 <= frame_hop_s <= 0.05:
        raise ValueError(f"frame_hop_s={frame_hop_s:g} must be from 0.005 to 0.05")
    step = max(1, round(SPACING_S / frame_hop_s))
    spacing_s = step * frame_hop_s
    first = round(120.0 / (MAX_BPM * spacing_s))
    last = int(2.0 * min(MAX_LAG_S, 0.5 * num_frames * frame_hop_s) / spacing_s + 1e-6)
    if last < first:
        fast_beats = math.ceil(first * spacing_s / frame_hop_s - 1e-6)
        raise ValueError(f"envelope of {num_frames} frames must have at least {fast_beats}, two fast beats")
    lags = np.arange(last // 2 + 1 + TAPS, dtype=np.float64)
    prior = _prior(last, spacing_s, parameters.prior_octaves)
    unbiased = _unbiased(num_frames / step, np.arange(last + 2, dtype=np.float64) / 2)
    weighting = _half_lag_interpolation(last + 2, len(lags)) * (unbiased * prior)[:, None]
    kernel = _kernel(frame_hop_s, parameters)
    filtering = _filtering(kernel, num_frames, step)
    length = len(filtering)
    num_early = round(EARLY * length)
    return HeartRateTables(
        filtering,
        length,
        padded=length + len(lags) - 1,
        num_lags=len(lags),
        num_early=num_early,
        weighting=weighting.astype(np.float32),
        inverse_prior=(1.0 / prior).tolist(),
        late_scale=_unbiased(length - num_early - len(kernel) // (2 * step), lags).tolist(),
        first=first,
        last=last,
        step=step,
        spacing_s=spacing_s,
        flat=MIN_VARIANCE * num_frames / step,
        parameters=parameters,
    )


def _unbiased(values: float, lags: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, by lag, the factor that makes up for the products that fall outside of the overlap."""
    overlap: NDArray[np.float64] = np.maximum(values - lags, MIN_OVERLAP)
    return values / overlap


def _prior(last: int, spacing_s: float, octaves: float) -> NDArray[np.float64]:
    """Return, by half lag, the prior of its rate, scaled to 1 at the usual rate."""
    rate = 120.0 / (np.maximum(np.arange(last + 2), 1) * spacing_s)
    prior: NDArray[np.float64] = np.exp(-0.5 * (np.log2(rate / USUAL_BPM) / octaves) ** 2)
    prior[:2] = 1.0  # faster than any heart, and never used
    return prior


def _half_lag_interpolation(num_half_lags: int, num_lags: int) -> NDArray[np.float64]:
    """Return the matrix that interpolates an even function of whole lags at half lags.

    Exact enough because the smoothed envelope holds little above 10 Hz. Source: Lanczos'
    windowed sinc, Duchon, J Appl Meteorol 18:1016 (1979).
    """
    matrix = np.zeros((num_half_lags, num_lags))
    for half_lag in range(num_half_lags):
        near = np.arange((half_lag + 1) // 2 - TAPS, half_lag // 2 + TAPS + 1)
        off = 0.5 * half_lag - near
        taps = np.sinc(off) * np.sinc(off / TAPS)
        np.add.at(matrix[half_lag], np.minimum(np.abs(near), num_lags - 1), taps / taps.sum())
    return matrix


def _filtering(kernel: NDArray[np.float64], num_frames: int, step: int) -> NDArray[np.float32]:
    """Return the matrix that removes the mean of an envelope, convolves it and keeps every ``step``-th value.

    One product with it takes a third of the time of separate calls.
    """
    matrix = np.zeros((num_frames + len(kernel) - 1, num_frames))
    for frame in range(num_frames):
        matrix[frame : frame + len(kernel), frame] = kernel
    downsampled = matrix[(len(kernel) // 2) % step :: step]
    downsampled -= downsampled.mean(axis=1, keepdims=True)
    return downsampled.astype(np.float32)


def _kernel(frame_hop_s: float, parameters: HeartRateParameters) -> NDArray[np.float64]:
    """Return the symmetric kernel that smooths the envelope and subtracts its running mean."""
    smooth = np.hanning(_odd(parameters.smoothing_s / frame_hop_s) + 2)[1:-1]
    width = _odd(parameters.drift_s / frame_hop_s)
    detrend = np.full(width, -1.0 / width)
    detrend[width // 2] += 1.0
    return np.convolve(smooth / smooth.sum(), detrend)


def _odd(frames: float) -> int:
    """Return the nearest odd number of frames, so that a kernel has a middle."""
    return 2 * round((frames - 1.0) / 2.0) + 1

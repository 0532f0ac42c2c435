"""Tables for the search for the beat in an envelope: one product with each replaces a chain of filters.

Made once for each length and spacing of an envelope and kept; :mod:`monitor.features.heart_rate` uses them on
every hop. Pure functions, safe on any thread; must not know about devices, files or networks.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_BPM", "MIN_BPM", "RECIPE", "Plan", "Recipe", "plan_of"]

MIN_BPM = 40.0
MAX_BPM = 200.0

SPACING_S = 0.05
"""Seconds between two values of the smoothed envelope: it holds nothing above 10 Hz."""

EARLY = 0.33
"""Share of the smoothed envelope that is early: as much of it overlaps with what comes a beat
later as of the late part."""

USUAL_BPM = 100.0
"""Centre of the log-normal prior."""

SMALLEST_VARIANCE = 1e-6
"""Squared natural-log power; a flatter envelope (digital silence) has no rhythm, only rounding."""

LEAST_OVERLAP = 5
"""Values of the smoothed envelope; fewer say nothing about a lag."""

TAPS = 4
"""Values to either side from which the autocorrelation between two lags is made (Lanczos)."""


class Recipe(NamedTuple):
    """What the search for the beat was tuned by.

    Attributes
    ----------
    smoothing_s : float
        Seconds; width of the Hann kernel over the envelope: as wide as the jitter of a beat.
    drift_s : float
        Seconds; the running mean over this time is taken out: breathing, a slow thump.
    prior_octaves : float
        Width of the log-normal prior over the rate.
    near_highest : float
        The first peak of at least this share of the highest one is the beat; later ones are its multiples.
    reach : float
        Share of the beat's lag by which the mean interval of a part may differ from it.
    """

    smoothing_s: float = 0.175
    drift_s: float = 0.875
    prior_octaves: float = 1.3
    near_highest: float = 0.75
    reach: float = 0.3


RECIPE = Recipe()


class Plan(NamedTuple):
    """What depends only on the recipe and on the length and the spacing of an envelope.

    Attributes
    ----------
    filtering : ndarray, shape (length, num_frames), float32
        Takes the mean out, smooths, takes the running mean out, and keeps every so many values.
    length, padded : int
        Values of the smoothed envelope, without and with zeros for the longest lag behind them.
    num_lags : int
        Whole lags for which products are made, from 0.
    ectopic : int
        How many values are early; the others are late.
    weighting : ndarray, shape (last + 2, lags), float32
        From products by whole lags to the autocorrelation by half lags, unbiased and times the prior.
    rarity : list of float, by half lag
        1 / prior.
    late : list of float, by lag
        1 / (share of the late part that overlaps).
    first, last : int
        Half lags of the fastest and the slowest rate.
    spacing_s : float
        Seconds from one lag to the next.
    flat : float
        A sum of squares that is no rhythm.
    recipe : Recipe
    """

    filtering: NDArray[np.float32]
    length: int
    padded: int
    num_lags: int
    ectopic: int
    weighting: NDArray[np.float32]
    rarity: list[float]
    late: list[float]
    first: int
    last: int
    spacing_s: float
    flat: float
    recipe: Recipe


@functools.lru_cache(maxsize=8)
def plan_of(num_frames: int, frame_hop_s: float, recipe: Recipe = RECIPE) -> Plan:
    """Return the tables for envelopes of one length and spacing.

    Raises
    ------
    ValueError
        As :func:`heart_rate` says.
    """
    if not 0.005 <= frame_hop_s <= 0.05:
        raise ValueError(f"frame_hop_s={frame_hop_s:g} must be from 0.005 to 0.05")
    slow_beats = 2 * round(60.0 / (MIN_BPM * frame_hop_s))
    if num_frames < slow_beats:
        raise ValueError(f"envelope of {num_frames} frames must have at least {slow_beats}, two slow beats")
    step = max(1, round(SPACING_S / frame_hop_s))
    spacing_s = step * frame_hop_s
    first, last = (round(120.0 / (bpm * spacing_s)) for bpm in (MAX_BPM, MIN_BPM))
    lags = np.arange(last // 2 + 1 + TAPS, dtype=np.float64)
    prior = _prior(last, spacing_s, recipe.prior_octaves)
    unbiased = _unbiased(num_frames / step, np.arange(last + 2, dtype=np.float64) / 2)
    weighting = _between(last + 2, len(lags)) * (unbiased * prior)[:, None]
    kernel = _kernel(frame_hop_s, recipe)
    filtering = _filtering(kernel, num_frames, step)
    length = len(filtering)
    ectopic = round(EARLY * length)
    return Plan(
        filtering,
        length,
        padded=length + len(lags) - 1,
        num_lags=len(lags),
        ectopic=ectopic,
        weighting=weighting.astype(np.float32),
        rarity=(1.0 / prior).tolist(),
        late=_unbiased(length - ectopic - len(kernel) // (2 * step), lags).tolist(),
        first=first,
        last=last,
        spacing_s=spacing_s,
        flat=SMALLEST_VARIANCE * num_frames / step,
        recipe=recipe,
    )


def _unbiased(values: float, lags: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, by lag, by how much a sum of lagged products falls short for want of overlap."""
    overlap: NDArray[np.float64] = np.maximum(values - lags, LEAST_OVERLAP)
    return values / overlap


def _prior(last: int, spacing_s: float, octaves: float) -> NDArray[np.float64]:
    """Return, by half lag, how common its rate is, 1 for the commonest."""
    rate = 120.0 / (np.maximum(np.arange(last + 2), 1) * spacing_s)
    prior: NDArray[np.float64] = np.exp(-0.5 * (np.log2(rate / USUAL_BPM) / octaves) ** 2)
    prior[:2] = 1.0  # faster than any heart, and never looked at
    return prior


def _between(num_half_lags: int, num_lags: int) -> NDArray[np.float64]:
    """Return the matrix from an even function by whole lags to the same by half lags.

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
    """Return the matrix that takes the mean out of an envelope, convolves it and keeps every ``step``-th value.

    One product with it takes a third of the time of the same in separate calls.
    """
    matrix = np.zeros((num_frames + len(kernel) - 1, num_frames))
    for frame in range(num_frames):
        matrix[frame : frame + len(kernel), frame] = kernel
    kept = matrix[(len(kernel) // 2) % step :: step]
    kept -= kept.mean(axis=1, keepdims=True)
    return kept.astype(np.float32)


def _kernel(frame_hop_s: float, recipe: Recipe) -> NDArray[np.float64]:
    """Return the symmetric kernel that smooths the envelope and takes its running mean out."""
    smooth = np.hanning(_odd(recipe.smoothing_s / frame_hop_s) + 2)[1:-1]
    width = _odd(recipe.drift_s / frame_hop_s)
    rest = np.full(width, -1.0 / width)
    rest[width // 2] += 1.0
    return np.convolve(smooth / smooth.sum(), rest)


def _odd(frames: float) -> int:
    """Return the nearest odd number of frames, so that a kernel has a middle."""
    return 2 * round((frames - 1.0) / 2.0) + 1

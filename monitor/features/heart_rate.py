"""Heart rate of one window, from its log-energy envelope: the rate, the periodicity and a confidence.

The envelope is smoothed and detrended. Its unbiased autocorrelation is weighted by a prior over heart rates, and the
first peak that comes near the highest one is the beat interval. The mean interval is then measured in the first third
and in the rest of the window, because the heart rate of children rises and falls as they breathe. Pure functions,
safe on any thread; must not know about devices, files or networks.

Source: benchmarks/constants/heart_rate.py finds and measures all constants; docs/decisions/0007 has the results and
the alternatives.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.beat_octave import FAST_FROM, FASTEST_BPM, MIN_FAST_BPM, MIN_RATIO, SLOW_BELOW, fast_log_odds
from monitor.features.compiled.library import address, library
from monitor.features.compiled.window import ASKS_TIMBRE, FLAT, RateKernel, rate_kernel
from monitor.features.heart_rate_tables import MAX_BPM, MIN_BPM, HeartRateTables, heart_rate_tables
from monitor.features.image import FrameWindow

__all__ = [
    "MAX_BPM",
    "MIN_BPM",
    "NO_RHYTHM",
    "SHOWN_FROM",
    "BeatInterval",
    "HeartRate",
    "beat_interval",
    "clip_heart_rate",
    "compiled_rate",
    "heart_rate",
    "rate_of",
]

SLOPE, BIAS = 7.27, -1.28
"""Of the logistic model from periodicity to the probability that the rate is right."""

SHOWN_FROM = 0.928
"""Confidence from which a rate is shown."""


MIN_PERIODICITY = 0.05
"""An autocorrelation below this at the longer interval counts as this."""


SLOW_BPM = 50.0
MIN_SLOW_PERIODICITY = 0.7
MAX_OF_SOUNDS, MAX_AGAIN = 0.7, 0.3
"""Below this rate an interval replaces a shorter one if its autocorrelation is at least so high, and those at the
shorter one and at twice that are at most so much of it. Source: docs/decisions/0012."""


class HeartRate(NamedTuple):
    """The heart rate of a window, its periodicity, and the confidence in the rate.

    Attributes
    ----------
    bpm : float or None
        Beats per minute, 30 to 240; None where it is outside, or the confidence is too low.
    periodicity : float
        Autocorrelation at the beat interval, 0 (not periodic) to 1 (each beat like the one before).
    confidence : float
        Probability that the rate is within 5 beats per minute of the mean rate in the window, 0 to 1, given that the
        sound is a heart: whether it is one is the quality gate's question.
    reason : str or None
        Why there is no rate; None where there is one.
    """

    bpm: float | None
    periodicity: float
    confidence: float
    reason: str | None = None


class BeatInterval(NamedTuple):
    """The mean beat interval of a window.

    Attributes
    ----------
    period_s : float
        Seconds.
    periodicity : float
        0 to 1.
    alternative_s : float or None
        Double or half of the interval, where the window does not tell which is true.
    """

    period_s: float
    periodicity: float
    alternative_s: float | None = None


NOT_PERIODIC = "no steady rhythm"
NOT_TWICE = "no two beats"
TOO_SLOW = f"slower than {MIN_BPM:.0f} bpm"
TOO_FAST = f"faster than {MAX_BPM:.0f} bpm"
NO_RHYTHM = HeartRate(None, 0.0, 0.0, NOT_PERIODIC)

UNDECIDED = 0.5
"""Factor of the confidence in a rate where double or half of it is as likely."""


def heart_rate(
    envelope: NDArray[np.float32],
    frame_hop_s: float,
    shown_from: float = SHOWN_FROM,
    log_power: NDArray[np.float32] | None = None,
) -> HeartRate:
    """Return the heart rate of a window.

    Parameters
    ----------
    envelope : ndarray, shape (num_frames,), float32
        Natural log of the power from 20 to 200 Hz, finite; its level does not matter.
    frame_hop_s : float
        Seconds between two values, 0.005 to 0.05.
    shown_from : float
        Confidence from which a rate is given; 0 gives every rate.
    log_power : ndarray, shape (num_frames, 64), float32, or None
        Natural log of the power in the bins of the image, by which a rate is told from its half; None: the fastest
        rate that the envelope allows is taken.

    Returns
    -------
    HeartRate

    Raises
    ------
    ValueError
        If ``frame_hop_s`` is out of range or the envelope is too short to hold two fast beats.

    Examples
    --------
    >>> time_s = np.arange(0.0, 5.0, 0.025)
    >>> envelope = np.cos(2 * np.pi * time_s / 0.8).astype(np.float32)  # a beat every 0.8 s
    >>> round(heart_rate(envelope, frame_hop_s=0.025).bpm)
    75
    """
    beat = _beat_interval(envelope, frame_hop_s, log_power)
    return NO_RHYTHM if beat is None else rate_of(*beat, shown_from)


def rate_of(
    period_s: float, periodicity: float, alternative_s: float | None = None, shown_from: float = SHOWN_FROM
) -> HeartRate:
    """Return the heart rate of a mean beat interval; parameters as :class:`BeatInterval` and :func:`heart_rate`."""
    confidence = 1.0 / (1.0 + math.exp(-(SLOPE * periodicity + BIAS)))
    if alternative_s is not None:
        confidence *= UNDECIDED
    bpm = 60.0 / period_s
    if confidence >= shown_from and MIN_BPM <= bpm <= MAX_BPM:
        return HeartRate(bpm, periodicity, confidence)
    return HeartRate(None, periodicity, confidence, _why_blank(bpm, alternative_s, confidence, shown_from))


def clip_heart_rate(
    frames: FrameWindow, frame_hop_s: float, num_frames: int, shown_from: float = SHOWN_FROM
) -> HeartRate:
    """Return the heart rate of a clip that was looped to fill a window, from its own frames: a loop repeats exactly.

    Parameters
    ----------
    frames : FrameWindow
        Of the window.
    frame_hop_s : float
        Seconds between two frames.
    num_frames : int
        Frames that lie wholly inside the clip.
    shown_from : float
        As :func:`heart_rate`.

    Returns
    -------
    HeartRate
        A rate only where the clip holds two beats of it.

    Examples
    --------
    >>> envelope = np.cos(2 * np.pi * np.arange(0.0, 5.0, 0.025) / 0.8).astype(np.float32)
    >>> window = FrameWindow(np.zeros((200, 64), np.float32), envelope, envelope, envelope)
    >>> round(clip_heart_rate(window, 0.025, num_frames=120).bpm)
    76
    >>> clip_heart_rate(window, 0.025, num_frames=40).reason
    'no two beats'
    """
    try:
        rate = heart_rate(
            frames.envelope[:num_frames], frame_hop_s, shown_from, log_power=frames.log_power[:num_frames]
        )
    except ValueError:  # too short for two fast beats
        return NO_RHYTHM._replace(reason=NOT_TWICE)
    return rate._replace(reason=NOT_TWICE) if rate.reason == NOT_PERIODIC else rate


def _why_blank(bpm: float, alternative_s: float | None, confidence: float, shown_from: float) -> str:
    """Return why a rate is not given."""
    if confidence < shown_from:
        if alternative_s is None:
            return NOT_PERIODIC
        slow, fast = sorted((round(bpm), round(60.0 / alternative_s)))
        return f"either {slow} or {fast} bpm"
    return TOO_SLOW if bpm < MIN_BPM else TOO_FAST


def _beat_interval(
    envelope: NDArray[np.float32], frame_hop_s: float, log_power: NDArray[np.float32] | None
) -> BeatInterval | None:
    """Return the mean beat interval of a window, compiled where that can tell it."""
    kernel = compiled_rate(len(envelope), frame_hop_s)
    if kernel is not None:
        envelope = np.ascontiguousarray(envelope, np.float32)
        found, periodicity, lag = kernel.find(address(envelope), log_power is not None)
        if found != ASKS_TIMBRE:
            return None if found == FLAT else BeatInterval(lag * kernel.spacing_s, periodicity)
    return beat_interval(envelope, heart_rate_tables(len(envelope), frame_hop_s), log_power)


def compiled_rate(num_frames: int, frame_hop_s: float) -> RateKernel | None:
    """Return the compiled search for the beat interval in envelopes of one length and hop; None where there is none.

    Raises
    ------
    ValueError
        As :func:`heart_rate`.
    """
    return None if library() is None else _kernel(num_frames, frame_hop_s)


@functools.lru_cache(maxsize=64)
def _kernel(num_frames: int, frame_hop_s: float) -> RateKernel | None:
    """Return the compiled search for the beat interval in envelopes of one length and frame hop."""
    slow = (SLOW_BPM, MIN_SLOW_PERIODICITY, MAX_OF_SOUNDS, MAX_AGAIN)
    octave = (MIN_FAST_BPM, FASTEST_BPM, MIN_RATIO, MIN_PERIODICITY)
    return rate_kernel(heart_rate_tables(num_frames, frame_hop_s), slow, octave)


def beat_interval(
    envelope: NDArray[np.float32], tables: HeartRateTables, log_power: NDArray[np.float32] | None = None
) -> BeatInterval | None:
    """Return the mean beat interval of a window; None for a flat envelope.

    Parameters
    ----------
    envelope : ndarray, shape (num_frames,), float32
    tables : HeartRateTables
        For envelopes of this length.
    log_power : ndarray, shape (num_frames, 64), float32, or None
        As :func:`heart_rate`.
    """
    beats = np.zeros(tables.padded, np.float32)  # the smoothed envelope, then zeros
    values = beats[: tables.length]
    tables.filtering.dot(envelope, values)  # (frames,) -> (length,)
    products = np.correlate(beats, values, "valid")  # (lags,)
    energy = float(products[0])
    if not energy > tables.flat:
        return None
    autocorrelation: list[float] = tables.weighting.dot(products).tolist()  # (half lags,)
    heights = list(map(operator.mul, autocorrelation, tables.inverse_prior))
    half_lag = _slow_half_lag(heights, _beat_half_lag(autocorrelation, tables), tables)
    alternative: int | None = None
    if log_power is not None:
        half_lag, alternative = _resolve_octave(heights, half_lag, tables, log_power)
    periodicity = min(1.0, max(0.0, heights[half_lag] / energy))
    period_s = _mean_lag(beats, products, 0.5 * half_lag, tables) * tables.spacing_s
    return BeatInterval(period_s, periodicity, None if alternative is None else period_s * alternative / half_lag)


def _beat_half_lag(autocorrelation: list[float], tables: HeartRateTables) -> int:
    """Return the half lag of the first peak that comes near the highest value."""
    allowed = autocorrelation[tables.first : tables.last + 1]
    highest = max(allowed)
    enough = tables.parameters.near_highest * highest
    for lag, here in enumerate(allowed, tables.first):
        if here >= enough and autocorrelation[lag - 1] <= here >= autocorrelation[lag + 1]:
            return lag
    return autocorrelation.index(highest, tables.first)  # no peak at all, only a slope


def _slow_half_lag(heights: list[float], half_lag: int, tables: HeartRateTables) -> int:
    """Return the half lag of a slow beat where the one found is but the interval between its two heart sounds.

    ``heights`` is the autocorrelation without the prior. An interval between beats comes again at twice the lag, one
    between the sounds of a beat does not.
    """
    begin = max(half_lag + 1, round(120.0 / (SLOW_BPM * tables.spacing_s)))
    if begin > tables.last:
        return half_lag
    slow = max(range(begin, tables.last + 1), key=heights.__getitem__)
    double = min(2 * half_lag, tables.last)
    again = max(heights[double - 1 : double + 2])
    height = heights[slow]
    is_peak = height > heights[slow - 1] and height > MIN_SLOW_PERIODICITY * heights[0]
    is_between_sounds = heights[half_lag] < MAX_OF_SOUNDS * height and again < MAX_AGAIN * height
    return slow if is_peak and is_between_sounds else half_lag


def _resolve_octave(
    heights: list[float], half_lag: int, tables: HeartRateTables, log_power: NDArray[np.float32]
) -> tuple[int, int | None]:
    """Return the half lag of the beat, and double or half of that where the timbre does not tell which is true."""
    is_fast = _bpm(half_lag, tables) > MIN_FAST_BPM
    slow = 2 * half_lag if is_fast else half_lag
    if not MIN_FAST_BPM < _bpm(0.5 * slow, tables) <= FASTEST_BPM:
        return half_lag, None
    if slow > tables.last:  # a clip too short to show which
        return half_lag, slow
    fast = half_lag if is_fast else max((slow // 2, (slow + 1) // 2), key=heights.__getitem__)
    highest_fast, highest_slow = (max(heights[lag - 1 : lag + 2]) for lag in (fast, slow))
    ratio = highest_fast / max(highest_slow, MIN_PERIODICITY * heights[0])
    if ratio < MIN_RATIO:
        return half_lag, None
    odds = fast_log_odds(ratio, log_power, 0.5 * slow * tables.step)
    if odds >= FAST_FROM:
        return fast, None
    return slow, None if odds < SLOW_BELOW else fast


def _bpm(half_lag: float, tables: HeartRateTables) -> float:
    """Return the rate of a half lag, beats per minute."""
    return 120.0 / (half_lag * tables.spacing_s)


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

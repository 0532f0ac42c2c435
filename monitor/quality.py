"""How fit a window is to be judged, and what a person can do when it is not.

Silence, drop-outs and clipping are read off the raw sound
(:mod:`monitor.input_statistics`). Whether the rest sounds like a heart is the opinion of a
logistic model over four features of the window's frames. Each feature is clamped, so that
none decides alone, and none changes with loudness. A window is withheld only where the
model is quite sure; how many windows of real hearts that costs stands in
docs/decisions/0003, and benchmarks/fit_quality.py finds the constants again.

Pure functions, safe on any thread; must not know about devices, files or networks.
"""

from __future__ import annotations

import functools
import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.painter import NUM_ROWS, FrameWindow
from monitor.input_statistics import SignalStatistics
from monitor.messages import Quality

__all__ = ["GAP_QUALITY", "NOT_A_HEART", "Features", "features_of", "judge_quality"]

SILENT_RMS = 1e-5
"""A third of a 16-bit step: less than dither, and a hundredth of the quietest heart recording tried."""

DEAD_TOO_MUCH = 0.3
"""Share of a window without any change of value from which too little is left to judge.
Source: none of 13000 windows of PASCAL and CirCor hearts has any."""

DEAD_TAIL_S = 2.0
"""Seconds without any change up to now from which the input counts as gone."""

CLIPPED_NOTICE = 0.01
CLIPPED_TOO_MUCH = 0.25
"""Share of clipped samples that is worth a word, and that leaves nothing to judge.
Source: the worst window of PASCAL set B has 0.10, of CirCor 0.11."""

SHORTEST_CLIP_S = 0.5
"""Seconds; less holds no whole beat."""

NO_SOUND: Final = "no sound: is the input muted or unplugged?"
DROPS_OUT: Final = "sound drops out: check the cable"
CLIPPING: Final = "clipping: turn the input down"
NOISE: Final = "much noise above 600 Hz: press the chest piece on, keep still"
NO_HEARTBEAT: Final = "no heartbeat heard: place the chest piece on the chest"
BUMPS: Final = "loud bumps: keep the chest piece and its cable still"
LOST: Final = "samples were lost: the computer or the cable could not keep up"

GAP_QUALITY: Final = Quality(0.0, LOST, "poor-signal")
"""The quality of a window that spans lost samples."""
NOT_A_HEART: Final = Quality(0.0, NO_HEARTBEAT, "poor-signal")
"""The quality of a window in which the network itself hears no heart."""


class Features(NamedTuple):
    """What the gate's model sees of a window.

    Attributes
    ----------
    tilt : float
        Natural-log power, -4 to 6; mean level from 31 to 141 Hz above the mean of all bins.
    periodicity : float
        0 to 1; autocorrelation of the envelope at the beat.
    swing : float
        Natural-log power, 0 to 1.3; how much the envelope moves, up to what a faint heart gives.
    bumps : float
        0 to 0.3; how far the sound above 600 Hz moves together with the envelope, where it is
        strong: a knock on the chest piece sounds at all frequencies at once.
    """

    tilt: float
    periodicity: float
    swing: float
    bumps: float


SMALLEST_POWER = 1e-16
"""Keeps the logarithm of silence finite."""

TILT_BINS = slice(1, 9)
"""Bins of the log power, 31 to 141 Hz: above the rumble, below most noise."""
TILT = np.full(NUM_ROWS, -1.0 / NUM_ROWS, np.float32)
TILT[TILT_BINS] += np.float32(1.0 / 8.0)
"""Weights that give the mean of those bins minus the mean of all."""

FULL_SWING = 1.3
"""Standard deviation of the envelope; noise has 0.3 to 0.9, a faint heart 1, most hearts more than this."""

STRONG_HIGH_DB = 10.0
TOGETHER = 0.7
"""Bumps count from a correlation of 0.7, in full where the power from 20 to 150 Hz is no more than
that above 600 Hz, and not at all where it is 10 dB more: that may be a clean first heart sound."""

TYPICAL = Features(2.813, 0.6681, 1.293, 0.0004537)
"""Features of the mean heart window."""
WEIGHTS = Features(0.6473, 7.757, 14.25, -48.13)
"""Of the logistic model, per unit of each feature."""
BIAS = 3.82
POOR_BELOW = 0.063
"""Score under which a window is withheld.
Source of all: benchmarks/fit_quality.py."""

NOTICE_BELOW = 0.5
"""Score under which the reason is told although the window is judged."""


def judge_quality(
    frames: FrameWindow, periodicity: float, statistics: SignalStatistics, clip_s: float | None = None
) -> Quality:
    """Return how fit a window is to be judged.

    Parameters
    ----------
    frames : FrameWindow
        The window's frames.
    periodicity : float
        0 to 1, of :func:`monitor.heart_rate.heart_rate` on the same frames.
    statistics : SignalStatistics
        Of the raw sound of the same window.
    clip_s : float or None
        Length in seconds of a clip that was looped to fill the window.

    Returns
    -------
    Quality
        With the state ``"no-signal"`` or ``"poor-signal"`` where the window must not be given
        a label, and a reason where a person can do something.
    """
    spoiled = _spoiled(statistics, clip_s)
    if spoiled is not None:
        return spoiled
    features = features_of(frames, periodicity)
    score = score_of(features)
    if score < POOR_BELOW:
        return Quality(score, _main_fault(features), "poor-signal")
    return Quality(score, _notice(score, features, statistics))


def _spoiled(statistics: SignalStatistics, clip_s: float | None) -> Quality | None:
    """Return the quality of a window whose raw sound already forbids a label, or None."""
    if clip_s is not None and clip_s < SHORTEST_CLIP_S:
        return Quality(0.0, f"clip of {clip_s:.2g} s is too short to judge", "poor-signal")
    if statistics.rms < SILENT_RMS or statistics.dead_tail_s >= DEAD_TAIL_S:
        return Quality(0.0, NO_SOUND, "no-signal")
    if statistics.dead >= DEAD_TOO_MUCH:
        return Quality(0.0, DROPS_OUT, "poor-signal")
    if statistics.clipped >= CLIPPED_TOO_MUCH:
        return Quality(0.0, CLIPPING, "poor-signal")
    return None


def _notice(score: float, features: Features, statistics: SignalStatistics) -> str | None:
    """Return what is worth telling about a window that is judged all the same."""
    if statistics.dead > 0.0:
        return DROPS_OUT
    if statistics.clipped >= CLIPPED_NOTICE:
        return CLIPPING
    return _main_fault(features) if score < NOTICE_BELOW else None


def features_of(frames: FrameWindow, periodicity: float) -> Features:
    """Return the features of a window.

    Parameters
    ----------
    frames : FrameWindow
    periodicity : float
        0 to 1.

    Returns
    -------
    Features
    """
    each = _ones(len(frames.envelope))  # a product with ones is a sum at a third of its price
    tilt = float(each @ frames.log_power @ TILT) / len(each)
    level = frames.envelope - each @ frames.envelope / np.float32(len(each))
    swing = math.sqrt(float(level @ level) / len(each))
    return Features(_clamp(tilt, -4.0, 6.0), periodicity, min(swing, FULL_SWING), _bumps(level, frames, each))


def _bumps(level: NDArray[np.float32], frames: FrameWindow, each: NDArray[np.float32]) -> float:
    """Return the feature ``bumps``, given the envelope without its mean and a one for each frame."""
    low = float(each @ frames.low_power) + SMALLEST_POWER
    high = float(each @ frames.high_power) + SMALLEST_POWER
    share = min(1.0, 1.0 - 10.0 * math.log10(low / high) / STRONG_HIGH_DB)
    if share <= 0.0:
        return 0.0
    above = np.log(frames.high_power + np.float32(SMALLEST_POWER))
    above -= each @ above / np.float32(len(each))
    spread = math.sqrt(float(level @ level) * float(above @ above))
    together = float(level @ above) / spread if spread > 0.0 else 0.0
    return share * max(0.0, together - TOGETHER)


@functools.lru_cache(maxsize=8)
def _ones(count: int) -> NDArray[np.float32]:
    """Return ``count`` ones."""
    return np.ones(count, np.float32)


def score_of(features: Features) -> float:
    """Return how much a window sounds like a heart, 0 to 1."""
    return 1.0 / (1.0 + math.exp(-BIAS - sum(_parts(features))))


def _parts(features: Features) -> Features:
    """Return what each feature adds to the score, in logits; 0 for the mean heart."""
    tilt, periodicity, swing, bumps = features
    return Features(
        WEIGHTS.tilt * (tilt - TYPICAL.tilt),
        WEIGHTS.periodicity * (periodicity - TYPICAL.periodicity),
        WEIGHTS.swing * (swing - TYPICAL.swing),
        WEIGHTS.bumps * (bumps - TYPICAL.bumps),
    )


def _main_fault(features: Features) -> str:
    """Return the reason that takes most from the score."""
    tilt, periodicity, swing, bumps = _parts(features)
    faults = {NOISE: tilt, NO_HEARTBEAT: periodicity + swing, BUMPS: bumps}
    return min(faults, key=lambda fault: faults[fault])


def _clamp(value: float, low: float, high: float) -> float:
    """Return ``value``, or the end of the range that it lies beyond."""
    return min(high, max(low, value))

"""Other devices and other rooms for the frames of heart sounds: colour, cut ends of the spectrum, noise of all kinds.

Everything is done on the log power of bands, which is where a filter adds a constant and noise adds its power. Must not
read audio. Pure functions of their arguments and a generator.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.sound_bands import BAND_BINS, NUM_BANDS

__all__ = ["another_device", "coloured_noise", "noise_alone", "noise_like", "recorded_noise", "with_noise"]

NEPER_OF_DB = float(np.log(10) / 10)
"""Natural log of a power, per dB."""
BIN_HZ = 15.625
CENTRES_HZ = np.array([(begin + end - 1) / 2 * BIN_HZ for begin, end in itertools.pairwise(BAND_BINS)])

MAX_EQ_DB, EQ_POINTS = 10.0, (0.0, 2.75, 5.5, 8.25, 11.0)
"""A smooth curve over the bands, and how far it goes at most."""
LOW_CUT, LOW_CUT_HZ = 0.25, (60.0, 250.0)
"""Share of the devices that cut off low sounds, as a thin chest piece and a telephone do, and the corner."""
HIGH_CUT, HIGH_CUT_HZ = 0.25, (200.0, 700.0)
MAX_ORDER = 3
"""Each order is 6 dB an octave."""

SNR_DB = (-2.0, 25.0)
COLOUR_POINTS, COLOUR_SPREAD = (0, 4, 8, NUM_BANDS - 1), 1.2
"""Of the noise: standard deviation of its log power."""
FRAME_FREEDOM = 0.8
"""Half of the degrees of freedom of noise in a frame, for each bin of a band: less than 1, because neighbouring bins of
a Hann window are not independent."""
LEVEL = (-12.0, -4.0)
"""Log power of noise by itself."""
MODULATED = 0.4
"""Share of the noise by itself that becomes louder and softer, at the rates of hearts too."""
MODULATION_HZ, MAX_MODULATION = (0.2, 3.0), 2.0
RECORDED = 0.6
"""Share of the noise by itself that is recorded, where there are recordings."""
FRAMES_PER_S = 80.0


def another_device(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what another device adds to the log power of each band, shape (12,)."""
    db = np.interp(np.arange(NUM_BANDS), EQ_POINTS, rng.uniform(-MAX_EQ_DB, MAX_EQ_DB, len(EQ_POINTS)) * rng.random())
    if rng.random() < LOW_CUT:
        db -= _loss_db(rng.uniform(*LOW_CUT_HZ) / CENTRES_HZ, rng)
    if rng.random() < HIGH_CUT:
        db -= _loss_db(CENTRES_HZ / rng.uniform(*HIGH_CUT_HZ), rng)
    return np.asarray(db * NEPER_OF_DB, np.float64)


def _loss_db(ratio: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the loss of a Butterworth filter at frequencies so many times beyond its corner."""
    return np.asarray(10 * np.log10(1 + ratio ** (2 * int(rng.integers(1, MAX_ORDER + 1)))), np.float64)


def coloured_noise(rng: np.random.Generator, num_frames: int) -> NDArray[np.float64]:
    """Return noise of a random smooth colour around a log power of 0, ``(frames, 12)``."""
    freedom = FRAME_FREEDOM * np.diff(BAND_BINS)
    colour = np.interp(np.arange(NUM_BANDS), COLOUR_POINTS, rng.normal(0, COLOUR_SPREAD, len(COLOUR_POINTS)))
    return np.asarray(colour + np.log(rng.gamma(freedom, 1 / freedom, (num_frames, NUM_BANDS))), np.float64)


def noise_like(bands: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return coloured noise whose colour follows that of a sound in half of the cases."""
    noise = coloured_noise(rng, len(bands))
    return noise + bands.mean(axis=0) if rng.random() < 0.5 else noise


def recorded_noise(
    recordings: Sequence[NDArray[np.float32]], rng: np.random.Generator, num_frames: int
) -> NDArray[np.float64]:
    """Return a stretch of one of the recordings; a short one is played back and forth."""
    bands = recordings[int(rng.integers(len(recordings)))]
    start = int(rng.integers(max(1, len(bands) - num_frames + 1)))
    part = bands[start : start + num_frames].astype(np.float64)
    while len(part) < num_frames:
        part = np.concatenate((part, part[::-1]))
    return part[:num_frames]


def noise_alone(
    recordings: Sequence[NDArray[np.float32]], rng: np.random.Generator, num_frames: int
) -> NDArray[np.float32]:
    """Return sound without a heart: a recording, or coloured noise that may swell and fade; through any device."""
    if recordings and rng.random() < RECORDED:
        bands = recorded_noise(recordings, rng, num_frames)
    else:
        bands = coloured_noise(rng, num_frames) + rng.uniform(*LEVEL)
        if rng.random() < MODULATED:
            cycles = rng.uniform(*MODULATION_HZ) * np.arange(num_frames) / FRAMES_PER_S + rng.random()
            bands += rng.uniform(0, MAX_MODULATION) * np.sin(2 * np.pi * cycles)[:, None]
    return (bands + another_device(rng)).astype(np.float32)


def with_noise(bands: NDArray[np.float32], noise: NDArray[np.float64], snr_db: float) -> NDArray[np.float32]:
    """Return a sound with noise at a ratio of their mean powers.

    Examples
    --------
    >>> sound, noise = np.zeros((2, 12), np.float32), np.full((2, 12), 5.0)
    >>> round(float(with_noise(sound, noise, 0.0)[0, 0]), 3)  # twice the power
    0.693
    """
    level = np.log(np.exp(bands).mean()) - np.log(np.exp(noise).mean()) - snr_db * NEPER_OF_DB
    return np.asarray(np.logaddexp(bands, noise + level), np.float32)

"""Augmentation of frames by what a real stethoscope could change: another chest piece, another room.

Pure functions of their arguments and a generator. Applied after the split, to training windows only. Gain and polarity
need no augmentation, the input image does not depend on them. Pitch shift, time stretch and white noise are left out:
they lower the accuracy (docs/decisions/0004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.features.image import FrameWindow
from monitor.features.spectrogram import ENVELOPE_HZ

__all__ = ["add_noise", "cut_bass", "mask_bands", "random_cut", "random_equalize"]

ROW_HZ = 15.625
"""Between two rows of the spectrum; the first is at this frequency."""
TINY = np.float32(1e-20)
"""Keeps the ratio of two powers finite in silence."""
CUT_HZ = (40.0, 200.0)
MAX_ORDER = 3
"""Of the high-pass filter: 6 dB for an octave each."""


def random_equalize(frames: FrameWindow, rng: np.random.Generator, strength_db: float = 8.0) -> FrameWindow:
    """Return the frames as through another chest piece: with a random frequency response, the same in every frame.

    Parameters
    ----------
    frames : FrameWindow
    rng : Generator
    strength_db : float
        Standard deviation of the tilt from end to end and of each ripple, dB.

    Returns
    -------
    FrameWindow
        With new ``log_power``; the bands stay, since a fixed gain does not change a standardised envelope.
    """
    position = np.linspace(-0.5, 0.5, frames.log_power.shape[1])  # (mel bands,)
    response_db = rng.normal(0, strength_db) * position
    for cycles in (1, 2, 3):
        height_db, phase = rng.normal(0, strength_db / (2 * cycles)), rng.random()
        response_db += height_db * np.cos(2 * np.pi * (cycles * position + phase))
    return frames._replace(log_power=frames.log_power + (response_db * np.log(10) / 10).astype(np.float32))


def random_cut(frames: FrameWindow, rng: np.random.Generator) -> FrameWindow:
    """Return the frames with a random share of the low frequencies removed; see :func:`cut_bass`."""
    low, high = np.log(CUT_HZ)
    return cut_bass(frames, float(np.exp(rng.uniform(low, high))), int(rng.integers(1, MAX_ORDER + 1)))


def cut_bass(frames: FrameWindow, corner_hz: float, order: int) -> FrameWindow:
    """Return the frames as through a thin chest piece, a phone or a "voice" filter, which pass no low frequencies.

    Parameters
    ----------
    frames : FrameWindow
    corner_hz : float
        Frequency at which 3 dB are lost for each order.
    order : int
        Of the high-pass filter.

    Returns
    -------
    FrameWindow
        With new ``log_power`` and ``envelope``, in which the sounds of the heart then stand out less; the other bands
        stay, for the image has none of them.
    """
    hertz = ROW_HZ * np.arange(1, frames.log_power.shape[1] + 1)  # (rows,)
    gain = (-order * np.log1p((corner_hz / hertz) ** 2)).astype(np.float32)
    band = (hertz >= ENVELOPE_HZ[0]) & (hertz <= ENVELOPE_HZ[1])
    power = np.exp(frames.log_power[:, band])  # (frames, rows in the band)
    left = (power @ np.exp(gain[band]) + TINY) / (power.sum(axis=1) + TINY)  # (frames,)
    return frames._replace(log_power=frames.log_power + gain, envelope=frames.envelope + np.log(left))


def add_noise(frames: FrameWindow, noise: FrameWindow, snr_db: float) -> FrameWindow:
    """Return the frames with another sound's power added.

    Powers are added without cross terms, which is right on average for sounds that are not correlated.

    Parameters
    ----------
    frames, noise : FrameWindow
        Of the same number of frames.
    snr_db : float
        Mean power of the sound over mean power of the noise after scaling, dB.
    """
    sound, other = np.exp(frames.log_power), np.exp(noise.log_power)  # (frames, mel bands)
    gain = np.float32(sound.mean() / max(float(other.mean()), 1e-20) * 10 ** (-snr_db / 10))
    return FrameWindow(
        np.log(sound + gain * other),
        np.log(np.exp(frames.envelope) + gain * np.exp(noise.envelope)),
        frames.low_power + gain * noise.low_power,
        frames.high_power + gain * noise.high_power,
    )


def mask_bands(image: NDArray[np.float32], rng: np.random.Generator, max_rows: int = 8, max_columns: int = 8) -> None:
    """Set a band of rows and a band of columns of the spectrum channels to the mean level, in place.

    Source: SpecAugment, Park et al. 2019.

    Parameters
    ----------
    image : ndarray, shape (64, 64, 3), float32
    rng : Generator
    max_rows, max_columns : int

    Examples
    --------
    >>> image = np.ones((64, 64, 3), np.float32)
    >>> mask_bands(image, np.random.default_rng(0), max_rows=4, max_columns=0)
    >>> int((image[:, 0, 0] == 0).sum())
    4
    """
    for axis, max_width in ((0, max_rows), (1, max_columns)):
        width = int(rng.integers(0, max_width + 1))
        start = int(rng.integers(0, image.shape[axis] - width + 1))
        band = [slice(None)] * 3
        band[axis], band[2] = slice(start, start + width), slice(0, 2)
        image[tuple(band)] = 0.0

"""Changes that a real stethoscope could make, applied to frames: another device, another room.

Pure functions of their arguments and a generator. Applied after the split, to training
windows only. Gain and polarity need no augmentation, the picture does not see them. Pitch
shift, time stretch and white noise are left out: they hurt (docs/decisions/0004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.features.image import FrameWindow

__all__ = ["add_noise", "hide_bands", "recolour"]


def recolour(frames: FrameWindow, rng: np.random.Generator, strength_db: float = 6.0) -> FrameWindow:
    """Return the frames as another chest piece would have coloured them.

    Parameters
    ----------
    frames : FrameWindow
    rng : Generator
    strength_db : float
        Standard deviation of the tilt from end to end and of each ripple, dB.

    Returns
    -------
    FrameWindow
        With new ``log_power``; the bands are left alone, since a fixed gain does not move a
        standardised envelope.
    """
    position = np.linspace(-0.5, 0.5, frames.log_power.shape[1])
    curve = rng.normal(0, strength_db) * position
    for waves in (1, 2, 3):
        curve += rng.normal(0, strength_db / (2 * waves)) * np.cos(2 * np.pi * (waves * position + rng.random()))
    return frames._replace(log_power=frames.log_power + (curve * np.log(10) / 10).astype(np.float32))


def add_noise(frames: FrameWindow, noise: FrameWindow, snr_db: float) -> FrameWindow:
    """Return the frames with another sound's power added.

    Powers are added, cross terms are not: right on average for sounds that have nothing to do with one another.

    Parameters
    ----------
    frames, noise : FrameWindow
        Of the same number of frames.
    snr_db : float
        Mean power of the sound over mean power of the noise after scaling, dB.
    """
    sound, other = np.exp(frames.log_power), np.exp(noise.log_power)
    gain = np.float32(sound.mean() / max(float(other.mean()), 1e-20) * 10 ** (-snr_db / 10))
    return FrameWindow(
        np.log(sound + gain * other),
        np.log(np.exp(frames.envelope) + gain * np.exp(noise.envelope)),
        frames.low_power + gain * noise.low_power,
        frames.high_power + gain * noise.high_power,
    )


def hide_bands(tensor: NDArray[np.float32], rng: np.random.Generator, max_rows: int = 8, max_columns: int = 8) -> None:
    """Set a band of rows and a band of columns of the spectrum channels to the mean level, in place.

    Source: SpecAugment, Park et al. 2019.
    """
    for axis, most in ((0, max_rows), (1, max_columns)):
        width = int(rng.integers(0, most + 1))
        start = int(rng.integers(0, tensor.shape[axis] - width + 1))
        held = [slice(None)] * 3
        held[axis], held[2] = slice(start, start + width), slice(0, 2)
        tensor[tuple(held)] = 0.0

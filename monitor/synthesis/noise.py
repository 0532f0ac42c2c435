"""Noise of any colour, and filters, made in the frequency domain with NumPy alone.

A colour is a gain per frequency: write it as a curve over :func:`frequencies`, then let
:func:`shaped_noise` make noise of it or :func:`equalize` filter a sound by it. What is
made this way wraps round at its ends; those who cannot have that make a little more than they
need and cut. Safe on any thread; must not import anything of ours, and takes every random
number from the generator it is given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bump", "bandpass_response", "checked_num_samples", "decibels", "equalised", "frequencies", "passband", "shaped_noise"]

MAX_RADIX = 256
"""Lengths are rounded up to a multiple of this, so the FFT has small factors."""


def db_to_amplitude(level_db: float) -> float:
    """Return the amplitude ratio of a level in dB."""
    return float(10.0 ** (level_db / 20.0))


def checked_num_samples(duration_s: float, sample_rate: int) -> int:
    """Return the number of samples of a sound to be made.

    Raises
    ------
    ValueError
        If the rate is out of range or the duration holds no sample or over an hour.
    """
    if not 1000 <= sample_rate <= 192_000:
        raise ValueError(f"sample_rate={sample_rate} must be from 1000 to 192000 Hz")
    if not 1.0 / sample_rate <= duration_s <= 3600:  # NaN fails too
        raise ValueError(f"duration_s={duration_s:g} must be from one sample to 3600 s")
    return round(duration_s * sample_rate)


def fast_length(samples: int) -> int:
    """Return a length of at least ``samples`` with small factors, at most a tenth longer when it is long."""
    step = 1
    while step < MAX_RADIX and step * 32 < samples:
        step *= 2
    return -(-samples // step) * step


def frequencies(samples: int, sample_rate: int) -> NDArray[np.float32]:
    """Return the frequencies at which a colour for ``samples`` samples is given.

    Returns
    -------
    ndarray, shape (bins,), float32
        Hz from 0 to half the rate; 0 is given as one tenth of the first step, so that it can
        be divided by and its logarithm taken.
    """
    size = fast_length(samples)
    grid = np.arange(size // 2 + 1, dtype=np.float32) * np.float32(sample_rate / size)
    grid[0] = grid[1] / 10 if len(grid) > 1 else 1.0
    return grid


def bell_curve(grid: NDArray[np.float32], centre_hz: float, width_octaves: float) -> NDArray[np.float32]:
    """Return a bell-shaped colour: 1 at its centre, 0.61 half a width away on the octave scale."""
    distance = np.log2(grid * np.float32(1.0 / centre_hz)) * np.float32(2.0 / width_octaves)
    gain: NDArray[np.float32] = np.exp(np.float32(-0.5) * distance * distance)
    return gain


def bandpass_gain(grid: NDArray[np.float32], low_hz: float, high_hz: float, order: int = 2) -> NDArray[np.float32]:
    """Return the gain of a band-pass with Butterworth slopes of 6 dB per octave and order."""
    power = 2 * order
    stopped = (1.0 + (low_hz / grid) ** power) * (1.0 + (grid / high_hz) ** power)
    gain: NDArray[np.float32] = (1.0 / np.sqrt(stopped)).astype(np.float32, copy=False)
    return gain


def bandpass_response(grid: NDArray[np.float32], low_hz: float, high_hz: float) -> NDArray[np.complex64]:
    """Return the response of a second-order Butterworth band-pass, phase and all: what is heard never comes early.

    Source: the analogue prototype 1 / (s^2 + sqrt(2) s + 1), once as high-pass and once as low-pass.
    """
    low, high = grid * np.float32(1.0 / low_hz), grid * np.float32(1.0 / high_hz)
    rising, falling = low * low, high * high
    below = np.empty(len(grid), np.complex64)  # the two denominators multiplied, real and imaginary part apart
    below.real = (1.0 - rising) * (1.0 - falling) - 2.0 * low * high
    below.imag = np.float32(-np.sqrt(2.0)) * (low * (1.0 - falling) + high * (1.0 - rising))
    below *= -rising / (np.square(below.real) + np.square(below.imag))  # conjugate over square: one division
    return below


def shaped_noise(
    colour: NDArray[np.float32], samples: int, rng: np.random.Generator, *, as_given: bool = False
) -> NDArray[np.float32]:
    """Return Gaussian noise of a colour.

    Parameters
    ----------
    colour : ndarray, shape (bins,), float32
        Amplitude over :func:`frequencies` of the same ``samples``. A single high bin is a steady tone.
    samples : int
    rng : numpy.random.Generator
    as_given : bool
        False: the scale of the colour does not matter, the root mean square to be expected is 1.
        True: it is that of the colour itself over its bins.

    Returns
    -------
    ndarray, shape (samples,), float32
    """
    size = fast_length(samples)
    spectrum = rng.standard_normal(2 * len(colour), dtype=np.float32).view(np.complex64)
    power = float(np.dot(colour, colour)) / len(colour) if not as_given else 1.0
    spectrum *= colour * np.float32(np.sqrt(size / 2.0 / (power + 1e-30)))
    spectrum[0] = 0.0
    return np.fft.irfft(spectrum, size).astype(np.float32, copy=False)[:samples]


def equalize(waveform: NDArray[np.float32], gain: NDArray[np.float32 | np.complex64]) -> NDArray[np.float32]:
    """Return a sound filtered; a real gain shifts no phase.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
    gain : ndarray, shape (bins,), float32 or complex64
        Over :func:`frequencies` of the same number of samples.

    Returns
    -------
    ndarray, shape (samples,), float32
        What is filtered wraps round at the ends.
    """
    size = fast_length(len(waveform))
    filtered = np.fft.irfft(np.fft.rfft(waveform, size) * gain, size)
    return filtered.astype(np.float32, copy=False)[: len(waveform)]

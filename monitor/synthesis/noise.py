"""Spectrally shaped noise and filters, computed in the frequency domain with NumPy alone.

A spectral shape is a gain over :func:`frequencies`; :func:`shaped_noise` generates noise with
it, :func:`equalize` filters a sound by it. Both are circular: the ends of the sound wrap
around; callers that must avoid this generate a margin and cut it off. Safe on any thread; must
not import other modules of the project, and draws every random number from the generator it is
given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "bandpass_gain",
    "bandpass_response",
    "bell_curve",
    "checked_num_samples",
    "db_to_amplitude",
    "equalize",
    "frequencies",
    "shaped_noise",
]

MAX_RADIX = 256
"""Lengths are rounded up to a multiple of this, so the FFT has small factors."""


def db_to_amplitude(level_db: float) -> float:
    """Return the amplitude ratio of a level in dB.

    Examples
    --------
    >>> db_to_amplitude(-20.0)
    0.1
    """
    return float(10.0 ** (level_db / 20.0))


def checked_num_samples(duration_s: float, sample_rate: int) -> int:
    """Return the number of samples of a sound to be synthesized.

    Raises
    ------
    ValueError
        If the rate is out of range, or the duration is below one sample or above an hour.
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
    """Return the frequency grid of a spectral shape for ``samples`` samples.

    Returns
    -------
    ndarray, shape (bins,), float32
        Hz from 0 to half the sample rate; 0 is replaced by a tenth of the first step, so that
        divisions and logarithms are finite.
    """
    size = fast_length(samples)
    grid = np.arange(size // 2 + 1, dtype=np.float32) * np.float32(sample_rate / size)
    grid[0] = grid[1] / 10 if len(grid) > 1 else 1.0
    return grid


def bell_curve(grid: NDArray[np.float32], centre_hz: float, width_octaves: float) -> NDArray[np.float32]:
    """Return a Gaussian gain on the octave scale: 1 at the centre, 0.61 half a width away."""
    distance = np.log2(grid * np.float32(1.0 / centre_hz)) * np.float32(2.0 / width_octaves)
    gain: NDArray[np.float32] = np.exp(np.float32(-0.5) * distance * distance)
    return gain


def bandpass_gain(grid: NDArray[np.float32], low_hz: float, high_hz: float, order: int = 2) -> NDArray[np.float32]:
    """Return the gain of a band-pass with Butterworth slopes of ``order`` times 6 dB per octave."""
    power = 2 * order
    with np.errstate(over="ignore"):  # so far below the band the gain is 0
        stopped = (1.0 + (low_hz / grid) ** power) * (1.0 + (grid / high_hz) ** power)
    gain: NDArray[np.float32] = (1.0 / np.sqrt(stopped)).astype(np.float32, copy=False)
    return gain


def bandpass_response(grid: NDArray[np.float32], low_hz: float, high_hz: float) -> NDArray[np.complex64]:
    """Return the complex, causal response of a second-order Butterworth band-pass.

    Source: the analogue prototype 1 / (s^2 + sqrt(2) s + 1), once as high-pass and once as low-pass.
    """
    low, high = grid * np.float32(1.0 / low_hz), grid * np.float32(1.0 / high_hz)
    rising, falling = low * low, high * high
    response = np.empty(len(grid), np.complex64)  # the conjugate of the product of the two denominators
    response.real = (1.0 - rising) * (1.0 - falling) - 2.0 * low * high
    response.imag = np.float32(-np.sqrt(2.0)) * (low * (1.0 - falling) + high * (1.0 - rising))
    response *= -rising / (np.square(response.real) + np.square(response.imag))
    return response


def shaped_noise(
    shape: NDArray[np.float32], samples: int, rng: np.random.Generator, *, normalize: bool = True
) -> NDArray[np.float32]:
    """Return Gaussian noise with a given amplitude spectrum.

    Parameters
    ----------
    shape : ndarray, shape (bins,), float32
        Amplitude over :func:`frequencies` of the same ``samples``. A single high bin is a steady tone.
    samples : int
    rng : numpy.random.Generator
    normalize : bool
        Whether the expected root mean square is 1, whatever the scale of ``shape``; else it is the
        root mean square of ``shape``.

    Returns
    -------
    ndarray, shape (samples,), float32

    Examples
    --------
    >>> hum = (np.abs(frequencies(4000, 4000) - 50.0) < 0.5).astype(np.float32)
    >>> noise = shaped_noise(hum, 4000, np.random.default_rng(0))
    >>> noise.shape, int(np.abs(np.fft.rfft(noise)).argmax())
    ((4000,), 50)
    """
    size = fast_length(samples)
    spectrum = rng.standard_normal(2 * len(shape), dtype=np.float32).view(np.complex64)  # (bins,)
    power = float(np.dot(shape, shape)) / len(shape) if normalize else 1.0
    spectrum *= shape * np.float32(np.sqrt(size / 2.0 / (power + 1e-30)))
    spectrum[0] = 0.0
    return np.fft.irfft(spectrum, size).astype(np.float32, copy=False)[:samples]


def equalize(waveform: NDArray[np.float32], gain: NDArray[np.float32 | np.complex64]) -> NDArray[np.float32]:
    """Return a filtered sound; a real gain is zero-phase.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
    gain : ndarray, shape (bins,), float32 or complex64
        Over :func:`frequencies` of the same number of samples.

    Returns
    -------
    ndarray, shape (samples,), float32
        The filter is circular: the ends wrap around.
    """
    size = fast_length(len(waveform))
    filtered = np.fft.irfft(np.fft.rfft(waveform, size) * gain, size)
    return filtered.astype(np.float32, copy=False)[: len(waveform)]

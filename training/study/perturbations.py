"""Perturbations of a recording, as by other devices, lines and rooms: pure functions on waveforms, for evaluation.

Each takes a waveform, its sample rate and a random generator, and returns a waveform of the same length and rate. They
are coarser than the augmentations of training (:mod:`training.examples.augmentation`) and made differently, in the time
domain, so that robustness is not measured on what the network was trained for.

**Signal-to-noise ratio.** Mean power of the recording over mean power of the noise, in dB, both between 20 and 1000 Hz
(the band of the input image) and over the whole clip. The recording counts as signal with the noise that it has, so a
noisy recording "at 20 dB" is worse than 20 dB.

Source of the bands: a telephone passes 300 to 3400 Hz (ITU-T G.712).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.resample import resampled
from monitor.synthesis.noise import bandpass_gain, bell_curve, db_to_amplitude, equalize, frequencies, shaped_noise

__all__ = ["AS_RECORDED", "SNRS_DB", "Perturbation", "add_noise", "band_power", "noise_perturbations", "perturbations"]

Waveform = NDArray[np.float32]
Perturbation = Callable[[Waveform, int, np.random.Generator], Waveform]
"""From a waveform in [-1, 1], its rate in Hz and a generator to a waveform of the same length."""

AS_RECORDED = "as recorded"
SNRS_DB = (20, 10, 5, 0)
GAIN_DB = 20.0
BAND_HZ = (20.0, 1000.0)
"""Of the input image."""
TELEPHONE_HZ = (300.0, 3400.0)
TELEPHONE_RATE, STUDIO_RATE = 8000, 44_100
TELEPHONE_ORDER = 4
"""Order of the slopes of the telephone band: 24 dB per octave."""
MARGIN_S = 0.25
"""Reflected at both ends while filtering, since filtering in the frequency domain is circular."""


def _unchanged(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the recording as it is."""
    return waveform


def _quieter(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound 20 dB quieter, quantized to 16 bits."""
    return _quantized(waveform * np.float32(db_to_amplitude(-GAIN_DB)), 16)


def _louder(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound 20 dB louder, not clipped."""
    return waveform * np.float32(db_to_amplitude(GAIN_DB))


def _clipped(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound 20 dB louder, clipped at full scale."""
    return np.clip(_louder(waveform, sample_rate, rng), np.float32(-1.0), np.float32(1.0))


def _eight_bits(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound quantized to 8 bits at its own level."""
    return _quantized(waveform, 8)


def _quantized(waveform: Waveform, bits: int) -> Waveform:
    """Return a waveform rounded to the steps of a converter."""
    steps = np.float32(2 ** (bits - 1) - 1)
    return (np.round(waveform * steps) / steps).astype(np.float32, copy=False)


def _resampled_twice(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound resampled to 44.1 kHz and back."""
    studio = resampled(waveform, sample_rate, STUDIO_RATE, compiled=False)
    return _with_length(resampled(studio, STUDIO_RATE, sample_rate, compiled=False), len(waveform))


def _telephone(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound after a telephone line: 8 kHz, 300 to 3400 Hz."""
    line = resampled(waveform, sample_rate, TELEPHONE_RATE, compiled=False)
    line = _filtered(line, TELEPHONE_RATE, _telephone_gain)
    return _with_length(resampled(line, TELEPHONE_RATE, sample_rate, compiled=False), len(waveform))


def _telephone_gain(grid: Waveform) -> Waveform:
    """Return the gain of the line at some frequencies; below 1 Hz, where it is next to none, that of 1 Hz."""
    return bandpass_gain(np.maximum(grid, np.float32(1.0)), *TELEPHONE_HZ, order=TELEPHONE_ORDER)


def _with_length(waveform: Waveform, num_samples: int) -> Waveform:
    """Return a waveform cut, or padded with its last value, by the few samples that resampling may add or drop."""
    missing = num_samples - len(waveform)
    return np.pad(waveform, (0, missing), mode="edge") if missing > 0 else waveform[:num_samples]


def _bass_heavy(grid: Waveform) -> Waveform:
    """Return the gain of a bell pressed on lightly: 12 dB more at 40 Hz, 12 dB less above 400 Hz."""
    return _interpolated_gain(grid, (20, 40, 100, 200, 400, 2000), (12, 12, 6, 0, -12, -18))


def _thin(grid: Waveform) -> Waveform:
    """Return the gain of a small diaphragm or of a phone: 18 dB less below 50 Hz, 6 dB more above 300 Hz."""
    return _interpolated_gain(grid, (20, 50, 100, 200, 300, 2000), (-24, -18, -9, 0, 6, 6))


def _resonant(grid: Waveform) -> Waveform:
    """Return the gain of a tube: peaks of 15 dB at 180 Hz and 9 dB at 540 Hz, half an octave wide."""
    level_db = 15 * bell_curve(grid, 180.0, 0.5) + 9 * bell_curve(grid, 540.0, 0.5)
    return np.asarray(10 ** (level_db / 20), np.float32)


def _interpolated_gain(grid: Waveform, points_hz: Sequence[float], levels_db: Sequence[float]) -> Waveform:
    """Return a gain interpolated between points, linear in dB over the logarithm of frequency."""
    level_db = np.interp(np.log(grid), np.log(points_hz), levels_db)
    return np.asarray(10 ** (level_db / 20), np.float32)


def _recoloured(
    waveform: Waveform, sample_rate: int, rng: np.random.Generator, *, gain_of: Callable[[Waveform], Waveform]
) -> Waveform:
    """Return the sound with the frequency response of another chest piece."""
    return _filtered(waveform, sample_rate, gain_of)


def _filtered(waveform: Waveform, sample_rate: int, gain_of: Callable[[Waveform], Waveform]) -> Waveform:
    """Return a waveform filtered by a gain over frequency, with reflected ends."""
    margin = min(round(MARGIN_S * sample_rate), len(waveform) - 1)
    longer = np.pad(waveform, margin, mode="reflect")
    filtered = equalize(longer, gain_of(frequencies(len(longer), sample_rate)))
    return filtered[margin : margin + len(waveform)]


def perturbations() -> dict[str, Perturbation]:
    """Return the perturbations that need no other sound, by their names in tables.

    Examples
    --------
    >>> clipped = perturbations()["20 dB louder, clipped"]
    >>> clipped(np.array([0.05, -0.5], np.float32), 4000, np.random.default_rng(0))
    array([ 0.5, -1. ], dtype=float32)
    """
    responses = {"bass-heavy": _bass_heavy, "thin": _thin, "resonant": _resonant}
    return {
        AS_RECORDED: _unchanged,
        "20 dB quieter, 16 bit": _quieter,
        "20 dB louder, with room": _louder,
        "20 dB louder, clipped": _clipped,
        **{f"{name} chest piece": functools.partial(_recoloured, gain_of=gain) for name, gain in responses.items()},
        "played at 44.1 kHz and back": _resampled_twice,
        "telephone band, 300 to 3400 Hz at 8 kHz": _telephone,
        "8 bit": _eight_bits,
    }


def noise_perturbations(recorded: Mapping[str, Sequence[Waveform]]) -> dict[str, Perturbation]:
    """Return perturbations by white, pink and recorded noise at each of SNRS_DB, by their names in tables.

    Parameters
    ----------
    recorded : mapping of str to sequence of ndarray, each shape (samples,), float32
        Sounds by name, at the rate of the waveforms that they are added to; one of them is chosen at random each time,
        from a random start. May be empty.
    """
    kinds: dict[str, Callable[[int, int, np.random.Generator], Waveform]] = {"white noise": _white, "pink noise": _pink}
    kinds |= {name: functools.partial(_recorded, sounds=sounds) for name, sounds in recorded.items() if len(sounds)}
    return {
        f"{name} at {snr_db} dB": functools.partial(_noisy, noise_of=noise_of, snr_db=float(snr_db))
        for name, noise_of in kinds.items()
        for snr_db in SNRS_DB
    }


def _noisy(
    waveform: Waveform,
    sample_rate: int,
    rng: np.random.Generator,
    *,
    noise_of: Callable[[int, int, np.random.Generator], Waveform],
    snr_db: float,
) -> Waveform:
    """Return the sound with noise added."""
    return add_noise(waveform, noise_of(len(waveform), sample_rate, rng), snr_db, sample_rate)


def _white(samples: int, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return white noise."""
    return shaped_noise(np.ones_like(frequencies(samples, sample_rate)), samples, rng)


def _pink(samples: int, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return pink noise: equal power in every octave, from 20 Hz on."""
    grid = np.maximum(frequencies(samples, sample_rate), np.float32(BAND_HZ[0]))
    return shaped_noise((1 / np.sqrt(grid)).astype(np.float32), samples, rng)


def _recorded(samples: int, sample_rate: int, rng: np.random.Generator, *, sounds: Sequence[Waveform]) -> Waveform:
    """Return a recorded sound from a random start, looped."""
    sound = sounds[int(rng.integers(len(sounds)))]
    return np.resize(np.roll(sound, -int(rng.integers(len(sound)))), samples)


def add_noise(waveform: Waveform, noise: Waveform, snr_db: float, sample_rate: int) -> Waveform:
    """Return a sound with noise added at a signal-to-noise ratio, as the module defines it.

    Parameters
    ----------
    waveform, noise : ndarray, shape (samples,), float32
        Of the same length. Without power in the band, either leaves the waveform as it is.
    snr_db : float
    sample_rate : int
    """
    signal_power, noise_power = band_power(waveform, sample_rate), band_power(noise, sample_rate)
    if noise_power <= 0:
        return waveform
    return waveform + noise * np.float32(np.sqrt(signal_power / noise_power) * db_to_amplitude(-snr_db))


def band_power(waveform: Waveform, sample_rate: int) -> float:
    """Return the mean power between 20 and 1000 Hz, in squared units of the waveform.

    Source: Parseval's theorem.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 100 * np.arange(4000) / 4000).astype(np.float32)
    >>> round(band_power(tone, 4000), 3)
    0.5
    """
    power = np.abs(np.fft.rfft(waveform.astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(len(waveform), 1 / sample_rate)
    in_band = (hertz >= BAND_HZ[0]) & (hertz <= BAND_HZ[1])
    return float(2 * power[in_band].sum() / len(waveform) ** 2)

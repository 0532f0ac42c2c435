"""What other devices, lines and rooms do to a recording: pure functions on waveforms, for measuring, not for training.

Each disturbance takes a waveform, its sample rate and a generator, and gives a waveform of the same length and rate.
They are coarser than those that training augments with (:mod:`training.examples.augmentation`) and made another way, in the time
domain, so that a network is not merely asked what it was taught.

**Signal-to-noise ratio.** Mean power of the recording over mean power of the noise, both of what lies between 20 and
1000 Hz, which is what the picture shows, over the whole clip, in dB. The recording counts as signal with whatever
noise it holds already, so a noisy recording "at 20 dB" is worse than 20 dB.

Source of the bands: a telephone passes 300 to 3400 Hz (ITU-T G.712).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.resample import resampled
from monitor.synthesis.noise import bump, decibels, equalised, frequencies, passband, shaped_noise

__all__ = ["AS_RECORDED", "SNRS_DB", "Disturbance", "band_power", "disturbances", "noise_disturbances", "with_noise"]

Waveform = NDArray[np.float32]
Disturbance = Callable[[Waveform, int, np.random.Generator], Waveform]
"""From a waveform in [-1, 1], its rate in Hz and a generator to a waveform of the same length."""

AS_RECORDED = "as recorded"
SNRS_DB = (20, 10, 5, 0)
GAIN_DB = 20.0
SHOWN_HZ = (20.0, 1000.0)
TELEPHONE_HZ = (300.0, 3400.0)
TELEPHONE_RATE, STUDIO_RATE = 8000, 44_100
STEEP = 4
"""Order of the telephone's slopes, 24 dB per octave."""
MARGIN_S = 0.25
"""Mirrored at both ends while filtering, since a filter made in the frequency domain wraps round."""


def _unchanged(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the recording as it is."""
    return waveform


def _quieter(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound 20 dB quieter, in steps of 16 bits."""
    return _in_steps(waveform * np.float32(decibels(-GAIN_DB)), 16)


def _louder(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound 20 dB louder on a line that has room for it."""
    return waveform * np.float32(decibels(GAIN_DB))


def _clipped(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound 20 dB louder, cut off at full scale."""
    return np.clip(_louder(waveform, sample_rate, rng), np.float32(-1.0), np.float32(1.0))


def _eight_bits(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound in steps of 8 bits, at the level that it was recorded at."""
    return _in_steps(waveform, 8)


def _in_steps(waveform: Waveform, bits: int) -> Waveform:
    """Return a waveform rounded to the steps of a converter."""
    steps = np.float32(2 ** (bits - 1) - 1)
    return (np.round(waveform * steps) / steps).astype(np.float32, copy=False)


def _played(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound after a way through a device that runs at 44.1 kHz."""
    return _there_and_back(waveform, sample_rate, STUDIO_RATE)


def _telephone(waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return the sound after a telephone line: 8 kHz, 300 to 3400 Hz."""
    line = resampled(waveform, sample_rate, TELEPHONE_RATE)
    line = _filtered(line, TELEPHONE_RATE, _line_band)
    return _fitted(resampled(line, TELEPHONE_RATE, sample_rate), len(waveform))


def _line_band(grid: Waveform) -> Waveform:
    """Return the colour of the line; what lies so low that its power cannot be told from none is taken together."""
    return passband(np.maximum(grid, np.float32(1.0)), *TELEPHONE_HZ, order=STEEP)


def _there_and_back(waveform: Waveform, sample_rate: int, other_rate: int) -> Waveform:
    """Return a waveform brought to another rate and back."""
    there = resampled(waveform, sample_rate, other_rate)
    return _fitted(resampled(there, other_rate, sample_rate), len(waveform))


def _fitted(waveform: Waveform, samples: int) -> Waveform:
    """Return a waveform cut or padded with its last value by the few samples that a resampler may differ."""
    missing = samples - len(waveform)
    return np.pad(waveform, (0, missing), mode="edge") if missing > 0 else waveform[:samples]


def _bass_heavy(grid: Waveform) -> Waveform:
    """Return the colour of a bell pressed lightly on: 12 dB more at 40 Hz, 12 dB less above 400 Hz."""
    return _through(grid, (20, 40, 100, 200, 400, 2000), (12, 12, 6, 0, -12, -18))


def _thin(grid: Waveform) -> Waveform:
    """Return the colour of a small diaphragm or of a phone: 18 dB less below 50 Hz, 6 dB more above 300 Hz."""
    return _through(grid, (20, 50, 100, 200, 300, 2000), (-24, -18, -9, 0, 6, 6))


def _resonant(grid: Waveform) -> Waveform:
    """Return the colour of a tube: peaks of 15 dB at 180 Hz and 9 dB at 540 Hz, half an octave wide."""
    level_db = 15 * bump(grid, 180.0, 0.5) + 9 * bump(grid, 540.0, 0.5)
    return np.asarray(10 ** (level_db / 20), np.float32)


def _through(grid: Waveform, points_hz: Sequence[float], levels_db: Sequence[float]) -> Waveform:
    """Return a colour that goes straight from point to point on a logarithmic scale of frequency."""
    level_db = np.interp(np.log(grid), np.log(points_hz), levels_db)
    return np.asarray(10 ** (level_db / 20), np.float32)


def _coloured(
    waveform: Waveform, sample_rate: int, rng: np.random.Generator, *, colour: Callable[[Waveform], Waveform]
) -> Waveform:
    """Return the sound as another chest piece would have coloured it."""
    return _filtered(waveform, sample_rate, colour)


def _filtered(waveform: Waveform, sample_rate: int, colour: Callable[[Waveform], Waveform]) -> Waveform:
    """Return a waveform filtered by a colour, without wrapping round at its ends."""
    margin = min(round(MARGIN_S * sample_rate), len(waveform) - 1)
    longer = np.pad(waveform, margin, mode="reflect")
    filtered = equalised(longer, colour(frequencies(len(longer), sample_rate)))
    return filtered[margin : margin + len(waveform)]


def disturbances() -> dict[str, Disturbance]:
    """Return the disturbances that need no other sound, by the name that tables give them."""
    colours = {"bass-heavy": _bass_heavy, "thin": _thin, "resonant": _resonant}
    return {
        AS_RECORDED: _unchanged,
        "20 dB quieter, 16 bit": _quieter,
        "20 dB louder, with room": _louder,
        "20 dB louder, clipped": _clipped,
        **{f"{name} chest piece": functools.partial(_coloured, colour=colour) for name, colour in colours.items()},
        "played at 44.1 kHz and back": _played,
        "telephone band, 300 to 3400 Hz at 8 kHz": _telephone,
        "8 bit": _eight_bits,
    }


def noise_disturbances(real: Mapping[str, Sequence[Waveform]]) -> dict[str, Disturbance]:
    """Return disturbances by noise at each of SNRS_DB.

    Parameters
    ----------
    real : mapping of str to sequence of ndarray, each shape (samples,), float32
        Recorded sounds by name, at the rate of the waveforms that they will disturb; one of them is chosen at random
        each time, from a random place on. May be empty.
    """
    kinds: dict[str, Callable[[int, int, np.random.Generator], Waveform]] = {"white noise": _white, "pink noise": _pink}
    kinds |= {name: functools.partial(_recorded, sounds=sounds) for name, sounds in real.items() if len(sounds)}
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
    """Return the sound with noise."""
    return with_noise(waveform, noise_of(len(waveform), sample_rate, rng), snr_db, sample_rate)


def _white(samples: int, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return noise that is as strong at every frequency."""
    return shaped_noise(np.ones_like(frequencies(samples, sample_rate)), samples, rng)


def _pink(samples: int, sample_rate: int, rng: np.random.Generator) -> Waveform:
    """Return noise that is as strong in every octave, from 20 Hz on."""
    grid = np.maximum(frequencies(samples, sample_rate), np.float32(SHOWN_HZ[0]))
    return shaped_noise((1 / np.sqrt(grid)).astype(np.float32), samples, rng)


def _recorded(samples: int, sample_rate: int, rng: np.random.Generator, *, sounds: Sequence[Waveform]) -> Waveform:
    """Return a recorded sound from a random place on, looped."""
    sound = sounds[int(rng.integers(len(sounds)))]
    return np.resize(np.roll(sound, -int(rng.integers(len(sound)))), samples)


def with_noise(waveform: Waveform, noise: Waveform, snr_db: float, sample_rate: int) -> Waveform:
    """Return a sound with another one added at a signal-to-noise ratio, as the module defines it.

    Parameters
    ----------
    waveform, noise : ndarray, shape (samples,), float32
        Of the same length. A silent noise is added as it is; to a silent waveform nothing is added.
    snr_db : float
    sample_rate : int
    """
    sound, other = band_power(waveform, sample_rate), band_power(noise, sample_rate)
    if other <= 0:
        return waveform
    return waveform + noise * np.float32(np.sqrt(sound / other) * decibels(-snr_db))


def band_power(waveform: Waveform, sample_rate: int) -> float:
    """Return the mean power of what lies between 20 and 1000 Hz, in squared units of the waveform."""
    power = np.abs(np.fft.rfft(waveform.astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(len(waveform), 1 / sample_rate)
    shown = (hertz >= SHOWN_HZ[0]) & (hertz <= SHOWN_HZ[1])
    return float(2 * power[shown].sum() / len(waveform) ** 2)

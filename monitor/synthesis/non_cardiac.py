"""Non-cardiac sounds: what a microphone records when it is not on a chest.

Training and the tests of the quality gate draw them from :func:`random_non_cardiac`. Every generator returns
``(samples,)`` float32 with a peak of 1 unless it says otherwise, is reproducible from the state of ``rng``,
and raises a ValueError for a duration or a rate out of range. Safe on any thread; knows nothing of devices,
files or networks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.synthesis.artifacts import add_at, clicks, handling_noise, knocks, normalize_peak, room_noise, rubbing
from monitor.synthesis.noise import (
    bandpass_gain,
    bell_curve,
    checked_num_samples,
    db_to_amplitude,
    equalize,
    frequencies,
    shaped_noise,
)

__all__ = ["GENERATORS", "babble", "breathing", "coloured_noise", "hum", "music", "random_non_cardiac", "speech"]

VOWELS_HZ = np.array([
    (270, 2290), (390, 1990), (530, 1840), (660, 1720), (730, 1090),
    (570, 840), (440, 1020), (300, 870), (640, 1190), (490, 1350),
])  # fmt: skip
"""First two formants of ten vowels. Source: Peterson and Barney, J Acoust Soc Am 24:175 (1952), men."""

MAX_HARMONIC_HZ = 1900.0


def coloured_noise(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return stationary noise: white to brown, or a band."""
    samples = checked_num_samples(duration_s, sample_rate)
    grid = frequencies(samples, sample_rate)
    fall = np.maximum(grid, 5.0) ** np.float32(-rng.choice((0.0, 0.5, 1.0)))
    band = bell_curve(grid, np.exp(rng.uniform(np.log(40.0), np.log(1500.0))), rng.uniform(0.3, 3.0))
    return normalize_peak(shaped_noise(fall if rng.random() < 0.6 else band, samples, rng))


def breathing(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return breath sounds without a heart, 100 to 1000 Hz, 10 to 40 breaths per minute."""
    samples = checked_num_samples(duration_s, sample_rate)
    grid = frequencies(samples, sample_rate)
    turn = np.arange(samples) / sample_rate * rng.uniform(10.0, 40.0) / 60.0 + rng.uniform()
    flow = np.sin(2.0 * np.pi * turn).astype(np.float32)
    loud = np.where(flow > 0, flow, rng.uniform(0.2, 0.9) * -flow) ** rng.uniform(0.7, 2.0) + rng.uniform(0.01, 0.1)
    noise = shaped_noise(bell_curve(grid, rng.uniform(150.0, 500.0), rng.uniform(1.2, 2.8)), samples, rng)
    return normalize_peak(noise * loud.astype(np.float32))


def hum(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return mains hum with harmonics, or one pure tone of 30 to 1500 Hz."""
    samples = checked_num_samples(duration_s, sample_rate)
    time_s = np.arange(samples) / sample_rate
    if rng.random() < 0.5:
        pitches, strengths = rng.choice((50.0, 60.0)) * np.arange(1, 9), rng.uniform(0.0, 1.0, 8) ** 2
        strengths[0] = 1.0
    else:
        pitches, strengths = np.exp(rng.uniform(np.log(30.0), np.log(1500.0), 1)), np.ones(1)
    out = np.zeros(samples)
    for pitch, strength in zip(pitches, strengths, strict=True):
        if pitch < 0.45 * sample_rate:
            out += strength * np.sin(2.0 * np.pi * (pitch * time_s + rng.uniform()))
    out += 0.003 * rng.standard_normal(samples)
    return normalize_peak(out.astype(np.float32))


def music(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return a melody of plucked or sustained notes on a major scale."""
    samples = checked_num_samples(duration_s, sample_rate)
    out = np.zeros(samples, np.float32)
    beat_s, decay_s, base = rng.uniform(0.12, 0.6), rng.uniform(0.08, 1.0), rng.uniform(60.0, 400.0)
    at = 0.0
    while at < duration_s:
        length_s = beat_s * rng.choice((1, 1, 2, 3))
        pitch = base * 2.0 ** (rng.choice((0, 2, 4, 5, 7, 9, 11, 12)) / 12.0)
        if rng.random() < 0.85:
            steady = np.full(round(length_s * sample_rate) + 1, pitch)
            note = _voice(steady, _harmonic_fall(pitch, rng), rng, sample_rate)
            note *= np.exp(-np.arange(len(note)) / (decay_s * sample_rate)).astype(np.float32)
            add_at(out, note, round(at * sample_rate))
        at += length_s
    return normalize_peak(out)


def speech(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return a voice without words: syllables with a pitch and two formants, fricatives and pauses between them."""
    samples = checked_num_samples(duration_s, sample_rate)
    out = np.zeros(samples, np.float32)
    pitch, tract = np.exp(rng.uniform(np.log(85.0), np.log(280.0))), rng.uniform(0.9, 1.25)
    at = rng.uniform(0.0, 0.3)
    while at < duration_s:
        length = round(rng.uniform(0.07, 0.32) * sample_rate) + 2
        glide = pitch * rng.uniform(0.85, 1.2) * np.linspace(1.0, rng.uniform(0.75, 1.2), length)
        formants = tract * VOWELS_HZ[rng.integers(len(VOWELS_HZ))]
        sound = _voice(glide, functools.partial(_vowel, formants), rng, sample_rate)
        add_at(out, rng.uniform(0.3, 1.0) * sound * np.hanning(length) ** 0.5, round(at * sample_rate))
        if rng.random() < 0.35:
            hiss = rng.standard_normal(length // 2 + 1) * np.hanning(length // 2 + 1) * rng.uniform(0.02, 0.25)
            add_at(out, hiss, round((at - 0.05) * sample_rate))
        at += length / sample_rate + (rng.uniform(0.01, 0.1) if rng.random() < 0.8 else rng.uniform(0.2, 0.9))
    return normalize_peak(out)


def babble(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return three to five voices at once."""
    voices = [speech(duration_s, rng, sample_rate) * rng.uniform(0.4, 1.0) for _ in range(rng.integers(3, 6))]
    return normalize_peak(np.sum(voices, axis=0, dtype=np.float32))


GENERATORS: tuple[Callable[[float, np.random.Generator, int], NDArray[np.float32]], ...] = (
    coloured_noise, room_noise, hum, music, speech, babble, rubbing, handling_noise, knocks, breathing, clicks,
)  # fmt: skip
"""Every generator of a non-cardiac sound."""


def random_non_cardiac(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return a random non-cardiac sound: one of :data:`GENERATORS` or two mixed, through a random device.

    Parameters
    ----------
    duration_s : float
        Up to 3600 s.
    rng : numpy.random.Generator
    sample_rate : int
        Hz, 1000 to 192000.

    Returns
    -------
    ndarray, shape (samples,), float32
        From -1 to 1, with a peak from 0.01 to 1.

    Raises
    ------
    ValueError
        If the duration or the rate is out of range.

    Examples
    --------
    >>> sound = random_non_cardiac(2.0, np.random.default_rng(0))
    >>> sound.shape, sound.dtype.name
    ((8000,), 'float32')
    """
    kinds = rng.choice(len(GENERATORS), size=1 if rng.random() < 0.7 else 2, replace=False)
    sound = GENERATORS[kinds[0]](duration_s, rng, sample_rate)
    for kind in kinds[1:]:
        sound = sound + np.float32(rng.uniform(0.05, 1.0)) * GENERATORS[kind](duration_s, rng, sample_rate)
    grid = frequencies(len(sound), sample_rate)
    device = bandpass_gain(grid, rng.uniform(8.0, 40.0), np.exp(rng.uniform(np.log(400.0), np.log(1900.0))))
    hiss = np.float32(db_to_amplitude(rng.uniform(-80.0, -40.0))) * rng.standard_normal(len(sound), dtype=np.float32)
    return normalize_peak(equalize(sound, device) + hiss) * np.float32(np.exp(rng.uniform(np.log(0.01), 0.0)))


def _voice(
    pitch_hz: NDArray[np.float64],
    gain: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    rng: np.random.Generator,
    sample_rate: int,
) -> NDArray[np.float32]:
    """Return the harmonics of a varying pitch, each with the gain at its mean frequency."""
    highest = min(MAX_HARMONIC_HZ, 0.45 * sample_rate)
    harmonics = np.arange(1, max(2, int(highest / pitch_hz.max()) + 1))
    phase = (np.cumsum(pitch_hz) * (2.0 * np.pi / sample_rate)).astype(np.float32)
    offset = rng.uniform(0.0, 2.0 * np.pi, (len(harmonics), 1))
    waves = np.sin((harmonics[:, None] * phase + offset).astype(np.float32))  # (harmonics, samples)
    mixed: NDArray[np.float32] = gain(harmonics * pitch_hz.mean()).astype(np.float32) @ waves
    return mixed


def _vowel(formants_hz: NDArray[np.float64], hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the amplitude of harmonics in a vowel: resonances 80 and 120 Hz wide over a falling source spectrum."""
    first, second = (1.0 / (1.0 + ((hz - f) / w) ** 2) for f, w in zip(formants_hz, (80.0, 120.0), strict=True))
    amplitude: NDArray[np.float64] = (first + 0.5 * second + 0.02) * np.sqrt(100.0 / hz)
    return amplitude


def _harmonic_fall(pitch_hz: float, rng: np.random.Generator) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the amplitude of an instrument's harmonics as a function of frequency."""
    power = rng.uniform(0.5, 3.0)
    return lambda hz: (pitch_hz / hz) ** power

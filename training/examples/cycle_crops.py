"""Crops of annotated heart sounds for the segmentation network: changed in rate, loudness and colour, and in noise.

Everything happens on frames. The duration of each state is changed by itself: diastole most, as in a real change of
rate, so that a crop of a slow heart becomes one of a fast heart. Of other recordings only noise is taken. Some crops
are of hearts with a made diastolic murmur, so that a murmur alone does not say systole. Some are non-cardiac sounds:
all of their frames are diastole, the state of a sound in which nothing is heard.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.features.sound_bands import BANDS_RATE, StreamingBands
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import SyntheticSound, phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.data.cycle_states import AnnotatedSound, states_of
from training.data.recording import LABELS, Recording
from training.examples.cycle_disturbances import (
    SNR_DB,
    another_device,
    noise_alone,
    noise_like,
    recorded_noise,
    with_noise,
)

__all__ = ["CROP_FRAMES", "MADE_SHARE", "CropMaker", "synthetic_annotations", "synthetic_hearts", "warped"]

CROP_FRAMES = 640
"""8 s."""
READ_FRAMES = 2 * CROP_FRAMES
SYNTHETIC_SHARE = 0.15
SYNTHETIC_S = 20.0
MADE_SHARE = 0.15
"""Share of crops of recordings with a made diastolic murmur, where there are some: real ones are all but absent."""
RARE_EVERY = 3
RARE_BPM = (35.0, 215.0)

STRETCH = (0.8, 1.2)
"""All states together."""
DIASTOLE, CHANGED_RATES = (0.3, 1.6), 0.6
"""Diastole besides, and the share of crops in which it is changed."""
SYSTOLE = (0.75, 1.15)
SOUND = (0.85, 1.15)
LOUDNESS_SPREAD = 0.5
"""Standard deviation of what is added to the log power of all S1, and of all S2, of a crop."""
NOISY, RECORDED_NOISE = 0.6, 0.5
"""Share of crops with noise, and of those with a recorded one, where there are recordings."""
NOISE_ALONE = 0.06
"""Share of crops without a heart."""
DIASTOLE_STATE = 4
FAST_FROM_BPM, FAST_WEIGHT = 110.0, 2.0
"""Recordings of hearts from this rate on are taken so many times as often: few are, and they are the hardest."""
AUDIBLE_SHARE = 0.85
"""Of the nominal duration of a synthetic heart sound: how long its annotation lasts. Its tail is not heard."""


class CropMaker:
    """Makes batches of crops.

    Parameters
    ----------
    sounds : sequence of AnnotatedSound
        Those without a state are passed over.
    synthetic : sequence of AnnotatedSound
    seed : int
    noises : sequence of ndarray, shape (frames, 12)
        Recordings of non-cardiac sounds.
    """

    def __init__(
        self,
        sounds: Sequence[AnnotatedSound],
        synthetic: Sequence[AnnotatedSound],
        seed: int,
        noises: Sequence[NDArray[np.float32]] = (),
    ) -> None:
        with_variants = [one for sound in sounds for one in (sound, *sound.variants)]
        self._sounds = [sound for sound in with_variants if sound.states.any()]
        fast = np.array([sound.rate_bpm >= FAST_FROM_BPM for sound in self._sounds])
        weights = np.where(fast, FAST_WEIGHT, 1.0)
        self._chances = weights / weights.sum()
        self._made = [made for sound in sounds for made in sound.made]
        self._synthetic, self._noises = list(synthetic), list(noises)
        self._rng = np.random.default_rng(seed)

    def make(self, size: int) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """Return a batch: bands ``(size, 640, 12)`` and states ``(size, 640)``."""
        crops = [self._crop() for _ in range(size)]
        return np.stack([bands for bands, _ in crops]), np.stack([states for _, states in crops])

    def _crop(self) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        """Return one crop."""
        rng = self._rng
        if rng.random() < NOISE_ALONE:
            return noise_alone(self._noises, rng, CROP_FRAMES), np.full(CROP_FRAMES, DIASTOLE_STATE, np.int8)
        sound = self._sound()
        around = int(rng.choice(np.flatnonzero(sound.states)))
        start = max(0, min(around - int(rng.integers(CROP_FRAMES)), len(sound.bands) - READ_FRAMES))
        part = slice(start, start + READ_FRAMES)
        bands, states = warped(sound.bands[part], sound.states[part], _speeds(rng))
        bands, states = _padded(bands, states)
        begin = int(rng.integers(len(bands) - CROP_FRAMES + 1))
        bands, states = bands[begin : begin + CROP_FRAMES], states[begin : begin + CROP_FRAMES]
        return self._disturbed(bands, states), states

    def _sound(self) -> AnnotatedSound:
        """Return a sound to cut a crop from."""
        if self._made and self._rng.random() < MADE_SHARE:
            return self._made[int(self._rng.integers(len(self._made)))]
        if self._synthetic and self._rng.random() < SYNTHETIC_SHARE:
            return self._synthetic[int(self._rng.integers(len(self._synthetic)))]
        return self._sounds[int(self._rng.choice(len(self._sounds), p=self._chances))]

    def _disturbed(self, bands: NDArray[np.float32], states: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return frames with another loudness of S1 and S2, through another device, and perhaps with noise."""
        rng = self._rng
        bands = bands + another_device(rng).astype(np.float32)
        for state in (1, 3):
            bands[states == state] += np.float32(rng.normal(0, LOUDNESS_SPREAD))
        if rng.random() < NOISY:
            recorded = self._noises and rng.random() < RECORDED_NOISE
            noise = recorded_noise(self._noises, rng, len(bands)) if recorded else noise_like(bands, rng)
            bands = with_noise(bands, noise, rng.uniform(*SNR_DB))
        return bands


def _speeds(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return by what the duration of each state, 0 to 4, is multiplied."""
    factors = np.ones(5)
    factors[[1, 3]] *= rng.uniform(*SOUND)
    factors[2] *= rng.uniform(*SYSTOLE)
    if rng.random() < CHANGED_RATES:
        factors[4] *= np.exp(rng.uniform(*np.log(DIASTOLE)))
    return np.asarray(factors * rng.uniform(*STRETCH), np.float64)


def warped(
    bands: NDArray[np.float32], states: NDArray[np.int8], factors: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return frames in which each state lasts longer or shorter.

    Parameters
    ----------
    bands : ndarray, shape (frames, 12)
    states : ndarray, shape (frames,)
    factors : ndarray, shape (5,)
        By what the duration of each state, 0 to 4, is multiplied.

    Examples
    --------
    >>> states = np.array([1, 1, 2, 2, 2, 2], np.int8)
    >>> warped(np.zeros((6, 12), np.float32), states, np.array([1, 1, 0.5, 1, 1]))[1].tolist()
    [1, 1, 2, 2]
    """
    ends = np.cumsum(factors[states])
    wanted = np.arange(int(ends[-1] + 1e-9)) + 0.5
    source = np.interp(wanted, np.concatenate(([0.0], ends)), np.arange(len(states) + 1)) - 0.5
    source = np.clip(source, 0, len(states) - 1)
    before = source.astype(int)
    after = np.minimum(before + 1, len(states) - 1)
    share = (source - before)[:, None].astype(np.float32)
    return bands[before] * (1 - share) + bands[after] * share, states[np.rint(source).astype(int)]


def _padded(bands: NDArray[np.float32], states: NDArray[np.int8]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return frames with those of a short sound played backwards behind it, as often as needed, without a state."""
    while len(bands) < CROP_FRAMES:
        missing = CROP_FRAMES - len(bands)
        bands = np.concatenate((bands, bands[::-1][:missing]))
        states = np.concatenate((states, np.zeros(min(missing, len(states)), np.int8)))
    return bands, states


def synthetic_hearts(count: int, seed: int) -> list[AnnotatedSound]:
    """Return synthetic hearts with their states; one in three beats at a rare rate."""
    return [_synthetic_heart(np.random.default_rng([seed, index]), index) for index in range(count)]


def _synthetic_heart(rng: np.random.Generator, index: int) -> AnnotatedSound:
    """Return one synthetic heart."""
    label = LABELS[index % len(LABELS)]
    parameters = random_parameters(rng, label=label)
    if parameters.rhythm.kind != "ectopic" and rng.integers(RARE_EVERY) == 0:
        rate = float(np.exp(rng.uniform(*np.log(RARE_BPM))))
        rhythm = dataclasses.replace(parameters.rhythm, kind="regular", heart_rate_bpm=rate, respiratory=0.01)
        parameters = dataclasses.replace(parameters, rhythm=rhythm)
    sound = phonocardiogram(SYNTHETIC_S, parameters, rng, BANDS_RATE)
    bands = StreamingBands().push(sound.waveform)
    annotations = synthetic_annotations(sound)
    recording = Recording(Path(f"{label}-{index}"), (label,), f"synthetic/{index}", "synthetic")
    return AnnotatedSound(recording, bands, states_of(annotations, len(bands)), annotations)


def synthetic_annotations(sound: SyntheticSound) -> NDArray[np.float64]:
    """Return the states of a synthetic heart, ``(annotations, 3)``; none from an S2 that is not audible on."""
    rows, beats = [], sound.beats
    first_s, second_s = _durations_s(sound.parameters)
    next_s1 = np.append(beats.s1_samples[1:], -1)
    for s1, s2, after in zip(beats.s1_samples.tolist(), beats.s2_samples.tolist(), next_s1.tolist(), strict=True):
        start = s1 / sound.sample_rate
        rows.append((start, start + first_s, 1))
        if s2 >= 0:
            second = s2 / sound.sample_rate
            rows += [(start + first_s, second, 2), (second, second + second_s, 3)]
            if after >= 0:
                rows.append((second + second_s, after / sound.sample_rate, 4))
    return np.array([row for row in rows if row[1] > row[0]], np.float64).reshape(-1, 3)


def _durations_s(parameters: HeartParameters) -> tuple[float, float]:
    """Return how long S1 and S2 are heard."""
    split = sum(parameters.split_s) / 2
    return AUDIBLE_SHARE * parameters.s1.duration_s, AUDIBLE_SHARE * parameters.s2.duration_s + split

"""The demo: a made heart that plays through the whole monitor, scene by scene.

Nothing here tells the monitor what it hears; :attr:`SyntheticSource.scenes` says what was
played and what the monitor ought to have come to by its end, for tests and for whoever watches. Each scene takes over
in the diastole of the one before, at its next beat, so that the change itself is no early beat. Made at the first
use, kept after that.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.base import PacedSource
from monitor.messages import State
from monitor.synthesis.artifacts import handling_noise, lost_contact
from monitor.synthesis.parameters import HeartParameters, Murmur, BackgroundNoise, HeartSound
from monitor.synthesis.phonocardiogram import SyntheticSound, phonocardiogram
from monitor.synthesis.rhythm import Rhythm

__all__ = ["DEMO_SEED", "Scene", "SyntheticSource"]

DEMO_SEED = 2011
SAMPLE_RATE = 4000
DURATION_S = 116.0
CROSSFADE_S = 0.1
"""Short enough for a diastole, long enough for no click."""
BEFORE_BEAT_S = 0.13
"""The change of scene is over this long before the first beat of the next."""

HEART = HeartParameters(
    rhythm=Rhythm(heart_rate_bpm=74.0, jitter=0.008, respiratory=0.02, drift=0.01),
    s1=HeartSound(pitch_hz=52.0, duration_s=0.12, snap_db=-6.0),
    s2=HeartSound(pitch_hz=66.0, duration_s=0.095, snap_db=-4.0, level_db=-2.0),
    background=BackgroundNoise(noise_db=-38.0, lungs_db=-46.0, hiss_db=-70.0, whistle_db=-200.0),
    peak=0.6,
)


MURMUR = Murmur(interval=(0.12, 1.0), centre_hz=200.0, width_octaves=1.6, level_db=-17.0)
EARLY = dataclasses.replace(HEART.rhythm, kind="ectopic", ectopic_gap_beats=(3, 4), prematurity=(0.68, 0.75))

FAINT_MURMUR = dataclasses.replace(MURMUR, level_db=-21.5)
NOISY_ROOM = dataclasses.replace(HEART.background, noise_db=-20.0)
DEEP_BREATHS = dataclasses.replace(HEART.rhythm, kind="sinus-arrhythmia", respiratory=0.18)
"""A murmur that hardly stands out of the noise, in a rhythm that comes and goes with the breath: each of the labels has
something for it. Source: 36 hearts, murmurs of -38 to -19 dB in noise of -38 to -8 dB, the shipped network: here 28 of
them end as uncertain, the others on either side; louder noise is withheld as poor.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """A part of the demo.

    Attributes
    ----------
    name : str
        What a person would call it.
    start_s, end_s : float
        Seconds from the beginning of the demo.
    label : str or None
        What a perfect listener would say; None where there is no heart to judge.
    state : State
        What an honest monitor shows of the last seconds when the scene ends; with ``"verdict"`` its label is `label`.
    """

    name: str
    start_s: float
    end_s: float
    label: str | None
    state: State


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """How a scene is made: its least duration, a heart, and what becomes of its sound on the way."""

    name: str
    duration_s: float
    label: str | None
    state: State
    parameters: HeartParameters
    spoilt: Literal["lost contact", "muted"] | None = None


PARTS = (
    _Part("normal", 17.0, "normal", "verdict", HEART),
    _Part("systolic murmur", 18.0, "murmur", "verdict", dataclasses.replace(HEART, murmur=MURMUR)),
    _Part("extrasystoles", 18.0, "extrastole", "verdict", dataclasses.replace(HEART, rhythm=EARLY)),
    _Part("lost contact", 12.0, None, "poor-signal", HEART, "lost contact"),
    _Part(
        "faint murmur in noise", 24.0, "murmur", "uncertain",
        dataclasses.replace(HEART, murmur=FAINT_MURMUR, background=NOISY_ROOM, rhythm=DEEP_BREATHS),
    ),  # ends more than 30 s behind the extrasystoles: they are no longer remembered
    _Part("input muted", 9.0, None, "no-signal", HEART, "muted"),
    _Part("normal again", 14.0, "normal", "verdict", HEART),
)  # fmt: skip


class SyntheticSource(PacedSource):
    """Plays the demo, 116 s at 4000 Hz: see :data:`PARTS`.

    A normal heart, a murmur, extrasystoles, lost contact, a faint murmur in noise, a muted input, normal again.

    Parameters
    ----------
    seed : int
        Another seed is another performance of the same scenes.
    speed : float or None
        As in :class:`~monitor.audio.sources.base.PacedSource`.
    clock : callable
        As in :class:`~monitor.audio.sources.base.PacedSource`.

    Raises
    ------
    ValueError
        If the seed is negative or the speed out of range.
    """

    def __init__(
        self, seed: int = DEMO_SEED, speed: float | None = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(speed=speed, clock=clock)
        if seed < 0:
            raise ValueError(f"seed={seed} must be 0 or more")
        self.seed = int(seed)
        self.name = "demo"
        self.sample_rate = SAMPLE_RATE
        self.duration_s = DURATION_S

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """What is played when; the scenes follow each other without a gap."""
        return _performance(self.seed)[1]

    @property
    def waveform(self) -> NDArray[np.float32]:
        """The whole demo, ``(464000,)`` float32 in [-1, 1], read-only."""
        return _performance(self.seed)[0]

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the demo in blocks of at most ``block_samples`` samples."""
        return self.blocks_from(0, block_samples)

    @property
    def can_seek(self) -> bool:
        """It can."""
        return True

    def blocks_from(self, start_sample: int, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the demo from a sample on."""
        for start in range(start_sample, len(self.waveform), block_samples):
            yield self.waveform[start : start + block_samples]


@functools.lru_cache(maxsize=4)
def _performance(seed: int) -> tuple[NDArray[np.float32], tuple[Scene, ...]]:
    """Return the waveform of a seed and its scenes."""
    rng = np.random.default_rng(seed)
    timbre = int(rng.integers(2**32))  # one person in all scenes
    whole = np.zeros(round(DURATION_S * SAMPLE_RATE), np.float32)
    fade = round(CROSSFADE_S * SAMPLE_RATE)
    start, scenes = 0, []
    for number, part in enumerate(PARTS):
        last = number == len(PARTS) - 1
        sound, length = _play(part, timbre, rng, len(whole) - start if last else None)
        _join(whole, sound, start, fade if number else 0)
        scenes.append(Scene(part.name, start / SAMPLE_RATE, (start + length) / SAMPLE_RATE, part.label, part.state))
        start += length
    whole.flags.writeable = False
    return whole, tuple(scenes)


def _play(part: _Part, timbre: int, rng: np.random.Generator, samples: int | None) -> tuple[NDArray[np.float32], int]:
    """Return a scene's sound with a tail to fade into the next, and its length in samples.

    It starts shortly before a beat and lasts until shortly before the first beat after its
    duration, or for exactly ``samples``.
    """
    parameters = dataclasses.replace(part.parameters, timbre=timbre)
    made = phonocardiogram(part.duration_s + 6.0, parameters, rng, SAMPLE_RATE)
    lead = round(BEFORE_BEAT_S * SAMPLE_RATE)
    start, end = _cut(made, lead, round(part.duration_s * SAMPLE_RATE), samples)
    sound = made.waveform[start : end + round(CROSSFADE_S * SAMPLE_RATE)].copy()
    if part.spoilt == "lost contact":
        sound = _lose_contact(sound, rng)
    elif part.spoilt == "muted":
        sound[:] = 0.0
    return sound, end - start


def _cut(made: SyntheticSound, lead: int, least: int, samples: int | None) -> tuple[int, int]:
    """Return where a scene starts and ends in its sound: before a normal beat that follows a normal one."""
    beats = made.beats
    ectopic = beats.ectopic | np.concatenate(([True], beats.ectopic[:-1]))
    normal = beats.s1_samples[~ectopic & (beats.s1_samples >= lead)] - lead
    start = int(normal[0])
    if samples is not None:
        return start, start + samples
    return start, int(normal[normal >= start + least][0])


def _lose_contact(sound: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a scene in which the chest piece is jolted, taken off and put back at the end."""
    off, back = round(1.0 * SAMPLE_RATE), len(sound) - round(0.6 * SAMPLE_RATE)
    sound = lost_contact(sound, off, back, rng, SAMPLE_RATE)
    for start, seconds, level in ((0.4, 1.3, 0.7), (4.0, 0.8, 0.25), (len(sound) / SAMPLE_RATE - 2.2, 2.0, 0.6)):
        rub = handling_noise(seconds, rng, SAMPLE_RATE)
        rub *= np.float32(level) * np.hanning(len(rub)).astype(np.float32) ** np.float32(0.5)
        first = round(start * SAMPLE_RATE)
        sound[first : first + len(rub)] += rub
    return np.clip(sound, -1.0, 1.0)


def _join(whole: NDArray[np.float32], sound: NDArray[np.float32], start: int, fade: int) -> None:
    """Lay a scene into the whole, in place, taking over from the tail of the one before."""
    sound = sound[: len(whole) - start]
    rising = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    whole[start : start + fade] *= 1.0 - rising
    whole[start : start + fade] += sound[:fade] * rising
    whole[start + fade : start + len(sound)] = sound[fade:]

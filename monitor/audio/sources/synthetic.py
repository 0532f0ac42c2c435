"""The demo: a synthetic heart in scenes, played through the whole monitor.

The monitor gets the sound only. :attr:`SyntheticSource.scenes` lists what is played and what the monitor should show
at the end of each scene, for tests and viewers. Scenes are cross-faded in diastole, just before a beat, so that the
transition itself is no ectopic beat. The sound is synthesized on first use and cached.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.paced import PacedSource, split
from monitor.messages import State
from monitor.synthesis.artifacts import handling_noise, lost_contact
from monitor.synthesis.parameters import BackgroundNoise, HeartParameters, HeartSound, Murmur
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.rhythm import Beats, Rhythm

__all__ = ["DEMO_SEED", "Scene", "SyntheticSource"]

DEMO_SEED = 2011
SAMPLE_RATE = 4000
DURATION_S = 116.0
CROSSFADE_S = 0.1
"""Short enough for a diastole, long enough for no click."""
BEFORE_BEAT_S = 0.13
"""The cross-fade starts this long before the first beat of the next scene."""

HEART = HeartParameters(
    rhythm=Rhythm(heart_rate_bpm=74.0, jitter=0.008, respiratory=0.02, drift=0.01),
    s1=HeartSound(pitch_hz=52.0, duration_s=0.12, snap_db=-6.0),
    s2=HeartSound(pitch_hz=66.0, duration_s=0.095, snap_db=-4.0, level_db=-2.0),
    background=BackgroundNoise(noise_db=-38.0, lungs_db=-46.0, hiss_db=-70.0, whistle_db=-200.0),
    peak=0.6,
)
MURMUR = Murmur(interval=(0.12, 1.0), centre_hz=200.0, width_octaves=1.6, level_db=-17.0)
ECTOPIC = dataclasses.replace(HEART.rhythm, kind="ectopic", ectopic_gap_beats=(3, 4), prematurity=(0.68, 0.75))

FAINT_MURMUR = dataclasses.replace(MURMUR, level_db=-23.5)
NOISY_ROOM = dataclasses.replace(HEART.background, noise_db=-20.0)
DEEP_BREATHS = dataclasses.replace(HEART.rhythm, kind="sinus-arrhythmia", respiratory=0.18)
"""A murmur just above the noise, in a rhythm that varies with breathing: there is some evidence for each label.
Source: the demo and six other seeds, murmurs of -26 to -22.5 dB, the shipped network: at this level five of seven end
as uncertain, three of them with a possible murmur, and 24 of the demo's 39 windows are uncertain by themselves; 1 dB
louder 17 are. Louder noise is withheld as poor signal.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """A part of the demo.

    Attributes
    ----------
    name : str
    start_s, end_s : float
        Seconds from the beginning of the demo.
    label : str or None
        The ground truth; None where the heart is inaudible.
    state : State
        The state that the monitor should show when the scene ends; in the state ``"verdict"``, with `label`.
    """

    name: str
    start_s: float
    end_s: float
    label: str | None
    state: State


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """The recipe of a scene: minimum duration, a heart, and an artifact."""

    name: str
    duration_s: float
    label: str | None
    state: State
    parameters: HeartParameters
    artifact: Literal["lost contact", "muted"] | None = None


PARTS = (
    _Part("normal", 17.0, "normal", "verdict", HEART),
    _Part("systolic murmur", 18.0, "murmur", "verdict", dataclasses.replace(HEART, murmur=MURMUR)),
    _Part("extrasystoles", 18.0, "extrastole", "verdict", dataclasses.replace(HEART, rhythm=ECTOPIC)),
    _Part("lost contact", 12.0, None, "poor-signal", HEART, "lost contact"),
    _Part(
        "faint murmur in noise", 24.0, "murmur", "uncertain",
        dataclasses.replace(HEART, murmur=FAINT_MURMUR, background=NOISY_ROOM, rhythm=DEEP_BREATHS),
    ),  # ends more than 30 s after the extrasystoles: they no longer count
    _Part("input muted", 9.0, None, "no-signal", HEART, "muted"),
    _Part("normal again", 14.0, "normal", "verdict", HEART),
)  # fmt: skip


class SyntheticSource(PacedSource):
    """Plays the demo, 116 s at 4000 Hz: see :data:`PARTS`.

    A normal heart, a murmur, extrasystoles, lost contact, a faint murmur in noise, a muted input, normal again.

    Parameters
    ----------
    seed : int
        Another seed gives another realization of the same scenes.
    speed : float or None
        As in :class:`~monitor.audio.sources.paced.PacedSource`.
    clock : callable
        As in :class:`~monitor.audio.sources.paced.PacedSource`.

    Raises
    ------
    ValueError
        If the seed is negative or the speed out of range.

    Examples
    --------
    >>> demo = SyntheticSource()
    >>> demo.waveform.shape, demo.sample_rate
    ((464000,), 4000)
    >>> [scene.name for scene in demo.scenes[:3]]
    ['normal', 'systolic murmur', 'extrasystoles']
    """

    live = True  # it imitates an input: contact is lost, and the input is muted

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
        """The scenes in order, without a gap between them."""
        return _demo(self.seed)[1]

    @property
    def waveform(self) -> NDArray[np.float32]:
        """The whole demo, ``(464000,)`` float32 in [-1, 1], read-only."""
        return _demo(self.seed)[0]

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the demo in blocks of at most ``block_samples`` samples."""
        return self.blocks_from(0, block_samples)

    @property
    def can_seek(self) -> bool:
        """Whether :meth:`seek` has an effect: always."""
        return True

    def blocks_from(self, start_sample: int, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the demo from a sample on."""
        return split(self.waveform[start_sample:], block_samples)


@functools.lru_cache(maxsize=4)
def _demo(seed: int) -> tuple[NDArray[np.float32], tuple[Scene, ...]]:
    """Return the waveform and the scenes of a seed."""
    rng = np.random.default_rng(seed)
    timbre = int(rng.integers(2**32))  # one person in all scenes
    demo = np.zeros(round(DURATION_S * SAMPLE_RATE), np.float32)
    fade = round(CROSSFADE_S * SAMPLE_RATE)
    start, scenes = 0, []
    for index, part in enumerate(PARTS):
        last = index == len(PARTS) - 1
        sound, length = _synthesize(part, timbre, rng, len(demo) - start if last else None)
        _crossfade(demo, sound, start, fade if index else 0)
        scenes.append(Scene(part.name, start / SAMPLE_RATE, (start + length) / SAMPLE_RATE, part.label, part.state))
        start += length
    demo.flags.writeable = False
    return demo, tuple(scenes)


def _synthesize(
    part: _Part, timbre: int, rng: np.random.Generator, samples: int | None
) -> tuple[NDArray[np.float32], int]:
    """Return the sound of a scene with a tail for the cross-fade, and the length of the scene in samples.

    The scene starts shortly before a beat and ends shortly before the first beat after its
    duration, or after exactly ``samples``.
    """
    parameters = dataclasses.replace(part.parameters, timbre=timbre)
    synthetic = phonocardiogram(part.duration_s + 6.0, parameters, rng, SAMPLE_RATE)
    lead = round(BEFORE_BEAT_S * SAMPLE_RATE)
    start, end = _bounds(synthetic.beats, lead, round(part.duration_s * SAMPLE_RATE), samples)
    sound = synthetic.waveform[start : end + round(CROSSFADE_S * SAMPLE_RATE)].copy()
    if part.artifact == "lost contact":
        sound = _lose_contact(sound, rng)
    elif part.artifact == "muted":
        sound[:] = 0.0
    return sound, end - start


def _bounds(beats: Beats, lead: int, min_samples: int, samples: int | None) -> tuple[int, int]:
    """Return the first and the end sample of a scene: each before a normal beat that follows a normal one."""
    ectopic = beats.ectopic | np.concatenate(([True], beats.ectopic[:-1]))
    normal = beats.s1_samples[~ectopic & (beats.s1_samples >= lead)] - lead
    start = int(normal[0])
    if samples is not None:
        return start, start + samples
    return start, int(normal[normal >= start + min_samples][0])


def _lose_contact(sound: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a scene in which the chest piece is knocked, taken off and put back at the end."""
    off, back = round(1.0 * SAMPLE_RATE), len(sound) - round(0.6 * SAMPLE_RATE)
    sound = lost_contact(sound, off, back, rng, SAMPLE_RATE)
    for start, seconds, level in ((0.4, 1.3, 0.7), (4.0, 0.8, 0.25), (len(sound) / SAMPLE_RATE - 2.2, 2.0, 0.6)):
        rub = handling_noise(seconds, rng, SAMPLE_RATE)
        rub *= np.float32(level) * np.hanning(len(rub)).astype(np.float32) ** np.float32(0.5)
        first = round(start * SAMPLE_RATE)
        sound[first : first + len(rub)] += rub
    return np.clip(sound, -1.0, 1.0)


def _crossfade(demo: NDArray[np.float32], sound: NDArray[np.float32], start: int, fade: int) -> None:
    """Write a scene into the demo, in place, cross-faded with the tail of the previous scene."""
    sound = sound[: len(demo) - start]
    rising = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    demo[start : start + fade] *= 1.0 - rising
    demo[start : start + fade] += sound[:fade] * rising
    demo[start + fade : start + len(sound)] = sound[fade:]

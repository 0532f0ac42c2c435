"""Windows that the quality gate is fitted on: of held-out recordings, and of sounds for the gate alone.

The synthetic non-cardiac sounds have other random numbers than those that a network is trained on. No network is
trained on the recordings for the gate alone: the network of one fold scores their windows.
"""

from __future__ import annotations

import dataclasses
import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.features.heart_rate import clip_heart_rate, heart_rate
from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration
from monitor.inference.quality_gate import gate_features
from monitor.labels import NON_CARDIAC
from monitor.synthesis.non_cardiac import GENERATORS, random_non_cardiac
from training.calibration.gate import GateWindows
from training.data.audio import Sound, compute_frames
from training.data.recording import Recording

__all__ = ["GateSound", "build_gate_windows", "gate_sounds", "kinds_of", "synthetic_gate_sounds"]

PER_KIND, PER_MIXTURE = 30, 10
"""Synthetic sounds of a label in training for each synthetic sound of a kind, and for each mixture, here."""
SYNTHETIC_S = 10.0
SYNTHETIC_SEED = 75
"""Distinct from the seeds of all other random numbers."""


@dataclasses.dataclass(frozen=True)
class GateSound:
    """A sound for the gate alone.

    Attributes
    ----------
    sound : Sound
    kind : str
        Data set of a heart, or sort of another sound.
    group : str
        Patient, or what else must not be on both sides.
    """

    sound: Sound
    kind: str
    group: str

    def fold(self, folds: int) -> int:
        """Return the fold in which it is held out, 0 to ``folds - 1``."""
        return zlib.crc32(self.group.encode(errors="surrogatepass")) % folds


def synthetic_gate_sounds(synthetic_per_label: int, seed: int) -> list[GateSound]:
    """Return synthetic non-cardiac sounds: 20 of each kind and 60 mixtures for 600 synthetic sounds of a label.

    Parameters
    ----------
    synthetic_per_label, seed : int
        Of the training.
    """
    rng = np.random.default_rng([seed, SYNTHETIC_SEED])
    each, mixed = -(-synthetic_per_label // PER_KIND), -(-synthetic_per_label // PER_MIXTURE)
    generators: list[tuple[str, Callable[..., NDArray[np.float32]], int]] = [
        (f"made {generator.__name__.replace('_', ' ')}", generator, each) for generator in GENERATORS
    ]  # the names are keys of a bundle's metrics
    generators.append(("made mixtures", random_non_cardiac, mixed))
    sounds = []
    for kind, generator, count in generators:
        for index in range(count):
            waveform = generator(SYNTHETIC_S, rng, HEART.sample_rate)
            recording = Recording(Path(kind) / str(index), (NON_CARDIAC,), "", kind)
            sound = Sound(recording, compute_frames(waveform, HEART), len(waveform))
            sounds.append(GateSound(sound, kind, f"{kind} {index}"))
    return sounds


def gate_sounds(sounds: Sequence[Sound]) -> list[GateSound]:
    """Return recordings for the gate alone; one without a known patient is a group of its own."""
    recordings = [sound.recording for sound in sounds]
    return [
        GateSound(sound, kind, recording.patient or f"{recording.source}/{recording.path.name}")
        for sound, recording, kind in zip(sounds, recordings, kinds_of(recordings), strict=True)
    ]


def kinds_of(recordings: Sequence[Recording]) -> list[str]:
    """Return the kind of each recording.

    Of a heart that is the data set; of another sound the first word of the file name, if several share it.

    Examples
    --------
    >>> def recording(name: str, label: str) -> Recording:
    ...     return Recording(Path(name), (label,), "", "ward")
    >>> kinds_of([recording("a.wav", "normal"), recording("lung_1.wav", "not-heart")])
    ['ward', 'ward, no heart']
    >>> kinds_of([recording("lung_1.wav", "not-heart"), recording("lung_2.wav", "not-heart")])
    ['lung', 'lung']
    """
    words = [_first_word(recording) if recording.label == NON_CARDIAC else None for recording in recordings]
    counts = Counter(words)
    return [
        recording.source if word is None else word if word and counts[word] > 1 else f"{recording.source}, no heart"
        for word, recording in zip(words, recordings, strict=True)
    ]


def _first_word(recording: Recording) -> str:
    """Return the first word of a file's name, which may say what sort of sound it is; empty without one."""
    return re.split("[^a-z]", recording.path.stem.lower())[0]


def build_gate_windows(
    sound: Sound,
    outputs: NDArray[np.float32],
    *,
    kind: str,
    group: str,
    clean: bool,
    fold: int,
    num_labels: int,
    hop_s: float,
) -> GateWindows:
    """Return the windows of a sound, with the heart odds of a network that was not trained on it.

    Parameters
    ----------
    sound : Sound
    outputs : ndarray, shape (windows, outputs), float32
        Of the windows every ``hop_s``.
    kind, group, clean, fold
        Of all the windows; see :class:`training.calibration.gate.GateWindows`.
    num_labels : int
    hop_s : float
    """
    starts = sound.starts(HEART, hop_s)
    odds = Calibration().heart_odds(outputs, num_labels)
    count = len(starts)
    return GateWindows(
        features=np.array([_features(sound, start) for start in starts]),
        odds=np.zeros(count) if odds is None else odds,
        kinds=np.full(count, kind),
        hearts=np.full(count, sound.recording.label != NON_CARDIAC),
        clean=np.full(count, clean),
        groups=np.full(count, group),
        folds=np.full(count, fold, np.intp),
    )


def _features(sound: Sound, start: int) -> tuple[float, ...]:
    """Return the gate's features of the window that starts at a frame, four numbers."""
    frames = sound.frames.window(start, HEART.num_frames)
    if sound.is_looped(HEART):
        rate = clip_heart_rate(frames, HEART.frame_hop_s, HEART.frames_in(sound.num_samples))
    else:
        rate = heart_rate(frames.envelope, HEART.frame_hop_s, log_power=frames.log_power)
    return gate_features(frames, rate.periodicity)

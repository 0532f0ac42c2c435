"""Windows that the quality gate learns from: held-out hearts and other sounds, and some that teach nothing else.

Made sounds without a heart are made anew, with other random numbers than those a network is trained on. Recordings
that are named for the gate alone never reach a network: their windows are judged by the network of one fold.
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

from monitor.features.heart_rate import heart_rate
from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration
from monitor.inference.quality_gate import gate_features
from monitor.synthesis.non_cardiac import GENERATORS as MAKERS
from monitor.synthesis.non_cardiac import random_non_cardiac
from training.calibration.gate import GateWindows
from training.data.audio import Sound, frames_of
from training.data.recording import NON_CARDIAC, Recording

__all__ = ["GateSound", "gate_sounds", "kinds_of", "made_gate_sounds", "windows_of"]

SHARE_EACH, SHARE_MIXED = 30, 10
"""Of the made sounds of a label in training: one for so many is made of each kind, and of mixtures."""
MADE_S = 10.0
MADE_SEED = 75
"""What other random numbers are drawn for, training included, has other seeds."""


@dataclasses.dataclass(frozen=True)
class GateSound:
    """A sound that teaches the gate alone.

    Attributes
    ----------
    sound : Sound
    kind, group : str
    heart : bool
    """

    sound: Sound
    kind: str
    group: str
    heart: bool

    def fold(self, folds: int) -> int:
        """Return in which of some folds it is held out."""
        return zlib.crc32(self.group.encode()) % folds


def made_gate_sounds(synthetic_per_label: int, seed: int) -> list[GateSound]:
    """Return made sounds without a heart: 20 of each kind and 60 mixtures for 600 made sounds of a label; none for 0.

    Parameters
    ----------
    synthetic_per_label, seed : int
        Of the training.
    """
    rng = np.random.default_rng([seed, MADE_SEED])
    each, mixed = -(-synthetic_per_label // SHARE_EACH), -(-synthetic_per_label // SHARE_MIXED)
    makers: list[tuple[str, Callable[..., NDArray[np.float32]], int]] = [
        (f"made {maker.__name__.replace('_', ' ')}", maker, each) for maker in MAKERS
    ]
    makers.append(("made mixtures", random_non_cardiac, mixed))
    found = []
    for kind, maker, count in makers:
        for number in range(count):
            waveform = maker(MADE_S, rng, HEART.sample_rate)
            nobody = Recording(Path(kind) / str(number), (NON_CARDIAC,), "", kind)
            sound = Sound(nobody, frames_of(waveform, HEART), len(waveform))
            found.append(GateSound(sound, kind, f"{kind} {number}", heart=False))
    return found


def gate_sounds(sounds: Sequence[Sound]) -> list[GateSound]:
    """Return recordings that teach the gate alone; who has no patient stands for himself."""
    recordings = [sound.recording for sound in sounds]
    return [
        GateSound(sound, kind, its.patient or f"{its.source}/{its.path.name}", heart=its.label != NON_CARDIAC)
        for sound, its, kind in zip(sounds, recordings, kinds_of(recordings), strict=True)
    ]


def kinds_of(recordings: Sequence[Recording]) -> list[str]:
    """Return of which kind each is: a heart, its set; another sound, the first word of its name if others share it."""
    words = [_first_word(its) if its.label == NON_CARDIAC else "" for its in recordings]
    counts = Counter(words)
    return [
        its.source if its.label != NON_CARDIAC else word if word and counts[word] > 1 else f"{its.source}, no heart"
        for word, its in zip(words, recordings, strict=True)
    ]


def _first_word(recording: Recording) -> str:
    """Return the first word of a file's name, which may tell what sort of sound it is."""
    return re.split("[^a-z]", recording.path.stem.lower())[0]


def windows_of(
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
    """Return the windows of a sound, with the odds of a network that did not hear it.

    Parameters
    ----------
    sound : Sound
    outputs : ndarray, shape (windows, outputs), float32
        Of the windows every ``hop_s``.
    kind, group : str
    clean : bool
    fold : int
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
    """Return the features of the window that starts at a frame."""
    frames = sound.frames.window(start, HEART.num_frames)
    return gate_features(frames, heart_rate(frames.envelope, HEART.frame_hop_s).periodicity)

"""What a training step sees: groups of recordings, how often each is drawn, and the pictures drawn from them.

Sampling is by recording, not by window, so a long recording does not outvote a short one; within a set
the labels are drawn by the square root of how many recordings they have, which is undone in the calibration.
One :class:`BatchMaker` belongs to one thread and is deterministic for its seed.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.image import FrameWindow, ImageBuilder
from monitor.features.spec import SpectrogramSpec
from training.data.audio import Sound
from training.data.recording import NON_CARDIAC
from training.examples.augmentation import add_noise, hide_bands, recolour

__all__ = ["UNKNOWN", "Batch", "BatchMaker", "SamplingGroup", "groups_by_label"]

UNKNOWN = -1.0
"""Of a picture's rhythm."""

NOISE_PROBABILITY = 0.5
NOISE_SNR_DB = (5.0, 30.0)


@dataclasses.dataclass(frozen=True, slots=True)
class SamplingGroup:
    """Sounds that are drawn alike, and their share of a batch.

    Attributes
    ----------
    sounds : sequence of Sound
    weight : float
        Relative to the other shares.
    """

    sounds: Sequence[Sound]
    weight: float


def groups_by_label(sounds: Sequence[Sound], weight: float) -> list[SamplingGroup]:
    """Return one share for each set of labels that occurs, by the square root of its count, together ``weight``."""
    groups: dict[tuple[str, ...], list[Sound]] = defaultdict(list)
    for sound in sounds:
        groups[sound.recording.labels].append(sound)
    roots = {labels: float(np.sqrt(len(group))) for labels, group in groups.items()}
    total = sum(roots.values())
    return [SamplingGroup(groups[labels], weight * roots[labels] / total) for labels in sorted(groups)]


class Batch(NamedTuple):
    """What a training step is given.

    Attributes
    ----------
    pictures : ndarray, shape (size, 64, 64, 3), float32
    masks : ndarray, shape (size, outputs), float32
        1 for every output that a picture may be, else 0.
    premature : ndarray, shape (size,), float32
        1 where a beat comes early, 0 where none does, UNKNOWN where nobody knows.
    """

    pictures: NDArray[np.float32]
    masks: NDArray[np.float32]
    premature: NDArray[np.float32]


class BatchMaker:
    """Makes augmented batches.

    Parameters
    ----------
    shares : sequence of SamplingGroup
    outputs : sequence of str
        Names of the network's outputs, in order.
    spec : SpectrogramSpec
    seed : int
    """

    def __init__(
        self, shares: Sequence[SamplingGroup], outputs: Sequence[str], spec: SpectrogramSpec, seed: int
    ) -> None:
        self._shares = [share for share in shares if share.sounds and share.weight > 0]
        self._chances = np.array([share.weight for share in self._shares])
        self._chances /= self._chances.sum()
        self.outputs = tuple(outputs)
        self._noises = [s for share in self._shares for s in share.sounds if s.recording.label == NON_CARDIAC]
        self._num_frames = spec.num_frames
        self._painter = ImageBuilder(spec.num_frames)
        self._rng = np.random.default_rng(seed)

    def make(self, size: int) -> Batch:
        """Return augmented pictures with what is known of them."""
        chosen = self._rng.choice(len(self._shares), size=size, p=self._chances)
        sounds = [self._one_of(self._shares[index].sounds) for index in chosen]
        masks = [[float(name in sound.recording.labels) for name in self.outputs] for sound in sounds]
        premature = [UNKNOWN if sound.premature is None else float(sound.premature) for sound in sounds]
        pictures = np.stack([self._picture(sound) for sound in sounds])
        return Batch(pictures, np.array(masks, np.float32), np.array(premature, np.float32))

    def _one_of(self, sounds: Sequence[Sound]) -> Sound:
        """Return one of some sounds, each as likely."""
        return sounds[int(self._rng.integers(len(sounds)))]

    def _picture(self, sound: Sound) -> NDArray[np.float32]:
        """Return an augmented picture of a random window of a sound."""
        frames = self._cut(sound)
        if self._noises and sound.recording.label != NON_CARDIAC and self._rng.random() < NOISE_PROBABILITY:
            frames = add_noise(frames, self._cut(self._one_of(self._noises)), self._rng.uniform(*NOISE_SNR_DB))
        tensor = self._painter.draw(recolour(frames, self._rng))
        hide_bands(tensor, self._rng)
        return tensor

    def _cut(self, sound: Sound) -> FrameWindow:
        """Return the frames of a random window of a sound."""
        start = int(self._rng.integers(len(sound.frames) - self._num_frames + 1))
        return sound.frames.window(start, self._num_frames)

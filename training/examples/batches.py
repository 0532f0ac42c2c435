"""Batches of a training step: groups of sounds, how often each is drawn, and the input images built from them.

Sampling is by recording, not by window, so a long recording does not outweigh a short one; within a set the labels are
drawn by the square root of how many recordings they have, which calibration undoes. A :class:`BatchMaker` belongs to
one thread and is deterministic for its seed.
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
from monitor.labels import NON_CARDIAC
from training.data.audio import Sound
from training.examples.augmentation import add_noise, mask_bands, random_cut, random_equalize

__all__ = ["UNKNOWN_LOUDNESS", "UNKNOWN_RHYTHM", "Batch", "BatchMaker", "SamplingGroup", "groups_by_label"]

UNKNOWN_RHYTHM = UNKNOWN_LOUDNESS = -1.0

NOISE_PROBABILITY = 0.5
NOISE_SNR_DB = (-2.0, 25.0)
CUT_PROBABILITY = 0.3


@dataclasses.dataclass(frozen=True, slots=True)
class SamplingGroup:
    """Sounds that are drawn with equal probability.

    Attributes
    ----------
    sounds : sequence of Sound
    weight : float
        How often the group is drawn, relative to the others.
    """

    sounds: Sequence[Sound]
    weight: float


def groups_by_label(sounds: Sequence[Sound], weight: float) -> list[SamplingGroup]:
    """Return one group for each set of labels that occurs, by the square root of its count, together ``weight``."""
    by_label: dict[tuple[str, ...], list[Sound]] = defaultdict(list)
    for sound in sounds:
        by_label[sound.recording.labels].append(sound)
    roots = {labels: float(np.sqrt(len(of_label))) for labels, of_label in by_label.items()}
    total = sum(roots.values())
    return [SamplingGroup(by_label[labels], weight * roots[labels] / total) for labels in sorted(by_label)]


class Batch(NamedTuple):
    """Input and targets of a training step.

    Attributes
    ----------
    images : ndarray, shape (size, 64, 64, 3), float32
    masks : ndarray, shape (size, outputs), float32
        1 for every output that an image may be, else 0.
    ectopic : ndarray, shape (size,), float32
        1 with an ectopic beat, 0 without one, UNKNOWN_RHYTHM where the rhythm is not known.
    loud : ndarray, shape (size,), float32
        1 with a loud murmur, 0 with a soft one, UNKNOWN_LOUDNESS without one or where it is not known.
    """

    images: NDArray[np.float32]
    masks: NDArray[np.float32]
    ectopic: NDArray[np.float32]
    loud: NDArray[np.float32]


class BatchMaker:
    """Makes augmented batches.

    Parameters
    ----------
    groups : sequence of SamplingGroup
        Those without sounds or weight are never drawn.
    outputs : sequence of str
        Names of the network's outputs, in order.
    spec : SpectrogramSpec
    seed : int
    """

    def __init__(
        self, groups: Sequence[SamplingGroup], outputs: Sequence[str], spec: SpectrogramSpec, seed: int
    ) -> None:
        self._groups = [group for group in groups if group.sounds and group.weight > 0]
        self._probabilities = np.array([group.weight for group in self._groups])
        self._probabilities /= self._probabilities.sum()
        self.outputs = tuple(outputs)
        self._noises = [s for group in self._groups for s in group.sounds if s.recording.label == NON_CARDIAC]
        self._num_frames = spec.num_frames
        self._builder = ImageBuilder(spec.num_frames)
        self._rng = np.random.default_rng(seed)

    def make(self, size: int) -> Batch:
        """Return ``size`` augmented images with their targets."""
        chosen = self._rng.choice(len(self._groups), size=size, p=self._probabilities)
        sounds = [self._one_of(self._groups[index].sounds) for index in chosen]
        masks = [[float(name in sound.recording.labels) for name in self.outputs] for sound in sounds]
        ectopic = [UNKNOWN_RHYTHM if sound.ectopic is None else float(sound.ectopic) for sound in sounds]
        graded = [sound.recording.loud for sound in sounds]
        loud = [UNKNOWN_LOUDNESS if one is None else float(one) for one in graded]
        images = np.stack([self._image(sound) for sound in sounds])  # (size, 64, 64, 3)
        return Batch(images, np.array(masks, np.float32), np.array(ectopic, np.float32), np.array(loud, np.float32))

    def _one_of(self, sounds: Sequence[Sound]) -> Sound:
        """Return one of some sounds, each with equal probability."""
        return sounds[int(self._rng.integers(len(sounds)))]

    def _image(self, sound: Sound) -> NDArray[np.float32]:
        """Return an augmented image of a random window of a sound."""
        frames = self._cut(sound)
        if self._noises and sound.recording.label != NON_CARDIAC and self._rng.random() < NOISE_PROBABILITY:
            frames = add_noise(frames, self._cut(self._one_of(self._noises)), self._rng.uniform(*NOISE_SNR_DB))
        frames = random_equalize(frames, self._rng)
        if self._rng.random() < CUT_PROBABILITY:
            frames = random_cut(frames, self._rng)
        image = self._builder.build(frames)
        mask_bands(image, self._rng)
        return image

    def _cut(self, sound: Sound) -> FrameWindow:
        """Return the frames of a random window of a sound, on one of its frame grids."""
        grids = [frames for frames in (sound.frames, *sound.shifted) if len(frames) >= self._num_frames]
        frames = grids[int(self._rng.integers(len(grids)))] if len(grids) > 1 else grids[0]
        start = int(self._rng.integers(len(frames) - self._num_frames + 1))
        return frames.window(start, self._num_frames)

"""The exchangeable parts of the default recipe: how audio is read, what a batch is drawn from, what the network sees.

A training uses the defaults; an ablation replaces one of them. Must not import TensorFlow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import SpectrogramSpec
from training.data.audio import Sound, read_sound
from training.data.recording import Recording
from training.examples.batches import Batch, BatchMaker, SamplingGroup
from training.examples.mixture import Mixture, mix

__all__ = ["HEART_RECIPE", "ChannelBatches", "Channels", "HeartRecipe"]

Channels = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


@dataclasses.dataclass(frozen=True)
class HeartRecipe:
    """How audio is read, what batches are sampled from, and which channels the network sees.

    Attributes
    ----------
    read : callable
        From a recording and the spectrogram's settings to its sound; see :func:`training.data.audio.read_sound`.
    mix : callable
        From training sounds to sampling groups; see :func:`training.examples.mixture.mix`.
    batch_maker : type of BatchMaker
    channels : 3 by 3 numbers, or None
        Matrix that the channels of every image are multiplied by, in training and in scoring; None leaves them. A
        network that was trained with one does not fit the images of the monitor.
    """

    read: Callable[[Recording, SpectrogramSpec], Sound] = read_sound
    mix: Callable[[Sequence[Sound], Sequence[Sound], set[str], SpectrogramSpec, int], Mixture] = mix
    batch_maker: Callable[[Sequence[SamplingGroup], Sequence[str], SpectrogramSpec, int], BatchMaker] = BatchMaker
    channels: Channels | None = None

    def apply_channels(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return images ``(..., 64, 64, 3)`` as the network sees them."""
        return images if self.channels is None else images @ np.array(self.channels, np.float32)

    def batches(
        self, groups: Sequence[SamplingGroup], outputs: Sequence[str], spec: SpectrogramSpec, seed: int
    ) -> BatchMaker | ChannelBatches:
        """Return the source of a stage's batches; see :class:`training.examples.batches.BatchMaker`."""
        maker = self.batch_maker(groups, outputs, spec, seed)
        return maker if self.channels is None else ChannelBatches(maker, self.apply_channels)


HEART_RECIPE = HeartRecipe()
"""The parts that a training uses."""


class ChannelBatches:
    """Batches of a maker, with the channels of their images changed.

    Parameters
    ----------
    maker : BatchMaker
    apply : callable
        From images to images.
    """

    def __init__(self, maker: BatchMaker, apply: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> None:
        self._maker = maker
        self._apply = apply

    def make(self, size: int) -> Batch:
        """Return the next batch."""
        batch = self._maker.make(size)
        return batch._replace(images=self._apply(batch.images))

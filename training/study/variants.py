"""The recipe, and the recipe with one thing changed: what an ablation is.

Each :class:`Variant` names a function for the one thing that it changes and leaves the others as they are.
Must not fit a network; :mod:`training.study.runner` does.
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
from training.fitting.options import HeartOptions
from training.study.overrides import (
    PlainBatchMaker,
    mix_as_they_come,
    mix_at_its_word,
    mix_hearts,
    mix_recorded,
    mix_telling_sets,
    read_padded,
)

__all__ = ["OURS", "SHORT", "VARIANTS", "Variant"]

OURS, SHORT = "ours", "short"
"""What others are compared with: the recipe as it is shipped, and a third as long."""

Mix = Callable[[Sequence[Sound], Sequence[Sound], set[str], SpectrogramSpec, int], Mixture]
Channels = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

NO_RHYTHM: Channels = ((1, 0, 0), (0, 1, 0), (0, 0, 0))
MEAN_FOR_MAXIMUM: Channels = ((1, 1, 0), (0, 0, 0), (0, 0, 1))


def _same(options: HeartOptions) -> HeartOptions:
    """Return the options as they are."""
    return options


def _in_short(options: HeartOptions) -> HeartOptions:
    """Return options of a training a third as long: ten changes can be compared in the time of three."""
    pretrain_steps, steps = (-(-count // 3) for count in (options.pretrain_steps, options.steps))
    return dataclasses.replace(options, pretrain_steps=pretrain_steps, steps=steps)


def _in_one_stage(options: HeartOptions) -> HeartOptions:
    """Return short options without the first stage; its batches are drawn in the second."""
    short = _in_short(options)
    return dataclasses.replace(short, pretrain_steps=0, steps=short.steps + short.pretrain_steps)


@dataclasses.dataclass(frozen=True)
class Variant:
    """A recipe to be measured.

    Attributes
    ----------
    name : str
        Of its file in docs/evidence.
    title : str
    changed : str
        What differs from the recipe, and what that entails; a sentence.
    recipe : {"heart", "article"}
    against : str
        Name of the variant that it is compared with.
    repeats : int
        How often all folds are run, each time with the next seed, unless asked otherwise.
    probed : bool
        Whether disturbed recordings are judged too.
    options : callable
    read : callable
        From a recording and the spectrogram's settings to its sound.
    mix : callable
        Stands in for :func:`training.examples.mixture.mix`.
    maker : type of BatchMaker
    channels : 3 by 3 numbers or None
        The picture's channels are multiplied by it, in training and in judging; None leaves them.
    """

    name: str
    title: str
    changed: str
    recipe: str = "heart"
    against: str = OURS
    repeats: int = 1
    probed: bool = False
    options: Callable[[HeartOptions], HeartOptions] = _same
    read: Callable[[Recording, SpectrogramSpec], Sound] = read_sound
    mix: Mix = mix
    maker: type[BatchMaker] = BatchMaker
    channels: Channels | None = None

    def seen(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return pictures ``(..., 64, 64, 3)`` as the variant's network sees them."""
        return pictures if self.channels is None else pictures @ np.array(self.channels, np.float32)

    def batches(
        self, shares: Sequence[SamplingGroup], outputs: Sequence[str], spec: SpectrogramSpec, seed: int
    ) -> Batches:
        """Return what makes the variant's batches; stands in for :class:`training.examples.batches.BatchMaker`."""
        return Batches(self, self.maker(shares, outputs, spec, seed))


class Batches:
    """Batches as a variant's network sees them."""

    def __init__(self, variant: Variant, maker: BatchMaker) -> None:
        self._variant = variant
        self._maker = maker
        self.outputs = maker.outputs

    def make(self, size: int) -> Batch:
        """Return the next batch."""
        batch = self._maker.make(size)
        return batch._replace(pictures=self._variant.seen(batch.pictures))


ALL = (
    Variant(OURS, "the recipe", "The recipe as it is shipped.", repeats=3, probed=True),
    Variant(
        "article",
        "the article's recipe",
        "The article's picture, network and training on set B alone, judged on the same folds; its score of a "
        "recording is that of the first 5 s, padded with zeros, as in the article.",
        recipe="article",
        repeats=3,
    ),
    Variant(
        SHORT,
        "the recipe, a third as long",
        "What the others are compared with: the recipe, each of its stages a third as long.",
        options=_in_short,
    ),
    Variant(
        "no_rhythm_channel",
        "no rhythm channel",
        "Channel 2, the sliding autocorrelation, is zero; the score of an extrasystole has nothing else to see.",
        channels=NO_RHYTHM,
        options=_in_short,
        against=SHORT,
    ),
    Variant(
        "mean_channel_only",
        "mean in place of maximum",
        "Channel 1, the maximum of each column, gives way to a second copy of the mean.",
        channels=MEAN_FOR_MAXIMUM,
        options=_in_short,
        against=SHORT,
    ),
    Variant(
        "zero_padding",
        "zeros instead of looping",
        "Clips shorter than 5 s are padded with zeros at their end, in training and in judging.",
        read=read_padded,
        options=_in_short,
        against=SHORT,
    ),
    Variant(
        "no_class_balance",
        "no class balance",
        "Within each set the labels are drawn as they come, not by the square root of their counts.",
        mix=mix_as_they_come,
        options=_in_short,
        against=SHORT,
    ),
    Variant(
        "no_augmentation",
        "no augmentation",
        "Windows are still cut at random, but not coloured, mixed with noise, or hidden in bands.",
        maker=PlainBatchMaker,
        options=_in_short,
        against=SHORT,
    ),
    Variant(
        "no_circor",
        "without CirCor",
        "No recording of a set that tells only a part is trained on, and so no beat of theirs is spliced; its "
        "children are judged by networks that never heard the set.",
        mix=mix_telling_sets,
        options=_in_short,
        against=SHORT,
    ),
    Variant(
        "no_made_rhythms",
        "no made hearts, no spliced beats",
        "Recordings only (and sounds that are no heart); without made beats the label of an extrasystole is all that "
        "teaches rhythm, so it is taken at its word.",
        mix=mix_recorded,
        options=_in_short,
        against=SHORT,
    ),
    Variant(
        "no_pretraining",
        "one stage",
        "No first stage on made and partly labelled sounds; as many batches, all of the second stage's mixture.",
        options=_in_one_stage,
        against=SHORT,
    ),
    Variant(
        "extrastole_at_its_word",
        "set B's extrasystoles at their word",
        "Every window of a recording labelled extrastole is taught as one with an early beat, every other labelled "
        "window as one without.",
        mix=mix_at_its_word,
        options=_in_short,
        against=SHORT,
    ),
    Variant(
        "no_not_heart",
        "no sounds that are no heart",
        "They are neither taught as such nor mixed in as noise.",
        mix=mix_hearts,
        options=_in_short,
        against=SHORT,
    ),
)
VARIANTS = {variant.name: variant for variant in ALL}

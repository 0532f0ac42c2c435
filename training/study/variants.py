"""The recipe, and the recipe with one thing changed: the variants of the ablation study.

Each :class:`Variant` changes one part and leaves the others as they are. Must not fit a network;
:mod:`training.study.runner` does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from training.fitting.options import HeartOptions
from training.fitting.recipe import HEART_RECIPE, Channels, HeartRecipe
from training.study.overrides import (
    UnaugmentedBatchMaker,
    mix_fully_labelled_only,
    mix_recordings_only,
    mix_taking_labels_as_rhythm,
    mix_without_class_balance,
    mix_without_non_cardiac,
    read_zero_padded,
)

__all__ = ["OURS", "SHORT", "VARIANTS", "Variant"]

OURS, SHORT = "ours", "short"
"""What others are compared with: the recipe as shipped, and the recipe trained a third as long."""
ABLATION_SEEDS = 2
"""Cross-validations of each ablation, and of what it is compared with."""

NO_RHYTHM: Channels = ((1, 0, 0), (0, 1, 0), (0, 0, 0))
MEAN_FOR_MAXIMUM: Channels = ((1, 1, 0), (0, 0, 0), (0, 0, 1))


def _unchanged(options: HeartOptions) -> HeartOptions:
    """Return the options as they are."""
    return options


def _a_third_as_long(options: HeartOptions) -> HeartOptions:
    """Return options with a third of the steps: ten ablations then take the time of three."""
    pretrain_steps, steps = (-(-count // 3) for count in (options.pretrain_steps, options.steps))
    return dataclasses.replace(options, pretrain_steps=pretrain_steps, steps=steps)


def _in_one_stage(options: HeartOptions) -> HeartOptions:
    """Return short options without pretraining; its steps are added to the second stage."""
    short = _a_third_as_long(options)
    return dataclasses.replace(short, pretrain_steps=0, steps=short.steps + short.pretrain_steps)


@dataclasses.dataclass(frozen=True)
class Variant:
    """A recipe to be measured.

    Attributes
    ----------
    name : str
        Of its files in docs/evidence.
    title : str
    changed : str
        What differs from the recipe, and what that entails; a sentence.
    against : str
        Name of the variant that it is compared with.
    repeats : int
        Cross-validations, each with the next seed, unless asked otherwise.
    is_perturbed : bool
        Whether perturbed recordings are scored too.
    is_article : bool
        Whether it is the article's recipe; ``options`` and ``recipe`` then do not count, but for folds and seeds.
    options : callable
        From the study's options to the variant's.
    recipe : HeartRecipe
    """

    name: str
    title: str
    changed: str
    against: str = OURS
    repeats: int = 1
    is_perturbed: bool = False
    is_article: bool = False
    options: Callable[[HeartOptions], HeartOptions] = _unchanged
    recipe: HeartRecipe = HEART_RECIPE


def _ablation(
    name: str,
    title: str,
    changed: str,
    options: Callable[[HeartOptions], HeartOptions] = _a_third_as_long,
    recipe: HeartRecipe = HEART_RECIPE,
) -> Variant:
    """Return a variant that is trained a third as long and compared with the recipe trained so."""
    return Variant(name, title, changed, SHORT, ABLATION_SEEDS, options=options, recipe=recipe)


ALL = (
    Variant(OURS, "the recipe", "The recipe as it is shipped.", repeats=3, is_perturbed=True),
    Variant(
        "article",
        "the article's recipe",
        "The article's image, network and training on set B alone, evaluated on the same folds; its score of a "
        "recording is that of the first 5 s, padded with zeros, as in the article.",
        is_article=True,
        repeats=3,
    ),
    Variant(
        SHORT,
        "the recipe, a third as long",
        "What the others are compared with: the recipe, each of its stages a third as long.",
        repeats=ABLATION_SEEDS,
        options=_a_third_as_long,
    ),
    _ablation(
        "no_rhythm_channel",
        "no rhythm channel",
        "Channel 2, the sliding autocorrelation, is zero; the score of an extrasystole rests on nothing else.",
        recipe=HeartRecipe(channels=NO_RHYTHM),
    ),
    _ablation(
        "mean_channel_only",
        "mean in place of maximum",
        "Channel 1, the maximum of each column, is replaced by a second copy of the mean.",
        recipe=HeartRecipe(channels=MEAN_FOR_MAXIMUM),
    ),
    _ablation(
        "zero_padding",
        "zeros instead of looping",
        "Clips shorter than 5 s are padded with zeros at their end, in training and in evaluation.",
        recipe=HeartRecipe(read=read_zero_padded),
    ),
    _ablation(
        "no_class_balance",
        "no class balance",
        "Within each set the labels are drawn in proportion to their counts, not to the square root of the counts.",
        recipe=HeartRecipe(mix=mix_without_class_balance),
    ),
    _ablation(
        "no_augmentation",
        "no augmentation",
        "Windows are still cut at random, but not coloured, mixed with noise, or hidden in bands.",
        recipe=HeartRecipe(batch_maker=UnaugmentedBatchMaker),
    ),
    _ablation(
        "no_circor",
        "without CirCor",
        "No recording of a partially labelled set is trained on, so none of its beats is spliced; its children are "
        "scored by networks that were not trained on the set.",
        recipe=HeartRecipe(mix=mix_fully_labelled_only),
    ),
    _ablation(
        "no_made_rhythms",
        "no synthetic hearts, no spliced beats",
        "Recordings only (and non-cardiac sounds); without synthetic beats rhythm is learned from the labels alone, so "
        "every window of an extrasystole counts as one with an ectopic beat.",
        recipe=HeartRecipe(mix=mix_recordings_only),
    ),
    _ablation(
        "no_pretraining",
        "one stage",
        "No first stage on synthetic and partially labelled sounds; as many batches, all of the mixture of the second.",
        options=_in_one_stage,
    ),
    _ablation(
        "extrastole_at_its_word",
        "set B's labels as rhythm",
        "Every window of a recording labelled extrastole counts as one with an ectopic beat, every other labelled "
        "window as one without.",
        recipe=HeartRecipe(mix=mix_taking_labels_as_rhythm),
    ),
    _ablation(
        "no_not_heart",
        "no non-cardiac sounds",
        "They are neither a class of the network nor mixed in as noise.",
        recipe=HeartRecipe(mix=mix_without_non_cardiac),
    ),
)
VARIANTS = {variant.name: variant for variant in ALL}

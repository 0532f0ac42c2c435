"""One fit of the default network: synthetic and partially labelled sounds first, then the fully labelled sets too.

The network has the mean of the weights before and after the second stage (docs/decisions/0018).

Everything about a fit follows from what it is given, a seed and an index, so fits can be run in any order.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.inference.networks import heart_network
from monitor.labels import NON_CARDIAC
from training.data.audio import Sound
from training.data.corpus import Corpus
from training.examples.batches import Batch, SamplingGroup
from training.examples.mixture import Mixture
from training.examples.synthetic import SYNTHETIC, SYNTHETIC_LABELS, synthesize_sounds
from training.fitting.options import HeartOptions
from training.fitting.recipe import HEART_RECIPE, HeartRecipe
from training.fitting.trainer import Trainer, TrainingHistory, make_repeatable, never
from training.progress import Progress

__all__ = ["FINETUNE", "PRETRAIN", "FittedNetwork", "fit_heart", "new_network", "with_synthetic_sounds"]

PRETRAIN, FINETUNE = "synthetic and partially labelled sounds", "labelled recordings"
"""The two stages, as they are shown and stored."""
PRETRAIN_RATE, FINETUNE_RATE = 2e-3, 1e-3
"""Initial learning rates."""
VALIDATION_IMAGES = 256
WEIGHTS, VALIDATION, FIRST_STAGE = range(3)
"""What random numbers are drawn for; the batches of each stage count on from FIRST_STAGE."""


@dataclasses.dataclass(frozen=True)
class FittedNetwork:
    """A network after its fit.

    Attributes
    ----------
    network : keras.Model
    histories : dict of str to TrainingHistory
        By stage, in their order.
    """

    network: Any
    histories: dict[str, TrainingHistory]

    @property
    def complete(self) -> bool:
        """Whether no stage was ended by a person."""
        return all(history.complete for history in self.histories.values())


def with_synthetic_sounds(corpus: Corpus, options: HeartOptions, progress: Progress) -> Corpus:
    """Return a corpus with synthetic sounds, for the labels that can be synthesized and for non-cardiac sounds."""
    wanted = [label for label in SYNTHETIC_LABELS if label in corpus.outputs] if options.synthetic_per_label else []
    on_step = progress.stage("synthesizing sounds", max(1, len(wanted)))
    sounds = []
    for label in wanted:
        sounds += synthesize_sounds(label, options.synthetic_per_label, options.seed, HEART)
        on_step(math.nan)
    return dataclasses.replace(corpus, synthetic=sounds)


def new_network(corpus: Corpus) -> Any:
    """Return the network before its fit."""
    return heart_network(HEART.shape, corpus.outputs, grades_loudness=corpus.grades_loudness)


def fit_heart(
    corpus: Corpus,
    training_rows: Iterable[int],
    validation_rows: Iterable[int],
    options: HeartOptions,
    *,
    recipe: HeartRecipe = HEART_RECIPE,
    seed: int,
    index: int,
    name: str,
    progress: Progress,
    until: int | None = None,
    stop: Callable[[], bool] = never,
) -> FittedNetwork:
    """Return a network fitted on some recordings of a corpus and on its synthetic sounds.

    Parameters
    ----------
    corpus : Corpus
    training_rows : iterable of int
    validation_rows : iterable of int
        Of patients who are in none of the training rows; for early stopping. Empty to train to the end.
    options : HeartOptions
    recipe : HeartRecipe
    seed, index : int
        Together they choose every random number.
    name : str
        Of the fit, as it is shown.
    progress : Progress
    until : int or None
        Step of the last stage after which it ends.
    stop : callable
        Called after every step; True ends the fit.
    """
    make_repeatable(_seed(seed, index, WEIGHTS))
    network = new_network(corpus)
    sounds = [corpus.sounds[row] for row in training_rows]
    mixture = recipe.mix(sounds, corpus.synthetic, corpus.fully_labelled, HEART, seed)
    validation = _validation_batch([corpus.sounds[row] for row in validation_rows], corpus, recipe, seed, index)
    trainer = Trainer(network, corpus.outputs, validation, stop)
    histories: dict[str, TrainingHistory] = {}
    before = None
    for position, (stage, groups, steps, rate) in enumerate(_stages(mixture, options)):
        batches = recipe.batches(groups, corpus.outputs, HEART, _seed(seed, index, FIRST_STAGE + position))
        histories[stage] = trainer.run(
            batches,
            steps=steps,
            batch_size=options.batch_size,
            rate=rate,
            on_step=progress.stage(f"{name}: {stage}", steps),
            until=until if stage == FINETUNE else None,
            patience=options.patience if stage == FINETUNE else None,
        )
        if not histories[stage].complete:
            return FittedNetwork(network, histories)
        if stage == PRETRAIN:
            before = network.get_weights()
    if before is not None:
        network.set_weights(_mean_weights(before, network.get_weights(), options.finetuned_share))
    return FittedNetwork(network, histories)


def _mean_weights(
    before: Sequence[NDArray[np.float32]], after: Sequence[NDArray[np.float32]], share: float
) -> list[NDArray[np.float32]]:
    """Return the weighted mean of the weights before and after fine-tuning, moving averages included.

    Source: Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
    """
    return [(1.0 - share) * old + share * new for old, new in zip(before, after, strict=True)]


def _stages(mixture: Mixture, options: HeartOptions) -> list[tuple[str, list[SamplingGroup], int, float]]:
    """Return name, sampling groups, steps and learning rate of each stage."""
    stages = [(FINETUNE, mixture.finetune, options.steps, FINETUNE_RATE)]
    if mixture.pretrain and options.pretrain_steps:
        stages.insert(0, (PRETRAIN, mixture.pretrain, options.pretrain_steps, PRETRAIN_RATE))
    return stages


def _validation_batch(
    sounds: Sequence[Sound], corpus: Corpus, recipe: HeartRecipe, seed: int, index: int
) -> Batch | None:
    """Return images of the validation patients, sampled as in the last stage; None without fully labelled ones."""
    if not any(sound.recording.source in corpus.fully_labelled for sound in sounds):
        return None
    groups = recipe.mix(sounds, corpus.synthetic, corpus.fully_labelled, HEART, seed).finetune
    own = [group for group in groups if not any(_is_shared(sound) for sound in group.sounds)]
    return recipe.batches(own, corpus.outputs, HEART, _seed(seed, index, VALIDATION)).make(VALIDATION_IMAGES)


def _is_shared(sound: Sound) -> bool:
    """Return whether a sound belongs to no patient, and so may be trained on: synthetic or non-cardiac."""
    return sound.recording.source == SYNTHETIC or sound.recording.label == NON_CARDIAC


def _seed(seed: int, index: int, purpose: int) -> int:
    """Return the seed of one purpose of one fit; other fits and purposes have others."""
    return int(np.random.SeedSequence((seed, index, purpose)).generate_state(1)[0])

"""The default network, fitted once: made sounds and sets that tell a part first, then the set that tells all.

Everything about a fit follows from what it is given and from a seed and a number, so fits can be run in any order.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from monitor.features.spec import HEART
from monitor.inference.networks import heart_network
from training.data.audio import Sound
from training.data.recording import NON_CARDIAC
from training.examples.batches import Batch, BatchMaker, SamplingGroup
from training.examples.mixture import Mixture, mix
from training.examples.synthetic import MADE, MADE_LABELS, synthesize_sounds
from training.fitting.options import HeartOptions
from training.fitting.trainer import Trainer, TrainingHistory, make_repeatable, never
from training.progress import Progress

__all__ = ["BEFORE", "WITH", "Fitted", "Material", "fit_heart", "make_all", "new_network", "planned_steps"]

BEFORE, WITH = "made and partly labelled sounds", "labelled recordings"
"""The two stages."""
RATE_BEFORE, RATE_WITH = 2e-3, 1e-3
WATCHED_PICTURES = 256
WEIGHTS, WATCHED, FIRST_STAGE = range(3)
"""What random numbers are drawn for, besides the batches of each stage."""


@dataclasses.dataclass(frozen=True)
class Material:
    """What all fits of a training share.

    Attributes
    ----------
    labels : tuple of str
    telling : set of str
        Names of the sets that tell all labels.
    made : sequence of Sound
    """

    labels: tuple[str, ...]
    telling: set[str]
    made: Sequence[Sound]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the network's outputs."""
        return (*self.labels, NON_CARDIAC)


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A fitted network.

    Attributes
    ----------
    network : keras.Model
    courses : dict of str to TrainingHistory
        By stage, in their order.
    """

    network: Any
    courses: dict[str, TrainingHistory]

    @property
    def complete(self) -> bool:
        """Whether every stage went to its end."""
        return all(course.complete for course in self.courses.values())

    @property
    def kept(self) -> int:
        """The step of the last stage whose weights it has."""
        return self.courses[WITH].kept if WITH in self.courses else 0


def make_all(labels: Sequence[str], options: HeartOptions, progress: Progress) -> list[Sound]:
    """Return made sounds for the labels that can be made, and for what is no heart."""
    wanted = [label for label in MADE_LABELS if label in (*labels, NON_CARDIAC)] if options.synthetic_per_label else []
    tick = progress.stage("making sounds", max(1, len(wanted)))
    made = []
    for label in wanted:
        made += synthesize_sounds(label, options.synthetic_per_label, options.seed, HEART)
        tick(math.nan)
    return made


def new_network(material: Material) -> Any:
    """Return the network before it is fitted."""
    return heart_network(HEART.shape, material.outputs)


def planned_steps(options: HeartOptions) -> int:
    """Return the steps of a fit that nothing ends early."""
    return options.pretrain_steps + options.steps


def fit_heart(
    sounds: Sequence[Sound],
    watched: Sequence[Sound],
    material: Material,
    options: HeartOptions,
    *,
    seed: int,
    number: int,
    name: str,
    progress: Progress,
    until: int | None = None,
    stop: Callable[[], bool] = never,
) -> Fitted:
    """Return a network fitted on some sounds.

    Parameters
    ----------
    sounds : sequence of Sound
        To be trained on.
    watched : sequence of Sound
        Of patients who are in none of ``sounds``; they tell when to end. Empty to train to the end.
    material : Material
    options : HeartOptions
    seed, number : int
        Together they choose every random number.
    name : str
        Of the fit, as it is shown.
    progress : Progress
    until : int or None
        Step of the last stage after which it ends.
    stop : callable
        Asked after every step whether the person wants an end.
    """
    make_repeatable(_seed(seed, number, WEIGHTS))
    network = new_network(material)
    mixture = mix(sounds, material.made, material.telling, HEART, seed)
    look_at = _watched_batch(watched, material, seed, number)
    fitter = Trainer(network, material.outputs, look_at, stop)
    courses: dict[str, TrainingHistory] = {}
    for place, (stage, shares, steps, rate) in enumerate(_stages(mixture, options)):
        tick = progress.stage(f"{name}: {stage}", steps)
        batches = BatchMaker(shares, material.outputs, HEART, _seed(seed, number, FIRST_STAGE + place))
        ends = {"until": until, "patience": options.patience} if stage == WITH else {}
        courses[stage] = fitter.run(batches, steps=steps, batch_size=options.batch_size, rate=rate, tick=tick, **ends)
        if not courses[stage].complete:
            break
    return Fitted(network, courses)


def _stages(mixture: Mixture, options: HeartOptions) -> list[tuple[str, list[SamplingGroup], int, float]]:
    """Return name, shares, steps and learning rate of each stage."""
    stages = [(WITH, mixture.after, options.steps, RATE_WITH)]
    if mixture.before and options.pretrain_steps:
        stages.insert(0, (BEFORE, mixture.before, options.pretrain_steps, RATE_BEFORE))
    return stages


def _watched_batch(watched: Sequence[Sound], material: Material, seed: int, number: int) -> Batch | None:
    """Return pictures of the watched patients, drawn as the last stage draws; None where they show too little."""
    if not any(sound.recording.source in material.telling for sound in watched):
        return None
    shares = mix(watched, material.made, material.telling, HEART, seed).after
    theirs = [share for share in shares if not any(_is_shared(sound) for sound in share.sounds)]
    return BatchMaker(theirs, material.outputs, HEART, _seed(seed, number, WATCHED)).make(WATCHED_PICTURES)


def _is_shared(sound: Sound) -> bool:
    """Return whether a sound is nobody's: made, or no heart."""
    return sound.recording.source == MADE or sound.recording.label == NON_CARDIAC


def _seed(seed: int, number: int, purpose: int) -> int:
    """Return the seed of one purpose of one fit; other fits and purposes have others."""
    return int(np.random.SeedSequence((seed, number, purpose)).generate_state(1)[0])

"""The mixture that a network is trained on: recordings, and what is made of them, synthetic and non-cardiac sounds.

The weights were found by trying them on the folds of set B and CirCor; see docs/decisions/0004 and 0022.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from monitor.features.spec import SpectrogramSpec
from monitor.labels import EXTRASTOLE, NON_CARDIAC, NORMAL
from training.data.audio import Sound
from training.examples.batches import SamplingGroup, groups_by_label
from training.examples.beat_splicing import splice_sounds
from training.examples.diastolic import Kind, diastolic_sounds

__all__ = ["Mixture", "label_priors", "mix", "network_priors"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Weights:
    """How much of a batch is drawn from each part, relative to the others."""

    fully_labelled: float
    partially_labelled: float
    synthetic: float
    spliced: float
    diastolic: float
    non_cardiac: float


PRETRAIN = _Weights(
    fully_labelled=0.0, partially_labelled=22.0, synthetic=16.0, spliced=16.0, diastolic=7.0, non_cardiac=8.0
)
FINETUNE = _Weights(
    fully_labelled=32.0, partially_labelled=10.0, synthetic=7.0, spliced=10.0, diastolic=4.0, non_cardiac=6.0
)


DIASTOLIC_KINDS: tuple[Kind, ...] = ("control", "moved", "regurgitation", "stenosis")


@dataclasses.dataclass(frozen=True, slots=True)
class Mixture:
    """Sampling groups of the two stages of a training.

    Attributes
    ----------
    pretrain : list of SamplingGroup
        Synthetic sounds and partially labelled sets; empty when there are none.
    finetune : list of SamplingGroup
        The fully labelled sets, with some of the former.
    """

    pretrain: list[SamplingGroup]
    finetune: list[SamplingGroup]


def mix(
    sounds: Sequence[Sound], synthetic: Sequence[Sound], fully_labelled: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the sampling groups for some training sounds; beats and murmurs are moved in these sounds only.

    Parameters
    ----------
    sounds : sequence of Sound
        Recordings, without those of held-out patients.
    synthetic : sequence of Sound
    fully_labelled : set of str
        Names of the data sets in which every label is known.
    spec : SpectrogramSpec
    seed : int

    Examples
    --------
    >>> from monitor.features.spec import HEART
    >>> from training.examples.synthetic import synthesize_sounds
    >>> sounds = [*synthesize_sounds("normal", 1, 0, HEART), *synthesize_sounds("murmur", 1, 0, HEART)]
    >>> mixture = mix(sounds, [], {sounds[0].recording.source}, HEART, seed=0)
    >>> [(group.sounds[0].recording.label, group.weight) for group in mixture.finetune if group.sounds]
    [('murmur', 16.0), ('normal', 16.0)]
    >>> label_priors(mixture.finetune, ("normal", "murmur"))
    [16.0, 16.0]
    """
    # recorded and synthetic ones by half: among all, the few recorded would hardly be drawn
    of_kinds = ([sound for sound in kind if sound.recording.label == NON_CARDIAC] for kind in (sounds, synthetic))
    non_cardiac = [of_kind for of_kind in of_kinds if of_kind]
    synthetic_hearts = [sound for sound in synthetic if sound.recording.label != NON_CARDIAC]
    hearts = [sound for sound in sounds if sound.recording.label != NON_CARDIAC]
    # with synthetic examples of an ectopic beat, a recording's label need not stand for the rhythm of each window
    hearts = [_with_window_labels(sound) if synthetic_hearts else _with_label_rhythm(sound) for sound in hearts]
    full = [sound for sound in hearts if sound.recording.source in fully_labelled]
    partial = [sound for sound in hearts if sound.recording.source not in fully_labelled]
    spliced = splice_sounds(sounds, spec, seed) if synthetic_hearts else []
    recordings = [sound.recording for sound in sounds if sound.recording.label != NON_CARDIAC]
    diastolic = diastolic_sounds(recordings, spec, seed, DIASTOLIC_KINDS) if synthetic_hearts else []

    def groups(weights: _Weights, full: Sequence[Sound]) -> list[SamplingGroup]:
        return [
            *groups_by_label(full, weights.fully_labelled),
            *groups_by_label(partial, weights.partially_labelled),
            *groups_by_label(synthetic_hearts, weights.synthetic),
            *groups_by_label(spliced, weights.spliced),
            *groups_by_label(diastolic, weights.diastolic),
            *(SamplingGroup(of_kind, weights.non_cardiac / len(non_cardiac)) for of_kind in non_cardiac),
        ]

    return Mixture(groups(PRETRAIN, []) if partial or synthetic_hearts else [], groups(FINETUNE, full))


def _with_window_labels(sound: Sound) -> Sound:
    """Return a sound with the labels that any one window of it may have."""
    recording = dataclasses.replace(sound.recording, labels=sound.recording.window_labels)
    return dataclasses.replace(sound, recording=recording)


def _with_label_rhythm(sound: Sound) -> Sound:
    """Return a sound whose label, where it is certain, gives the rhythm of every window."""
    label = sound.recording.label
    return sound if label is None else dataclasses.replace(sound, ectopic=label == EXTRASTOLE)


def label_priors(groups: Sequence[SamplingGroup], labels: Sequence[str]) -> list[float]:
    """Return how often training draws each label, as the loss counts it; relative, in the order of the labels.

    An extrasystole counts by the odds of an ectopic beat among sounds whose rhythm is known; the others by sounds that
    are certain to have them, were no beat ectopic, or, where none is certain, by all that may have them.
    """
    certain = dict.fromkeys(labels, 0.0)
    possible = dict.fromkeys(labels, 0.0)
    rhythms = {True: 0.0, False: 0.0, None: 0.0}
    for group in groups:
        first = group.sounds[0] if group.sounds else None
        if first is None or first.recording.label == NON_CARDIAC:
            continue
        rhythms[first.ectopic] += group.weight
        may_be = set(first.recording.labels) - {EXTRASTOLE} or {NORMAL}
        for label in may_be & set(labels):
            possible[label] += group.weight
            certain[label] += group.weight if len(may_be) == 1 else 0.0
    priors = {label: certain[label] or possible[label] for label in labels}
    if EXTRASTOLE in priors and rhythms[True] and rhythms[False]:
        priors[EXTRASTOLE] = 0.0
        priors[EXTRASTOLE] = sum(priors.values()) * rhythms[True] / rhythms[False]
    return [priors[label] for label in labels]


def network_priors(mixture: Mixture, labels: Sequence[str], finetuned_share: float) -> list[float]:
    """Return how often training drew each label, for a network with the mean of the weights of both stages.

    The logarithms are averaged as the weights are: a prior is an offset of the logits.

    Parameters
    ----------
    mixture : Mixture
    labels : sequence of str
    finetuned_share : float
        Of the weights; see :class:`training.fitting.options.HeartOptions`.

    Returns
    -------
    list of float
        Sum to 1 where one stage alone counts, to less otherwise.

    Examples
    --------
    >>> from monitor.features.spec import HEART
    >>> from training.examples.synthetic import synthesize_sounds
    >>> normal, murmur = (synthesize_sounds(label, 1, 0, HEART) for label in ("normal", "murmur"))
    >>> first = [*groups_by_label(normal, 1.0), *groups_by_label(murmur, 4.0)]
    >>> stages = Mixture(first, groups_by_label([*normal, *murmur], 1.0))
    >>> [round(prior, 2) for prior in network_priors(stages, ("normal", "murmur"), 0.5)]
    [0.32, 0.63]
    """
    finetune = _shares(label_priors(mixture.finetune, labels))
    if not mixture.pretrain:
        return finetune
    pretrain = _shares(label_priors(mixture.pretrain, labels))
    return [
        old ** (1.0 - finetuned_share) * new**finetuned_share if old and new else new
        for old, new in zip(pretrain, finetune, strict=True)
    ]


def _shares(priors: Sequence[float]) -> list[float]:
    """Return priors that sum to 1."""
    total = sum(priors)
    return [prior / total for prior in priors]

"""What a network is shown, and how much of each: recordings, spliced beats, made sounds, sounds that are no heart.

The shares were found by trying them on the folds of set B; see docs/decisions/0004.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from monitor.features.spec import SpectrogramSpec
from monitor.labels import EXTRASTOLE, NORMAL
from training.data.audio import Sound
from training.data.recording import NON_CARDIAC
from training.examples.batches import SamplingGroup, groups_by_label
from training.examples.beat_splicing import splice_sounds

__all__ = ["Mixture", "drawn_labels", "mix"]

PRIMARY, SECONDARY, MADE, SPLICED, NO_HEART = 32.0, 10.0, 6.0, 10.0, 6.0
"""Parts of a batch while fitting on the set that tells all."""
BEFORE_SECONDARY, BEFORE_MADE, BEFORE_SPLICED, BEFORE_NO_HEART = 22.0, 14.0, 16.0, 8.0
"""Parts of a batch before that."""


@dataclasses.dataclass(frozen=True, slots=True)
class Mixture:
    """Shares of the two stages of a training.

    Attributes
    ----------
    before : list of SamplingGroup
        Made sounds and sets that tell a part of the truth; empty when there are none.
    after : list of SamplingGroup
        The set that tells all, with some of the former.
    """

    before: list[SamplingGroup]
    after: list[SamplingGroup]


def mix(sounds: Sequence[Sound], made: Sequence[Sound], telling: set[str], spec: SpectrogramSpec, seed: int) -> Mixture:
    """Return the shares for some training sounds; beats are spliced from these sounds only.

    Parameters
    ----------
    sounds : sequence of Sound
        Recordings, held-out patients left out.
    made : sequence of Sound
    telling : set of str
        Names of the data sets that tell all labels.
    spec : SpectrogramSpec
    seed : int
    """
    no_hearts = [sound for sound in (*sounds, *made) if sound.recording.label == NON_CARDIAC]
    made_hearts = [sound for sound in made if sound.recording.label != NON_CARDIAC]
    hearts = [sound for sound in sounds if sound.recording.label != NON_CARDIAC]
    if made_hearts:  # which then show what an extrasystole is; without them the recordings' word must do
        hearts = [_for_windows(sound) for sound in hearts]
    else:
        hearts = [_taken_at_its_word(sound) for sound in hearts]
    primary = [sound for sound in hearts if sound.recording.source in telling]
    secondary = [sound for sound in hearts if sound.recording.source not in telling]
    spliced = splice_sounds(sounds, spec, seed) if made_hearts else []
    before = [
        *groups_by_label(secondary, BEFORE_SECONDARY),
        *groups_by_label(made_hearts, BEFORE_MADE),
        *groups_by_label(spliced, BEFORE_SPLICED),
        SamplingGroup(no_hearts, BEFORE_NO_HEART),
    ]
    after = [
        *groups_by_label(primary, PRIMARY),
        *groups_by_label(secondary, SECONDARY),
        *groups_by_label(made_hearts, MADE),
        *groups_by_label(spliced, SPLICED),
        SamplingGroup(no_hearts, NO_HEART),
    ]
    return Mixture(before if secondary or made_hearts else [], after)


def _for_windows(sound: Sound) -> Sound:
    """Return a sound with the labels that any one window of it may have."""
    recording = dataclasses.replace(sound.recording, labels=sound.recording.window_labels)
    return dataclasses.replace(sound, recording=recording)


def _taken_at_its_word(sound: Sound) -> Sound:
    """Return a sound whose label, where it is certain, tells the rhythm of every window."""
    label = sound.recording.label
    return sound if label is None else dataclasses.replace(sound, premature=label == EXTRASTOLE)


def drawn_labels(shares: Sequence[SamplingGroup], labels: Sequence[str]) -> list[float]:
    """Return how often training draws each label, as the loss counts it.

    An extrasystole counts by the odds of an early beat among sounds whose rhythm is known; the others by sounds that
    are certain to have them, were no beat early, or, where none is certain, by all that may have them.
    """
    certain = dict.fromkeys(labels, 0.0)
    possible = dict.fromkeys(labels, 0.0)
    rhythms = {True: 0.0, False: 0.0, None: 0.0}
    for share in shares:
        first = share.sounds[0] if share.sounds else None
        if first is None or first.recording.label == NON_CARDIAC:
            continue
        rhythms[first.premature] += share.weight
        may_be = set(first.recording.labels) - {EXTRASTOLE} or {NORMAL}
        for label in may_be & set(labels):
            possible[label] += share.weight
            certain[label] += share.weight if len(may_be) == 1 else 0.0
    drawn = {label: certain[label] or possible[label] for label in labels}
    if EXTRASTOLE in drawn and rhythms[True] and rhythms[False]:
        drawn[EXTRASTOLE] = 0.0
        drawn[EXTRASTOLE] = sum(drawn.values()) * rhythms[True] / rhythms[False]
    return [drawn[label] for label in labels]

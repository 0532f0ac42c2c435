"""The things that ablations change: how a clip is read, what is drawn, how a batch is made.

Each stands in for one function or class of the recipe and leaves the others as they are. Must not fit a network.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import SpectrogramSpec
from training.data.audio import Sound, frames_of, read_waveform
from training.data.recording import EXTRASTOLE, NON_CARDIAC, Recording
from training.examples.batches import BatchMaker, SamplingGroup
from training.examples.mixture import Mixture, mix

__all__ = [
    "PlainBatchMaker",
    "mix_as_they_come",
    "mix_at_its_word",
    "mix_hearts",
    "mix_recorded",
    "mix_telling_sets",
    "read_padded",
]


def read_padded(recording: Recording, spec: SpectrogramSpec) -> Sound:
    """Return one recording with its frames, padded with zeros at its end where it is shorter than a window.

    Raises
    ------
    RecordingError
        As :func:`training.data.audio.read_waveform`.
    """
    waveform = read_waveform(recording.path, spec.sample_rate, recording.start_s, recording.end_s)
    missing = max(0, spec.window_samples - len(waveform))
    return Sound(recording, frames_of(np.pad(waveform, (0, missing)), spec), len(waveform))


def mix_as_they_come(
    sounds: Sequence[Sound], made: Sequence[Sound], telling: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture with every recording of a set drawn as often as any other of it, whatever its label."""
    mixture = mix(sounds, made, telling, spec, seed)
    sets = {sound.recording.source for sound in sounds if sound.recording.label != NON_CARDIAC}
    return Mixture(_by_count(mixture.before, sets), _by_count(mixture.after, sets))


def _by_count(shares: Sequence[SamplingGroup], sets: set[str]) -> list[SamplingGroup]:
    """Return shares of which those of one recorded set weigh as much as they hold sounds, together what they did."""
    weights: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    for share in shares:
        source = _source(share)
        weights[source] += share.weight
        counts[source] += len(share.sounds)
    return [
        SamplingGroup(share.sounds, weights[source] * len(share.sounds) / counts[source]) if source in sets else share
        for share in shares
        for source in [_source(share)]
    ]


def _source(share: SamplingGroup) -> str:
    """Return the set of a share's sounds, empty for none and for sounds that are no heart."""
    first = share.sounds[0].recording if share.sounds else None
    return "" if first is None or first.label == NON_CARDIAC else first.source


def mix_telling_sets(
    sounds: Sequence[Sound], made: Sequence[Sound], telling: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture without recordings of hearts from sets that tell only a part, and so without their beats."""
    kept = [its for its in sounds if its.recording.source in telling or its.recording.label == NON_CARDIAC]
    return mix(kept, made, telling, spec, seed)


def mix_recorded(
    sounds: Sequence[Sound], made: Sequence[Sound], telling: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture without made hearts and without spliced beats; the recordings' own word is all there is."""
    return mix(sounds, [its for its in made if its.recording.label == NON_CARDIAC], telling, spec, seed)


def mix_hearts(
    sounds: Sequence[Sound], made: Sequence[Sound], telling: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture without sounds that are no heart, neither to be told apart nor to be mixed in as noise."""
    hearts, made_hearts = ([its for its in group if its.recording.label != NON_CARDIAC] for group in (sounds, made))
    return mix(hearts, made_hearts, telling, spec, seed)


def mix_at_its_word(
    sounds: Sequence[Sound], made: Sequence[Sound], telling: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture with every window of a recording labelled "extrastole" taken for one with an early beat."""
    mixture = mix(sounds, made, telling, spec, seed)
    labelled = {_key(its): its.recording for its in sounds if its.recording.source in telling}

    def at_word(sound: Sound) -> Sound:
        recording = labelled.get(_key(sound)) if sound.recording.source in telling else None
        if recording is None or recording.label in (None, NON_CARDIAC):
            return sound
        return dataclasses.replace(sound, recording=recording, premature=recording.label == EXTRASTOLE)

    def taken(shares: Sequence[SamplingGroup]) -> list[SamplingGroup]:
        return [SamplingGroup([at_word(sound) for sound in share.sounds], share.weight) for share in shares]

    return Mixture(taken(mixture.before), taken(mixture.after))


def _key(sound: Sound) -> tuple[str, float]:
    """Return what tells one recording from another."""
    return str(sound.recording.path), sound.recording.start_s


class PlainBatchMaker(BatchMaker):
    """Makes batches of pictures as they are: no other chest piece, no noise mixed in, no band hidden."""

    def _picture(self, sound: Sound) -> NDArray[np.float32]:
        """Return the picture of a random window of a sound."""
        return self._painter.draw(self._cut(sound))

"""The parts that ablations put into a :class:`training.fitting.recipe.HeartRecipe`. Must not fit a network."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import SpectrogramSpec
from monitor.labels import EXTRASTOLE, NON_CARDIAC
from training.data.audio import Sound, compute_frames, read_recording
from training.data.recording import Recording
from training.examples.batches import BatchMaker, SamplingGroup
from training.examples.mixture import Mixture, mix

__all__ = [
    "UnaugmentedBatchMaker",
    "mix_fully_labelled_only",
    "mix_recordings_only",
    "mix_taking_labels_as_rhythm",
    "mix_without_class_balance",
    "mix_without_non_cardiac",
    "read_zero_padded",
]


def read_zero_padded(recording: Recording, spec: SpectrogramSpec) -> Sound:
    """Return one recording with its frames, padded with zeros at its end where it is shorter than a window.

    Raises
    ------
    RecordingError
        As :func:`training.data.audio.read_waveform`.
    """
    waveform = read_recording(recording, spec.sample_rate, start_at_zero=spec.remove_dc)
    missing = max(0, spec.window_samples - len(waveform))
    return Sound(recording, compute_frames(np.pad(waveform, (0, missing)), spec), len(waveform))


def mix_without_class_balance(
    sounds: Sequence[Sound], synthetic: Sequence[Sound], fully_labelled: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture in which all recordings of a set are equally probable, whatever their label."""
    mixture = mix(sounds, synthetic, fully_labelled, spec, seed)
    sets = {sound.recording.source for sound in sounds if sound.recording.label != NON_CARDIAC}
    return Mixture(_by_count(mixture.pretrain, sets), _by_count(mixture.finetune, sets))


def _by_count(groups: Sequence[SamplingGroup], sets: set[str]) -> list[SamplingGroup]:
    """Return groups in which those of each recorded set are weighted by count; the sum of a set's weights stays."""
    weights: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    for group in groups:
        source = _source(group)
        weights[source] += group.weight
        counts[source] += len(group.sounds)
    return [
        SamplingGroup(group.sounds, weights[source] * len(group.sounds) / counts[source]) if source in sets else group
        for group in groups
        for source in [_source(group)]
    ]


def _source(group: SamplingGroup) -> str:
    """Return the data set of a group of hearts; empty for an empty group and for non-cardiac sounds."""
    first = group.sounds[0].recording if group.sounds else None
    return "" if first is None or first.label == NON_CARDIAC else first.source


def mix_fully_labelled_only(
    sounds: Sequence[Sound], synthetic: Sequence[Sound], fully_labelled: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture without hearts of partially labelled sets, and so without beats spliced from them."""
    left = [
        sound for sound in sounds if sound.recording.source in fully_labelled or sound.recording.label == NON_CARDIAC
    ]
    return mix(left, synthetic, fully_labelled, spec, seed)


def mix_recordings_only(
    sounds: Sequence[Sound], synthetic: Sequence[Sound], fully_labelled: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture without synthetic hearts and spliced beats; the rhythm then follows from the labels."""
    other = [sound for sound in synthetic if sound.recording.label == NON_CARDIAC]
    return mix(sounds, other, fully_labelled, spec, seed)


def mix_without_non_cardiac(
    sounds: Sequence[Sound], synthetic: Sequence[Sound], fully_labelled: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture without non-cardiac sounds, neither as a class nor as noise."""
    recorded, synthesized = (
        [sound for sound in of_kind if sound.recording.label != NON_CARDIAC] for of_kind in (sounds, synthetic)
    )
    return mix(recorded, synthesized, fully_labelled, spec, seed)


def mix_taking_labels_as_rhythm(
    sounds: Sequence[Sound], synthetic: Sequence[Sound], fully_labelled: set[str], spec: SpectrogramSpec, seed: int
) -> Mixture:
    """Return the mixture in which every window of a fully labelled recording has the rhythm of its label."""
    mixture = mix(sounds, synthetic, fully_labelled, spec, seed)
    labelled = {_key(sound): sound.recording for sound in sounds if sound.recording.source in fully_labelled}

    def with_rhythm(sound: Sound) -> Sound:
        recording = labelled.get(_key(sound)) if sound.recording.source in fully_labelled else None
        if recording is None or recording.label in (None, NON_CARDIAC):
            return sound
        return dataclasses.replace(sound, recording=recording, ectopic=recording.label == EXTRASTOLE)

    def changed(groups: Sequence[SamplingGroup]) -> list[SamplingGroup]:
        return [SamplingGroup([with_rhythm(sound) for sound in group.sounds], group.weight) for group in groups]

    return Mixture(changed(mixture.pretrain), changed(mixture.finetune))


def _key(sound: Sound) -> tuple[str, float]:
    """Return what identifies a recording."""
    return str(sound.recording.path), sound.recording.start_s


class UnaugmentedBatchMaker(BatchMaker):
    """Makes batches of images as they are: not equalized, no noise mixed in, no band masked."""

    def _image(self, sound: Sound) -> NDArray[np.float32]:
        """Return the image of a random window of a sound."""
        return self._builder.build(self._cut(sound))

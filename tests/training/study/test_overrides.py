"""The parts that ablations replace: each mixture lacks or changes one thing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.audio import Frames, Sound, read_sound
from training.data.recording import Recording
from training.examples.batches import BatchMaker, SamplingGroup
from training.examples.mixture import Mixture, mix
from training.study.overrides import (
    UnaugmentedBatchMaker,
    mix_fully_labelled_only,
    mix_recordings_only,
    mix_taking_labels_as_rhythm,
    mix_without_class_balance,
    mix_without_non_cardiac,
    read_zero_padded,
)

OUTPUTS = ("normal", "murmur", "extrastole", NON_CARDIAC)
SET_B, CIRCOR, SYNTHETIC, NOISES = "PASCAL set B", "CirCor DigiScope", "made sounds", "noises"


def sound_of(labels: str, source: str, index: int, ectopic: bool | None = None) -> Sound:
    """Return a sound of noise, two windows long."""
    rng = np.random.default_rng(index)
    frames = Frames(
        rng.standard_normal((400, 64)).astype(np.float32), np.abs(rng.standard_normal((3, 400))).astype(np.float32)
    )
    recording = Recording(Path(f"{source}-{labels}-{index}.wav"), tuple(labels.split("|")), f"p{index}", source)
    return Sound(recording, frames, 40_000, ectopic)


COUNTS = {
    ("normal", SET_B): 8,
    ("murmur", SET_B): 2,
    ("extrastole", SET_B): 1,
    (NON_CARDIAC, NOISES): 2,
    ("murmur", CIRCOR): 3,
    ("normal|extrastole", CIRCOR): 1,
}
SOUNDS = [sound_of(*key, index) for key, count in COUNTS.items() for index in range(count)]
RHYTHMS = {"normal": False, "murmur": False, "extrastole": True, NON_CARDIAC: None}
SYNTHETIC_SOUNDS = [
    sound_of(label, SYNTHETIC, 50 + index, ectopic) for label, ectopic in RHYTHMS.items() for index in range(2)
]


def mixture_of(mix_sounds: object = mix) -> Mixture:
    """Return a mixture of the sounds."""
    return mix_sounds(SOUNDS, SYNTHETIC_SOUNDS, {SET_B}, HEART, 0)  # type: ignore[operator]


def kinds_in(mixture: Mixture) -> set[tuple[str, str]]:
    """Return the sets and labels that are drawn in either stage."""
    return {
        (sound.recording.source, "|".join(sound.recording.labels))
        for group in (*mixture.pretrain, *mixture.finetune)
        for sound in group.sounds
        if group.weight > 0
    }


def weight(groups: Sequence[SamplingGroup], source: str, labels: str) -> float:
    """Return the weight of a set and label."""
    return sum(
        group.weight
        for group in groups
        if group.sounds and group.sounds[0].recording.source == source
        if "|".join(group.sounds[0].recording.labels) == labels
    )


def test_without_augmentation() -> None:
    """A sound of one window gives the same image each time; the default batches differ."""
    frames = Frames(SOUNDS[0].frames.log_power[:198], SOUNDS[0].frames.bands[:, :198])
    groups = [SamplingGroup([dataclasses.replace(SOUNDS[0], frames=frames)], 1.0), SamplingGroup([SOUNDS[-6]], 0.0)]
    plain = UnaugmentedBatchMaker(groups, OUTPUTS, HEART, 0).make(2).images
    np.testing.assert_array_equal(plain[0], plain[1])
    augmented = BatchMaker(groups, OUTPUTS, HEART, 0).make(2).images
    assert not np.allclose(augmented[0], augmented[1])


def test_zero_padding(tmp_path: Path) -> None:
    """A short clip ends in silence and gives one window; a long one is read as by default."""
    for samples in (8000, 24_000):
        soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(samples), 4000)
        recording = Recording(tmp_path / "a.wav", ("normal",), "p", "clinic")
        padded, looped = read_zero_padded(recording, HEART), read_sound(recording, HEART)
        assert padded.num_samples == looped.num_samples == samples
        assert padded.starts(HEART, 1.0) == looped.starts(HEART, 1.0)
        if samples == 8000:
            assert len(padded.frames) == HEART.num_frames
            assert padded.frames.log_power[-50:].max() < -40
            assert looped.frames.log_power[-50:].max() > -40
        else:
            np.testing.assert_array_equal(padded.frames.log_power, looped.frames.log_power)


def test_without_class_balance() -> None:
    """Labels of a set by their counts, the set in all as before; synthetic sounds stay as they are."""
    default, changed = mixture_of().finetune, mixture_of(mix_without_class_balance).finetune
    murmurs, normals = (weight(changed, SET_B, label) for label in ("murmur", "normal"))
    assert normals / murmurs == pytest.approx(4.0)
    assert weight(default, SET_B, "normal") / weight(default, SET_B, "murmur") == pytest.approx(2.0)
    assert sum(group.weight for group in changed) == pytest.approx(sum(group.weight for group in default))
    assert weight(changed, SYNTHETIC, "murmur") == weight(default, SYNTHETIC, "murmur")


def test_fully_labelled_only() -> None:
    """There is no heart of a partially labelled set in either stage; noise stays."""
    kinds = kinds_in(mixture_of(mix_fully_labelled_only))
    assert CIRCOR not in {source for source, _ in kinds}
    assert {(NOISES, NON_CARDIAC), (SYNTHETIC, "murmur"), (SET_B, "normal")} <= kinds


def test_recordings_only() -> None:
    """Of synthetic sounds only noise stays, and the labels of the recordings decide the rhythm."""
    kinds = kinds_in(mixture_of(mix_recordings_only))
    assert {labels for source, labels in kinds if source == SYNTHETIC} == {NON_CARDIAC}
    assert (SET_B, "extrastole") in kinds


def test_without_non_cardiac() -> None:
    """There is none, neither synthetic nor recorded."""
    assert NON_CARDIAC not in {labels for _, labels in kinds_in(mixture_of(mix_without_non_cardiac))}


def test_labels_as_rhythm() -> None:
    """Set B's extrasystoles have an ectopic beat in every window, its others none; CirCor's rhythm stays unknown."""
    default, changed = mixture_of().finetune, mixture_of(mix_taking_labels_as_rhythm).finetune
    assert weight(default, SET_B, "extrastole") == 0
    assert weight(changed, SET_B, "extrastole") > 0
    rhythms = {(one.recording.source, one.recording.labels, one.ectopic) for group in changed for one in group.sounds}
    assert (SET_B, ("extrastole",), True) in rhythms
    assert (SET_B, ("normal",), False) in rhythms
    assert (CIRCOR, ("murmur",), None) in rhythms
    assert [group.weight for group in changed] == [group.weight for group in default]

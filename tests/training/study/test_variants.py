"""Every variant changes the one thing that it is named after."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.features.spec import HEART
from training.data.audio import Frames, Sound, read_sound
from training.data.recording import NON_CARDIAC, Recording
from training.examples.batches import BatchMaker, SamplingGroup
from training.examples.mixture import Mixture, mix
from training.fitting.options import HeartOptions
from training.study import variants
from training.study.variants import VARIANTS, read_padded

OUTPUTS = ("normal", "murmur", "extrastole", NON_CARDIAC)
SET_B, CIRCOR, MADE, NOISES = "PASCAL set B", "CirCor DigiScope", "made sounds", "sounds that are no heart"


def sound(labels: str, source: str, number: int, premature: bool | None = None) -> Sound:
    """Return a sound of noise, two windows long."""
    rng = np.random.default_rng(number)
    frames = Frames(
        rng.standard_normal((400, 64)).astype(np.float32), np.abs(rng.standard_normal((3, 400))).astype(np.float32)
    )
    recording = Recording(Path(f"{source}-{labels}-{number}.wav"), tuple(labels.split("|")), f"p{number}", source)
    return Sound(recording, frames, 40_000, premature)


@pytest.fixture(scope="module")
def sounds() -> list[Sound]:
    """Return recordings of set B, eight normals to one extrasystole, of CirCor, and of noise."""
    counts = {("normal", SET_B): 8, ("murmur", SET_B): 2, ("extrastole", SET_B): 1, (NON_CARDIAC, NOISES): 2}
    counts |= {("murmur", CIRCOR): 3, ("normal|extrastole", CIRCOR): 1}
    return [sound(*key, number) for key, count in counts.items() for number in range(count)]


@pytest.fixture(scope="module")
def made() -> list[Sound]:
    """Return made sounds of every label."""
    truth = {"normal": False, "murmur": False, "extrastole": True, NON_CARDIAC: None}
    return [sound(label, MADE, 50 + number, truth[label]) for label in truth for number in range(2)]


def mixture_of(name: str, sounds: Sequence[Sound], made: Sequence[Sound]) -> Mixture:
    """Return a variant's mixture."""
    return VARIANTS[name].mix(sounds, made, {SET_B}, HEART, 0)


def heard(shares: Sequence[SamplingGroup]) -> set[tuple[str, str]]:
    """Return the sets and labels that are drawn."""
    return {
        (its.recording.source, "|".join(its.recording.labels))
        for share in shares
        for its in share.sounds
        if share.weight > 0
    }


def weight(shares: Sequence[SamplingGroup], source: str, labels: str) -> float:
    """Return how much of a set and label is drawn."""
    return sum(
        share.weight
        for share in shares
        for its in [share.sounds[0] if share.sounds else None]
        if its is not None and (its.recording.source, "|".join(its.recording.labels)) == (source, labels)
    )


def changes(name: str) -> set[str]:
    """Return the fields in which a variant differs from what it is compared with."""
    ours, variant = VARIANTS[VARIANTS[name].against], VARIANTS[name]
    told = {"name", "title", "changed", "repeats", "probed", "against"}
    names = {field.name for field in dataclasses.fields(variant)} - told
    return {field for field in names if getattr(variant, field) != getattr(ours, field)}


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "ours"])
def test_one_thing_is_changed(name: str) -> None:
    """One field, told in a sentence."""
    assert len(changes(name)) == 1
    assert VARIANTS[name].name == name
    assert VARIANTS[name].changed.endswith(".")


def test_what_is_studied() -> None:
    """The recipe and the article's with three seeds; the recipe and ten changes of it, trained shorter, with one."""
    assert [name for name, its in VARIANTS.items() if its.repeats == 3] == ["ours", "article"]
    assert len([name for name, its in VARIANTS.items() if its.repeats == 1]) == 11
    assert [name for name, its in VARIANTS.items() if its.against == "ours"] == ["ours", "article", "short"]
    assert [name for name, its in VARIANTS.items() if its.probed] == ["ours"]


def test_channels() -> None:
    """The rhythm vanishes in one, the mean stands twice in the other, and the recipe sees what is there."""
    pictures = np.random.default_rng(0).standard_normal((2, 64, 64, 3)).astype(np.float32)
    assert VARIANTS["ours"].seen(pictures) is pictures
    blind = VARIANTS["no_rhythm_channel"].seen(pictures)
    assert not blind[..., 2].any()
    np.testing.assert_array_equal(blind[..., :2], pictures[..., :2])
    mean = VARIANTS["mean_channel_only"].seen(pictures)
    np.testing.assert_array_equal(mean, pictures[..., [0, 0, 2]])
    assert mean.dtype == np.float32


def test_batches_are_seen_so(sounds: list[Sound], made: list[Sound]) -> None:
    """Training sees the same channels as judging."""
    shares = mixture_of("ours", sounds, made).after
    plain = BatchMaker(shares, OUTPUTS, HEART, 3).make(6)
    changed = VARIANTS["no_rhythm_channel"].batches(shares, OUTPUTS, HEART, 3).make(6)
    np.testing.assert_array_equal(changed.pictures[..., :2], plain.pictures[..., :2])
    assert not changed.pictures[..., 2].any()
    np.testing.assert_array_equal(changed.masks, plain.masks)


def test_without_augmentation_pictures_are_as_they_are(sounds: list[Sound]) -> None:
    """A sound of one window gives the same picture each time; the recipe's batches differ."""
    short = dataclasses.replace(
        sounds[0], frames=Frames(sounds[0].frames.log_power[:198], sounds[0].frames.bands[:, :198])
    )
    shares = [SamplingGroup([short], 1.0), SamplingGroup([sounds[-6]], 0.0)]
    plain = VARIANTS["no_augmentation"].batches(shares, OUTPUTS, HEART, 0).make(2).pictures
    np.testing.assert_array_equal(plain[0], plain[1])
    ours = VARIANTS["ours"].batches(shares, OUTPUTS, HEART, 0).make(2).pictures
    assert not np.allclose(ours[0], ours[1])


def test_zeros_instead_of_looping(tmp_path: Path) -> None:
    """A short clip ends in silence and gives one window; a long one is read as by the recipe."""
    for samples in (8000, 24_000):
        soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(samples), 4000)
        recording = Recording(tmp_path / "a.wav", ("normal",), "p", "clinic")
        padded, looped = read_padded(recording, HEART), read_sound(recording, HEART)
        assert padded.num_samples == looped.num_samples == samples
        assert padded.starts(HEART, 1.0) == looped.starts(HEART, 1.0)
        if samples == 8000:
            assert len(padded.frames) == HEART.num_frames
            assert padded.frames.log_power[-50:].max() < -40
            assert looped.frames.log_power[-50:].max() > -40
        else:
            np.testing.assert_array_equal(padded.frames.log_power, looped.frames.log_power)


def test_labels_as_they_come(sounds: list[Sound], made: list[Sound]) -> None:
    """A set's labels by their counts, the set together as before; made sounds and noise are left alone."""
    recipe, changed = (mixture_of(name, sounds, made).after for name in ("ours", "no_class_balance"))
    murmurs, normals = (weight(changed, SET_B, label) for label in ("murmur", "normal"))
    assert normals / murmurs == pytest.approx(4.0)
    assert weight(recipe, SET_B, "normal") / weight(recipe, SET_B, "murmur") == pytest.approx(2.0)
    assert sum(its.weight for its in changed) == pytest.approx(sum(its.weight for its in recipe))
    assert weight(changed, MADE, "murmur") == weight(recipe, MADE, "murmur")


def test_without_circor(sounds: list[Sound], made: list[Sound]) -> None:
    """No heart of a set that tells a part, in either stage; noise stays."""
    mixture = mixture_of("no_circor", sounds, made)
    everything = heard(mixture.before) | heard(mixture.after)
    assert CIRCOR not in {source for source, _ in everything}
    assert {(NOISES, NON_CARDIAC), (MADE, "murmur"), (SET_B, "normal")} <= everything


def test_without_made_hearts(sounds: list[Sound], made: list[Sound]) -> None:
    """Made noise stays, made hearts go, and the recordings' word is taken."""
    mixture = mixture_of("no_made_rhythms", sounds, made)
    everything = heard(mixture.before) | heard(mixture.after)
    assert {labels for source, labels in everything if source == MADE} == {NON_CARDIAC}
    assert (SET_B, "extrastole") in everything


def test_without_sounds_that_are_no_heart(sounds: list[Sound], made: list[Sound]) -> None:
    """Neither made nor recorded."""
    mixture = mixture_of("no_not_heart", sounds, made)
    assert NON_CARDIAC not in {labels for _, labels in heard(mixture.before) | heard(mixture.after)}


def test_extrasystoles_at_their_word(sounds: list[Sound], made: list[Sound]) -> None:
    """Windows of set B's are extrasystoles with an early beat, its others have none, CirCor's rhythm stays unknown."""
    assert weight(mixture_of("ours", sounds, made).after, SET_B, "extrastole") == 0
    shares = mixture_of("extrastole_at_its_word", sounds, made).after
    assert weight(shares, SET_B, "extrastole") > 0
    told = {(its.recording.source, its.recording.labels, its.premature) for share in shares for its in share.sounds}
    assert (SET_B, ("extrastole",), True) in told
    assert (SET_B, ("normal",), False) in told
    assert (CIRCOR, ("murmur",), None) in told
    recipe = mixture_of("ours", sounds, made).after
    assert [its.weight for its in shares] == [its.weight for its in recipe]


def test_one_stage_sees_as_many_batches() -> None:
    """The steps of the first stage are added to the second."""
    full = HeartOptions(pretrain_steps=30, steps=20)
    short, options = (VARIANTS[name].options(full) for name in ("short", "no_pretraining"))
    assert (short.pretrain_steps, short.steps) == (10, 7)
    assert (options.pretrain_steps, options.steps) == (0, 17)
    assert VARIANTS["ours"].options(options) is options


def test_the_recipe_is_the_recipe() -> None:
    """Nothing of it is a copy that could grow old."""
    ours = VARIANTS["ours"]
    assert (ours.mix, ours.maker, ours.read, ours.channels) == (mix, BatchMaker, variants.read_sound, None)

"""Crops: durations that change by state, noise that only adds, states that stay true, everything from the seed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from monitor.features.sound_bands import frame_centre_s
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from training.data.cycle_states import AnnotatedSound
from training.data.recording import Recording
from training.examples.cycle_crops import (
    CROP_FRAMES,
    MADE_SHARE,
    CropMaker,
    synthetic_annotations,
    synthetic_hearts,
    warped,
)

STATES = np.tile(np.repeat([1, 2, 3, 4], [9, 15, 8, 32]), 30).astype(np.int8)


def marked_sound(states: np.ndarray = STATES) -> AnnotatedSound:
    """Return a sound whose bands say its state: -12, and 3 more for each state."""
    bands = np.repeat((states * 3.0 - 12)[:, None], 12, axis=1).astype(np.float32)
    return AnnotatedSound(Recording(Path("a.wav"), (), "a", "clinic"), bands, states, np.empty((0, 3)))


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.6])
def test_only_the_state_that_is_changed_changes(factor: float) -> None:
    """Diastole lasts longer or shorter; the others as before; bands go with their states."""
    sound = marked_sound()
    bands, states = warped(sound.bands, sound.states, np.array([1, 1, 1, 1, factor]))
    counts, before = np.bincount(states, minlength=5), np.bincount(STATES, minlength=5)
    assert counts[4] == pytest.approx(before[4] * factor, abs=31)
    assert np.abs(counts[1:4] - before[1:4]).max() <= 31  # half a frame a beat
    assert np.median(np.abs(bands[:, 0] - (states * 3.0 - 12))) == 0


def test_a_batch_has_its_shape_and_comes_from_the_seed() -> None:
    """The same seed gives the same crops, another gives others."""
    first, again, other = (CropMaker([marked_sound()], [], seed).make(3) for seed in (1, 1, 2))
    assert first[0].shape == (3, CROP_FRAMES, 12)
    assert first[1].shape == (3, CROP_FRAMES)
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])
    assert np.isfinite(first[0]).all()


def test_states_stay_with_their_sound() -> None:
    """In every crop a later state is louder, as it was made, whatever the colour, the loudness and the noise."""
    bands, states = CropMaker([marked_sound()], [], 0).make(40)
    with_a_heart = [(crop, of_crop) for crop, of_crop in zip(bands, states, strict=True) if (of_crop == 2).any()]
    assert len(with_a_heart) > 30
    for crop, of_crop in with_a_heart:
        assert crop[of_crop == 4].mean() > crop[of_crop == 2].mean()


def test_some_crops_have_no_heart() -> None:
    """All of their frames are diastole; with recordings of noise, recorded ones too."""
    noise = np.full((1000, 12), 30.0, np.float32)
    bands, states = CropMaker([marked_sound()], [], 0, [noise]).make(150)
    without = (states == 4).all(axis=1)
    assert 2 <= without.sum() <= 20
    assert (bands[without].max(axis=(1, 2)) > 15).any()
    assert ((states > 0).any(axis=1)).all()


def test_fast_hearts_and_variants_are_taken_more_often() -> None:
    """Twice as often as others; a variant is a sound of its own."""
    slow, fast = marked_sound(), marked_sound(np.tile(np.repeat([1, 2, 3, 4], [9, 10, 8, 10]), 50).astype(np.int8))
    assert slow.rate_bpm == pytest.approx(75)
    assert fast.rate_bpm == pytest.approx(4800 / 37)
    maker = CropMaker([dataclasses.replace(slow, variants=(fast,))], [], 0)
    taken = [maker._sound() is fast for _ in range(600)]
    assert np.mean(taken) == pytest.approx(2 / 3, abs=0.06)


def test_made_hearts_have_a_share_of_their_own() -> None:
    """However many are made from a recording, as many crops are of them as are meant to be."""
    made = [marked_sound() for _ in range(5)]
    maker = CropMaker([dataclasses.replace(marked_sound(), made=tuple(made))], [], 0)
    taken = [maker._sound() for _ in range(2000)]
    shares = [np.mean([sound is one for sound in taken]) for one in made]
    assert sum(shares) == pytest.approx(MADE_SHARE, abs=0.03)
    assert min(shares) > 0.01


def test_what_is_appended_to_a_short_sound_has_no_state() -> None:
    """A sound of a second fills a crop, and only itself is known."""
    _, states = CropMaker([marked_sound(STATES[:80])], [], 0).make(12)
    states = states[~(states == 4).all(axis=1)]
    assert len(states) >= 8
    assert (states > 0).sum(axis=1).max() < 80 * 1.2 * 1.6
    assert (states > 0).any(axis=1).all()


def test_synthetic_hearts_have_their_states() -> None:
    """They begin with S1, follow the order of the cycle, and their S1 is where the beat is."""
    sound = phonocardiogram(10.0, HeartParameters(), np.random.default_rng(0))
    rows = synthetic_annotations(sound)
    assert (np.diff(rows[:, 0]) > 0).all()
    assert [int(state) for state in rows[:5, 2]] == [1, 2, 3, 4, 1]
    assert np.allclose(rows[rows[:, 2] == 1, 0], sound.beats.s1_samples / 4000)
    assert (rows[:, 1] > rows[:, 0]).all()


def test_synthetic_s1_is_heard_where_its_state_is() -> None:
    """The frames of S1 are louder than those of diastole in most synthetic hearts."""
    louder = [
        heart.bands[heart.states == 1].mean() > heart.bands[heart.states == 4].mean()
        for heart in synthetic_hearts(12, 3)
    ]
    assert np.mean(louder) > 0.8
    assert frame_centre_s(1) - frame_centre_s(0) == pytest.approx(0.0125)

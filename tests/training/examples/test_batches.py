"""Batches are drawn by group and by recording, equal for equal seeds, with a mask of the possible labels."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.audio import Frames, Sound
from training.data.recording import Recording
from training.examples.batches import UNKNOWN_LOUDNESS, UNKNOWN_RHYTHM, BatchMaker, SamplingGroup, groups_by_label

OUTPUTS = ("normal", "murmur", "extrastole", NON_CARDIAC)


def sound(*labels: str, level: float = 0.0, frames: int = 198, name: str = "a") -> Sound:
    """Return a sound of even power, whose labels are given."""
    rng = np.random.default_rng(len(name))
    rows = (level + 0.1 * rng.standard_normal((frames, 64))).astype(np.float32)
    bands = np.stack((rows[:, 2], np.exp(rows[:, 2]), np.exp(rows[:, 40])))
    return Sound(Recording(Path(f"{name}.wav"), labels, name, "set"), Frames(rows, bands), 20_000)


def masks_of(maker: BatchMaker, size: int) -> Counter[tuple[int, ...]]:
    """Return how often each mask occurs in a batch."""
    return Counter(tuple(row) for row in maker.make(size).masks.astype(int).tolist())


def test_shapes() -> None:
    """A batch has images, masks, rhythms and loudness, float32 and finite."""
    batch = BatchMaker([SamplingGroup([sound("normal")], 1.0)], OUTPUTS, HEART, 0).make(5)
    assert [part.shape for part in batch] == [(5, 64, 64, 3), (5, 4), (5,), (5,)]
    assert {part.dtype for part in batch} == {np.dtype(np.float32)}
    assert np.isfinite(batch.images).all()


def test_rhythm_targets() -> None:
    """1 with an ectopic beat, 0 without one, UNKNOWN_RHYTHM where it is not known."""
    known = {"murmur": True, "normal": False, "extrastole": None}
    groups = [SamplingGroup([dataclasses.replace(sound(label), ectopic=value)], 1.0) for label, value in known.items()]
    batch = BatchMaker(groups, OUTPUTS, HEART, 0).make(60)
    expected = {0: 0.0, 1: 1.0, 2: UNKNOWN_RHYTHM}
    labels = batch.masks.argmax(axis=1).tolist()
    assert set(labels) == set(expected)
    assert batch.ectopic.tolist() == [expected[label] for label in labels]


def test_loudness_targets() -> None:
    """1 of a loud murmur, 0 of a soft one, UNKNOWN_LOUDNESS where it is not graded."""
    known = {"murmur": True, "normal": None, "extrastole": False}
    groups = []
    for label, loud in known.items():
        of_label = sound(label)
        recording = dataclasses.replace(of_label.recording, loud=loud)
        groups.append(SamplingGroup([dataclasses.replace(of_label, recording=recording)], 1.0))
    batch = BatchMaker(groups, OUTPUTS, HEART, 0).make(60)
    expected = {0: UNKNOWN_LOUDNESS, 1: 1.0, 2: 0.0}
    assert batch.loud.tolist() == [expected[label] for label in batch.masks.argmax(axis=1).tolist()]


def test_masks_of_partial_labels() -> None:
    """A sound's mask is 1 for every output it may be, and for no other."""
    groups = [
        SamplingGroup([sound("murmur")], 1.0),
        SamplingGroup([sound("normal", "extrastole")], 1.0),
        SamplingGroup([sound(NON_CARDIAC)], 1.0),
    ]
    assert set(masks_of(BatchMaker(groups, OUTPUTS, HEART, 0), 60)) == {(0, 1, 0, 0), (1, 0, 1, 0), (0, 0, 0, 1)}


def make_all(seed: int) -> list[NDArray[np.float32]]:
    """Return images, masks and rhythms of two batches."""
    groups = [
        SamplingGroup([sound("normal", frames=400), sound("murmur")], 2.0),
        SamplingGroup([sound(NON_CARDIAC, level=-3.0)], 1.0),
    ]
    maker = BatchMaker(groups, OUTPUTS, HEART, seed)
    return [part for _ in range(2) for part in maker.make(6)]


def test_equal_seeds_give_equal_batches() -> None:
    """The same seed gives the same batches bit for bit; the next batch and another seed give others."""
    first, again, other = make_all(1), make_all(1), make_all(2)
    for ours, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(ours, same)
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0], first[3])


@pytest.mark.slow
def test_groups_are_drawn_by_weight() -> None:
    """Of 2000 sounds drawn, a group has its weight within 3 points, however many sounds it has."""
    groups = [SamplingGroup([sound("normal")] * 50, 1.0), SamplingGroup([sound("murmur")], 3.0)]
    drawn = masks_of(BatchMaker(groups, OUTPUTS, HEART, 0), 2000)
    assert drawn[(0, 1, 0, 0)] / 2000 == pytest.approx(0.75, abs=0.03)


def test_empty_groups_are_left_out() -> None:
    """A group without sounds or without weight is never drawn, and the others fill the batch."""
    groups = [SamplingGroup([], 5.0), SamplingGroup([sound("murmur")], 0.0), SamplingGroup([sound("normal")], 1.0)]
    assert masks_of(BatchMaker(groups, OUTPUTS, HEART, 0), 40) == {(1, 0, 0, 0): 40}


def test_long_recordings_are_not_drawn_more_often() -> None:
    """A long and a short recording of a group are drawn equally often."""
    long, short = sound("normal", frames=4000), sound("murmur")
    drawn = masks_of(BatchMaker([SamplingGroup([long, short], 1.0)], OUTPUTS, HEART, 0), 1000)
    assert drawn[(1, 0, 0, 0)] == pytest.approx(500, abs=60)


def test_windows_are_cut_from_every_frame_grid() -> None:
    """A recording's frames, and those that begin a part of a frame later, are drawn equally often."""
    grids = [Frames(np.full((200, 64), value, np.float32), np.zeros((3, 200), np.float32)) for value in range(3)]
    long = Sound(Recording(Path("a"), ("normal",), "a", "set"), grids[0], 20_000, shifted=tuple(grids[1:]))
    maker = BatchMaker([SamplingGroup([long], 1.0)], OUTPUTS, HEART, 0)
    drawn = [int(maker._cut(long).log_power[0, 0]) for _ in range(300)]
    assert all(drawn.count(value) == pytest.approx(100, abs=30) for value in range(3))


def test_a_window_may_begin_anywhere() -> None:
    """Windows are cut from the first frame to the last that fits, and never beyond."""
    rows = np.zeros((200, 64), np.float32)
    rows[:, 0] = np.arange(200)  # the index of the frame
    long = Sound(Recording(Path("a"), ("normal",), "a", "set"), Frames(rows, np.zeros((3, 200), np.float32)), 20_000)
    maker = BatchMaker([SamplingGroup([long], 1.0)], OUTPUTS, HEART, 0)
    starts = {int(maker._cut(long).log_power[0, 0]) for _ in range(60)}
    assert starts == {0, 1, 2}


def test_noise_is_added_to_hearts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Non-cardiac sounds are mixed into every second heart window or so, and never into each other."""
    from training.examples import batches

    mixed = []
    monkeypatch.setattr(batches, "add_noise", lambda frames, noise, snr_db: mixed.append(snr_db) or frames)
    hearts, noises = [SamplingGroup([sound("normal")], 1.0)], [SamplingGroup([sound(NON_CARDIAC)], 1.0)]
    BatchMaker(noises, OUTPUTS, HEART, 0).make(50)
    assert not mixed
    BatchMaker(hearts, OUTPUTS, HEART, 0).make(50)
    assert not mixed  # there is no noise to add
    drawn = masks_of(BatchMaker(hearts + noises, OUTPUTS, HEART, 0), 400)
    assert 0.35 < len(mixed) / drawn[(1, 0, 0, 0)] < 0.65
    assert -2.0 <= min(mixed) < max(mixed) <= 25.0
    assert max(mixed) <= 30.0


def test_groups_by_label() -> None:
    """Nine normals and four murmurs are drawn as three to two, and the weights add up to the weight."""
    sounds = [sound("normal")] * 9 + [sound("murmur")] * 4
    groups = groups_by_label(sounds, 10.0)
    assert [(group.sounds[0].recording.label, len(group.sounds), group.weight) for group in groups] == [
        ("murmur", 4, pytest.approx(4.0)),
        ("normal", 9, pytest.approx(6.0)),
    ]


def test_a_partial_label_is_a_group_of_its_own() -> None:
    """Sounds that may be normal or extrastole are a group apart from those known to be normal."""
    groups = groups_by_label([sound("normal"), sound("normal", "extrastole")], 2.0)
    assert [group.sounds[0].recording.labels for group in groups] == [("normal",), ("normal", "extrastole")]
    assert [group.weight for group in groups] == [pytest.approx(1.0)] * 2


def test_no_sounds_no_groups() -> None:
    """No sounds make no group."""
    assert groups_by_label([], 5.0) == []

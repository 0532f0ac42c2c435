"""The inner split: whole patients, of every kind their share, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.recording import NOT_HEART, Recording
from training.data.watched import split_watched

KINDS = (("normal",), ("murmur",), ("extrastole",), ("normal", "extrastole"), (NOT_HEART,))


def recordings_of(*kinds: tuple[tuple[str, ...], int], each: int = 2, source: str = "set") -> list[Recording]:
    """Return ``each`` recordings of some patients of each kind."""
    return [
        Recording(Path(f"{'+'.join(labels)}{patient}-{index}.wav"), labels, f"{'+'.join(labels)}{patient}", source)
        for labels, patients in kinds
        for patient in range(patients)
        for index in range(each)
    ]


def split(recordings: Sequence[Recording], share: float, seed: int = 0) -> tuple[list[int], list[int]]:
    """Return the rows to train on and to watch, of all."""
    training, watched = split_watched(recordings, np.arange(len(recordings)), share, seed)
    return training.tolist(), watched.tolist()


def patients(recordings: Sequence[Recording], rows: Sequence[int]) -> set[str]:
    """Return the patients of some rows."""
    return {recordings[row].patient for row in rows}


@st.composite
def made_up(draw: st.DrawFn) -> list[Recording]:
    """Return recordings of few patients with any labels, some of nobody known."""
    count = draw(st.integers(1, 40))
    owners = draw(st.lists(st.sampled_from(["", "a", "b", "c", "d", "e"]), min_size=count, max_size=count))
    labels = draw(st.lists(st.sampled_from(KINDS), min_size=count, max_size=count))
    pairs = enumerate(zip(owners, labels, strict=True))
    return [Recording(Path(f"{row}.wav"), kind, owner, "set") for row, (owner, kind) in pairs]


@settings(max_examples=100, deadline=None)
@given(recordings=made_up(), share=st.floats(0, 0.99), seed=st.integers(0, 1000))
def test_no_patient_is_on_both_sides(recordings: list[Recording], share: float, seed: int) -> None:
    """Every row is on one side, no patient on both, and nobody unknown and no other sound is watched."""
    training, watched = split(recordings, share, seed)
    assert sorted(training + watched) == list(range(len(recordings)))
    assert training == sorted(training)
    assert watched == sorted(watched)
    assert not (patients(recordings, training) & patients(recordings, watched)) - {""}
    assert all(recordings[row].patient and recordings[row].label != NOT_HEART for row in watched)


def test_every_kind_has_its_share() -> None:
    """Of 20 normal, 10 murmur and 30 partly labelled patients a tenth of each is watched."""
    recordings = recordings_of((("normal",), 20), (("murmur",), 10), (("normal", "extrastole"), 30))
    _, watched = split(recordings, 0.1)
    found = [recordings[row].labels for row in watched[::2]]
    assert [found.count(labels) for labels in (("normal",), ("murmur",), ("normal", "extrastole"))] == [2, 1, 3]


def test_few_patients_are_all_trained_on() -> None:
    """Of four patients a tenth is nobody."""
    assert split(recordings_of((("normal",), 4)), 0.1)[1] == []


@pytest.mark.parametrize("share", [0.0, 0])
def test_nobody_is_watched(share: float) -> None:
    """A share of 0 watches nobody."""
    recordings = recordings_of((("normal",), 50))
    assert split(recordings, share) == (list(range(100)), [])


def test_sets_are_kinds_of_their_own() -> None:
    """Murmurs of two sets are each watched by their share."""
    recordings = recordings_of((("murmur",), 10)) + [
        Recording(Path(f"{row}.wav"), ("murmur",), f"other{row}", "other") for row in range(20)
    ]
    _, watched = split(recordings, 0.1)
    assert sorted(recordings[row].source for row in watched) == ["other", "other", "set", "set"]


def test_the_seed_repeats_it() -> None:
    """The same seed watches the same patients; another watches others."""
    recordings = recordings_of((("normal",), 60))
    assert split(recordings, 0.2, 1) == split(recordings, 0.2, 1)
    assert split(recordings, 0.2, 1) != split(recordings, 0.2, 2)


def test_only_the_rows_of_the_fit() -> None:
    """Rows that are held out are on neither side."""
    recordings = recordings_of((("normal",), 40))
    rows = np.arange(0, 60, dtype=np.intp)
    training, watched = split_watched(recordings, rows, 0.2, 0)
    assert sorted([*training, *watched]) == list(range(60))
    assert len(watched) == 12


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_shares_out_of_range(share: float) -> None:
    """A share that is none is the caller's mistake."""
    with pytest.raises(ValueError, match="must be from 0 to below 1"):
        split(recordings_of((("normal",), 4)), share)

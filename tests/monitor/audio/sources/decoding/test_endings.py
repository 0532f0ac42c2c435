"""Names of recordings."""

from __future__ import annotations

import pytest

from monitor.audio.sources.decoding.endings import SOUND_ENDINGS, is_header_beside, is_left_alone, is_sound_name


def test_endings_are_lower_case_and_none_is_there_twice():
    """They are compared with a lower-case ending."""
    assert len(set(SOUND_ENDINGS)) == len(SOUND_ENDINGS)
    assert all(ending == ending.lower() and ending.startswith(".") for ending in SOUND_ENDINGS)


@pytest.mark.parametrize(
    ("name", "sound"),
    [("a.wav", True), ("A.M4A", True), ("a.edf", True), ("a.dat", True), ("a.hea", False), ("b.dat", False),
     ("wav", False), ("a.wav.txt", False)],
)  # fmt: skip
def test_a_name_of_a_recording(name, sound):
    """By its ending; the samples of a record where the header lies beside them, and the header never."""
    assert is_sound_name(name, {"a.hea", "a.dat", "b.dat"}) is sound


def test_the_header_of_a_record():
    """It belongs to the samples beside it; one without is none."""
    assert is_header_beside("a.hea", {"a.hea", "a.dat"})
    assert not is_header_beside("b.hea", {"b.hea", "a.dat"})
    assert not is_header_beside("a.dat", {"a.hea", "a.dat"})


@pytest.mark.parametrize(
    ("name", "left"), [(".DS_Store", True), ("._a.wav", True), ("__MACOSX", True), ("a.wav", False), ("_a.wav", False)]
)
def test_hidden_files_and_leftovers(name, left):
    """What starts with a point, and the shadow folder."""
    assert is_left_alone(name) is left

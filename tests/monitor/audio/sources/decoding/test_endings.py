"""Names of recordings."""

from __future__ import annotations

import pytest

from monitor.audio.sources.decoding.endings import FOREIGN_ENDINGS, SOUND_ENDINGS, is_left_alone


def test_endings_are_lower_case_and_no_ending_is_in_both():
    """They are compared with a lower-case ending."""
    both = SOUND_ENDINGS + FOREIGN_ENDINGS
    assert len(set(both)) == len(both)
    assert all(ending == ending.lower() and ending.startswith(".") for ending in both)


@pytest.mark.parametrize(
    ("name", "left"), [(".DS_Store", True), ("._a.wav", True), ("__MACOSX", True), ("a.wav", False), ("_a.wav", False)]
)
def test_hidden_files_and_leftovers(name, left):
    """What starts with a point, and the shadow folder."""
    assert is_left_alone(name) is left

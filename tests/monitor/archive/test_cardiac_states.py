"""S1, systole, S2 and diastole, where they were annotated."""

from __future__ import annotations

import dataclasses

import pytest
import soundfile

from monitor.archive.cardiac_states import known_states
from monitor.archive.spans import Span
from monitor.archive.timeline import open_sound
from monitor.errors import AuscultError


@pytest.fixture
def recording(timeline, tmp_path, heart_waveform):
    """Return a recording of 10 s without labels, and the path of the annotations beside it."""
    soundfile.write(tmp_path / "heart.wav", heart_waveform, 4000)
    sound = open_sound(tmp_path / "heart.wav")
    return dataclasses.replace(timeline, sound=sound, num_samples=40_000, spans=()), tmp_path / "heart.tsv"


def test_nothing_is_known_without_annotations(recording):
    """Neither labels nor a file: no state is made up."""
    assert known_states(recording[0]) == []


def test_the_file_beside_the_recording(recording):
    """Up to the end of the sound; state 0 is left out."""
    timeline, path = recording
    path.write_text("0.0\t0.5\t0\n0.5\t0.6\t1\n9.9\t12.0\t4\n")
    assert known_states(timeline) == [(0.5, 0.6, 1), (9.9, 10.0, 4)]


def test_a_persons_labels_come_first(recording):
    """Where a person labelled states, the file is not read."""
    timeline, path = recording
    path.write_text("nonsense")
    labelled = dataclasses.replace(timeline, spans=(Span(1.0, 1.1, "label", " S1 "), Span(2.0, 3.0, "label", "wheeze")))
    assert known_states(labelled) == [(1.0, 1.1, 1)]


@pytest.mark.parametrize("content", ["x\t1\t1\n", "0\t1\t9\n", "2\t1\t1\n", "0\t1\n"])
def test_a_damaged_file_is_one_line(recording, content):
    """With its path and the line."""
    timeline, path = recording
    path.write_text(content)
    with pytest.raises(AuscultError, match=r"heart\.tsv: line 1 is not start, end and state"):
        known_states(timeline)

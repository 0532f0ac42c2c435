"""S1, systole, S2 and diastole, where they were annotated."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import soundfile

from monitor.archive.cardiac_states import annotated_states, found_states, known_states
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


def test_without_annotations_the_beats_that_were_found_give_the_states() -> None:
    """Each heart sound around its middle, what lies between two that follow each other, nothing across a blank."""
    beats = [
        {"s1_s": 1.0, "s2_s": 1.3, "diastole_ms": None},
        {"s1_s": 1.8, "s2_s": 2.1, "diastole_ms": 500.0},
        {"s1_s": None, "s2_s": 4.0, "diastole_ms": None},
        {"s1_s": 4.5, "s2_s": None, "diastole_ms": None},
    ]
    states = found_states(beats, 4.52)
    assert [state for _, _, state in states] == [1, 2, 3, 4, 1, 2, 3, 3, 1]
    assert states[0] == pytest.approx((0.94, 1.06, 1))
    assert states[-1] == pytest.approx((4.44, 4.52, 1))
    assert all(end_s <= start_s for (_, end_s, _), (start_s, _, _) in itertools.pairwise(states))


def test_sounds_that_would_overlap_do_not() -> None:
    """In a very fast heart there is no room between S1 and S2."""
    states = found_states([{"s1_s": 1.0, "s2_s": 1.08}], 9.0)
    assert [state for _, _, state in states] == [1, 3]
    assert states[0][1] == states[1][0] == pytest.approx(1.06)


def test_what_was_found_is_no_annotation(timeline):
    """Found beats are states, but no annotation."""
    found = dataclasses.replace(timeline, beats=({"type": "beat", "s1_s": 1.0, "s2_s": 1.3, "confidence": 0.9},))
    assert annotated_states(found) == []
    assert [state for _, _, state in known_states(found)] == [1, 2, 3]

"""States of the cardiac cycle, where they were annotated."""

from __future__ import annotations

import dataclasses

import pytest
import soundfile

from monitor.archive.spans import Span
from monitor.archive.timeline import open_sound
from monitor.commands.export.circor_states import circor_states
from monitor.errors import AuscultError
from training.data.annotations import read_annotations


@pytest.fixture
def recording(timeline, tmp_path, heart_waveform):
    """Return a recording of 10 s without labels, and the path of the annotations beside it."""
    soundfile.write(tmp_path / "heart.wav", heart_waveform, 4000)
    sound = open_sound(tmp_path / "heart.wav")
    return dataclasses.replace(timeline, sound=sound, num_samples=40_000, spans=()), tmp_path / "heart.tsv"


def rows(text):
    """Return start, end and state of every line."""
    return [tuple(map(float, line.split("\t"))) for line in text.splitlines()]


def test_a_persons_labels(timeline, tmp_path):
    """Labels S1, systole, S2 and diastole become states; the rest is not annotated, and other labels are left out."""
    spans = (
        Span(1.0, 1.1, "label", "S1"),
        Span(1.1, 1.4, "label", "Systole"),
        Span(1.2, 3.0, "label", "murmur"),
        Span(1.4, 1.5, "label", " s2 "),
        Span(1.6, 2.0, "label", "diastole"),
        Span(1.7, 1.7, "mark", "S1"),
    )
    text = circor_states(dataclasses.replace(timeline, spans=spans))
    assert rows(text) == [
        (0.0, 1.0, 0),
        (1.0, 1.1, 1),
        (1.1, 1.4, 2),
        (1.4, 1.5, 3),
        (1.5, 1.6, 0),
        (1.6, 2.0, 4),
        (2.0, 10.1, 0),
    ]
    (tmp_path / "a.tsv").write_text(text)
    assert read_annotations(tmp_path / "a.tsv").tolist() == [list(row) for row in rows(text)]


def test_the_file_beside_a_recording(recording):
    """Its states, up to the end of the sound, without its own stretches of state 0."""
    timeline, path = recording
    path.write_text("0.5\t0.6\t1\n0.6\t0.9\t2\n0.9\t2.0\t0\n9.5\t12.5\t4\n12.5\t13\t1\n")
    expected = [(0, 0.5, 0), (0.5, 0.6, 1), (0.6, 0.9, 2), (0.9, 9.5, 0), (9.5, 10, 4)]
    assert rows(circor_states(timeline)) == expected


def test_nothing_is_known(recording, timeline):
    """It is said, not invented; labels of another kind are no states."""
    for unknown in (recording[0], timeline, dataclasses.replace(timeline, sound=None)):
        with pytest.raises(AuscultError, match="its S1 and S2 are not known") as raised:
            circor_states(unknown)
        assert "auscult models says which lacks that network" in str(raised.value)  # an older bundle finds no beat


@pytest.mark.parametrize("line", ["0.5\t0.4\t1", "0.5\t0.6\t5", "a\tb\tc", "0.5", "0.5\tnan\t1", "-1\t2\t1"])
def test_a_file_that_is_damaged(recording, line):
    """One line that names it and the line."""
    timeline, path = recording
    path.write_text(f"0.1\t0.2\t1\n{line}\n")
    with pytest.raises(AuscultError, match=r"heart\.tsv: line 2 is not start, end and state 0 to 4"):
        circor_states(timeline)


def test_states_that_overlap(timeline):
    """A cycle has one state at a time."""
    spans = (Span(1.0, 1.2, "label", "S1"), Span(1.1, 1.4, "label", "systole"))
    with pytest.raises(AuscultError, match=r"two states overlap at 1\.100 s"):
        circor_states(dataclasses.replace(timeline, spans=spans))

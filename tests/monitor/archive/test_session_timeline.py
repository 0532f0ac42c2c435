"""Reading a session folder: as it is, after a crash, and what is no session."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.archive.session_timeline import session_timeline
from monitor.errors import RecordingError


def test_a_whole_session(session_dir):
    """Its own rate, the sound's length, every line, no remark."""
    timeline, remarks = session_timeline(session_dir)
    assert (timeline.name, timeline.sample_rate, timeline.num_samples, remarks) == (session_dir.name, 4000, 40_400, [])
    assert len(timeline.windows) == 11
    assert timeline.summary["label"] == "murmur"
    assert timeline.start["model"] == "heart-sounds"


def test_a_crash_in_the_middle_of_a_line(anonymous_dir):
    """The line that is cut off is left out and told; all others are there."""
    with (anonymous_dir / "events.jsonl").open("a") as file:
        file.write('{"type":"window","index":11,"sta')
    timeline, remarks = session_timeline(anonymous_dir)
    assert remarks == [f"{anonymous_dir / 'events.jsonl'}: 1 line cannot be read and is left out"]
    assert len(timeline.windows) == 11
    assert timeline.summary is None


@pytest.mark.parametrize("damage", ["missing", "empty", "noise"])
def test_without_its_sound(session_dir, damage):
    """It lasts up to its last line, and says what is wrong with the sound."""
    path = session_dir / "sound.flac"
    path.unlink()
    if damage != "missing":
        path.write_bytes(b"" if damage == "empty" else b"no sound at all" * 9)
    timeline, remarks = session_timeline(session_dir)
    assert timeline.sound is None
    assert (timeline.sample_rate, timeline.num_samples) == (4000, 40_000)
    assert len(remarks) == 1
    assert "sound.flac" in remarks[0]


def test_without_events(session_dir):
    """A session that crashed before its first line has its sound."""
    (session_dir / "events.jsonl").unlink()
    timeline, remarks = session_timeline(session_dir)
    assert (timeline.spans, timeline.num_samples, remarks) == ((), 40_400, [])


def test_numbers_that_json_does_not_have(session_dir):
    """NaN and infinity in a line make it unreadable."""
    (session_dir / "events.jsonl").write_text('{"type":"mark","at_s":NaN,"number":1}\n')
    timeline, remarks = session_timeline(session_dir)
    assert timeline.spans == ()
    assert "1 line cannot be read" in remarks[0]


@pytest.mark.parametrize("content", [None, "{", "[]", '{"type":"other"}', '{"type":"session","started":"yesterday"}'])
def test_what_is_no_session(tmp_path, content):
    """One line that says why."""
    if content is not None:
        (tmp_path / "session.json").write_text(content)
    with pytest.raises(RecordingError, match="is no session" if content is None else "is damaged"):
        session_timeline(tmp_path)


def test_an_electrocardiogram(session_dir):
    """It is there where the session has one, with its R peaks; one that cannot be read is told."""
    assert session_timeline(session_dir)[0].ecg is None
    soundfile.write(session_dir / "ecg.flac", np.zeros(400), 4000)
    with (session_dir / "events.jsonl").open("a") as events:
        events.write('{"type":"r_peak","at_s":1.5,"sample":6000}\n')
    timeline, remarks = session_timeline(session_dir)
    assert timeline.ecg is not None
    assert (timeline.ecg.num_samples, remarks) == (400, [])
    assert [(span.start_s, span.text) for span in timeline.spans if span.kind == "r_peak"] == [(1.5, "R")]
    (session_dir / "ecg.flac").write_bytes(b"no sound")
    timeline, remarks = session_timeline(session_dir)
    assert timeline.ecg is None
    assert "ecg.flac" in remarks[0]

"""What is kept of a sound: recordings that begin and end, marks, sites."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.audio.ring_buffer import RingBuffer
from monitor.errors import AuscultError
from monitor.runtime.kept_sound import KeptSound


class Kept(KeptSound):
    """The sound of a ring that a test fills."""

    def __init__(self, ring, **options):
        super().__init__(ring, 1000, **options)
        self.changes = []

    @property
    def newest_sample(self):
        """The end of the ring."""
        return self._kept_ring.end_sample

    def _begin_anew(self, change):
        self.changes.append(change)


@pytest.fixture
def ring():
    """Return a ring buffer with a second of sound."""
    ring = RingBuffer(10_000)
    ring.push(np.full(1000, 0.5, np.float32))
    return ring


def test_a_mark_is_at_the_newest_sample(ring):
    """Or where it was begun; each is given once."""
    kept = Kept(ring)
    marks = [kept.mark(), kept.mark("a cough", 500)]
    assert [(mark.at_s, mark.text) for mark in marks] == [(1.0, None), (0.5, "a cough")]
    assert kept.take_entries() == marks
    assert kept.take_entries() == []


def test_a_change_of_site_begins_the_verdict_again(ring):
    """Not where it is the same; an unknown one is a mistake of the program."""
    kept = Kept(ring, site="MV")
    assert kept.change_site("MV") is None
    assert kept.changes == [kept.change_site("AV")]
    with pytest.raises(ValueError, match="must be one of"):
        kept.change_site("XX")


def test_a_recording_begins_and_ends_when_asked_to(ring, tmp_path):
    """From now on, up to now; one at a time, and only while it runs."""
    kept = Kept(ring)
    with pytest.raises(ValueError, match="while the pipeline runs"):
        kept.record(tmp_path / "a.wav")
    kept._started = True
    assert kept.stop_recording() is None
    kept.record(tmp_path / "a.wav")
    with pytest.raises(ValueError, match="does not record"):
        kept.record(tmp_path / "b.wav")
    ring.push(np.full(300, 0.25, np.float32))
    kept.write_marks()
    assert kept.stop_recording().written_s == 0.3
    assert soundfile.read(tmp_path / "a.wav")[0].tolist() == [0.25] * 300


def test_a_file_that_cannot_be_created_leaves_no_other(ring, tmp_path):
    """The recording that was begun is removed where the session's sound cannot be."""
    with pytest.raises(AuscultError):
        Kept(ring, record=tmp_path / "a.wav", session_sound=tmp_path / "no such folder" / "sound.flac")
    assert list(tmp_path.iterdir()) == []

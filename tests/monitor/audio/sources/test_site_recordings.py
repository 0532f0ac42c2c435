"""Recordings of several sites as one source: nothing is played before it is told."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import soundfile

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.site_recordings import SiteRecordings
from monitor.errors import RecordingError


@pytest.fixture
def paths(tmp_path):
    """Return a recording of .5 and one of -.25, a second each."""
    values = {"AV": 0.5, "MV": -0.25}
    for site, value in values.items():
        soundfile.write(tmp_path / f"{site}.wav", np.full(4000, value), 4000, subtype="FLOAT")
    return {site: tmp_path / f"{site}.wav" for site in values}


def wait_for(condition):
    """Wait for a thread, bounded."""
    pause = threading.Event()
    for _ in range(1000):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("the source did not come that far")


def test_it_plays_what_it_is_told(paths):
    """In the order told, one of them twice, then it ends."""
    ring = RingBuffer(40_000)
    cursor = ring.cursor()
    with SiteRecordings(paths, speed=None) as source:
        source.start(ring)
        for site in ("MV", "AV", "MV", None):
            wait_for(lambda: source.waiting)
            source.play(site)
        wait_for(lambda: ring.closed)
    heard = cursor.read(40_000, 0.0).waveform
    assert heard.reshape(3, 4000).tolist() == [[value] * 4000 for value in (-0.25, 0.5, -0.25)]
    assert source.error is None


def test_nothing_comes_before_it_is_told(paths):
    """It waits, and stops when asked to."""
    ring = RingBuffer(4000)
    with SiteRecordings(paths, speed=None) as source:
        source.start(ring)
        wait_for(lambda: source.waiting)
        assert ring.end_sample == 0
    assert ring.closed


def test_a_recording_can_be_left(paths):
    """In real time the rest of it is not played."""
    ring = RingBuffer(40_000)
    with SiteRecordings(paths, speed=1.0) as source:
        source.start(ring)
        wait_for(lambda: source.waiting)
        source.play("AV")
        source.leave()
        wait_for(lambda: source.waiting)
        assert ring.end_sample < 4000


def test_as_fast_as_possible_it_is_played_to_its_end(paths):
    """So what is judged does not depend on how fast the reader is."""
    ring = RingBuffer(40_000)
    with SiteRecordings(paths, speed=None) as source:
        source.start(ring)
        wait_for(lambda: source.waiting)
        source.play("AV")
        source.leave()
        wait_for(lambda: source.waiting)
        assert ring.end_sample == 4000


def test_what_cannot_be_played_is_refused(paths):
    """A site without a recording, and any site while one plays."""
    source = SiteRecordings(paths)
    with pytest.raises(ValueError, match="waits"):
        source.play("AV")
    source.waiting = True
    with pytest.raises(ValueError, match="AV, MV"):
        source.play("PV")
    with pytest.raises(ValueError, match="must hold"):
        SiteRecordings({})


def test_recordings_of_different_rates_are_refused(paths, tmp_path):
    """One line that names both."""
    soundfile.write(tmp_path / "fast.wav", np.full(8000, 0.1), 8000)
    with pytest.raises(RecordingError, match=r"fast\.wav: has 8000 Hz, and .*AV\.wav has 4000 Hz"):
        SiteRecordings({**paths, "PV": tmp_path / "fast.wav"})


def test_a_missing_file_is_an_error_at_once(paths, tmp_path):
    """Before anything is heard."""
    with pytest.raises(RecordingError, match="none"):
        SiteRecordings({**paths, "PV": tmp_path / "none.wav"})


def test_what_is_told_of_it(paths):
    """Name, rate and speed; the length is not known, for a site may be played again."""
    source = SiteRecordings(paths, speed=2.0)
    assert source.name.startswith("AV=")
    assert (source.sample_rate, source.speed, source.duration_s) == (4000, 2.0, None)
    assert not source.channels_cancel
    assert source.shortfall is None

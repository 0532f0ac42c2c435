"""A stream of a ward that somebody may look into."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.array import ArraySource
from monitor.runtime.pipeline import Pipeline
from monitor.runtime.ward.live_stream import LiveStream
from monitor.runtime.ward.ward import Ward
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(8.0, HeartParameters(), np.random.default_rng(5)).waveform


def wait_for(condition):
    """Wait for a condition; bounded."""
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail("it did not come about")


@pytest.fixture
def ward(plain_bundle):
    """Return a ward."""
    with Ward(plain_bundle) as ward:
        yield ward


def heard(ward, source, live):
    """Push a heart, half a second at a time, and wait for each window."""
    live.start()
    ward.start()
    for end_s, block in enumerate(np.split(HEART, 16), 1):
        source.ring.push(block)
        if end_s >= 10:
            wait_for(lambda end_s=end_s: ends_at(live.stream, end_s / 2))


def ends_at(stream, end_s):
    """Return whether the newest window ends there."""
    window = stream.snapshot.window
    return window is not None and window.end_s >= end_s


def test_windows_are_those_of_the_sound_alone(ward, scripted_source, plain_bundle, tmp_path):
    """A live stream of a ward gives what a pipeline gives for the same sound; the sound is recorded bit for bit."""
    live = LiveStream(ward.add(scripted_source, "bed 1"), record=tmp_path / "a.wav", session_sound=tmp_path / "b.flac")
    heard(ward, scripted_source, live)
    ward.stop()
    live.stop()
    windows = [event for _, event in ward.drain(0.0) if event is not None]
    with Pipeline(ArraySource(HEART, 4000), plain_bundle) as alone:
        expected = list(alone.windows())
    assert [window.verdict for window in windows] == [window.verdict for window in expected]
    assert [window.rolling for window in windows] == [window.rolling for window in expected]
    assert live.summary().windows == len(expected) == 7
    assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="float32")[0], HEART)
    assert live.snapshot().session.written_s == live.snapshot().recording.written_s == 8.0


def test_only_who_is_looked_into_has_pictures(ward, scripted_source):
    """Input image and envelope are kept where somebody looks."""
    live = LiveStream(ward.add(scripted_source))
    live.stream.looked_into = True
    heard(ward, scripted_source, live)
    assert live.snapshot().tensor.shape == (64, 64, 3)
    assert live.snapshot().envelope is not None
    live.stream.looked_into = False
    scripted_source.ring.push(HEART[:2000])
    wait_for(lambda: live.stream.snapshot.window.end_s >= 8.5)
    assert live.snapshot().tensor is None


def test_a_change_of_site_begins_the_verdict_again(ward, scripted_source):
    """The rolling verdict waits for a whole window of the new site; the stream began with another."""
    live = LiveStream(ward.add(scripted_source, site="MV"), site="MV")
    assert live.start_message.site == "MV"
    heard(ward, scripted_source, live)
    assert live.snapshot().window.rolling.state != "listening"
    live.change_site("AV")
    assert live.snapshot().site.site == "AV"
    scripted_source.ring.push(HEART[:2000])
    wait_for(lambda: live.stream.snapshot.window.end_s >= 8.5)
    assert live.snapshot().window.rolling.state == "listening"


def test_the_snapshot_follows_the_sound_between_windows(ward, scripted_source):
    """A moving picture needs the newest sample, not the last window's."""
    live = LiveStream(ward.add(scripted_source))
    live.start()
    ward.start()
    scripted_source.ring.push(HEART[:100])
    assert live.snapshot().elapsed_s == 0.025
    assert (live.newest_sample, live.ring, live.source) == (100, scripted_source.ring, scripted_source)


def test_in_a_hurry_nothing_is_waited_for_long(ward, scripted_source):
    """The source gets half a second."""
    live = LiveStream(ward.add(scripted_source))
    live.hurry()
    assert scripted_source.stop_timeout_s == 0.5


def test_a_source_without_a_ring_cannot_be_looked_into(ward):
    """A recording is read by the scheduler itself."""
    stream = ward.add(ArraySource(HEART, 4000))
    with pytest.raises(ValueError, match="must be one of a source with a ring buffer"):
        LiveStream(stream)

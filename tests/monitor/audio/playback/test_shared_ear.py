"""One ear for several inputs: what is heard changes, what a person has set stays."""

from __future__ import annotations

import pytest

from monitor.audio.playback.options import PlaybackOptions
from monitor.audio.playback.player import Player
from monitor.audio.playback.shared_ear import SharedEar
from monitor.audio.ring_buffer import RingBuffer


@pytest.fixture
def ear(processes, clock):
    """Return an ear whose outputs are scripted."""
    options = PlaybackOptions("phones", "bell", -6.0, microphone=True)
    ear = SharedEar(options, lambda ring, source, options: Player(ring, source, options, processes, clock))
    yield ear
    ear.stop(hurry=True)


def test_one_is_heard_at_a_time(ear, scripted_source):
    """The player of the one before has ended when the next begins; the same one again changes nothing."""
    first, second = RingBuffer(8000), RingBuffer(8000)
    one = ear.hear(first, scripted_source)
    assert ear.hear(first, scripted_source) is one
    two = ear.hear(second, scripted_source)
    assert ear.player is two is not one
    assert not one._thread.is_alive()
    assert two._thread.is_alive()


def test_what_a_person_has_set_stays(ear, scripted_source):
    """Sound, volume, and whether it is on."""
    one = ear.hear(RingBuffer(8000), scripted_source)
    one.next_sound()
    one.change_volume(3.0)
    one.toggle()
    before = one.status
    after = ear.hear(RingBuffer(8000), scripted_source).status
    assert (after.sound, after.volume_db) == (before.sound, before.volume_db) == ("diaphragm", -3.0)
    assert not ear.player._on


def test_stopped_before_anything_was_heard():
    """Nothing happens."""
    SharedEar(PlaybackOptions()).stop()

"""Playing from a place: the sound begins with its output, repeats a stretch sample for sample, and waits at the end."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from monitor.archive.timeline import open_sound
from monitor.audio.playback.options import PlaybackOptions
from monitor.audio.playback.player import OPEN_S
from monitor.audio.ring_buffer import RingBuffer
from monitor.commands.review.listening import Listening, StretchSource
from monitor.errors import RecordingError
from tests.monitor.commands.review.conftest import HEART


@pytest.fixture
def sound(folder):
    """Return the session's sound."""
    return open_sound(folder / "sound.flac")


@pytest.fixture
def now():
    """Return a clock that a test moves."""
    return [0.0]


@pytest.fixture
def listening(sound, launch, now):
    """Return what a person listens with."""
    listening = Listening(sound, PlaybackOptions(), launch=launch, clock=lambda: now[0])
    yield listening
    listening.close()


def wait_for(condition):
    """Wait until a thread has done something."""
    rest = threading.Event()
    for _ in range(500):
        if condition():
            return
        rest.wait(0.01)
    pytest.fail("it did not happen")


class TestStretchSource:
    """The source of the sound."""

    def blocks(self, source, start, count):
        """Return the first blocks from a sample on."""
        return [block.copy() for block, _ in zip(source.blocks_from(start, 1000), range(count), strict=False)]

    def test_it_waits_at_the_end(self, folder):
        """It is paused there, and gives nothing."""
        source = StretchSource(folder / "sound.flac")
        blocks = self.blocks(source, len(HEART) - 1500, 4)
        assert [len(block) for block in blocks] == [1000, 500, 0, 0]
        assert source.ended
        assert source.paused

    def test_a_stretch_ends_at_its_last_sample(self, folder):
        """Then it seeks its beginning."""
        source = StretchSource(folder / "sound.flac")
        source.stretch = (4000, 5200)
        blocks = self.blocks(source, 4000, 3)
        assert [len(block) for block in blocks] == [1000, 200]
        np.testing.assert_allclose(np.concatenate(blocks), HEART[4000:5200], atol=1e-6)
        assert source._target_s == 1.0

    def test_it_repeats_the_stretch(self, folder):
        """Through a ring: the same samples again and again, a mark between them."""
        source = StretchSource(folder / "sound.flac", speed=64.0)
        source.stretch = (8000, 9200)
        source.seek(2.0)
        ring = RingBuffer(40_000)
        source.start(ring)
        wait_for(lambda: len(source.jumps) >= 5)
        source.close()
        firsts = [first for first, _ in source.jumps]
        assert {later - first for first, later in itertools.pairwise(firsts)} == {1201}
        np.testing.assert_allclose(ring.store.copy(firsts[1], firsts[1] + 1200), HEART[8000:9200], atol=1e-6)


def test_the_sound_begins_once_its_output_is_open(listening, players):
    """So its first half second is heard."""
    listening.play(10.0)
    assert players[0].calls == ["start"]
    assert listening.playing
    assert listening.position_s() == 10.0
    listening.tick()
    assert players[0].source.paused
    players[0].state = "playing"
    listening.tick()
    assert not players[0].source.paused
    wait_for(lambda: players[0].source.jumps)
    players[0].heard = players[0].source.jumps[0][0] + 400.0
    assert listening.position_s() == pytest.approx(10.1)
    listening.pause()
    assert not listening.playing
    assert players[0].source.paused


def test_the_cursor_waits_for_an_output_that_opens(listening, players):
    """It was looked at while the output opened, and runs ahead no more once that plays."""
    listening.play(10.0)
    source = players[0].source
    wait_for(lambda: source.jumps)
    assert listening.position_s() == 10.0
    players[0].state = "playing"
    listening.tick()
    wait_for(lambda: listening._ring.end_sample > source.jumps[0][0] + 400)
    assert listening.position_s() == 10.0


def test_an_output_that_never_opens_holds_up_nothing(listening, players, now):
    """The cursor moves all the same."""
    listening.play(10.0)
    now[0] = OPEN_S
    listening.tick()
    wait_for(lambda: listening.position_s() > 10.0)


def test_the_position_is_what_is_heard(listening, players):
    """Not what was heard before the last seek."""
    listening.play(10.0)
    players[0].state = "playing"
    listening.tick()
    wait_for(lambda: players[0].source.jumps)
    first = players[0].source.jumps[0][0]
    assert listening.position_s() == 10.0  # its output plays, and nothing has reached the ear yet
    players[0].heard = first - 1.0
    assert listening.position_s() == 10.0
    players[0].heard = first + 2000.0
    assert listening.position_s() == pytest.approx(10.5)
    players[0].heard = None  # the output was lost, and plays again
    wait_for(lambda: listening.position_s() > 10.0)


def test_the_end_is_played_and_waits(listening, players):
    """From there another place can be played."""
    listening.play(89.9)
    players[0].state = "off"
    listening.tick()
    wait_for(lambda: listening.ended)
    assert not listening.playing
    listening.play(5.0)
    wait_for(lambda: listening.position_s() > 5.0)
    assert listening.position_s() < 10.0


def test_speed_sound_and_volume(listening, players):
    """They hold for the next player too; half speed is a new one."""
    assert listening.next_sound() == "bell"
    listening.change_volume(3.0)
    listening.toggle()
    listening.play(1.0)
    assert (players[0].options.sound, players[0].options.volume_db) == ("bell", 3.0)
    assert listening.next_sound() == "diaphragm"
    listening.change_volume(-3.0)
    listening.toggle()
    assert players[0].calls == ["start", "diaphragm", -3.0, "toggle"]
    assert listening.change_speed() == 0.5
    assert players[0].calls[-1] == "stop"
    assert listening.status is None
    listening.play(1.0)
    assert (players[1].source.speed, players[1].options.sound) == (0.5, "diaphragm")
    assert listening.change_speed() == 1.0


def test_without_sound(launch):
    """It is said in one line."""
    listening = Listening(None, PlaybackOptions(), launch=launch)
    with pytest.raises(RecordingError, match="its sound is gone"):
        listening.play(1.0)
    assert not listening.playing
    listening.close()

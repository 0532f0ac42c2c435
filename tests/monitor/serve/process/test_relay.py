"""What a copy of a feed is told: everything once, and sound without holding up its source."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from monitor.audio.ring_buffer import RingBuffer
from monitor.serve.feed import SeveralFeed
from monitor.serve.process.frames import PartPulse
from monitor.serve.process.relay import KEPT_S, SNAPSHOT_S, Relay
from tests.monitor.serve.conftest import RATE, START, device, snapshot


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """Return a clock."""
    return Clock()


@pytest.fixture
def relay(feed, clock):
    """Return what reads the feed, before its run begins."""
    return Relay(feed, clock)


def test_nothing_before_the_run_begins(relay):
    """And nothing is sent."""
    assert relay.pulse() is None


def test_everything_is_told_once(relay, run, feed):
    """The source, its lines, its windows, its state and its sound; then nothing."""
    run.judge(0)
    pulse = relay.pulse()
    (part,) = pulse.parts
    assert (part.name, part.begin.start, part.begin.live) == (None, START, True)
    assert pulse.lines == tuple(feed.after(0))
    assert [(event.index, name) for event, name in pulse.judged] == [(0, None)]
    assert part.snapshot is feed.snapshot
    assert (part.sound.start_sample, len(part.sound.waveform)) == (0, 6 * RATE)
    assert relay.pulse() is None


def test_a_new_source_is_told_of(relay, run):
    """With its own sound, from its beginning."""
    relay.pulse()
    run.begin(dataclasses.replace(START, source="other"), live=False, sound=np.ones(100, np.float32))
    (part,) = relay.pulse().parts
    assert (part.begin.start.source, part.begin.live) == ("other", False)
    assert (part.sound.start_sample, len(part.sound.waveform)) == (0, 100)


def test_a_state_comes_at_once_with_a_line_and_otherwise_later(relay, run, feed, clock):
    """Ten states a second that no one asked for are not all sent; the last one is."""
    relay.pulse()
    feed.snapshot = snapshot(device=device())
    assert relay.pulse() is None
    clock.now = SNAPSHOT_S
    assert relay.pulse().parts[0].snapshot is feed.snapshot
    feed.snapshot = snapshot(device=device())
    run.judge(1)
    assert relay.pulse().parts[0].snapshot is feed.snapshot
    feed.snapshot = snapshot(device=device())
    assert relay.pulse() is None
    assert relay.pulse(last=True).parts[0].snapshot is feed.snapshot


def test_a_state_of_another_source_is_not_told(relay, run, feed):
    """It was taken before the source that plays began."""
    relay.pulse()
    feed.snapshot = snapshot(start=dataclasses.replace(START, source="other"))
    run.judge(1)
    assert relay.pulse().parts == ()


def test_what_was_lost_and_what_was_overwritten(relay, run):
    """Lost sound is told as such; of much sound the newest is sent."""
    relay.pulse()
    run.ring.push_lost(50)
    sound = relay.pulse().parts[0].sound
    assert (sound.start_sample, len(sound.waveform), sound.lost) == (6 * RATE, 50, ((6 * RATE, 6 * RATE + 50),))
    run.ring.push(np.ones(20 * RATE, np.float32))
    sound = relay.pulse().parts[0].sound
    assert len(sound.waveform) == KEPT_S * RATE
    assert sound.start_sample + len(sound.waveform) == run.ring.end_sample


def test_a_small_ring_that_is_overwritten(relay, feed):
    """What is left of it."""
    ring = RingBuffer(100)
    feed.begin(START, ring, live=True)
    ring.push(np.ones(250, np.float32))
    sound = relay.pulse().parts[0].sound
    assert (sound.start_sample, len(sound.waveform)) == (150, 100)


def test_a_source_is_not_held_up(relay, run):
    """No cursor of the relay is in the ring."""
    relay.pulse()
    assert run.ring.first_unread == run.ring.end_sample


def test_a_line_ends_the_wait(relay, run):
    """Notified before the wait, too."""
    run.judge(0)
    relay.wait()
    assert len(relay.pulse().lines) == 2


def test_a_new_copy_is_told_everything_that_is_kept(relay, run, feed):
    """The one before has ended; the windows that it counted are not told again."""
    run.judge(0)
    relay.pulse()
    run.judge(1)
    relay.begin_again()
    pulse = relay.pulse()
    assert [line.number for line in pulse.lines] == [1, 2, 3]
    assert [event.index for event, _ in pulse.judged] == [1]
    (part,) = pulse.parts
    assert (part.begin.start, part.snapshot) == (START, feed.snapshot)
    assert (part.sound.start_sample, len(part.sound.waveform)) == (0, 6 * RATE)


class TestSeveralDevices:
    """A pulse has a part for each of which there is something new."""

    def test_a_device_is_told_of_before_it_begins(self, clock):
        """With its name and its subject, once."""
        feed = SeveralFeed()
        relay = Relay(feed, clock)
        assert relay.pulse() is None
        feed.add("bed 1", "P-7")
        assert relay.pulse().parts == (PartPulse("bed 1", "P-7", None, None, None),)
        assert relay.pulse() is None

    def test_what_is_new_of_one_is_told_of_it_alone(self, several, clock):
        """Its line, its window, its state at once, its sound; the state of the other when it is due."""
        feed, (first, second) = several
        relay = Relay(feed, clock)
        assert [part.name for part in relay.pulse().parts] == ["bed 1", "bed 2"]
        for run in (first, second):
            run.feed.snapshot = snapshot(run.feed.playing.start, device=device())
        second.judge(3)
        second.ring.push(np.ones(40, np.float32))
        pulse = relay.pulse()
        assert [line.stream for line in pulse.lines] == ["bed 2"]
        assert [(event.index, name) for event, name in pulse.judged] == [(3, "bed 2")]
        (part,) = pulse.parts
        assert (part.name, part.snapshot, len(part.sound.waveform)) == ("bed 2", second.feed.snapshot, 40)
        clock.now = SNAPSHOT_S
        (part,) = relay.pulse().parts
        assert (part.name, part.snapshot) == ("bed 1", first.feed.snapshot)

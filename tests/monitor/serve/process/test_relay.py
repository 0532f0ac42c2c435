"""What a copy of a feed is told: everything once, and sound without holding up its source."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from monitor.audio.ring_buffer import RingBuffer
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
    assert (pulse.begin.start, pulse.begin.live) == (START, True)
    assert pulse.lines == tuple(feed.after(0))
    assert [event.index for event in pulse.judged] == [0]
    assert pulse.snapshot is feed.snapshot
    assert (pulse.sound.start_sample, len(pulse.sound.waveform)) == (0, 6 * RATE)
    assert relay.pulse() is None


def test_a_new_source_is_told_of(relay, run):
    """With its own sound, from its beginning."""
    relay.pulse()
    run.begin(dataclasses.replace(START, source="other"), live=False, sound=np.ones(100, np.float32))
    pulse = relay.pulse()
    assert (pulse.begin.start.source, pulse.begin.live) == ("other", False)
    assert (pulse.sound.start_sample, len(pulse.sound.waveform)) == (0, 100)


def test_a_state_comes_at_once_with_a_line_and_otherwise_later(relay, run, feed, clock):
    """Ten states a second that no one asked for are not all sent; the last one is."""
    relay.pulse()
    feed.snapshot = snapshot(device=device())
    assert relay.pulse() is None
    clock.now = SNAPSHOT_S
    assert relay.pulse().snapshot is feed.snapshot
    feed.snapshot = snapshot(device=device())
    run.judge(1)
    assert relay.pulse().snapshot is feed.snapshot
    feed.snapshot = snapshot(device=device())
    assert relay.pulse() is None
    assert relay.pulse(last=True).snapshot is feed.snapshot


def test_a_state_of_another_source_is_not_told(relay, run, feed):
    """It was taken before the source that plays began."""
    relay.pulse()
    feed.snapshot = snapshot(start=dataclasses.replace(START, source="other"))
    run.judge(1)
    assert relay.pulse().snapshot is None


def test_what_was_lost_and_what_was_overwritten(relay, run):
    """Lost sound is told as such; of much sound the newest is sent."""
    relay.pulse()
    run.ring.push_lost(50)
    sound = relay.pulse().sound
    assert (sound.start_sample, len(sound.waveform), sound.lost) == (6 * RATE, 50, ((6 * RATE, 6 * RATE + 50),))
    run.ring.push(np.ones(20 * RATE, np.float32))
    sound = relay.pulse().sound
    assert len(sound.waveform) == KEPT_S * RATE
    assert sound.start_sample + len(sound.waveform) == run.ring.end_sample


def test_a_small_ring_that_is_overwritten(relay, feed):
    """What is left of it."""
    ring = RingBuffer(100)
    feed.begin(START, ring, live=True)
    ring.push(np.ones(250, np.float32))
    sound = relay.pulse().sound
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

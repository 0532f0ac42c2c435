"""The audio callback copies every block once, and lost sound is written at its position."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.device.capture import Capture

RATE = 1000


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 50.0

    def __call__(self):
        """Return the time."""
        return self.now


def block(samples, value=0.5, channels=1):
    """Return a block of a constant; channel n has n times the value."""
    return np.outer(np.full(samples, value), np.arange(1, channels + 1)).astype(np.float32)


@pytest.fixture
def clock():
    """Return a clock to move."""
    return Clock()


@pytest.fixture
def ring():
    """Return a ring of 10 s."""
    return RingBuffer(10 * RATE)


@pytest.fixture
def capture(ring, clock):
    """Return a capture that expects a stream."""
    capture = Capture(ring, RATE, clock=clock)
    capture.begin()
    return capture


def all_of(ring):
    """Return everything in a ring and the lost intervals."""
    read = ring.cursor().read(ring.capacity, 0.0)
    return read.waveform, read.lost


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20))
def test_blocks_arrive_whole(sizes):
    """For any block sizes, the ring has exactly the samples of the device, in order."""
    ring = RingBuffer(10 * RATE)
    capture = Capture(ring, RATE, clock=Clock())
    capture.begin()
    whole = np.random.default_rng(0).uniform(-1, 1, (sum(sizes), 1)).astype(np.float32)
    ends = np.cumsum(sizes)
    for start, end in zip(ends - sizes, ends, strict=True):
        capture.on_block(whole[start:end], False)
    assert ring.end_sample == len(whole)
    if len(whole):
        waveform, lost = all_of(ring)
        assert np.array_equal(waveform, whole[:, 0])
        assert lost == ()
    assert (capture.overflows, capture.lost_samples, capture.failure) == (0, 0, None)


@pytest.mark.parametrize("channel", [1, 2, 3])
def test_one_channel_is_recorded(ring, clock, channel):
    """It is the given channel, counted from 1, unchanged."""
    capture = Capture(ring, RATE, channel, clock)
    capture.begin()
    capture.on_block(block(10, 0.25, channels=3), False)
    assert np.array_equal(all_of(ring)[0], np.full(10, 0.25 * channel, np.float32))


def test_a_block_is_copied(ring, capture):
    """PortAudio's memory is valid during the call only."""
    lent = block(10)
    capture.on_block(lent, False)
    lent[:] = 9.0
    assert all_of(ring)[0].max() == 0.5


def test_an_overflow_is_counted_and_written_as_lost(ring, capture, clock):
    """The samples missing by the clock, at least one, are lost sound right before the block."""
    capture.on_block(block(100), False)
    clock.now += 0.5
    capture.on_block(block(100), True)
    capture.on_block(block(100), True)
    waveform, lost = all_of(ring)
    assert lost == ((100, 500), (600, 601))
    assert (capture.overflows, capture.lost_samples) == (2, 401)
    assert not waveform[100:500].any()


def test_before_the_first_block_nothing_can_be_lost(ring, capture, clock):
    """Position 0 is the first sample received, after an overflow or a long wait too."""
    clock.now += 100
    assert capture.fill() is True
    capture.on_block(block(10), True)
    assert ring.end_sample == 10
    assert (capture.overflows, capture.lost_samples) == (1, 0)


def test_lost_sound_is_written_while_no_block_comes(ring, capture, clock):
    """Between two streams the ring is filled up to the clock, as one loss."""
    capture.on_block(block(1000), False)
    capture.end()
    for _ in range(20):
        clock.now += 0.1
        capture.fill()
    assert ring.end_sample == 3000
    capture.begin()
    clock.now += 0.4
    capture.on_block(block(100), False)
    waveform, lost = all_of(ring)
    assert lost == ((1000, 3300),)
    assert (len(waveform), capture.streams, capture.lost_samples) == (3400, 2, 2300)


def test_a_new_stream_is_always_a_gap(ring, capture):
    """Even if no time has passed, no window spans two streams without a gap."""
    capture.on_block(block(100), False)
    capture.end()
    capture.begin()
    capture.on_block(block(100), False)
    assert all_of(ring)[1] == ((100, 101),)


def test_while_blocks_come_nothing_is_filled(ring, capture, clock):
    """A late block is not lost."""
    capture.on_block(block(100), False)
    clock.now += 0.9
    assert capture.fill() is True
    assert ring.end_sample == 100


def test_a_long_absence_is_filled_in_portions(ring, capture, clock):
    """Each call writes at most what the readers can take, and returns whether that was all."""
    capture.on_block(block(100), False)
    capture.end()
    clock.now += 6.0
    ends = []
    while not capture.fill():
        ends.append(ring.end_sample)
    assert ends == [2600, 5100]
    assert ring.end_sample == 6100


def test_late_blocks_of_a_closed_stream_are_ignored(ring, capture):
    """Blocks that the library delivers after the end are dropped."""
    capture.on_block(block(100), False)
    capture.end()
    capture.on_block(block(100), False)
    assert ring.end_sample == 100


def test_an_exception_is_stored(ring, capture):
    """It does not reach the library, and no more blocks are taken."""
    ring.close()
    capture.on_block(block(100), False)
    assert isinstance(capture.failure, ValueError)
    capture.on_block(block(100), False)
    assert capture.last_block is None


def test_the_last_block_counts_received_samples(capture, clock):
    """Lost samples change the position and not the count."""
    capture.on_block(block(100), False)
    clock.now += 1.0
    capture.on_block(block(50), True)
    assert capture.last_block == (51.0, 1100, 150)

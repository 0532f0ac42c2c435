"""The audio callback copies every block once, and lost sound is written at its position."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.ecg_ring_buffer import EcgRingBuffer
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


def test_a_long_absence_overwrites_nothing_unread(ring, capture, clock):
    """It is written once every reader has read what came before it, and is no overrun."""
    reader = ring.cursor()
    capture.on_block(block(100), False)
    capture.end()
    clock.now += 3600.0
    assert capture.fill() is False
    assert ring.end_sample == 100
    assert reader.read(1000, 0.0).end_sample == 100
    assert capture.fill() is True
    assert ring.end_sample == 3_600_100
    read = reader.read(10**7, 0.0)
    assert (read.lost, read.overrun, ring.overruns) == (((100, 3_600_100),), False, 0)


def test_readers_that_stand_still_are_not_waited_for(ring, capture, clock):
    """A recorder whose disk is full delays a long absence by two seconds, and nothing afterwards."""
    ring.cursor()
    capture.on_block(block(9000), False)
    capture.end()
    clock.now += 60.0
    filled = []
    for _ in range(25):
        clock.now += 0.1
        filled.append(capture.fill())
    assert filled.index(True) == pytest.approx(20, abs=1)
    assert all(filled[21:])
    assert ring.end_sample == 9000 + 62_500


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
    """Lost samples change the position and not the count; after an overflow the rate is measured again."""
    capture.on_block(block(100), False)
    assert capture.last_block == (50.0, 100, 1, True)
    clock.now += 0.15
    capture.on_block(block(50), True)
    assert capture.last_block == (50.15, 150, 2, True)


class TestHeldUp:
    """The program stands still; what is missing afterwards is written as lost."""

    @pytest.fixture
    def deliver(self, capture, clock):
        """Return a function that delivers blocks of 0.1 s, numbered, so many seconds apart."""
        delivered = []

        def deliver(blocks, every_s=0.1, overflow=False):
            for number in range(blocks):
                clock.now += every_s
                delivered.append(len(delivered) + 1)
                capture.on_block(block(100, delivered[-1]), overflow and number == 0)

        deliver(30)
        return deliver

    def test_the_loss_lies_behind_what_was_buffered(self, ring, capture, clock, deliver):
        """16 s of 20 are lost; the sound around them keeps its order, and its place is true to the clock."""
        clock.now += 20.0
        deliver(40, every_s=0.0)
        assert ring.end_sample == pytest.approx(7000, abs=300)
        deliver(15)
        waveform = all_of(ring)[0]
        assert ring.end_sample == pytest.approx((clock.now - 50.0) * RATE, abs=101)
        assert (capture.held_up, capture.held_up_samples) == (1, capture.lost_samples)
        assert capture.lost_samples == pytest.approx(16_000, abs=101)
        played = waveform[waveform > 0][::100]
        assert np.array_equal(played, np.arange(played[0], 86.0))

    def test_the_lost_interval(self, ring, capture, clock, deliver):
        """It is one interval, of zeros, where the sound broke off, within some blocks."""
        clock.now += 5.0
        deliver(10, every_s=0.0)
        deliver(15)
        waveform, lost = all_of(ring)
        ((start, end),) = lost
        assert start == pytest.approx(4000, abs=300)
        assert end - start == capture.lost_samples == pytest.approx(4000, abs=101)
        assert not waveform[start:end].any()

    def test_all_that_comes_late_is_written_at_once(self, ring, capture, clock, deliver):
        """A burst that catches up loses nothing and holds nothing back."""
        clock.now += 5.0
        deliver(50, every_s=0.0)
        assert all_of(ring)[1] == ()
        assert ring.end_sample == 8000
        assert (capture.held_up, capture.lost_samples, capture.last_block.in_time) == (0, 0, True)

    def test_late_blocks_do_not_measure_the_rate(self, capture, clock, deliver):
        """From the pause on until it is settled; then the rate is measured again."""
        before = capture.last_block.interruptions
        clock.now += 5.0
        deliver(1)
        assert capture.last_block.in_time is False
        deliver(15)
        assert capture.last_block.in_time is True
        assert capture.last_block.interruptions == before + 1

    def test_a_long_burst_waits_for_the_readers(self, ring, capture, clock, deliver):
        """25 s that come at once overwrite nothing in a ring of 10 s that its readers have not read."""
        reader = ring.cursor()
        clock.now += 25.0
        deliver(250, every_s=0.0)
        assert ring.end_sample <= ring.capacity
        reads = [reader.read(ring.capacity, 0.0)]
        while not capture.fill():
            reads.append(reader.read(ring.capacity, 0.0))
        reads.append(reader.read(ring.capacity, 0.0))
        assert ring.overruns == 0
        waveform = np.concatenate([read.waveform for read in reads])
        assert np.array_equal(waveform[::100], np.arange(1, 281))

    def test_an_overflow_in_it_is_part_of_the_loss(self, ring, capture, clock, deliver):
        """PortAudio may report it or not: the length is that of the clock."""
        clock.now += 6.0
        deliver(15, overflow=True)
        assert ring.end_sample == pytest.approx((clock.now - 50.0) * RATE, abs=101)
        assert len(all_of(ring)[1]) == 1
        assert (capture.overflows, capture.held_up) == (1, 1)

    def test_an_overflow_in_a_burst_is_a_gap(self, ring, capture, clock, deliver):
        """Where nothing is missing by the clock, the reported place is still withheld: one sample."""
        clock.now += 2.0
        deliver(20, every_s=0.0, overflow=True)
        assert all_of(ring)[1] == ((3000, 3001),)
        assert capture.lost_samples == 1

    def test_a_second_pause_is_marked_too(self, ring, capture, clock, deliver):
        """Between two losses that follow each other at once no window is whole."""
        clock.now += 3.0
        deliver(8)
        clock.now += 3.0
        deliver(16)
        assert len(all_of(ring)[1]) == 2
        assert ring.end_sample == pytest.approx((clock.now - 50.0) * RATE, abs=101)

    def test_a_starved_program_that_catches_up_has_no_gap(self, ring, capture, clock, deliver):
        """Pause follows pause, and each time a part of what was buffered is read: nothing is lost, not one sample."""
        clock.now += 2.0
        for _ in range(9):
            deliver(1, every_s=0.0)
            clock.now += 0.5
            deliver(2, every_s=0.001)
        deliver(38, every_s=0.0)
        deliver(20)
        assert all_of(ring)[1] == ()
        assert (capture.lost_samples, capture.held_up) == (0, 0)

    def test_a_stream_that_ends_meanwhile(self, ring, capture, clock, deliver):
        """A device that is gone after the computer slept: the sleep is lost, and the rest is filled as ever."""
        clock.now += 3600.0
        deliver(1)
        clock.now += 1.0
        capture.end()
        assert ring.end_sample == pytest.approx((clock.now - 1.0 - 50.0) * RATE, abs=101)
        assert capture.fill() is True
        assert ring.end_sample == pytest.approx((clock.now - 50.0) * RATE, abs=101)
        assert capture.held_up == 1

    def test_flush_writes_what_waits(self, ring, capture, clock, deliver):
        """At the end, as soon as the readers have read."""
        reader = ring.cursor()
        clock.now += 15.0
        deliver(150, every_s=0.0)
        assert capture.flush() is False
        reader.read(ring.capacity, 0.0)
        assert capture.flush() is True
        assert ring.end_sample == 18_000


def test_an_electrocardiogram_has_the_same_gaps(clock):
    """Its channel goes into a ring of its own, with the lost samples of the sound at the same places."""
    both = EcgRingBuffer(10 * RATE)
    capture = Capture(both, RATE, channel=1, clock=clock, ecg_channel=3)
    capture.begin()
    capture.on_block(block(50, 0.125, channels=4), False)
    clock.now += 0.1
    capture.on_block(block(50, 0.125, channels=4), True)
    sound, ecg = all_of(both), all_of(both.ecg)
    assert sound[1] == ecg[1] != ()
    assert set(sound[0].tolist()) == {0.0, 0.125}
    np.testing.assert_array_equal(ecg[0], 3 * sound[0])


def test_a_number_of_lost_samples_is_a_gap_of_that_length(capture, ring, clock):
    """A sender that counts its samples says how many are missing: in their place, and no loss by the clock besides."""
    for _ in range(30):
        clock.now += 0.1
        capture.on_block(block(100), False)
    clock.now += 0.1
    capture.on_block(60, False)
    capture.on_block(block(40), False)
    waveform, lost = all_of(ring)
    assert lost == ((3000, 3060),)
    assert (len(waveform), capture.lost_samples, capture.held_up) == (3100, 60, 0)
    assert capture.last_block.samples == 3100


def test_a_number_of_lost_samples_that_comes_late(capture, ring, clock):
    """In a burst after a stall too: the gap stays where the sender says it is."""
    for _ in range(30):
        clock.now += 0.1
        capture.on_block(block(100), False)
    clock.now += 2.0
    for item in (block(500), 700, block(800)):
        capture.on_block(item, False)
    for _ in range(20):
        clock.now += 0.1
        capture.on_block(block(100), False)
    _, lost = all_of(ring)
    assert lost == ((3500, 4200),)
    assert ring.end_sample == 7000

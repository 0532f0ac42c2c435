"""A jump of the samples against the clock is a loss; late blocks, a wrong clock and start-up are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.device.hold_up import RESERVE_S, SETTLED_S, START_UP_S, HoldUp

RATE = 44_100
LATENCY_S = 0.2
BLOCK = 2205


class Device:
    """Blocks as a sound system delivers them, and what :class:`HoldUp` says of them.

    The true position is counted; what it lost and what the buffer held back are known.
    """

    def __init__(self, rate=RATE, nominal=RATE, measured=True, seed=0, jitter_s=0.0):
        self.hold_up = HoldUp(nominal, LATENCY_S)
        self.rate, self.jitter_s, self.now_s = rate, jitter_s, 1000.0
        self.late = np.random.default_rng(seed)
        self.reported, self.held = [], 0
        self.received = 0
        if measured:
            self.hold_up.rate_hz = rate

    def deliver(self, now_s, samples=BLOCK):
        """Deliver a block at some time; note losses with the samples received before them."""
        lost = self.hold_up.push(now_s, samples)
        if lost is None:
            self.held += samples
        else:
            if lost:
                self.reported.append((self.received - self.held, lost))
            self.held = 0
        self.received += samples

    def play(self, seconds):
        """Deliver blocks at their own pace, each late by up to the jitter."""
        for _ in range(round(seconds * self.rate / BLOCK)):
            self.now_s += BLOCK / self.rate
            self.deliver(self.now_s + self.late.uniform(0, self.jitter_s))

    def stand_still(self, seconds, buffered_s=0.0):
        """Let time pass; then the sound buffered in it comes within milliseconds."""
        self.now_s += seconds
        for number in range(round(buffered_s * self.rate / BLOCK)):
            self.deliver(self.now_s + 1e-4 * number)

    @property
    def lost_s(self):
        """Return the seconds of each loss."""
        return [lost / self.rate for _, lost in self.reported]


@pytest.fixture
def device():
    """Return a device that has delivered for 30 s."""
    device = Device()
    device.play(30.0)
    return device


def test_a_steady_stream_loses_nothing(device):
    """Not in half an hour either."""
    device.play(1800.0)
    assert (device.reported, device.held, device.hold_up.jumps) == ([], 0, 0)


@pytest.mark.parametrize("ppm", [-5000, -200, 200, 5000])
def test_a_clock_that_is_off_is_no_loss(ppm):
    """At 44.1 kHz, with a rate that is not yet known, and with jitter; the shortfall grows to seconds."""
    device = Device(rate=RATE * (1 + ppm * 1e-6), measured=False, jitter_s=0.03)
    device.play(1000.0)
    assert (device.reported, device.held, device.hold_up.jumps) == ([], 0, 0)


@given(st.integers(0, 10_000), st.floats(0.0, 0.14))
def test_late_blocks_are_no_loss(seed, jitter_s):
    """Any jitter below half of the latency and its reserve changes nothing."""
    device = Device(seed=seed, jitter_s=jitter_s)
    device.play(20.0)
    assert (device.reported, device.held, device.hold_up.jumps) == ([], 0, 0)


@given(st.floats(0.1, 100.0))
def test_a_burst_that_catches_up_is_no_loss(seconds):
    """However long the program stood still, if the buffer held all of it."""
    device = Device()
    device.play(3.0)
    device.stand_still(seconds, buffered_s=seconds)
    device.play(5.0)
    assert (device.reported, device.held, device.hold_up.jumps) == ([], 0, 0)


def test_a_burst_that_comes_in_pieces_is_no_loss(device):
    """A busy computer delivers what was held up in several bursts, with pauses and normal sound between them."""
    device.now_s += 6.0
    for _ in range(8):
        for number in range(18):  # 0.9 s of sound, 0.15 s of time
            device.deliver(device.now_s + 1e-4 * number)
        device.now_s += 3 * BLOCK / RATE
    device.play(5.0)
    assert (device.reported, device.held, device.hold_up.jumps) == ([], 0, 0)


def test_sound_that_is_caught_up_slowly_is_no_loss(device):
    """A buffer that is read at one and a half times the pace is waited for."""
    device.now_s += 3.0
    for _ in range(200):
        device.now_s += BLOCK / RATE / 1.5
        device.deliver(device.now_s)
    device.now_s = device.hold_up._previous_s
    device.play(5.0)
    assert (device.reported, device.held) == ([], 0)


@given(st.floats(0.5, 28_800.0), st.floats(0.0, 8.0), st.integers(0, 1000), st.floats(0.0, 0.03))
def test_a_loss_has_its_length_and_its_place(seconds, buffered_s, seed, jitter_s):
    """What is missing after the buffered part is lost, told once, within a block, a buffer at most."""
    buffered_s = min(buffered_s, seconds - 0.45)
    device = Device(seed=seed, jitter_s=jitter_s)
    device.play(3.0)
    before = device.received
    device.stand_still(seconds, max(0.0, buffered_s))
    joint = device.received
    device.play(3.0)
    assert len(device.reported) == 1
    assert abs(device.reported[0][0] - joint) <= 3 * BLOCK
    assert device.reported[0][0] >= before
    assert device.lost_s[0] == pytest.approx(seconds - (joint - before) / RATE, abs=0.1)
    assert (device.held, device.hold_up.jumps) == (0, 1)


def test_drift_is_taken_off(device):
    """After 8 h of sleep, a device that is 200 ppm slow has lost 200 ppm less: 5.8 s."""
    slow = Device(rate=RATE * (1 - 200e-6))
    slow.play(30.0)
    slow.stand_still(8 * 3600.0)
    slow.play(5.0)
    assert slow.reported[0][1] == pytest.approx(8 * 3600 * slow.rate, abs=2 * BLOCK)
    assert slow.reported[0][1] < 8 * 3600 * RATE - 5.5 * RATE


@pytest.mark.parametrize("deviation", [-0.09, 0.09])
def test_before_the_rate_is_measured_it_may_be_wrong(deviation):
    """A driver that delivers 48 kHz for 44.1, or the reverse, and is held up early, has lost nothing."""
    device = Device(rate=RATE * (1 + deviation), measured=False)
    device.play(5.0)
    device.stand_still(8.0, buffered_s=8.0)
    device.play(15.0)
    assert device.reported == []


def test_what_the_buffer_can_hold_is_no_loss(device):
    """A shortfall of the latency and its reserve may be a longer latency; it is a jump all the same."""
    device.stand_still(LATENCY_S + RESERVE_S - 0.01)
    device.play(5.0)
    assert (device.reported, device.held, device.hold_up.jumps) == ([], 0, 1)


def test_after_a_loss_all_is_as_before(device):
    """The next loss is found alike, and there is none between."""
    for _ in range(3):
        device.stand_still(12.0, buffered_s=4.0)
        device.play(60.0)
    assert device.lost_s == pytest.approx([8.0] * 3, abs=0.06)


def test_blocks_are_held_back_for_a_second_at_most(device):
    """What was buffered passes at once, and then only the blocks in which the shortfall settles are held."""
    device.stand_still(12.0, buffered_s=4.0)
    assert device.held <= BLOCK
    device.play(SETTLED_S + LATENCY_S - 0.1)
    assert device.held == pytest.approx((SETTLED_S + LATENCY_S - 0.1) * RATE, abs=2 * BLOCK)
    device.play(0.2)
    assert device.held == 0
    assert len(device.reported) == 1


def test_a_second_pause_at_once_is_part_of_the_loss(device):
    """A program that is stopped again before the first loss was settled has lost the sum."""
    device.stand_still(12.0, buffered_s=4.0)
    device.play(0.5)
    device.stand_still(5.0)
    device.play(5.0)
    assert device.lost_s == pytest.approx([13.0], abs=0.06)


def test_a_stream_that_ends_after_a_pause_has_lost_the_shortfall(device):
    """No more blocks are to come; the next stream starts again."""
    device.stand_still(600.0, buffered_s=0.1)
    assert device.hold_up.finish() / RATE == pytest.approx(599.9, abs=0.06)
    device.hold_up.begin()
    device.now_s += 1000.0
    device.play(10.0)
    assert device.reported == []


@pytest.mark.parametrize("pause_s", [0.5, 1.5])
def test_start_up_is_no_loss(pause_s):
    """A sound server that delivers a first block and then wakes up has lost nothing."""
    device = Device(measured=False)
    device.play(0.2)
    device.stand_still(pause_s)
    device.play(10.0)
    assert (device.reported, device.held) == ([], 0)
    assert pause_s < START_UP_S


def test_a_large_latency_has_large_blocks():
    """With a latency of 5 s blocks of 2.5 s are no pauses."""
    hold_up = HoldUp(4000, 5.0)
    assert [hold_up.push(2.5 * number, 10_000) for number in range(20)] == [0] * 20
    assert hold_up.jumps == 0


@pytest.mark.parametrize("group", [2, 20])
def test_blocks_in_groups_are_no_loss(group):
    """A driver that delivers several blocks at once, every second even, loses nothing."""
    device = Device()
    for _ in range(100):
        device.now_s += group * BLOCK / RATE
        for _ in range(group):
            device.deliver(device.now_s)
    assert (device.reported, device.held, device.hold_up.jumps) == ([], 0, 0)

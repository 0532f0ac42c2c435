"""The trace on the screen is the sound: every bin its lowest and highest sample, however often it is asked for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.ring_buffer import RingBuffer
from monitor.dashboard.trace import BIN_S, KEPT_BINS, Tracer, heart_sounds
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

NOISE = np.random.default_rng(4).uniform(-1, 1, 40_000).astype(np.float32)


def bins_of(waveform, sample_rate, first, end):
    """Return lowest and highest samples of some bins, one by one."""
    edges = [round(number * BIN_S * sample_rate) for number in range(first, end + 1)]
    parts = [waveform[start:stop] for start, stop in itertools.pairwise(edges)]
    return np.array([part.min() for part in parts]), np.array([part.max() for part in parts])


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=20), st.sampled_from([1000, 4000, 11_025]))
def test_however_often_it_is_asked_for_the_bins_are_the_same(steps, sample_rate):
    """Bins lie on an absolute grid: the looks between change nothing."""
    ring = RingBuffer(len(NOISE))
    tracer = Tracer(ring, sample_rate)
    position = 0
    for step in steps:
        ring.push(NOISE[position : position + step])
        position = min(len(NOISE), position + step)
        trace = tracer.trace(position)
    end = int(position / sample_rate / BIN_S)
    assert trace.first_bin + len(trace.low) == end
    low, high = bins_of(NOISE, sample_rate, trace.first_bin, end)
    np.testing.assert_array_equal(trace.low, low)
    np.testing.assert_array_equal(trace.high, high)
    assert len(trace.low) == min(end, KEPT_BINS)


def test_nothing_heard_is_nothing_shown():
    """Before the first whole bin the trace is empty and its peak 0."""
    trace = Tracer(RingBuffer(100), 4000).trace(0)
    assert (trace.first_bin, len(trace.low), trace.peak) == (0, 0, 0.0)


def test_what_the_ring_no_longer_holds_is_left_out():
    """A look after a long while begins with the oldest sample held."""
    ring = RingBuffer(4000)
    tracer = Tracer(ring, 4000)
    ring.push(NOISE[:2000])
    tracer.trace(2000)
    for start in range(2000, 20_000, 1000):
        ring.push(NOISE[start : start + 1000])
    trace = tracer.trace(20_000)
    assert trace.first_bin == 800
    low, _ = bins_of(NOISE, 4000, 800, 1000)
    np.testing.assert_array_equal(trace.low, low)


def test_a_look_at_what_is_gone_keeps_what_was_known():
    """A position that the ring has left behind adds nothing."""
    ring = RingBuffer(4000)
    tracer = Tracer(ring, 4000)
    ring.push(NOISE[:2000])
    before = tracer.trace(2000)
    for start in range(2000, 20_000, 1000):
        ring.push(NOISE[start : start + 1000])
    after = tracer.trace(8000)
    assert (after.first_bin, len(after.low)) == (before.first_bin, len(before.low))


def test_lost_stretches_are_told_in_seconds():
    """What was lost in the ring is lost in the trace."""
    ring = RingBuffer(8000)
    ring.push(NOISE[:2000])
    ring.push_lost(1000)
    ring.push(NOISE[:1000])
    trace = Tracer(ring, 4000).trace(4000)
    assert trace.lost_s == ((0.5, 0.75),)
    assert trace.peak == pytest.approx(float(np.abs(NOISE[:2000]).max()))


def test_what_is_given_out_cannot_be_changed():
    """The arrays are read-only."""
    ring = RingBuffer(8000)
    ring.push(NOISE[:2000])
    with pytest.raises(ValueError, match="read-only"):
        Tracer(ring, 4000).trace(2000).low[0] = 0.0


def test_a_rate_without_sound_is_refused():
    """Below 1000 Hz a bin may hold no sample."""
    with pytest.raises(ValueError, match="sample_rate=999"):
        Tracer(RingBuffer(10), 999)


class TestHeartSounds:
    """Where heart sounds are heard."""

    def test_every_sound_of_a_made_heart_is_found_once(self):
        """Each first and second sound has its tick within 0.05 s, and nothing else has one."""
        made = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(2), HEART.sample_rate)
        stream = StreamingSpectrogram(HEART)
        stream.push(made.waveform)
        heard = np.array(heart_sounds(stream.window(0).envelope, 0.0))
        firsts = made.beats.s1_samples / HEART.sample_rate
        firsts = firsts[(firsts > 0.1) & (firsts < 4.6)]
        near = np.abs(heard[:, None] - firsts[None, :] - 0.06).min(axis=0)
        assert near.max() < 0.08
        assert len(firsts) * 2 - 1 <= len(heard) <= len(firsts) * 2 + 2

    def test_times_are_those_of_the_source(self):
        """A window that starts later has its sounds later."""
        envelope = np.zeros(198, np.float32)
        envelope[100] = 5.0
        assert heart_sounds(envelope, 10.0) == pytest.approx([10.0 + 100 * HEART.frame_hop_s + 0.032])

    def test_a_level_envelope_has_none(self):
        """Silence and steady noise without a maximum give no tick."""
        assert heart_sounds(np.zeros(198, np.float32), 0.0) == ()
        assert heart_sounds(np.zeros(3, np.float32), 0.0) == ()

    def test_a_plateau_is_one_sound(self):
        """Equal neighbours are one maximum."""
        envelope = np.zeros(198, np.float32)
        envelope[100:103] = 5.0
        assert len(heart_sounds(envelope, 0.0)) == 1

"""The trace has the minimum and maximum of every bin, however often it is requested."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.ring_buffer import RingBuffer
from monitor.dashboard.trace import BIN_S, MAX_BINS, Trace, Tracer, detect_heart_sounds
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

NOISE = np.random.default_rng(4).uniform(-1, 1, 40_000).astype(np.float32)


def bins_of(waveform, sample_rate, first, end):
    """Return minimum and maximum of some bins, computed one by one."""
    edges = [round(index * BIN_S * sample_rate) for index in range(first, end + 1)]
    parts = [waveform[start:stop] for start, stop in itertools.pairwise(edges)]
    return np.array([part.min() for part in parts]), np.array([part.max() for part in parts])


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=20), st.sampled_from([1000, 4000, 11_025]))
def test_the_bins_do_not_depend_on_the_calls(steps, sample_rate):
    """Bins are on an absolute grid, whatever calls came before."""
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
    assert len(trace.low) == min(end, MAX_BINS)


def test_without_sound_it_is_empty():
    """Before the first whole bin the trace is empty and the peak 0."""
    trace = Tracer(RingBuffer(100), 4000).trace(0)
    assert (trace.first_bin, len(trace.low), trace.peak) == (0, 0, 0.0)


def test_overwritten_samples_are_omitted():
    """A call after a long time begins with the oldest sample in the ring buffer."""
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


def test_a_position_that_was_overwritten_changes_nothing():
    """A position before the oldest sample adds no bins."""
    ring = RingBuffer(4000)
    tracer = Tracer(ring, 4000)
    ring.push(NOISE[:2000])
    before = tracer.trace(2000)
    for start in range(2000, 20_000, 1000):
        ring.push(NOISE[start : start + 1000])
    after = tracer.trace(8000)
    assert (after.first_bin, len(after.low)) == (before.first_bin, len(before.low))


def test_lost_samples_are_reported_in_seconds():
    """Lost samples in the ring buffer are lost in the trace."""
    ring = RingBuffer(8000)
    ring.push(NOISE[:2000])
    ring.push_lost(1000)
    ring.push(NOISE[:1000])
    trace = Tracer(ring, 4000).trace(4000)
    assert trace.lost_s == ((0.5, 0.75),)
    assert trace.peak == pytest.approx(float(np.abs(NOISE[:2000]).max()))


def test_the_arrays_are_read_only():
    """Writing into the arrays raises."""
    ring = RingBuffer(8000)
    ring.push(NOISE[:2000])
    with pytest.raises(ValueError, match="read-only"):
        Tracer(ring, 4000).trace(2000).low[0] = 0.0


def test_a_low_sample_rate_raises():
    """Below 1000 Hz a bin may have no sample."""
    with pytest.raises(ValueError, match="sample_rate=999"):
        Tracer(RingBuffer(10), 999)


class TestHeartSounds:
    """Detection of heart sounds."""

    def test_every_sound_of_a_synthetic_heart_is_detected_once(self):
        """S1 and S2 of each beat are detected within 0.08 s, and hardly anything else."""
        synthetic = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(2), HEART.sample_rate)
        stream = StreamingSpectrogram(HEART)
        stream.push(synthetic.waveform)
        detected = np.array(detect_heart_sounds(stream.window(0).envelope, 0.0))
        firsts = synthetic.beats.s1_samples / HEART.sample_rate
        firsts = firsts[(firsts > 0.1) & (firsts < 4.6)]
        near = np.abs(detected[:, None] - firsts[None, :] - 0.06).min(axis=0)
        assert near.max() < 0.08
        assert len(firsts) * 2 - 1 <= len(detected) <= len(firsts) * 2 + 2

    def test_times_are_those_of_the_source(self):
        """The start of the window is added."""
        envelope = np.zeros(198, np.float32)
        envelope[100] = 5.0
        assert detect_heart_sounds(envelope, 10.0) == pytest.approx([10.0 + 100 * HEART.frame_hop_s + 0.032])

    def test_a_constant_envelope_has_none(self):
        """A constant envelope has no maximum."""
        assert detect_heart_sounds(np.zeros(198, np.float32), 0.0) == ()
        assert detect_heart_sounds(np.zeros(3, np.float32), 0.0) == ()

    def test_a_plateau_is_one_sound(self):
        """Equal neighbours are one maximum."""
        envelope = np.zeros(198, np.float32)
        envelope[100:103] = 5.0
        assert len(detect_heart_sounds(envelope, 0.0)) == 1


def test_centred():
    """The range of the samples lies around zero; an empty trace stays as it is."""
    trace = Trace(0, np.array([0.25, 0.5], np.float32), np.array([0.5, 0.75], np.float32)).centred()
    assert (trace.low.tolist(), trace.high.tolist()) == ([-0.25, 0.0], [0.0, 0.25])
    nothing = np.zeros(0, np.float32)
    assert len(Trace(0, nothing, nothing).centred().low) == 0

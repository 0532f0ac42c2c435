"""The long run plays a given time through the whole pipeline, and measures speed and memory growth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.bench.long_run import EndlessSource, growth, long_run, memory_in_use_mb


@given(st.integers(1, 50), st.integers(1, 60), st.integers(1, 300))
def test_the_source_has_the_given_duration(length, block_samples, total):
    """For any sizes: the waveform repeated, cut after exactly the given time."""
    waveform = np.arange(length, dtype=np.float32)
    source = EndlessSource(waveform, 4000, total / 4000)
    blocks = list(source.blocks(block_samples))
    assert all(0 < len(block) <= block_samples for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), np.resize(waveform, total))


def test_the_source_copies_nothing():
    """Its blocks are views, so the duration of the run costs no memory."""
    waveform = np.zeros(100, np.float32)
    assert all(np.shares_memory(block, waveform) for block in EndlessSource(waveform, 4000, 1.0).blocks(64))


def test_every_window_is_classified(plain_bundle, heart_waveform):
    """12 s at a hop of 0.5 s are 15 windows; the real-time factor is seconds of sound per second."""
    clock = itertools.count(0.0, 3.0).__next__  # read twice: before and after
    result = long_run(plain_bundle, heart_waveform, 4000, 12.0, clock=clock, memory_mb=lambda: 100.0)
    assert result.windows == 15
    assert result.real_time_factor == pytest.approx(12.0 / 3.0)
    assert result.memory_growth_mb is None


def test_memory_is_sampled_during_the_run(plain_bundle, heart_waveform):
    """Memory that rises by one from sample to sample has grown by 4 in 5 samples."""
    samples = itertools.count(100.0, 1.0).__next__
    result = long_run(plain_bundle, heart_waveform, 4000, 60.0, memory_mb=samples)
    assert result.windows == 111
    assert result.memory_growth_mb == 4.0  # the quarters are the first and the last sample


def test_a_run_shorter_than_a_window_is_refused(plain_bundle, heart_waveform):
    """There would be nothing to measure."""
    with pytest.raises(ValueError, match="one window"):
        long_run(plain_bundle, heart_waveform, 4000, 4.0)


def test_growth_by_hand():
    """The maximum of the last quarter minus that of the first; None for too few samples."""
    assert growth([1.0, 3.0, 9.0, 9.0, 9.0, 9.0, 2.0, 5.0]) == 2.0
    assert growth([5.0, 5.0, 5.0]) is None


def test_memory_in_use():
    """More than a megabyte, and it rises with an array that is allocated."""
    before = memory_in_use_mb()
    block = np.ones(4_000_000)
    after = memory_in_use_mb()
    assert before > 1.0
    assert after - before > 0.5 * block.nbytes / 1e6

"""The long run plays what it says, through the whole pipeline, and tells whether memory grows."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.bench.long_run import EndlessSource, growth, long_run, memory_in_use_mb


@given(st.integers(1, 50), st.integers(1, 60), st.integers(1, 300))
def test_the_source_lasts_as_long_as_it_says(length, block_samples, total):
    """For any sizes: the waveform again and again, cut after exactly the given time."""
    waveform = np.arange(length, dtype=np.float32)
    source = EndlessSource(waveform, 4000, total / 4000)
    blocks = list(source.blocks(block_samples))
    assert all(0 < len(block) <= block_samples for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), np.resize(waveform, total))


def test_the_source_copies_nothing():
    """Its blocks are views, so the length of the run costs no memory."""
    waveform = np.zeros(100, np.float32)
    assert all(np.shares_memory(block, waveform) for block in EndlessSource(waveform, 4000, 1.0).blocks(64))


def test_every_window_is_judged(plain_bundle, heart_waveform):
    """12 s at a hop of 0.5 s are 15 windows, however fast they come; the factor is sound over time."""
    clock = itertools.count(0.0, 3.0).__next__  # looked at twice: before and after
    found = long_run(plain_bundle, heart_waveform, 4000, 12.0, clock=clock, memory_mb=lambda: None)
    assert found.windows == 15
    assert found.real_time_factor == pytest.approx(12.0 / 3.0)
    assert found.memory_growth_mb is None


def test_memory_is_looked_at_on_the_way(plain_bundle, heart_waveform):
    """Memory that rises by one at each look has grown by three quarters of the looks."""
    looks = itertools.count(100.0, 1.0).__next__
    found = long_run(plain_bundle, heart_waveform, 4000, 60.0, memory_mb=looks)
    assert found.windows == 111
    assert found.memory_growth_mb == 4.0  # five looks: the quarters are the first and the last of them


def test_a_run_shorter_than_a_window_is_refused(plain_bundle, heart_waveform):
    """There would be nothing to measure."""
    with pytest.raises(ValueError, match="one window"):
        long_run(plain_bundle, heart_waveform, 4000, 4.0)


def test_growth_by_hand():
    """The highest of the last quarter less the highest of the first; too few looks tell nothing."""
    assert growth([1.0, 3.0, 9.0, 9.0, 9.0, 9.0, 2.0, 5.0]) == 2.0
    assert growth([5.0, 5.0, 5.0]) is None


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not say how much memory is in use")
def test_memory_in_use():
    """What the process holds is more than a megabyte and rises with what is taken."""
    before = memory_in_use_mb()
    block = np.ones(4_000_000)
    after = memory_in_use_mb()
    assert before > 1.0
    assert after - before > 0.5 * block.nbytes / 1e6


def test_memory_that_cannot_be_told(monkeypatch, tmp_path):
    """Where the system has no such file the answer is that it does not say."""
    monkeypatch.setattr("monitor.commands.bench.long_run.Path", lambda name: tmp_path / "absent")
    assert memory_in_use_mb() is None

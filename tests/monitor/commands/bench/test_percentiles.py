"""Percentiles of measured times, and the endless sound of the measurements."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.bench.percentiles import LatencyPercentiles, endless, median


def test_percentiles_by_hand():
    """Of the times 0 to 100 ms the percentiles are 50, 95 and 99 ms."""
    percentiles = LatencyPercentiles.of([ms / 1000 for ms in range(101)])
    assert percentiles.p50_ms == pytest.approx(50.0)
    assert percentiles.p95_ms == pytest.approx(95.0)
    assert percentiles.p99_ms == pytest.approx(99.0)


@given(st.lists(st.floats(1e-6, 10.0), min_size=1, max_size=50))
def test_percentiles_are_in_order(times):
    """No percentile is below a lower one or outside the range of the times."""
    percentiles = LatencyPercentiles.of(times)
    low, high = 1000 * min(times) * (1 - 1e-9), 1000 * max(times) * (1 + 1e-9)
    assert low <= percentiles.p50_ms <= percentiles.p95_ms <= percentiles.p99_ms <= high


def test_json_values_are_rounded():
    """Milliseconds with four decimals, under the names of the JSON object."""
    assert LatencyPercentiles(0.123456, 1.0, 2.0).to_json() == {"p50_ms": 0.1235, "p95_ms": 1.0, "p99_ms": 2.0}


def test_no_times_have_no_percentiles():
    """An empty list is an error, not a zero."""
    with pytest.raises(ValueError, match="times_s must hold"):
        LatencyPercentiles.of([])
    with pytest.raises(ValueError, match="values must hold"):
        median([])


def test_median_by_hand():
    """The middle one of three."""
    assert median([3.0, 1.0, 2.0]) == 2.0


def test_endless_repeats_the_waveform():
    """Blocks follow each other and start again; a rest shorter than a block is left out."""
    blocks = endless(np.arange(10, dtype=np.float32), 4)
    starts = [int(block[0]) for block in itertools.islice(blocks, 5)]
    assert starts == [0, 4, 0, 4, 0]


def test_endless_copies_nothing():
    """A block is a view of the waveform, so an hour of sound costs no memory."""
    waveform = np.zeros(10, np.float32)
    assert np.shares_memory(next(endless(waveform, 10)), waveform)


@pytest.mark.parametrize("samples", [0, 11])
def test_endless_needs_a_block(samples):
    """An empty block, or one longer than the waveform, is refused."""
    with pytest.raises(ValueError, match="samples="):
        endless(np.zeros(10, np.float32), samples)

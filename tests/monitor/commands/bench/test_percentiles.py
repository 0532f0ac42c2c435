"""Times become percentiles, and one sound serves every measurement."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.bench.percentiles import Figures, endless, median


def test_percentiles_by_hand():
    """Of 0 to 100 ms the percentiles are their own numbers."""
    figures = Figures.of([number / 1000 for number in range(101)])
    assert figures.p50_ms == pytest.approx(50.0)
    assert figures.p95_ms == pytest.approx(95.0)
    assert figures.p99_ms == pytest.approx(99.0)


@given(st.lists(st.floats(1e-6, 10.0), min_size=1, max_size=50))
def test_percentiles_are_in_order(times):
    """However few times there are, no percentile is below a lower one or outside the times."""
    figures = Figures.of(times)
    low, high = 1000 * min(times) * (1 - 1e-9), 1000 * max(times) * (1 + 1e-9)
    assert low <= figures.p50_ms <= figures.p95_ms <= figures.p99_ms <= high


def test_json_is_short():
    """Figures go out in ms with four digits, under the names of the JSON object."""
    assert Figures(0.123456, 1.0, 2.0).to_json() == {"p50_ms": 0.1235, "p95_ms": 1.0, "p99_ms": 2.0}


def test_no_times_have_no_percentiles():
    """Nothing measured is the caller's mistake, not a zero."""
    with pytest.raises(ValueError, match="times_s must hold"):
        Figures.of([])
    with pytest.raises(ValueError, match="values must hold"):
        median([])


def test_median_by_hand():
    """The middle one of three."""
    assert median([3.0, 1.0, 2.0]) == 2.0


def test_endless_goes_round():
    """Blocks follow each other to the end and begin again; a rest that fills no block is left out."""
    blocks = endless(np.arange(10, dtype=np.float32), 4)
    starts = [int(block[0]) for block in itertools.islice(blocks, 5)]
    assert starts == [0, 4, 0, 4, 0]


def test_endless_copies_nothing():
    """A block is a view of the waveform, so an hour of sound costs no memory."""
    waveform = np.zeros(10, np.float32)
    assert np.shares_memory(next(endless(waveform, 10)), waveform)


@pytest.mark.parametrize("samples", [0, 11])
def test_endless_needs_a_block(samples):
    """A block of nothing, or one longer than the waveform, is refused."""
    with pytest.raises(ValueError, match="samples="):
        endless(np.zeros(10, np.float32), samples)

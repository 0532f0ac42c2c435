"""Peak decimation: the largest values survive, however long the track and however it is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive.decimate import PeakDecimator


def pushed(values, cuts, capacity):
    """Return a decimator of values pushed in blocks."""
    decimator = PeakDecimator(len(values), capacity)
    for block in np.split(values, cuts, axis=1):
        decimator.push(block)
    return decimator


@given(
    count=st.integers(0, 700),
    cuts=st.lists(st.integers(0, 700), max_size=8),
    half=st.integers(1, 20),
    seed=st.integers(0, 9),
)
def test_columns_are_the_maxima_of_their_items(count, cuts, half, seed):
    """Any cutting into blocks gives the same columns."""
    values = np.random.default_rng(seed).standard_normal((2, count)).astype(np.float32)
    decimator = pushed(values, sorted(min(cut, count) for cut in cuts), 2 * half)
    width = decimator.items_per_column
    expected = [values[:, begin : begin + width].max(axis=1) for begin in range(0, count, width)]
    assert decimator.items == count
    assert decimator.columns.tolist() == np.array(expected, np.float32).reshape(-1, 2).T.tolist()


@given(count=st.integers(1, 5000), half=st.integers(1, 50))
def test_a_long_track_has_at_least_half_the_columns(count, half):
    """Never more columns than the capacity, and once it was full never fewer than half of it."""
    decimator = PeakDecimator(1, 2 * half)
    decimator.push(np.zeros((1, count), np.float32))
    assert min(count, half) <= decimator.columns.shape[1] <= 2 * half


def test_one_loud_sample_in_a_million_is_kept():
    """A click of one sample is as high in the columns as it was."""
    values = np.zeros((1, 1_000_000), np.float32)
    values[0, 654_321] = 0.9
    decimator = pushed(values, [300_000, 777_777], 64)
    assert decimator.columns.max() == np.float32(0.9)
    assert int(decimator.columns.argmax()) == 654_321 // decimator.items_per_column


@pytest.mark.parametrize(
    ("tracks", "capacity", "rule"), [(0, 4, "tracks=0"), (1, 3, "capacity=3"), (1, 0, "capacity=0")]
)
def test_sizes_are_checked(tracks, capacity, rule):
    """No tracks, and an odd or no capacity, are refused."""
    with pytest.raises(ValueError, match=rule):
        PeakDecimator(tracks, capacity)

"""The samples of a ring buffer, and the intervals that were lost."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sample_store import MAX_LEVEL, SampleStore


def ramp(start, end):
    """Samples whose value is their own index."""
    return np.arange(start, end, dtype=np.float32)


def test_capacity_must_be_positive():
    """A capacity of 0 is refused by name and value."""
    with pytest.raises(ValueError, match="capacity=0 must be"):
        SampleStore(0)


@given(st.integers(1, 40), st.lists(st.integers(0, 90), max_size=20))
def test_the_newest_samples_are_stored(capacity, sizes):
    """For any block sizes, the last `capacity` samples are stored at their absolute positions."""
    store, end = SampleStore(capacity), 0
    for size in sizes:
        store.append(ramp(end, end + size))
        end += size
        assert store.end_sample == end
        assert store.oldest_sample == max(0, end - capacity)
        np.testing.assert_array_equal(store.copy(store.oldest_sample, end), ramp(store.oldest_sample, end))


@given(st.lists(st.lists(st.sampled_from([0.5, np.nan]), max_size=12), max_size=12))
def test_lost_intervals_are_exactly_the_non_finite_samples(blocks):
    """The intervals cover the non-finite samples and no others, ascending and disjoint."""
    store = SampleStore(200)
    for block in blocks:
        store.append(np.array(block, np.float32))
    bad = [bool(np.isnan(value)) for block in blocks for value in block]
    lost = store.lost_between(0, len(bad))
    assert [position for start, end in lost for position in range(start, end)] == list(np.flatnonzero(bad))
    assert all(before[1] < after[0] for before, after in itertools.pairwise(lost))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2 * MAX_LEVEL, -1e30, 3e38])
def test_invalid_samples_become_zero_without_a_warning(value):
    """NaN, infinity and absurd levels are stored as zeros; the samples beside them are unchanged."""
    store = SampleStore(8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.append(np.array([0.25, value, -0.5], np.float32))
    np.testing.assert_array_equal(store.copy(0, 3), np.array([0.25, 0.0, -0.5], np.float32))
    assert store.lost_between(0, 3) == [(1, 2)]


def test_loud_blocks_are_no_loss():
    """A long block of integers written as floats passes, though its energy is above the limit of the fast check."""
    store, block = SampleStore(5000), np.full(5000, 32768.0, np.float32)
    store.append(block)
    assert store.lost_between(0, 5000) == []
    np.testing.assert_array_equal(store.copy(0, 5000), block)


def test_a_strided_block_is_accepted():
    """One channel of an interleaved block is copied, and non-finite samples in it are found."""
    block = np.arange(12, dtype=np.float32).reshape(6, 2)
    block[2, 1] = np.nan
    store = SampleStore(10)
    store.append(block[:, 1])
    np.testing.assert_array_equal(store.copy(0, 6), [1, 3, 0, 7, 9, 11])
    assert store.lost_between(0, 6) == [(2, 3)]


def test_the_callers_block_is_not_modified():
    """The block keeps its NaN, and later changes to it have no effect."""
    block = np.array([1.0, np.nan], np.float32)
    store = SampleStore(4)
    store.append(block)
    assert np.isnan(block[1])
    block[0] = 9.0
    assert store.copy(0, 1)[0] == 1.0


def test_lost_samples_are_zeros():
    """Samples lost upstream are zeros at their positions."""
    store = SampleStore(10)
    store.append(ramp(1, 4))
    store.append_lost(2)
    store.append(ramp(6, 8))
    np.testing.assert_array_equal(store.copy(0, 7), [1, 2, 3, 0, 0, 6, 7])
    assert store.lost_between(0, 7) == [(3, 5)]


def test_a_loss_longer_than_the_store_leaves_zeros():
    """A loss of a million samples takes no more memory than the store, and all stored samples are zeros."""
    store = SampleStore(6)
    store.append(ramp(1, 7))
    store.append_lost(1_000_000)
    assert (store.oldest_sample, store.end_sample) == (1_000_000, 1_000_006)
    np.testing.assert_array_equal(store.copy(1_000_000, 1_000_006), np.zeros(6))


def test_intervals_that_touch_are_merged_and_old_ones_dropped():
    """Consecutive losses are one interval; intervals before the oldest sample are dropped."""
    store = SampleStore(10)
    store.append_lost(2)
    store.append_lost(1)
    assert store.lost_between(0, 3) == [(0, 3)]
    store.append(ramp(3, 14))
    assert store.lost_between(0, 14) == []


def test_intervals_are_clipped_to_the_range():
    """Only the part of a loss inside the given range is returned."""
    store = SampleStore(20)
    store.append_lost(10)
    assert store.lost_between(4, 6) == [(4, 6)]
    assert store.lost_between(10, 12) == []

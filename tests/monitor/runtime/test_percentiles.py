"""Percentiles equal NumPy's for the last values, in constant memory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.runtime.percentiles import Percentiles

latencies = st.floats(0.0, 1e4)


@given(st.lists(latencies, min_size=1, max_size=60), st.integers(1, 20), st.floats(0.0, 100.0))
def test_equals_numpy_over_the_last_values(values: list[float], capacity: int, percent: float) -> None:
    """The percentile equals NumPy's over the newest values, up to the capacity."""
    percentiles = Percentiles(capacity)
    for value in values:
        percentiles.add(value)
    expected = float(np.percentile(values[-capacity:], percent))
    assert percentiles.percentile(percent) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_nothing_added_gives_none() -> None:
    """Without values there is no percentile."""
    assert Percentiles().percentile(50) is None


def test_one_value_is_every_percentile() -> None:
    """A single value is every percentile."""
    percentiles = Percentiles()
    percentiles.add(1.5)
    assert [percentiles.percentile(percent) for percent in (0, 50, 95, 99, 100)] == [1.5] * 5


@given(st.lists(latencies, max_size=50), st.integers(1, 10))
def test_never_stores_more_than_the_capacity(values: list[float], capacity: int) -> None:
    """The number of values stored is that of the values added, up to the capacity."""
    percentiles = Percentiles(capacity)
    for value in values:
        percentiles.add(value)
    assert len(percentiles) == min(len(values), capacity)


def test_an_old_outlier_is_dropped() -> None:
    """An outlier has no effect once the capacity was added after it."""
    percentiles = Percentiles(4)
    percentiles.add(1000.0)
    for _ in range(3):
        percentiles.add(1.0)
    assert percentiles.percentile(100) == 1000.0
    percentiles.add(1.0)
    assert percentiles.percentile(100) == 1.0


def test_equal_values_are_dropped_one_at_a_time() -> None:
    """Of several equal values only the oldest is dropped."""
    percentiles = Percentiles(3)
    for value in (2.0, 2.0, 2.0, 5.0):
        percentiles.add(value)
    assert percentiles.percentile(50) == 2.0
    assert percentiles.percentile(100) == 5.0


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_capacity_below_one_raises(capacity: int) -> None:
    """The capacity must be at least 1."""
    with pytest.raises(ValueError, match=f"capacity={capacity} must be at least 1"):
        Percentiles(capacity)


@pytest.mark.parametrize("percent", [-1, 101, math.nan])
def test_a_percentage_out_of_range_raises(percent: float) -> None:
    """A percentage lies between 0 and 100."""
    with pytest.raises(ValueError, match="must be from 0 to 100"):
        Percentiles().percentile(percent)


def test_nan_raises() -> None:
    """NaN cannot be sorted."""
    with pytest.raises(ValueError, match="must be a number"):
        Percentiles().add(math.nan)

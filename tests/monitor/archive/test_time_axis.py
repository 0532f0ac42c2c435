"""Ticks of a time axis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive.time_axis import MAX_TICKS, clock, tick_step


@given(duration_s=st.floats(0.01, 1e6))
def test_an_axis_has_few_ticks(duration_s):
    """At most 14 steps, whatever the duration."""
    assert duration_s / tick_step(duration_s) <= MAX_TICKS


@pytest.mark.parametrize(
    ("duration_s", "step"), [(0.8, 0.1), (5.0, 0.5), (24.0, 2.0), (3600.0, 300.0), (172_800.0, 14_400)]
)
def test_steps_are_round(duration_s, step):
    """A clip has tenths, an hour five minutes, two days four hours."""
    assert tick_step(duration_s) == step


@pytest.mark.parametrize(
    ("seconds", "step", "text"),
    [(2.5, 0.5, "2.5"), (12.0, 2.0, "12"), (90.0, 15.0, "1:30"), (3750.0, 60.0, "1:02:30"), (0.0, 60.0, "0:00")],
)
def test_tick_labels(seconds, step, text):
    """Seconds for short steps, minutes and hours for long ones."""
    assert clock(seconds, step) == text

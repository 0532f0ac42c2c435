"""The heart rate of the last minutes: a value every five seconds, as far back as five minutes."""

from __future__ import annotations

import pytest

from monitor.dashboard.rate_trend import MAX_BINS, RateTrend


def test_the_mean_of_five_seconds():
    """Windows without a heart rate count for nothing; the moment is that of the newest window."""
    trend = RateTrend()
    for at_s, bpm in ((5.0, 70.0), (7.0, None), (9.5, 74.0), (10.0, 80.0)):
        trend.add(at_s, bpm)
    assert trend.rates == ((9.5, 72.0), (10.0, 80.0))


def test_five_minutes_are_kept():
    """What is older falls off, also where there was no heart rate for long."""
    trend = RateTrend()
    for half_second in range(1200):
        trend.add(half_second / 2, 70.0)
    assert len(trend.rates) == MAX_BINS
    assert trend.rates[0][0] == pytest.approx(599.5 - 59 * 5, abs=5)
    trend.add(880.0, 90.0)
    assert all(at_s > 580 for at_s, _ in trend.rates)


def test_a_seek_backwards_begins_again():
    """A trend of two places would show what never was."""
    trend = RateTrend()
    trend.add(50.0, 70.0)
    trend.add(10.0, 80.0)
    assert trend.rates == ((10.0, 80.0),)


def test_nothing_was_counted():
    """Without a heart rate there is no trend."""
    trend = RateTrend()
    trend.add(5.0, None)
    assert trend.rates == ()

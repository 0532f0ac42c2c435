"""The keys of the heart rate variability."""

from __future__ import annotations

from monitor.messages import HeartRateVariability


def test_what_is_not_sure_is_null():
    """Never left out; the counts are there all the same."""
    assert HeartRateVariability(3, 1, 2.43).to_dict() == {
        "intervals": 3,
        "excluded": 1,
        "duration_s": 2.4,
        "short": True,
        "mean_rr_ms": None,
        "sdnn_ms": None,
        "rmssd_ms": None,
        "pnn50": None,
    }


def test_five_minutes_are_not_short():
    """As the Task Force has it."""
    assert HeartRateVariability(400, 0, 299.9).is_short
    assert not HeartRateVariability(400, 0, 300.0).is_short

"""A sender that is far too fast or too slow; everything in between is left alone."""

from __future__ import annotations

from monitor.audio.sources.network.pace import RESERVE_S, SPAN_S, Pace


def test_real_time_is_left_alone():
    """Also with a stall of five seconds that is caught up."""
    pace = Pace(4000, 0.0)
    assert not any(pace.push(0.1 * block, 400) for block in range(1, 300))
    assert pace.push(35.0, 20_000) is None


def test_a_reserve_may_come_at_once():
    """What a sender may have kept is no flood."""
    assert Pace(4000, 0.0).push(0.0, round(RESERVE_S * 4000)) is None


def test_a_flood():
    """It is noticed within the reserve, and the line names the rate."""
    pace = Pace(4000, 0.0)
    told = [pace.push(0.01 * block, 4000) for block in range(12)]
    assert told[8] is None or "not 4000" in told[8]
    assert "not 4000" in told[9]


def test_a_sender_of_four_times_the_rate():
    """A wrong rate= is told within seconds, with about the right one."""
    pace = Pace(4000, 0.0)
    told = [why for block in range(1, 50) if (why := pace.push(0.1 * block, 1600))]
    assert told[0].startswith("about 16")


def test_a_trickle():
    """A byte now and then does not keep the place."""
    pace = Pace(4000, 0.0)
    told = [pace.push(float(second), 10) for second in range(1, round(SPAN_S) + 1)]
    assert told[:-1] == [None] * (len(told) - 1)
    assert told[-1] == "only 10 samples come a second, not 4000"


def test_a_slow_clock_is_no_trickle():
    """Half the rate is told by its measured rate, not sent away."""
    pace = Pace(4000, 0.0)
    assert not any(pace.push(0.1 * block, 200) for block in range(1, 500))

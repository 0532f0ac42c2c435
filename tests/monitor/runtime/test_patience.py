"""Which windows are skipped: the rules of decision 0006, on a clock of the test's own."""

from __future__ import annotations

import pytest

from monitor.runtime.patience import Patience

RATE, HOP = 4000, 2000


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock():
    """Return a clock to move."""
    return Clock()


@pytest.fixture
def patience(clock):
    """Return the patience of a sound at 4 kHz and a hop of half a second."""
    return Patience(0.25, RATE, HOP, clock)


@pytest.mark.parametrize(
    ("behind", "newer", "skipped"),
    [(1000, True, False), (1001, True, True), (1999, False, False), (2000, False, True), (0, True, False)],
)
def test_a_window_waits_a_quarter_of_a_second_for_a_newer_one(patience, behind, newer, skipped):
    """It is skipped beyond the patience, if a newer window is complete, or a whole hop waits."""
    assert patience.too_late(behind, newer=newer) is skipped


def test_a_burst_is_judged_within_a_second(patience, clock):
    """What arrived at once at an idle classifier is not skipped, for a second."""
    patience.arrived(8000)
    assert not patience.too_late(8000, newer=True)
    assert patience.too_late(8001, newer=True)
    clock.now_s += 1.0
    assert patience.too_late(8000, newer=True)


@pytest.mark.parametrize("samples", [1000, 8001])
def test_a_short_or_a_long_delay_is_no_burst(patience, samples):
    """Nothing is made of what the patience covers, nor of more than 2 s."""
    patience.arrived(samples)
    assert patience.too_late(2500, newer=True)


def test_three_late_windows_of_twenty_are_an_overload(patience, clock):
    """Two are tolerated; after twenty windows on time the overload is over."""
    clock.now_s += 10.0
    for index in range(2):
        patience.skip(index, 2000)
    assert not patience.overloaded
    patience.skip(2, 2000)
    assert (patience.overloaded, patience.skipped) == (True, 3)
    for _ in range(18):
        patience.judge()
    assert (patience.overloaded, patience.skipped) == (False, 3)


def test_sound_that_came_faster_than_it_sounds_is_no_overload(patience, clock):
    """Three skipped windows of a backlog that cannot have grown since the classifier was idle are not late."""
    clock.now_s += 1.0
    for index in range(3):
        patience.skip(index, 60_000)
    assert (patience.overloaded, patience.skipped) == (False, 3)


def test_the_first_skipped_window_of_a_row_is_logged(clock, caplog):
    """Once until one is judged, with the name of the stream."""
    caplog.set_level("INFO")
    patience = Patience(0.25, RATE, HOP, clock, "bed 3")
    for index in (4, 5):
        patience.skip(index, 6000)
    patience.judge()
    patience.skip(7, 8000)
    assert caplog.messages == [
        "bed 3: skipping windows from 4 on: 1.50 s behind",
        "bed 3: skipping windows from 7 on: 2.00 s behind",
    ]

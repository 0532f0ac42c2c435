"""The cursor, the zoom and the selected stretch: always inside the recording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.review.navigation import Navigation, next_moment, parse_time


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "-5", "1:99:00.5.5", "1e3"])
def test_what_is_no_time(text):
    """One line says what to type."""
    with pytest.raises(ValueError, match="no time: type seconds, m:ss or h:mm:ss"):
        parse_time(text)


@pytest.mark.parametrize(("text", "seconds"), [(" 5 ", 5.0), ("0:07.5", 7.5), ("61", 61.0), ("2:00:01", 7201.0)])
def test_times(text, seconds):
    """Seconds, minutes, hours."""
    assert parse_time(text) == seconds


@given(
    st.floats(0.1, 10_000),
    st.lists(st.one_of(st.floats(-20_000, 20_000), st.integers(-9, 9)), max_size=30),
)
def test_the_cursor_is_always_on_the_screen(duration_s, moves):
    """However a person moves and zooms."""
    navigation = Navigation(duration_s)
    for move in moves:
        if isinstance(move, int):
            navigation.zoom(move)
        else:
            navigation.move_to(navigation.at_s + move)
        assert 0 <= navigation.at_s <= duration_s
        assert navigation.start_s - 1e-6 <= navigation.at_s <= navigation.end_s + 1e-6
        assert navigation.start_s >= 0
        assert navigation.end_s <= max(duration_s, navigation.span_s) + 1e-6


def test_zoom_runs_from_a_second_to_the_whole():
    """The cursor keeps its place on the screen where the recording allows it."""
    navigation = Navigation(3600.0)
    navigation.move_to(1800.0)
    navigation.zoom(-1)
    assert navigation.span_s == 5.0
    place = (1800.0 - navigation.start_s) / navigation.span_s
    navigation.zoom(2)
    assert navigation.span_s == 20.0
    assert (1800.0 - navigation.start_s) / navigation.span_s == pytest.approx(place)
    navigation.zoom(-99)
    assert navigation.span_s == 1.0
    navigation.zoom(99)
    assert (navigation.start_s, navigation.span_s) == (0.0, 3600.0)
    navigation.zoom(-1)
    assert navigation.span_s == 900.0


def test_a_clip_is_shown_whole():
    """A recording shorter than a step has no longer ones."""
    navigation = Navigation(7.0)
    assert (navigation.start_s, navigation.span_s) == (0.0, 7.0)
    navigation.zoom(5)
    assert navigation.span_s == 7.0


def test_the_screen_follows_in_pages():
    """It stays while the cursor is on it, and shows what comes when it leaves."""
    navigation = Navigation(100.0)
    navigation.move_to(9.0)
    assert navigation.start_s == 0.0
    navigation.move_to(10.5)
    assert navigation.start_s == pytest.approx(9.5)
    navigation.move_to(5.0)
    assert navigation.end_s == pytest.approx(10.0, abs=4.1)
    assert navigation.start_s <= 5.0


def test_pages_are_a_minute_or_the_screen():
    """A page on a long screen is the screen."""
    navigation = Navigation(3600.0)
    assert navigation.page_s == 60.0
    navigation.zoom(4)
    assert navigation.page_s == navigation.span_s == 900.0


def test_next_moment():
    """The one at the cursor itself does not count; at the ends there is none."""
    moments = [1.0, 4.0, 9.0]
    assert next_moment(moments, 4.0, forward=True) == 9.0
    assert next_moment(moments, 4.0, forward=False) == 1.0
    assert next_moment(moments, 9.0, forward=True) is None
    assert next_moment([], 9.0, forward=False) is None


class TestSelection:
    """A stretch between two edges."""

    def test_two_edges(self):
        """It shows up to the cursor while one is missing."""
        navigation = Navigation(100.0)
        navigation.move_to(10.0)
        navigation.set_edge(0)
        navigation.move_to(15.0)
        assert navigation.selection is None
        assert navigation.shown_selection == (10.0, 15.0)
        navigation.set_edge(1)
        assert navigation.selection == (10.0, 15.0)
        navigation.clear_selection()
        assert navigation.shown_selection is None

    def test_an_end_before_the_beginning_forgets_it(self):
        """A stretch is never turned around or empty."""
        navigation = Navigation(100.0)
        navigation.select(10.0, 15.0)
        navigation.move_to(5.0)
        navigation.set_edge(1)
        assert navigation.selection is None
        assert navigation.shown_selection is not None
        navigation.move_to(2.0)
        navigation.set_edge(0)
        assert navigation.selection == (2.0, 5.0)

    def test_it_stays_inside(self):
        """A heart cycle at the end is cut."""
        navigation = Navigation(10.0)
        navigation.select(-1.0, 11.0)
        assert navigation.selection == (0.0, 10.0)

"""Where everything stands: rows add up, nothing overlaps, and the picture is never squeezed out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.layout import BASE_ROWS, PICTURE_LINES, PICTURE_SIZE, Layout, plan
from monitor.dashboard.drawing.state import NOTHING_MORE
from monitor.dashboard.drawing.widgets import GUTTER
from monitor.messages import Level, Snapshot, Start

START = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur", "extrastole"), 5.0, 0.5, 30.0, 1.0)
SNAPSHOT = Snapshot(START, 7.6, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)


def layout(width, kind="heart"):
    """Return a page of a width."""
    return Layout(SNAPSHOT, width, 40, TerminalStyle(), "", kind, NOTHING_MORE)


@given(st.integers(16, 200), st.integers(1, 2))
def test_rows_add_up(height, message_rows):
    """All parts together never need more than the screen has, and the picture keeps three lines and more."""
    rows = plan(height, message_rows)
    parts = (rows.picture, rows.trace, rows.keys, rows.axis, rows.ticks, rows.health, rows.rule, rows.title, rows.air)
    assert sum(parts) + BASE_ROWS + message_rows <= height
    assert 3 <= rows.picture <= PICTURE_LINES


@given(st.integers(16, 100))
def test_a_taller_screen_has_no_less_of_the_trace(height):
    """Trace, ticks, health and axis only grow with the height."""
    now, taller = plan(height, 1), plan(height + 1, 1)
    for name in ("trace", "ticks", "health", "axis", "rule", "title", "air", "keys"):
        assert getattr(taller, name) >= getattr(now, name)


@pytest.mark.parametrize(("height", "picture", "trace"), [(24, 6, 3), (40, 15, 5), (60, 32, 8)])
def test_the_sizes_that_were_looked_at(height, picture, trace):
    """A screen of 24 lines has everything; larger ones have more of picture and trace."""
    rows = plan(height, 1)
    assert (rows.picture, rows.trace) == (picture, trace)
    assert rows.keys == rows.axis == rows.ticks == rows.health == 1


@given(st.integers(60, 400), st.sampled_from(["heart", "article"]))
def test_areas_lie_side_by_side(width, kind):
    """Pictures and events share no column and stay inside the field."""
    one = layout(width, kind)
    pictures = [(GUTTER, PICTURE_SIZE)]
    if one.has_two_pictures:
        pictures.append((one.rhythm_column, PICTURE_SIZE))
    area = one.events_beside_pictures
    if area is not None:
        assert one.events_beside_verdict is None
        pictures.append((area.column, area.width))
    for (column, size), (after, _) in itertools.pairwise(pictures):
        assert column + size < after
    if len(pictures) > 1:
        column, size = pictures[-1]
        assert column + size <= GUTTER + one.field
    assert one.split + one.scores_width < width


@given(st.integers(60, 400))
def test_events_beside_the_verdict_leave_label_and_scores(width):
    """They stand between the two."""
    one = layout(width)
    area = one.events_beside_verdict
    if area is not None:
        assert area.column > 45
        assert area.column + area.width < one.split


def test_the_article_has_no_rhythm():
    """Its picture is one, however wide the screen."""
    assert layout(400).has_two_pictures
    assert not layout(400, "article").has_two_pictures

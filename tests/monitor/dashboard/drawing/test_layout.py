"""The layout: rows add up, nothing overlaps, and the image always keeps some rows."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.drawing.canvas import FULL_STYLE
from monitor.dashboard.drawing.layout import BASE_ROWS, IMAGE_LINES, Layout, plan
from monitor.dashboard.drawing.widgets import GUTTER
from monitor.messages import Level, Snapshot, Start

START = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur", "extrastole"), 5.0, 0.5, 30.0, 1.0)
SNAPSHOT = Snapshot(START, 7.6, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)


def layout(width):
    """Return a layout of a width."""
    return Layout(SNAPSHOT, width, 40, FULL_STYLE)


@given(st.integers(16, 200), st.integers(1, 2))
def test_rows_add_up(height, message_rows):
    """All parts together fit the screen, and the image keeps at least two rows; an alert is taken from the image."""
    rows = plan(height, message_rows)
    assert sum(dataclasses.astuple(rows)) + BASE_ROWS + message_rows <= height
    assert 2 <= rows.image <= IMAGE_LINES
    assert dataclasses.replace(rows, image=0) == dataclasses.replace(plan(height, 0), image=0)


@given(st.integers(16, 100))
def test_a_taller_screen_has_no_less_of_anything(height):
    """The rows of each part only grow with the height."""
    now, taller = plan(height, 1), plan(height + 1, 1)
    for name in ("trace", "ticks", "level", "axis", "rule", "events", "spacing", "keys"):
        assert getattr(taller, name) >= getattr(now, name)


@pytest.mark.parametrize(("height", "image", "trace"), [(24, 5, 3), (40, 13, 5), (60, 27, 7)])
def test_common_sizes(height, image, trace):
    """A screen of 24 lines has every part; larger ones have more rows of image and trace."""
    rows = plan(height, 0)
    assert (rows.image, rows.trace) == (image, trace)
    assert rows.keys == rows.axis == rows.ticks == rows.level == 1


@given(st.integers(60, 400), st.integers(1, 12))
def test_events_and_tachogram_do_not_overlap(width, rows):
    """They share no column, and stay inside the screen with the axis labels between them."""
    one = layout(width)
    events, beside = one.events(rows), one.tachogram(rows)
    assert events.column + events.width < width
    assert events.width >= 40
    if beside is not None:
        assert events.column + events.width <= beside.column - 7
        assert beside.column + beside.width <= GUTTER + one.field
    assert one.split + one.scores_width < width


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("hop_s", [0.1, 0.3, 0.5, 2.0])
def test_the_time_axis_stands_still_between_steps_and_holds_the_newest_sound(width, hop_s):
    """It covers a window and moves on by half a second at most."""
    start = dataclasses.replace(START, hop_s=hop_s)
    ends = []
    for tenth in range(60, 120):
        snapshot = dataclasses.replace(SNAPSHOT, start=start, elapsed_s=tenth / 10)
        axis = Layout(snapshot, width, 40, FULL_STYLE).axis
        end_s = axis.end_cell * axis.cell_s
        assert tenth / 10 - 1e-6 <= end_s < tenth / 10 + 0.5 + axis.cell_s
        assert axis.width * axis.cell_s >= 5.0 - 1e-6
        ends.append(end_s)
    assert ends == sorted(ends)
    assert len(set(ends)) < len(ends) or hop_s == 0.1

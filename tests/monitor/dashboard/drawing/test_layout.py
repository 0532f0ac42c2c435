"""The layout: rows add up, nothing overlaps, and the image always keeps some rows."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.drawing.canvas import FULL_STYLE
from monitor.dashboard.drawing.layout import BASE_ROWS, IMAGE_LINES, IMAGE_SIZE, Layout, plan
from monitor.dashboard.drawing.widgets import GUTTER
from monitor.messages import Level, Snapshot, Start

START = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur", "extrastole"), 5.0, 0.5, 30.0, 1.0)
SNAPSHOT = Snapshot(START, 7.6, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)


def layout(width, kind="heart"):
    """Return a layout of a width."""
    start = dataclasses.replace(START, kind=kind)
    return Layout(dataclasses.replace(SNAPSHOT, start=start), width, 40, FULL_STYLE)


@given(st.integers(16, 200), st.integers(1, 2))
def test_rows_add_up(height, message_rows):
    """All parts together fit the screen, and the image keeps at least three rows."""
    rows = plan(height, message_rows)
    parts = (rows.image, rows.trace, rows.keys, rows.axis, rows.ticks, rows.system, rows.rule, rows.title, rows.spacing)
    assert sum(parts) + BASE_ROWS + message_rows <= height
    assert 3 <= rows.image <= IMAGE_LINES


@given(st.integers(16, 100))
def test_a_taller_screen_has_no_less_of_anything(height):
    """The rows of each part only grow with the height."""
    now, taller = plan(height, 1), plan(height + 1, 1)
    for name in ("trace", "ticks", "system", "axis", "rule", "title", "spacing", "keys"):
        assert getattr(taller, name) >= getattr(now, name)


@pytest.mark.parametrize(("height", "image", "trace"), [(24, 6, 3), (40, 15, 5), (60, 32, 8)])
def test_common_sizes(height, image, trace):
    """A screen of 24 lines has every part; larger ones have more rows of image and trace."""
    rows = plan(height, 1)
    assert (rows.image, rows.trace) == (image, trace)
    assert rows.keys == rows.axis == rows.ticks == rows.system == 1


@given(st.integers(60, 400), st.sampled_from(["heart", "article"]))
def test_images_and_events_do_not_overlap(width, kind):
    """Images and events share no column and stay inside the field."""
    one = layout(width, kind)
    images = [(GUTTER, IMAGE_SIZE)]
    if one.shows_autocorrelation:
        images.append((one.autocorrelation_column, IMAGE_SIZE))
    events = one.events_beside_images
    if events is not None:
        assert one.events_beside_verdict is None
        images.append((events.column, events.width))
    for (column, size), (after, _) in itertools.pairwise(images):
        assert column + size < after
    if len(images) > 1:
        column, size = images[-1]
        assert column + size <= GUTTER + one.field
    assert one.split + one.scores_width < width


@given(st.integers(60, 400))
def test_events_fit_between_label_and_scores(width):
    """Where events are beside the verdict, they overlap neither label nor scores."""
    one = layout(width)
    events = one.events_beside_verdict
    if events is not None:
        assert events.column > 45
        assert events.column + events.width < one.split


def test_the_article_has_no_autocorrelation():
    """The article's input image is shown once, however wide the screen."""
    assert layout(400).shows_autocorrelation
    assert not layout(400, "article").shows_autocorrelation

"""The time axis of a review: everything in the column of its time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.state import TimelineView
from monitor.dashboard.drawing.timeline import TIMELINE_ROWS, Cells, review_plan, strip_cells, timeline_rows
from monitor.messages import Level, Snapshot, Start

START = Start("x", 4000, "m", "0" * 64, ("normal", "murmur"), 5.0, 0.5, 100.0, 1.0)
SNAPSHOT = Snapshot(
    START, 50.0, None, None, (), Level(-20.0, -10.0, clipped=False), None, None, 0, 0, 0, finished=False
)
WAVE = np.full(400, 0.5, np.float32)
VIEW = TimelineView(0.0, 100.0, 50.0, -WAVE, WAVE)


def layout(width=116, style=None):
    """Return a layout with a field of 100 columns."""
    return Layout(SNAPSHOT, width, 40, style or TerminalStyle())


def drawn(view, width=116, style=None):
    """Return the field of each row: marks, waveform, verdicts, labels, time."""
    rows = timeline_rows(layout(width, style), view, 3)
    assert len(rows) == TIMELINE_ROWS + 3
    texts = ["".join(segment.text for segment in row) for row in rows]
    assert {len(text) for text in texts} == {width}
    return [text[9:] for text in texts]


def test_verdicts_are_in_their_columns():
    """A letter for each; nothing where nothing was judged; the cursor over them."""
    view = dataclasses.replace(VIEW, verdicts=((0.0, 40.0, "normal"), (40.0, 80.0, "murmur")))
    strip = drawn(view)[4]
    assert strip[:40] == "n" * 40
    assert strip[40:50] + strip[51:80] == "M" * 39
    assert strip[50] == "│"
    assert set(strip[80:100]) == {"·"}


def test_marks_have_their_text_where_there_is_room():
    """Never over the next mark."""
    view = dataclasses.replace(
        VIEW, marks=((10.0, "mark 1"), (60.0, "a cough of some length"), (70.0, "mark 3"), (200.0, "x"))
    )
    marks = drawn(view)[0]
    assert marks.startswith("          ▾ mark 1 ")
    assert marks[60:78] == "▾ a coug… ▾ mark 3"
    assert "x" not in marks


def test_a_mark_at_the_very_end_is_seen():
    """In the last column."""
    assert drawn(dataclasses.replace(VIEW, marks=((100.0, "m"),)))[0][99] == "▾"


def test_s1_and_s2_stand_in_their_columns():
    """By name, as digits where names have no room, and not at all where digits have none; the row says what it is."""
    heart = tuple((at + shift, name) for at in range(0, 100, 10) for shift, name in ((0.0, "S1"), (4.0, "S2")))
    view = dataclasses.replace(VIEW, ticks=heart)
    assert drawn(view)[0].rstrip() == ("S1  S2    " * 10).rstrip()
    assert drawn(view, style=TerminalStyle(unicode=False))[0] == drawn(view)[0]
    assert drawn(view, width=66)[0].rstrip() == ("1 2  " * 10).rstrip()
    assert drawn(view, width=36)[0].strip() == ""
    names = ["".join(segment.text for segment in timeline_rows(layout(), one, 3)[0])[1:6] for one in (view, VIEW)]
    assert names == ["S1 S2", "marks"]


def test_a_mark_stands_over_the_heart_sounds():
    """A person's mark is never hidden or made longer; heart sounds that have room stay."""
    view = dataclasses.replace(VIEW, ticks=((10.0, "S1"), (20.0, "S2"), (60.0, "S1")), marks=((11.0, "cough"),))
    assert drawn(view)[0].rstrip() == " " * 11 + "▾ cough  S2" + " " * 38 + "S1"
    assert "".join(segment.text for segment in timeline_rows(layout(), view, 3)[0]).startswith(" marks")


def test_labels_and_the_selected_stretch():
    """From edge to edge; cut where they reach beyond the screen."""
    view = dataclasses.replace(VIEW, labels=((20.0, 40.0, "murmur"), (90.0, 130.0, "S3"), (150.0, 160.0, "far")))
    *_, labels, axis = drawn(dataclasses.replace(view, selection=(20.0, 40.0)))
    assert labels[20:40] == "[murmur────────────]"
    assert labels[90:95] == "[S3──"
    assert "far" not in labels
    assert axis[20] == "["
    assert axis[40] == "]"
    assert axis[21:40] == "═" * 19
    assert axis[50] == "▲"
    assert axis.startswith("0:00.0 ")
    assert axis.rstrip().endswith(" 1:40.0")


def test_lost_sound_is_crossed_out():
    """In every row of the waveform."""
    for row in drawn(dataclasses.replace(VIEW, lost=((10.0, 20.0),)))[1:4]:
        assert set(row[11:20]) == {"x"}
        assert "x" not in row[30:]


def test_what_is_not_read_yet_is_empty():
    """The cursor alone is drawn."""
    unknown = np.full(400, np.nan, np.float32)
    for row in drawn(dataclasses.replace(VIEW, low=unknown, high=unknown))[1:4]:
        assert row[:100].replace("│", "").strip() == ""
    empty = np.zeros(0, np.float32)
    assert drawn(dataclasses.replace(VIEW, low=empty, high=empty))[1][50] == "│"


@given(
    st.integers(60, 250),
    st.floats(0, 1e4),
    st.floats(0.1, 1e4),
    st.floats(-1e4, 2e4),
    st.lists(
        st.tuples(st.floats(0, 2e4), st.floats(0, 2e4), st.sampled_from(["murmur", "心音", "x" * 40])), max_size=5
    ),
    st.booleans(),
)
def test_any_view_has_the_requested_size(width, start_s, span_s, at_s, spans, unicode):
    """Whatever lies where."""
    ordered = tuple((min(a, b), max(a, b), text) for a, b, text in spans)
    view = TimelineView(
        start_s,
        start_s + span_s,
        at_s,
        -WAVE,
        WAVE,
        verdicts=ordered,
        lost=tuple((a, b) for a, b, _ in ordered),
        marks=tuple((a, text) for a, _, text in ordered),
        labels=ordered,
        ticks=tuple(sorted((a, "S1") for a, _, _ in ordered)),
        selection=ordered[0][:2] if ordered else None,
    )
    style = TerminalStyle(unicode=unicode)
    for row in timeline_rows(layout(width, style), view, 3):
        assert sum(segment.cell_length for segment in row) == width
        assert unicode or all(segment.text.isascii() for segment in row)
    assert strip_cells(layout(width, style), view, 30).segments()


@pytest.mark.parametrize("height", range(16, 80))
def test_the_plan_fits(height):
    """On every screen of 16 rows and more, with one line of message and two."""
    for message_rows in (1, 2):
        rows = review_plan(height, message_rows)
        used = 8 + message_rows + TIMELINE_ROWS + rows.trace + rows.image + rows.axis
        assert used <= height
        assert rows.trace >= 1
        assert rows.keys == 1


def test_cells_are_painted_over():
    """What lies outside is cut; wide signs take two."""
    cells = Cells(6)
    cells.draw([Segment("abcdef", Style(dim=True))])
    cells.paint(-1, "xy", Style(bold=True))
    cells.paint(4, "心z", Style(bold=True))
    assert "".join(segment.text for segment in cells.segments()) == "ybcd心"

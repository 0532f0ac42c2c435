"""The panels of a picture, at the places of their times."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from monitor.archive.spans import Span
from monitor.commands.report.contents import Entry
from monitor.commands.report.excerpt import Excerpt
from monitor.commands.report.picture import MARK, Marking, draw

matplotlib = pytest.importorskip("matplotlib", reason="the pictures need the extra report")


def make_excerpt(start_s=0.0, end_s=10.1):
    """Return an excerpt of a quiet sound."""
    columns = 100
    return Excerpt(
        start_s=start_s,
        end_s=end_s,
        low=np.full(columns, -0.5, np.float32),
        high=np.full(columns, 0.25, np.float32),
        column_s=(end_s - start_s) / columns,
        power_db=np.linspace(-90, -10, 64 * columns, dtype=np.float32).reshape(64, columns),
        power_start_s=start_s,
        power_column_s=(end_s - start_s) / columns,
        bin_hz=15.625,
    )


NOTHING = Marking()


def drawn_axes(timeline, excerpt, marked=NOTHING, *, whole=True):
    """Return the panels of a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5))
    draw(figure, excerpt, timeline, marked, whole=whole)
    figure.canvas.draw()
    return figure.axes


def test_the_panels_share_their_time(timeline):
    """Four of the whole, two of a close-up, two without sound."""
    assert [axes.get_xlim() for axes in drawn_axes(timeline, make_excerpt())] == 4 * [(0.0, 10.1)]
    assert [axes.get_xlim() for axes in drawn_axes(timeline, make_excerpt(2.0, 9.0), whole=False)] == 2 * [(2.0, 9.0)]
    assert len(drawn_axes(timeline, None)) == 2


def test_beats_are_ticked_where_they_are(timeline):
    """Early ones in the colour of marks; a beat that is early is ticked once; none outside the stretch."""
    marked = Marking(beats=[1.0, 2.0, 3.0, 11.0], early=[2.02])
    waveform = drawn_axes(timeline, make_excerpt(), marked)[0]
    ticks = {round(float(line.get_xdata()[0]), 2): line.get_color() for line in waveform.lines}
    assert set(ticks) == {1.0, 2.02, 3.0}
    assert ticks[2.02] == MARK != ticks[1.0]


def test_a_long_sound_has_no_ticks(timeline):
    """They would be one black bar."""
    long = dataclasses.replace(timeline, num_samples=4000 * 60)
    assert not drawn_axes(long, make_excerpt(0.0, 60.0), Marking(beats=[1.0, 2.0]))[0].lines


def test_annotated_states_are_named(timeline):
    """S1 and S2 by name over the spectrogram; systole and diastole are not."""
    states = [(1.0, 1.1, 1), (1.1, 1.3, 2), (1.3, 1.4, 3), (1.4, 1.8, 4)]
    spectrogram = drawn_axes(timeline, make_excerpt(), Marking(states=states))[1]
    assert [text.get_text() for text in spectrogram.texts] == ["S1", "S2"]
    assert not drawn_axes(timeline, make_excerpt())[1].texts


def test_marks_have_their_number_in_the_first_panel(timeline):
    """And a line through all; what was told, and marks elsewhere, have none."""
    entries = [Entry(1, 3.0, 3.0, "mark", ""), Entry(0, 4.0, 4.0, "told", "x"), Entry(2, 30.0, 30.0, "note", "y")]
    panels = drawn_axes(timeline, make_excerpt(), Marking(entries=entries))
    assert [text.get_text() for text in panels[0].texts] == ["1"]
    assert all([float(line.get_xdata()[0]) for line in axes.lines].count(3.0) == 1 for axes in panels)


def test_the_strip_has_verdicts_labels_and_changes_of_site(timeline):
    """A person's labels lie below, by number; where there are none, there is no second row."""
    strip = drawn_axes(timeline, make_excerpt())[2]
    texts = [text.get_text() for text in strip.texts]
    assert "normal" in texts
    assert "murmur" in texts
    assert "label 1" in texts
    assert strip.get_ylim() == (-1, 1)
    change = Span(4.0, 4.0, "site", "MV")
    plain = tuple(span for span in timeline.spans if span.kind == "verdict")
    strip = drawn_axes(dataclasses.replace(timeline, spans=(*plain, change)), make_excerpt())[2]
    assert strip.get_ylim() == (0, 1)
    assert [float(line.get_xdata()[0]) for line in strip.lines] == [4.0]


def test_no_heart_rate_is_said(timeline):
    """In words, not by an empty panel."""
    windows = tuple(window | {"heart_rate_bpm": None} for window in timeline.windows)
    rate = drawn_axes(dataclasses.replace(timeline, windows=windows), make_excerpt())[3]
    assert [text.get_text() for text in rate.texts] == ["no heart rate"]


@pytest.mark.parametrize("duration_s", [0.0, 0.01])
def test_next_to_nothing_can_be_drawn(timeline, duration_s):
    """A sound without a column of spectrogram, or of no length."""
    empty = dataclasses.replace(make_excerpt(0.0, duration_s), power_db=np.zeros((64, 0), np.float32))
    short = dataclasses.replace(timeline, num_samples=round(4000 * duration_s), spans=(), windows=())
    spectrogram = drawn_axes(short, empty)[1]
    assert [text.get_text() for text in spectrogram.texts] == ["too short for a spectrogram"]

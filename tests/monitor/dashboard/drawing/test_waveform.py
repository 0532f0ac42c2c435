"""The phonocardiogram in characters: exact size, stable while it scrolls, and lost samples are visible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.waveform import automatic_gain_db, axis_until, tick_segments, tick_text, trace_lines
from monitor.dashboard.trace import BIN_S, Trace

ASCII = TerminalStyle(False, False, False)


def constant_trace(bins, first=0, level=0.5, **more):
    """Return a trace of constant amplitude."""
    high = np.full(bins, level, np.float32)
    return Trace(first, -high, high, **more)


def texts(lines):
    """Return the characters of lines."""
    return ["".join(segment.text for segment in line) for line in lines]


@given(
    st.integers(0, 1200),
    st.integers(0, 10**6),
    st.integers(1, 250),
    st.integers(1, 8),
    st.floats(-60, 120),
    st.floats(0, 1),
    st.booleans(),
)
def test_always_has_the_requested_size(bins, first, width, lines, gain, level, unicode):
    """Any trace on any screen has the requested width and height; ASCII terminals get ASCII only."""
    style = TerminalStyle(unicode=unicode)
    trace = constant_trace(
        bins, first, level, lost_s=((first * BIN_S, (first + 9) * BIN_S),), ticks=((first * BIN_S, None),)
    )
    drawn = texts(trace_lines(trace, width, lines, gain, style))
    assert [len(text) for text in drawn] == [width] * lines
    ticks = "".join(
        segment.text for segment in tick_segments(trace.ticks, axis_until((first + bins) * BIN_S, width, style), style)
    )
    assert len(ticks) == width
    assert unicode or all(text.isascii() for text in (*drawn, ticks))


def test_full_scale_fills_the_lines_and_silence_is_a_line():
    """Full scale sets every dot; silence is a line in the middle."""
    loud = texts(trace_lines(constant_trace(1000, level=1.0), 50, 2, 0.0, TerminalStyle()))
    assert set("".join(loud)) == {chr(0x28FF)}
    quiet = texts(trace_lines(constant_trace(1000, level=0.0), 50, 3, 0.0, TerminalStyle()))
    assert set(quiet[0] + quiet[2]) == {" "}
    assert " " not in quiet[1]


def test_gain_scales_the_waveform_up_to_its_lines():
    """More gain sets more dots; what exceeds the lines is clipped."""

    def dots(gain):
        signs = "".join(texts(trace_lines(quiet, 50, 4, gain, TerminalStyle())))
        return sum(bin(max(0, ord(sign) - 0x2800)).count("1") for sign in signs)

    quiet = constant_trace(1000, level=0.2)
    assert dots(0) < dots(6) < dots(12) < dots(40)
    assert dots(40) == dots(80) == 50 * 2 * 16


@pytest.mark.parametrize(("peak", "gain"), [(1.0, 0.0), (0.71, 0.0), (0.5, 6.0), (0.1, 18.0), (1e-9, 60.0), (0.0, 0.0)])
def test_the_automatic_gain_moves_in_steps(peak, gain):
    """The gain is a multiple of 3 dB, and the peak still fits."""
    assert automatic_gain_db(peak) == gain
    assert peak * 10 ** (automatic_gain_db(peak) / 20) <= 1.0


def test_before_the_first_sample_it_is_empty():
    """The first second is drawn at the right, the rest is empty."""
    line = texts(trace_lines(constant_trace(200, level=1.0), 50, 1, 0.0, TerminalStyle()))[0]
    assert line == " " * 40 + chr(0x28FF) * 10


@given(st.integers(0, 300))
def test_scrolling_keeps_the_shape(step):
    """A later trace shows the same cells further to the left."""
    wave = (np.random.default_rng(1).uniform(0, 1, 2000)).astype(np.float32)

    def at(end):
        first = max(0, end - 1200)
        part = wave[first:end]
        return texts(trace_lines(Trace(first, -part, part), 50, 3, 0.0, TerminalStyle()))

    before, after = at(1200), at(1200 + 20 * step % 800)
    moved = 20 * step % 800 // 20
    assert all(one[moved:] == other[: 50 - moved] for one, other in zip(before, after, strict=True))


def test_lost_samples_are_crosses():
    """A stretch of lost samples is not a flat line."""
    trace = constant_trace(1000, lost_s=((1.0, 2.0),))
    for style in (TerminalStyle(), ASCII):
        line = texts(trace_lines(trace, 50, 1, 0.0, style))[0]
        assert line[10:20] == "x" * 10
        assert "x" not in line[:10] + line[20:]


@pytest.mark.parametrize("style", [TerminalStyle(), ASCII])
@pytest.mark.parametrize("width", [50, 64, 104, 184])
def test_ticks_are_above_the_heart_sounds(style, width):
    """The cell below a tick contains the heart sound."""
    low = np.zeros(1100, np.float32)
    high = low.copy()
    high[[500, 777]] = 1.0
    trace = Trace(200, low, high, ticks=((700.4 * BIN_S, None), (977.4 * BIN_S, None)))
    silent = Trace(200, low, low)
    ticks = "".join(
        segment.text for segment in tick_segments(trace.ticks, axis_until(1300 * BIN_S, width, style), style)
    )
    with_sound, without = (texts(trace_lines(one, width, 3, 0.0, style))[0] for one in (trace, silent))
    differs = {cell for cell in range(width) if with_sound[cell] != without[cell]}
    assert {cell for cell in range(width) if ticks[cell] != " "} == differs
    assert len(differs) == 2


@pytest.mark.parametrize("style", [TerminalStyle(), ASCII])
def test_names_of_a_fast_heart_are_shortened_together(style):
    """Where S1 and S2 have no cell between them, every one is a digit; at a steady rate all of them are whole."""
    slow = [(cell, name) for at in range(0, 60, 10) for cell, name in ((at, "S1"), (at + 4, "S2"))]
    assert tick_text(slow, 60, style) == "S1  S2    " * 6
    fast = [(cell, name) for at in range(0, 60, 5) for cell, name in ((at, "S1"), (at + 2, "S2"))]
    assert tick_text(fast, 60, style) == "1 2  " * 12


def test_names_keep_their_form_while_they_scroll():
    """What has left the screen still counts, so that names do not change while a row moves on."""
    fast = [(cell, name) for at in range(-100, 10, 5) for cell, name in ((at, "S1"), (at + 2, "S2"))]
    assert tick_text([*fast, (14, "S1")], 20, TerminalStyle()) == "1 2  1 2      1     "


def test_one_crowded_pair_shortens_no_other_name():
    """The names of a long row stay whole; one without room ends where the next begins."""
    ticks = [(cell, name) for at in range(0, 100, 10) for cell, name in ((at, "S1"), (at + 4, "S2"))]
    text = tick_text([*ticks, (100, "S1"), (101, "S2")], 104, TerminalStyle())
    assert text == "S1  S2    " * 10 + "SS2 "


def test_a_name_is_cut_at_the_edges():
    """The first sign of a name stands over its moment; what lies outside of the row is not drawn."""
    assert tick_text([(-1, "S1"), (4, "S2"), (9, "S1")], 10, TerminalStyle()) == "1   S2   S"


def test_without_colour_there_is_none():
    """NO_COLOR leaves only the characters."""
    lines = trace_lines(constant_trace(1000, lost_s=((1.0, 2.0),)), 50, 2, 0.0, TerminalStyle(False, False))
    assert all(segment.style is not None and segment.style.color is None for line in lines for segment in line)

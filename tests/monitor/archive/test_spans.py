"""Spans: verdicts, what was withheld or lost, marks and notes, on the time axis of the sound."""

from __future__ import annotations

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive.spans import Span, caption, find_spans, one_line


def of_kind(spans, kind):
    """Return start, end and text of the spans of a kind."""
    return [(span.start_s, span.end_s, span.text) for span in spans if span.kind == kind]


def test_every_kind_of_the_session(timeline):
    """Runs are joined, overlapping windows are cut at the end of the window before, and all is inside the sound."""
    spans = timeline.spans
    assert of_kind(spans, "verdict") == [(0.0, 6.0, "normal"), (6.0, 10.0, "murmur")]
    reason = "loud bumps: keep the chest piece and its cable still"
    assert of_kind(spans, "withheld") == [(7.0, 7.5, reason), (7.5, 10.0, "lost sound")]
    assert of_kind(spans, "lost") == [(7.5, 10.0, "lost sound")]
    assert of_kind(spans, "label") == [(1.0, 2.5, "murmur"), (2.0, 3.0, "breath")]
    assert of_kind(spans, "site") == [(0.0, 0.0, "AV")]
    assert of_kind(spans, "mark") == [(3.25, 3.25, "mark 1")]
    assert len(of_kind(spans, "note")) == 1
    assert of_kind(spans, "told") == [(8.0, 8.0, "device lost")]
    assert [span.start_s for span in spans] == sorted(span.start_s for span in spans)


def test_lost_sound_lies_between_the_whole_windows(window_maker):
    """Samples lost at 6.2 s are in windows 3 to 12: the stretch is 6.0 to 6.5 s, a hop."""
    windows = [window_maker(index, gap=3 <= index <= 12) for index in range(20)]
    assert of_kind(find_spans(windows, 14.5), "lost") == [(6.0, 6.5, "lost sound")]


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(st.floats(0.0, 60.0), st.floats(0.0, 8.0))
def test_lost_sound_is_inside_and_at_most_two_hops_longer(window_maker, start_s, length_s):
    """Wherever samples were lost, the stretch holds them all and reaches less than a hop beyond either end."""
    end_s = start_s + length_s + 0.001
    windows = [window_maker(index) for index in range(140)]
    windows = [{**line, "gap": line["start_s"] < end_s and line["end_s"] > start_s} for line in windows]
    ((found_start_s, found_end_s, _),) = of_kind(find_spans(windows, 100.0), "lost")
    assert found_start_s <= start_s
    assert end_s <= found_end_s
    assert start_s - found_start_s <= 0.5 or start_s < 5
    assert found_end_s - end_s <= 0.5


def test_an_early_beat_is_there_once(window_maker):
    """Every window names the beats of half a minute; rhythms that could not be tracked and odd values name none."""
    named = [
        {"followed_s": 5.0, "intervals": 7, "at_s": times} for times in ([], [1.25], [1.25, 4.5], [4.5, "x"], None)
    ]
    values = [None, *named, "x"]
    windows = [window_maker(index) | {"early_beats": value} for index, value in enumerate(values)]
    assert of_kind(find_spans(windows, 20.0), "ectopic") == [(1.25, 1.25, "early beat"), (4.5, 4.5, "early beat")]


def test_where_it_began():
    """The site of the start line stands at 0 s, before any change."""
    lines = [{"type": "start", "source": "steth", "sample_rate": 4000, "site": "AV"}]
    lines.append({"type": "site", "at_s": 4.0, "sample": 16_000, "site": "MV"})
    assert of_kind(find_spans(lines, 10.0), "site") == [(0.0, 0.0, "AV"), (4.0, 4.0, "MV")]
    assert find_spans([{**lines[0], "site": None}], 10.0) == ()


def test_lost_windows_without_order(window_maker):
    """Where skipped windows leave the ends crossed, the stretch is what the windows with lost samples cover."""
    windows = [window_maker(8), window_maker(9, gap=True), window_maker(10)]
    assert of_kind(find_spans(windows, 20.0), "lost") == [(4.5, 9.5, "lost sound")]


def test_skipped_windows_leave_a_hole(window_maker):
    """What no window covers has no verdict."""
    spans = find_spans([window_maker(0), window_maker(20)], 15.0)
    assert of_kind(spans, "verdict") == [(0.0, 5.0, "normal"), (10.0, 15.0, "normal")]


def test_nothing_lies_outside_the_sound(window_maker):
    """A looped clip of 2 s has its window up to 2 s; a mark behind the end is at the end."""
    spans = find_spans([window_maker(0), {"type": "mark", "at_s": 2.4, "number": 1}], 2.0)
    assert of_kind(spans, "verdict") == [(0.0, 2.0, "normal")]
    assert of_kind(spans, "mark") == [(2.0, 2.0, "mark 1")]


def test_states_without_a_label(window_maker):
    """A rolling verdict without a label has its state; a withheld window without a reason has its state."""
    spans = find_spans([window_maker(0, "no-signal", "no-signal"), window_maker(1, "uncertain", "uncertain")], 10.0)
    assert of_kind(spans, "verdict") == [(0.0, 5.0, "no-signal"), (5.0, 5.5, "uncertain")]
    assert of_kind(spans, "withheld") == [(0.0, 5.0, "no-signal")]


@given(st.text())
def test_one_line_has_no_control_character(text):
    """Neither tabs nor line breaks nor the separators of EDF come through."""
    assert not any(ord(letter) < 32 or ord(letter) == 127 for letter in one_line(text))


def test_captions():
    """A verdict and a mark say what they are; others name their kind."""
    assert caption(Span(0, 1, "withheld", "hum\nloud")) == "withheld: hum loud"
    assert caption(Span(0, 0, "mark", "mark 3")) == "mark 3"


def test_a_possible_label_is_told(window_maker):
    """Uncertain windows with a possible murmur are a stretch of their own, whose state stays what it was."""
    windows = [window_maker(index, "uncertain", "uncertain") for index in range(3)]
    for window in windows[1:]:
        window["rolling"]["possible"] = "murmur"
    first, second = (span for span in find_spans(windows, 10.0) if span.kind == "verdict")
    assert (first.text, first.possible, first.words) == ("uncertain", None, "uncertain")
    assert (second.start_s, second.end_s, second.text, second.words) == (
        5.0, 6.0, "uncertain", "uncertain: possible murmur",
    )  # fmt: skip
    assert caption(second) == "uncertain: possible murmur"

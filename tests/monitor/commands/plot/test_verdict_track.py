"""The verdict track as values: spans that touch, runs that join."""

from __future__ import annotations

from monitor.commands.plot.verdict_track import Run, verdict_cells, verdict_runs
from monitor.messages import Verdict


def test_each_window_has_the_span_that_it_adds(window_maker):
    """The first window all of it, the others their hop; neighbours touch."""
    cells = verdict_cells([window_maker(index) for index in range(3)], 6.2)
    assert [(cell.start_s, cell.end_s) for cell in cells] == [(0.0, 5.0), (5.0, 5.5), (5.5, 6.0)]
    assert [cell.middle_s for cell in cells] == [2.5, 5.25, 5.75]


def test_a_looped_clip_ends_with_its_sound(window_maker):
    """The one window of a clip of 2 s is drawn over 2 s."""
    (cell,) = verdict_cells([window_maker(short=True)], 2.0)
    assert (cell.start_s, cell.end_s) == (0.0, 2.0)


def test_no_windows_give_no_spans():
    """Neither cells nor runs."""
    assert verdict_cells([], 3.0) == []
    assert verdict_runs([], rolling=True) == []


def test_neighbours_of_one_label_are_one_run(window_maker):
    """Two normals, an uncertain and a murmur are three runs."""
    windows = [
        *(window_maker(0), window_maker(1)),
        *(window_maker(2, state="uncertain"), window_maker(3, label="murmur")),
    ]
    assert verdict_runs(verdict_cells(windows, 10.0), rolling=False) == [
        *(Run(0.0, 5.5, "normal"), Run(5.5, 6.0, "uncertain"), Run(6.0, 6.5, "murmur")),
    ]


def test_the_rolling_row_has_the_rolling_verdicts(window_maker):
    """A gap is a gap of the window alone; the rolling label outlasts it."""
    steady = Verdict("verdict", "normal", 0.9)
    windows = [window_maker(0), window_maker(1, state="poor-signal", gap=True, rolling=steady), window_maker(2)]
    cells = verdict_cells(windows, 10.0)
    assert [run.key for run in verdict_runs(cells, rolling=False)] == ["normal", "gap", "normal"]
    assert verdict_runs(cells, rolling=True) == [Run(0.0, 6.0, "normal")]

"""The table of many recordings."""

from __future__ import annotations

import io

import pytest

from monitor.commands.progress_bar import ProgressBar, RecordingsBar
from monitor.commands.replay.table import Table, TableView
from monitor.messages import Summary, Verdict
from monitor.process.interrupts import Interrupts

LABELS = ("normal", "murmur", "extrastole")


def summary_of(name, verdict=None, bpm=72.4, judged=9):
    """Return the summary of a recording of ten windows."""
    return Summary(name, 10, 0, 0, verdict or Verdict("verdict", "normal", 0.876), bpm, judged=judged)


def test_the_columns_stand_in_line():
    """Whatever the name and the verdict, every line is as long as the header, and its cells end where that one's do."""
    table = Table(["a.wav", "ward/below/b.wav"], LABELS)
    lines = table.lines(
        [
            summary_of("a.wav"),
            summary_of("ward/below/b.wav", Verdict("poor-signal"), None, 0),
            summary_of("a.wav", Verdict("uncertain", None, 0.4), 121.0, 10),
        ]
    )
    assert {len(line) for line in lines} == {len(lines[0])}
    assert [line.split() for line in lines] == [
        ["file", "verdict", "confidence", "judged", "bpm"],
        ["a.wav", "normal", "0.88", "90", "%", "72"],
        ["ward/below/b.wav", "poor-signal", "-", "0", "%", "-"],
        ["a.wav", "uncertain", "0.40", "100", "%", "121"],
    ]


def test_a_possible_murmur_is_said():
    """As everywhere else; ``uncertain`` alone would hide it from whoever reads the table only. The column has room."""
    table = Table(["a.wav"], LABELS, possible="murmur")
    row = table.row(summary_of("a.wav", Verdict("uncertain", None, 0.53, possible="murmur")))
    assert "possible murmur  " in row
    assert len(row) == len(table.header())


def test_what_is_known_of_a_murmur_stands_behind_the_row():
    """Where there is room: on a narrow terminal a line is never longer than it."""
    heard = summary_of("a.wav", Verdict("verdict", "murmur", 0.9, loudness="soft", murmur_timing="systolic"))
    wide, narrow = Table(["a.wav"], LABELS, 100), Table(["a.wav"], LABELS, 60)
    assert wide.row(heard) == f"{wide.row(summary_of('a.wav', Verdict('verdict', 'murmur', 0.9)))}  soft, in systole"
    assert Table(["a.wav"], LABELS).row(heard).endswith("72  soft, in systole")
    assert narrow.row(heard).endswith(" 72")


def test_a_recording_without_a_window_has_no_share():
    """Nothing is divided by nothing."""
    assert Table(["a.wav"], LABELS).row(Summary("a.wav", 0, 0, 0, Verdict("listening"), None)).split()[3] == "-"


def test_the_confidence_is_no_acoustic_score():
    """The column says what it is called, as the JSON lines and a scan's table do; a screen shows the score."""
    heard = Verdict("verdict", "normal", 0.82, {"normal": 0.82}, acoustic_scores={"normal": 0.95})
    assert Table(["a.wav"], LABELS).row(summary_of("a.wav", heard)).split()[2] == "0.82"


def test_long_names_lose_their_beginning_on_a_terminal_only():
    """The file's own name is the end of a path; a file or a pipe gets whole names."""
    name = "/a/long/way/to/the/recordings/of/a/ward/heart.wav"
    narrow, wide = Table([name], LABELS, 60, possible="murmur"), Table([name], LABELS)
    assert len(narrow.header()) == 60
    assert narrow.row(summary_of(name)).startswith("...")
    assert "ward/heart.wav  normal" in narrow.row(summary_of(name))
    assert wide.row(summary_of(name)).startswith(f"{name}  normal")


def test_a_name_moves_no_cursor():
    """Control characters are escaped, and counted as they are shown."""
    table = Table(["a\x1b[2J.wav"], LABELS)
    assert len(table.row(summary_of("a\x1b[2J.wav"))) == len(table.header())
    assert table.row(summary_of("a\x1b[2J.wav")).isprintable()


@pytest.fixture
def make_view(capsys):
    """Return a function that makes a view with a bar that is always due, and the terminal that it is drawn on."""

    def make(interrupts):
        stream = io.StringIO()
        times = iter(range(0, 1000, 10)).__next__
        view = TableView(Table(["a.wav"], LABELS), RecordingsBar(ProgressBar(stream, clock=times), [100]))
        view.attach(None, interrupts)
        return view, stream

    return make


def test_a_row_stands_where_the_bar_was(make_view, capsys):
    """The bar is cleared before the row is printed."""
    view, stream = make_view(Interrupts())
    view._bar.show(0, 0.5)
    view.end(summary_of("a.wav"))
    assert stream.getvalue().endswith("1 of 1, 0:20 left\r\x1b[K")
    assert capsys.readouterr().out.startswith("a.wav")


def test_a_recording_that_was_broken_off_has_no_row(make_view, capsys):
    """Its verdict would be taken for that of the whole."""
    interrupts = Interrupts()
    view, _ = make_view(interrupts)
    interrupts.requested = True
    view.end(summary_of("a.wav"))
    assert capsys.readouterr().out == ""

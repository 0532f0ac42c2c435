"""The bar of a command with many recordings: when it is drawn, what it says, and that it goes away."""

from __future__ import annotations

import io

import pytest

from monitor.commands.progress_bar import ProgressBar, RecordingsBar, bar_on_standard_error


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self):
        """Return the time."""
        return self.now


@pytest.fixture
def clock():
    """Return a clock at 0."""
    return Clock()


def test_nothing_is_drawn_within_two_seconds(clock):
    """What is done sooner needs no bar, and nothing is taken away that was never drawn."""
    stream = io.StringIO()
    bar = ProgressBar(stream, clock=clock)
    for clock.now in (0.0, 1.0, 1.99):
        bar.show(0.5, pytest.fail)
    bar.clear()
    assert stream.getvalue() == ""


def test_it_is_drawn_over_one_line_and_taken_away(clock):
    """At most five times a second, no wider than the terminal less one column; cleared once."""
    stream = io.StringIO()
    bar = ProgressBar(stream, lambda: 11, clock)
    for clock.now in (2.0, 2.1, 2.25):
        bar.show(0.5, lambda: "x")
    bar.clear()
    bar.clear()
    assert stream.getvalue() == "\r\x1b[K[=========" * 2 + "\r\x1b[K"


def test_elsewhere_a_line_now_and_then(clock, capsys):
    """Without a bar and without escape sequences; none at all where none is asked for."""
    bar, silent = ProgressBar(None, clock=clock, say_s=60.0), ProgressBar(None, clock=clock)
    for clock.now in (30.0, 61.0, 62.0, 130.0):
        bar.show(0.5, lambda: "2 of 4 files")
        silent.show(0.5, pytest.fail)
    bar.clear()
    assert capsys.readouterr().err == "2 of 4 files, 1:01 left\n2 of 4 files, 2:10 left\n"


@pytest.mark.parametrize(
    ("position", "fraction", "text"),
    [
        (0, 0.0, "[                        ] 1 of 3"),
        (1, 0.5, "[============            ] 2 of 3, 0:10 left"),
        (2, 1.0, "[========================] 3 of 3"),
    ],
)
def test_what_it_says(clock, position, fraction, text):
    """Filled by bytes, not by files; the time left as long as there is some, and something to tell it from."""
    stream = io.StringIO()
    bar = ProgressBar(stream, clock=clock)
    clock.now = 10.0
    RecordingsBar(bar, [100, 200, 100]).show(position, fraction)
    assert stream.getvalue() == f"\r\x1b[K{text}"


def test_files_without_a_size():
    """A file that is not there divides by nothing."""
    assert RecordingsBar(ProgressBar(None), [0, 0]).done(1, 0.5) == 0.0


@pytest.mark.parametrize(
    ("terminal", "files", "drawn"), [(True, ["a"], True), (False, ["a"], False), (True, ["-"], False)]
)
def test_only_on_a_terminal(monkeypatch, terminal, files, drawn):
    """Not into a file, and not for standard input, whose length nobody knows."""
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("monitor.commands.progress_bar.FIRST_S", -1.0)
    bar_on_standard_error(files).show(0, 0.0)
    assert bool(stream.getvalue()) is drawn

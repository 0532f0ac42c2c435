"""What is shown of a ward: lines with the stream's name, or a table."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from monitor.audio.sources.array import ArraySource
from monitor.commands.player import play_together
from monitor.errors import RecordingError
from monitor.process.interrupts import Interrupts
from monitor.runtime.ward.ward import Ward
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.views.ward import WardLines, WardTable, choose_ward_view, stream_error

HEART = phonocardiogram(7.0, HeartParameters(), np.random.default_rng(5)).waveform


class BrokenSource(ArraySource):
    """Ends with an error after its sound."""

    def __init__(self, error):
        super().__init__(HEART, 4000, name="broken.wav")
        self._failure = error

    def blocks(self, block_samples):
        """Yield, then fail."""
        yield from super().blocks(block_samples)
        raise self._failure


class Keys:
    """A keyboard to script."""

    works, suspending, resumed, is_slow_line = True, False, False, True

    def __init__(self, *keys):
        self.keys = list(keys)

    def start(self):
        """Start."""

    def stop(self):
        """Stop."""

    def handle_stops(self):
        """Handle nothing."""

    def pressed(self):
        """Return the next key."""
        return [self.keys.pop(0)] if self.keys else []


@pytest.fixture
def shown(plain_bundle, capsys):
    """Return a function that shows a ward of sources and gives what was printed."""

    def show(view, *sources):
        ward = Ward(plain_bundle)
        for source in sources:
            ward.add(source)
        try:
            with Interrupts() as interrupts:
                play_together(ward, view, interrupts)
        finally:
            view.close()
        captured = capsys.readouterr()
        return ward, captured.out, captured.err

    return show


def sources(*names, **options):
    """Return sounds with names."""
    return [ArraySource(HEART, 4000, name=name, **options) for name in names]


def test_every_json_line_has_its_stream(shown):
    """Each stream gives start, its windows and a summary, like a source alone; the type comes first."""
    _, out, err = shown(WardLines(json=True), *sources("a", "b"))
    lines = [json.loads(line) for line in out.splitlines()]
    assert all(list(line)[:2] == ["type", "stream"] for line in lines)
    for name in ("a", "b"):
        own = [line for line in lines if line["stream"] == name]
        assert [line["type"] for line in own] == ["start", *["window"] * 5, "summary"]
        assert [line["index"] for line in own[1:-1]] == list(range(5))
    assert err == ""


def test_every_line_of_text_begins_with_its_stream(shown):
    """One header, then the names in a column."""
    _, out, _ = shown(WardLines(json=False), *sources("a", "bed 2"))
    header, *lines = out.splitlines()
    assert header.startswith("auscult  2 streams  model plain, 5 s window every 0.5 s  research use")
    assert {line[:5] for line in lines} == {"a    ", "bed 2"}
    assert sum("  5.0 s  " in line for line in lines) == 2
    assert sum("   summary  " in line for line in lines) == 2


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RecordingError("broken.wav: stops", "copy it again"), "auscult: broken.wav: stops; copy it again"),
        (RuntimeError("no names"), "auscult: broken.wav: no names"),
        (ZeroDivisionError(), "auscult: broken.wav: ZeroDivisionError"),
    ],
)
def test_an_error_is_one_line_with_the_name(shown, error, line):
    """Of one stream, after its summary; the others go on."""
    ward, out, err = shown(WardLines(json=False), BrokenSource(error), *sources("a"))
    assert err.splitlines() == [line]
    assert out.count("summary") == 2
    assert [stream_error(stream) is None for stream in ward.streams] == [False, True]


def test_q_ends_all_streams(shown):
    """With a summary each, as if their sources had ended there."""
    _, out, _ = shown(WardLines(Keys("x", "q"), json=False), *sources("a", "b", speed=1.0))
    assert out.count("summary") == 2


class TestTable:
    """The table on a terminal."""

    @staticmethod
    def table(*keys):
        """Return a table of 80x24 with scripted keys, and what it is drawn on."""
        drawn = io.StringIO()
        console = Console(file=drawn, force_terminal=True, width=80, height=24, color_system="truecolor")
        return WardTable(console, Keys(*keys)), drawn

    def test_it_is_drawn_and_the_summaries_follow(self, shown):
        """The terminal is restored before a line is printed."""
        view, drawn = self.table()
        _, out, err = shown(view, *sources("bed 1", "bed 2"), BrokenSource(RuntimeError("gone")))
        assert "bed 2" in drawn.getvalue()
        assert drawn.getvalue().endswith("\x1b[?1049l")
        assert [line.split()[:1] for line in out.splitlines()] == [["bed"], ["bed"], ["broken.wav"]]
        assert err.splitlines() == ["auscult: broken.wav: gone"]

    def test_q_quits(self, shown):
        """At once."""
        view, _ = self.table("q")
        ward, _, _ = shown(view, *sources("a", speed=1.0))
        assert ward.streams[0].ended

    def test_the_arrows_show_other_streams(self, plain_bundle):
        """From the first page to the last and back, no further."""
        view, _ = self.table()
        ward = Ward(plain_bundle)
        for source in sources(*map(str, range(45))):
            ward.add(source)
        with ward, Interrupts() as interrupts:
            view.begin(ward.streams, interrupts)
            firsts = []
            for key in ("left", "right", "right", "right", "left", "left", "left"):
                view.press(key)
                firsts.append(view._first)
        assert firsts == [0, 20, 25, 25, 5, 0, 0]


@pytest.mark.parametrize("json", [True, False])
def test_lines_where_there_is_no_terminal(json, monkeypatch):
    """A pipe gets lines."""
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert isinstance(choose_ward_view(json=json, plain=False), WardLines)

"""The last rows: figures with fixed places, keys that fit, and the help."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.state import DashboardState, Vitals
from monitor.dashboard.drawing.status import health_row, help_rows, keys_row
from monitor.messages import DeviceStatus, Level, Snapshot, Start

START = Start("steth", 44_100, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
FILE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
LIVE = dataclasses.replace(FILE, device=DeviceStatus("open", "steth", "ALSA", 1, 44_100, measured_rate_hz=44_099.84))
VITALS = Vitals(2.6, 84.9, 11.6, 40.2)
KEYS = (("q", "quit"), ("?", "help"), ("space", "freeze"), ("r", "record"), ("←→", "5 s"))


def text_of(line):
    """Return the characters of a line."""
    return "".join(segment.text for segment in line)


def test_all_figures_are_there():
    """Both rates, the way to the screen, processor and memory, each with its unit."""
    line = text_of(health_row(LIVE, VITALS, 80, TerminalStyle()))
    assert " ".join(line.split()) == "health 44100 Hz real 44099.8 screen p50 12 p95 40 ms cpu 3% 85 MB"


def test_what_cannot_be_told_is_a_dash():
    """A file has no measured rate, and some systems tell nothing of the program."""
    line = text_of(health_row(FILE, Vitals(), 80, TerminalStyle()))
    assert " ".join(line.split()) == "health 44100 Hz real - screen p50 - p95 - ms cpu -% - MB"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_figures_do_not_move(width):
    """Whatever their size, the names stay in their places and the line is as wide as the screen."""
    lines = [
        text_of(health_row(LIVE, Vitals(figure, figure, figure, figure), width, TerminalStyle()))
        for figure in (None, 0.0, 9.6, 99.6, 100.0, 1e9)
    ]
    assert {len(line) for line in lines} == {width}
    assert len({(line.index("ms"), line.index("cpu"), line.index("MB")) for line in lines}) == 1


@given(st.integers(1, 200), st.booleans())
def test_keys_are_whole_or_left_out(width, unicode):
    """A line of keys is as wide as the screen and cuts no word."""
    line = text_of(keys_row(KEYS, width, TerminalStyle(unicode=unicode)))
    assert len(line) == width
    shown = [part for part in line.strip().split("  ") if part]
    whole = [f"{key if unicode else key.replace('←→', '<>')} {meaning}" for key, meaning in KEYS]
    assert shown == whole[: len(shown)]


def test_without_keys_the_row_is_empty():
    """Nothing is promised that does not work."""
    assert text_of(keys_row((), 80, TerminalStyle())) == " " * 80


@given(st.integers(1, 60), st.integers(1, 200), st.booleans())
def test_the_help_fills_its_room(height, width, unicode):
    """As many rows as asked, each as wide as the screen."""
    rows = help_rows(DashboardState(keys=KEYS), height, width, TerminalStyle(unicode=unicode))
    assert len(rows) == height
    assert {len(text_of(row)) for row in rows} == {width}
    assert unicode or all(text_of(row).isascii() for row in rows)


def test_the_help_names_what_works_here():
    """Recording and seeking are explained where they do something."""
    with_both = "".join(map(text_of, help_rows(DashboardState(keys=KEYS), 20, 80, TerminalStyle())))
    without = "".join(map(text_of, help_rows(DashboardState(keys=KEYS[:3]), 20, 80, TerminalStyle())))
    assert "5 s back" in with_both
    assert "recording into" in with_both
    assert "5 s back" not in without
    assert "recording into" not in without


def test_the_help_is_not_cut_at_80_columns():
    """Every sentence fits the smallest common screen."""
    assert all("…" not in text_of(row) for row in help_rows(DashboardState(keys=KEYS), 20, 80, TerminalStyle()))

"""The last rows: numbers in fixed columns, keys that fit, and the help page."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.state import DashboardState, RuntimeStats
from monitor.dashboard.drawing.status import help_rows, keys_row, system_row
from monitor.messages import DeviceStatus, Level, Snapshot, Start

START = Start("steth", 44_100, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
FILE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
LIVE = dataclasses.replace(FILE, device=DeviceStatus("open", "steth", "ALSA", 1, 44_100, measured_rate_hz=44_099.84))
STATS = RuntimeStats(2.6, 84.9, 11.6, 40.2)
KEYS = (("q", "quit"), ("?", "help"), ("space", "freeze"), ("r", "record"), ("←→", "5 s"))


def text_of(line):
    """Return the characters of a line."""
    return "".join(segment.text for segment in line)


def test_all_numbers_are_shown():
    """Both sample rates, latency, CPU and memory, each with a unit."""
    line = text_of(system_row(LIVE, STATS, 80, TerminalStyle()))
    assert " ".join(line.split()) == "system 44100 Hz real 44099.8 latency p50 12 p95 40 ms cpu 3% 85 MB"


def test_unknown_numbers_are_dashes():
    """The sample rate is not measured yet, and the first statistics come after two seconds."""
    device = dataclasses.replace(LIVE.device, measured_rate_hz=None)
    line = text_of(system_row(dataclasses.replace(LIVE, device=device), RuntimeStats(), 80, TerminalStyle()))
    assert " ".join(line.split()) == "system 44100 Hz real - latency p50 - p95 - ms cpu -% - MB"


def test_only_a_live_input_has_a_measured_rate():
    """A file shows its sample rate alone, and the other columns stay."""
    live, file = (text_of(system_row(snapshot, STATS, 80, TerminalStyle())) for snapshot in (LIVE, FILE))
    assert "44100 Hz real" in live
    assert "real" not in file
    assert live.index("latency") == file.index("latency")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_numbers_do_not_move_the_names(width):
    """Numbers of any size leave names and width unchanged."""
    lines = [
        text_of(system_row(LIVE, RuntimeStats(number, number, number, number), width, TerminalStyle()))
        for number in (None, 0.0, 9.6, 99.6, 100.0, 1e9)
    ]
    assert {len(line) for line in lines} == {width}
    assert len({(line.index("ms"), line.index("cpu"), line.index("MB")) for line in lines}) == 1


@given(st.integers(1, 200), st.booleans())
def test_keys_are_whole_or_omitted(width, unicode):
    """The row is as wide as the screen and cuts no word."""
    line = text_of(keys_row(KEYS, width, TerminalStyle(unicode=unicode)))
    assert len(line) == width
    shown = [part for part in line.strip().split("  ") if part]
    whole = [f"{key if unicode else key.replace('←→', '<>')} {meaning}" for key, meaning in KEYS]
    assert shown == whole[: len(shown)]


def test_without_keys_the_row_is_empty():
    """Without a keyboard no key is shown."""
    assert text_of(keys_row((), 80, TerminalStyle())) == " " * 80


@given(st.integers(1, 60), st.integers(1, 200), st.booleans())
def test_the_help_has_the_requested_size(height, width, unicode):
    """The requested number of rows, each as wide as the screen."""
    rows = help_rows(DashboardState(keys=KEYS), height, width, TerminalStyle(unicode=unicode))
    assert len(rows) == height
    assert {len(text_of(row)) for row in rows} == {width}
    assert unicode or all(text_of(row).isascii() for row in rows)


def test_the_help_lists_available_keys_only():
    """Recording and seeking are explained where they are available."""
    with_both = "".join(map(text_of, help_rows(DashboardState(keys=KEYS), 20, 80, TerminalStyle())))
    without = "".join(map(text_of, help_rows(DashboardState(keys=KEYS[:3]), 20, 80, TerminalStyle())))
    assert "seek 5 s" in with_both
    assert "recording into" in with_both
    assert "seek 5 s" not in without
    assert "recording into" not in without


def test_the_help_is_not_cut_at_80_columns():
    """Every sentence fits 80 columns."""
    assert all("…" not in text_of(row) for row in help_rows(DashboardState(keys=KEYS), 20, 80, TerminalStyle()))

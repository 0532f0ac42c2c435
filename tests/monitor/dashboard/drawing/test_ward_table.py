"""The table of a ward: a row for each stream, in any size."""

from __future__ import annotations

import dataclasses

import pytest
from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import FULL_STYLE, TerminalStyle
from monitor.dashboard.drawing.ward_table import WardRow, rows_of_a_page, ward_table
from monitor.messages import Level, Quality, Snapshot, Start, Verdict, WindowEvent

START = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur"), 5.0, 0.5, 20.0, 1.0)
MURMUR = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
EMPTY = Snapshot(START, 3.0, None, None, (), Level(-30.0, -20.0, clipped=False), None, None, 0, 0, 0, False)
BUMPS = "loud bumps: keep the chest piece and its cable still"


def heard(verdict=MURMUR, reason=None, **changes):
    """Return a snapshot after some windows."""
    window = WindowEvent(3, 1.5, 6.5, verdict, verdict, Quality(0.9, reason), 77.6, False, False, 1.0)
    return dataclasses.replace(EMPTY, elapsed_s=6.5, window=window, history=("normal", "murmur", "murmur"), **changes)


def text_of(rows, width=80, height=24, **options):
    """Return the lines of the table."""
    canvas = ward_table(rows, width, height, options.pop("style", FULL_STYLE), **options)
    assert len(canvas.lines) == height
    assert all(sum(cell_len(segment.text) for segment in line) == width for line in canvas.lines)
    return canvas.text.splitlines()


def test_a_row_says_it_all():
    """Name, rolling verdict, its score, rate, history, and what to do."""
    rows = [WardRow("bed 1", heard(reason=BUMPS)), WardRow("bed 2", EMPTY)]
    lines = text_of(rows, width=160)
    assert lines[2].split() == ["bed", "1", "murmur", "0.90", "78", "·" * 35 + "nMM", *BUMPS.split()]
    assert lines[3].split() == ["bed", "2", "listening", "·" * 38]


def test_at_80_columns_everything_is_there_and_cut():
    """The remark is cut, nothing else."""
    line = text_of([WardRow("bed 1", heard(reason=BUMPS))])[2]
    assert line == " bed 1               murmur      0.90   78  ·········nMM  loud bumps: keep the…"


@pytest.mark.parametrize(
    ("width", "heads", "row"),
    [
        (75, "history  remark", "·" * 4 + "nMM  loud bumps: keep the…"),
        (60, "bpm  remark", "78  loud bumps: ke…"),
    ],
)
def test_below_80_columns_the_remark_takes_those_of_the_history(width, heads, row):
    """What is wrong, and what to do, comes before what was."""
    lines = text_of([WardRow("bed 1", heard(reason=BUMPS))], width=width)
    assert lines[1].endswith(heads)
    assert lines[2].endswith(row)


def test_a_long_name_keeps_both_ends():
    """Recordings that differ at the end only can be told apart."""
    line = text_of([WardRow("normal_noisynormal_146_1306778707532_D.wav", heard())])[2]
    assert line.startswith(" normal_n…532_D.wav  murmur ")


@pytest.mark.parametrize(("count", "shown", "more"), [(21, 21, 0), (22, 20, 2), (400, 20, 380)])
def test_what_does_not_fit_is_counted(count, shown, more):
    """80x24 shows 21 streams, or 20 and how many more there are."""
    lines = text_of([WardRow(f"bed {number}", heard()) for number in range(count)])
    assert sum(line.startswith(" bed ") for line in lines) == shown == rows_of_a_page(count, 24)
    assert [line for line in lines if "more" in line] == ([f" and {more} more"] if more else [])


def test_other_pages_are_full():
    """The last page shows the last streams, and as many as the first."""
    rows = [WardRow(f"bed {number}", heard()) for number in range(45)]
    lines = text_of(rows, first=40, keys=True)
    assert [line.split()[1] for line in lines if line.startswith(" bed")] == [str(n) for n in range(25, 45)]
    assert " and 25 more   left and right: other streams" in lines


def test_errors_come_first():
    """An error is shown instead of advice, an end where there is neither; skipped windows are counted above."""
    rows = [
        WardRow("a", heard(reason=BUMPS, finished=True), "a.wav: decoding stops after 6.5 s of 20.0 s"),
        WardRow("b", heard(finished=True)),
        WardRow("c", heard(skipped=7, overloaded=True)),
    ]
    lines = text_of(rows, width=130)
    assert "3 streams, 2 ended   7 skipped" in lines[0]
    assert lines[2].endswith("a.wav: decoding stops after 6.5 s of 20.0 s")
    assert lines[3].endswith("ended")
    assert "too slow for a window every 0.5 s" in lines[4]


@pytest.mark.parametrize("width", [1, 10, 40, 79, 200])
@pytest.mark.parametrize("height", [1, 2, 4, 50])
def test_any_size_is_filled_exactly(width, height):
    """No size breaks it."""
    text_of([WardRow(f"bed {number}", heard()) for number in range(9)], width, height)


def test_a_simple_terminal_gets_ascii():
    """No character outside ASCII without Unicode."""
    rows = [WardRow("bed " + "x" * 60, heard(reason=BUMPS))]
    lines = text_of(rows, style=TerminalStyle(colour=False, gradient=False, unicode=False))
    assert "\n".join(lines).isascii()


@pytest.mark.parametrize("width", [20, 60, 80])
def test_where_they_are_served_stands_in_the_title(width):
    """Whole, or not at all."""
    snapshot = dataclasses.replace(heard(), served="http://127.0.0.1:8765/")
    title = text_of([WardRow("bed 1", snapshot)], width=width)[0]
    assert ("http" in title) == ("   http://127.0.0.1:8765/ " in title) == (width == 80)


@pytest.mark.parametrize("width", [1, 20, 40, 80, 120])
def test_what_is_wrong_with_those_that_follow_stands_in_the_title(width):
    """In place of the model, as much as there is room for; the position stays."""
    notice = "server: its process has ended (SIGKILL), it is started again"
    title = text_of([WardRow("bed 1", heard())], width=width, notice=notice)[0]
    if width == 80:
        assert title == " auscult 1 streams   server: its process has ended (SIGKILL), it is sta… 0:06.5"
    if width == 120:
        assert notice in title
        assert "model" not in title

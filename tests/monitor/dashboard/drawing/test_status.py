"""The last rows: whole events, keys that fit, the details, and the pages of the help."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.state import CycleDurations, DashboardState, LoggedEvent, RuntimeStats
from monitor.dashboard.drawing.status import details_rows, event_rows, help_rows, keys_row
from monitor.messages import DeviceStatus, HeartRateVariability, Level, Snapshot, Start

START = Start("steth", 44_100, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
FINDS = dataclasses.replace(START, finds_heart_sounds=True)
NO_CYCLE = CycleDurations()
FILE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
LIVE = dataclasses.replace(FILE, device=DeviceStatus("open", "steth", "ALSA", 1, 44_100, measured_rate_hz=44_099.84))
STATS = RuntimeStats(2.6, 84.9, 11.6, 40.2)
KEYS = (("q", "quit"), ("?", "help"), ("space", "freeze"), ("r", "record"), ("←→", "5 s"))


def text_of(line):
    """Return the characters of a line."""
    return "".join(segment.text for segment in line)


def details(snapshot, stats=STATS, width=80, height=20, cycle=NO_CYCLE):
    """Return the details as rows of words."""
    layout = Layout(snapshot, width, 24, TerminalStyle(), DashboardState(stats=stats, cycle=cycle))
    rows = details_rows(layout, height)
    assert [len(text_of(row)) for row in rows] == [width] * height
    return [" ".join(text_of(row).split()) for row in rows]


def test_all_figures_are_shown():
    """Losses, delays, sample rates, processor and memory, each with a unit."""
    rows = details(dataclasses.replace(LIVE, skipped=3, overruns=4, gaps=5))
    for row in (
        "windows skipped 3", "overruns 4", "gaps 5", "sample to screen median 12 ms, 95th percentile 40 ms",
        "computing a window median 1.9 ms, 95th percentile 2.4 ms", "processor 3 % of one core", "memory 85 MB",
        "sample rate 44100 Hz", "sample rate, measured 44099.8 Hz", "device reopened 0",
    ):  # fmt: skip
        assert row in rows


def test_unknown_figures_say_so():
    """The sample rate is not measured yet, and the first statistics come after two seconds."""
    device = dataclasses.replace(LIVE.device, measured_rate_hz=None)
    rows = details(dataclasses.replace(LIVE, device=device), RuntimeStats())
    assert sum(row.endswith("not measured yet") for row in rows) == 4


@pytest.mark.parametrize(
    ("start", "cycle", "expected"),
    [
        (FINDS, CycleDurations(310.4, 489.6, 36, 35),
         ("systole 310 ms, median of 36 beats in 30 s", "diastole 490 ms, median of 35 beats in 30 s")),
        (FINDS, CycleDurations(310.4, None, 1, 0),
         ("systole 310 ms, median of 1 beat in 30 s", "diastole no sure S2 before a sure S1 in the last 30 s")),
        (FINDS, CycleDurations(),
         ("systole no sure S1 with a sure S2 in the last 30 s",
          "diastole no sure S2 before a sure S1 in the last 30 s")),
        (FINDS, CycleDurations(310.4, None, 9, 0, 14.5),
         ("systole 310 ms, median of 9 beats in 15 s", "diastole no sure S2 before a sure S1 in the last 15 s")),
        (START, CycleDurations(), ("systole, diastole this model does not find S1 and S2",)),
    ],
)  # fmt: skip
def test_systole_and_diastole_or_why_there_are_none(start, cycle, expected):
    """Medians with the number of beats, in milliseconds; a blank says why."""
    rows = details(dataclasses.replace(FILE, start=start), cycle=cycle)
    assert tuple(row for row in rows if row.startswith(("systole", "diastole"))) == expected


def test_a_lost_device_has_no_systole():
    """What was heard before is no figure of now."""
    lost = dataclasses.replace(LIVE, start=FINDS, device=dataclasses.replace(LIVE.device, state="lost"))
    assert "systole, diastole the device is lost" in details(lost, cycle=CycleDurations(310.4, 489.6, 36, 35))


def test_only_a_live_input_has_a_measured_rate():
    """A file shows its sample rate alone."""
    assert not any("measured" in row for row in details(FILE))


def test_a_loss_stands_out_in_the_details():
    """A count that is not zero is bold; zeros are not."""
    layout = Layout(dataclasses.replace(FILE, gaps=12), 80, 24, TerminalStyle(), DashboardState(stats=STATS))
    rows = details_rows(layout, 12)
    bold = [segment.text for row in rows[1:] for segment in row if segment.style and segment.style.bold]
    assert bold == ["12"]


@given(st.integers(1, 200), st.integers(1, 60), st.booleans())
def test_the_details_have_the_requested_size(width, height, unicode):
    """The requested number of rows, each as wide as the screen."""
    layout = Layout(LIVE, width, 24, TerminalStyle(unicode=unicode), DashboardState(stats=STATS))
    rows = details_rows(layout, height)
    assert [sum(segment.cell_length for segment in row) for row in rows] == [width] * height
    assert unicode or all(text_of(row).isascii() for row in rows)


EVENTS = (
    LoggedEvent(5.0, "normal", "normal"),
    LoggedEvent(41.2, "early beat, 67% of the usual interval", "ectopic"),
    LoggedEvent(44.4, "murmur", "murmur"),
)


def events(width, height, shown=EVENTS):
    """Return the rows of the events."""
    rows = event_rows(Layout(FILE, width, 24, TerminalStyle(), DashboardState(events=shown)), height)
    assert [len(text_of(row)) for row in rows] == [width] * height
    return [text_of(row).strip() for row in rows]


def test_events_in_one_row_are_whole():
    """The newest first, as many as fit."""
    (row,) = events(80, 1)
    assert row == "events  0:44.4 murmur   0:41.2 early beat, 67% of the usual interval"
    assert events(60, 1) == ["events  0:44.4 murmur"]


def test_a_long_event_continues_in_the_next_row():
    """No word is cut; where there is no row left, it ends after a word."""
    assert events(45, 4) == [
        "events   0:44.4  murmur", "0:41.2  early beat, 67% of the", "usual interval", "0:05.0  normal",
    ]  # fmt: skip
    assert events(45, 2)[1] == "0:41.2  early beat, 67% of the …"


def test_without_events_it_says_so():
    """An empty list is no gap in the screen."""
    assert events(80, 3, ())[0] == "events  none yet"


def test_a_tachogram_stands_beside_the_events_of_a_wide_screen():
    """It says what it shows, or that no beats are followed."""
    assert events(120, 5)[0].endswith("no steady run of beats is followed yet")
    assert "beats" not in events(120, 3)[0]


@given(st.integers(1, 200), st.booleans())
def test_keys_are_whole_or_omitted(width, unicode):
    """The row is as wide as the screen and cuts no word."""
    line = text_of(keys_row(KEYS, width, TerminalStyle(unicode=unicode)))
    assert len(line) == width
    shown = [part for part in line.strip().split("  ") if part]
    whole = [f"{key if unicode else key.replace('←→', '<>')} {meaning}" for key, meaning in KEYS]
    assert shown == whole[: len(shown)]


def test_without_keys_the_way_out_is_named():
    """Without a keyboard there is Ctrl+C."""
    assert text_of(keys_row((), 80, TerminalStyle())).strip() == "Ctrl+C ends"


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


@pytest.mark.parametrize(("width", "height"), [(20, 4), (40, 9), (80, 20), (200, 56)])
def test_the_pages_of_the_help_explain_every_word(width, height):
    """Letters, scores, quality, gaps and states, none of them cut; the first page follows the last."""
    labels = ("normal", "murmur", "extrastole")
    pages = [
        [text_of(row).strip() for row in help_rows(DashboardState(help=page, keys=KEYS), height, width, TerminalStyle(),
                                                   labels)]
        for page in range(1, 60)
    ]  # fmt: skip
    text = " ".join(" ".join(row for page in pages[: pages[1:].index(pages[0]) + 1] for row in page[1:]).split())
    assert "…" not in text
    for words in (
        "n normal, M murmur, E extrastole", "annotated so", "0 to 1; below its limit no label is given",
        "a window with a gap is not judged", "the first window is not full yet", "no label is likely enough",
        "S1 and S2, each only where it is sure", "from S1 to S2, and diastole from S2 to the next S1",
    ):  # fmt: skip
        assert words in text
    for state in ("listening", "uncertain", "poor signal", "no signal", "device lost"):
        assert state in text


def test_heart_rate_variability_or_why_there_is_none():
    """The metrics, the reason, or that no beats were found yet."""
    snapshot = dataclasses.replace(LIVE, start=FINDS)
    known = HeartRateVariability(64, 1, 51.2, 800.0, 41.2, 33.5, 0.1)
    for found, words in (
        (known, "SDNN 41 ms, RMSSD 34 ms, pNN50 10 %"),
        (HeartRateVariability(4, 0, 3.2), "not given: only 4 intervals between normal beats"),
        (None, "no beats yet"),
    ):
        rows = details(dataclasses.replace(snapshot, variability=found))
        assert any(row.startswith(f"rate variability {words}") for row in rows)

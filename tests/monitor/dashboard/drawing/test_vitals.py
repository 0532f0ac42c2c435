"""Heart rate, quality and the intervals from beat to beat: what is known, and why where it is not."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.quality import CHANNELS_CANCEL, LIVE_REASONS, RECORDING_REASONS
from monitor.dashboard.drawing.canvas import Row, TerminalStyle
from monitor.dashboard.drawing.layout import Columns, Layout
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.state import DashboardState
from monitor.dashboard.drawing.vitals import (
    intervals_text,
    long_advice,
    put_tachogram,
    quality_advice,
    rate_text,
    vitals_rows,
)
from monitor.messages import DeviceStatus, EctopicBeats, Level, Quality, Snapshot, Start, Verdict, WindowEvent

START = Start("steth", 4000, "heart-sounds", "", ("normal", "murmur", "extrastole"), 5.0, 0.5, None, 1.0)
VERDICT = Verdict("verdict", "normal", 0.9, {"normal": 0.9, "murmur": 0.1, "extrastole": 0.0})
WINDOW = WindowEvent(5, 2.5, 7.5, VERDICT, VERDICT, Quality(0.93), 78.2, False, False, 1.9)
SNAPSHOT = Snapshot(START, 7.6, WINDOW, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
LOST = DeviceStatus("lost", "steth", "ALSA", 1, 4000, message="steth: is not connected")
ASCII = TerminalStyle(False, False, False)


def layout(width=80, style=TerminalStyle(), rates=(), **changes):  # noqa: B008  # frozen
    """Return a screen of a window with some attributes replaced."""
    window = dataclasses.replace(WINDOW, **changes)
    return Layout(dataclasses.replace(SNAPSHOT, window=window), width, 24, style, DashboardState(rates=rates))


def texts(one):
    """Return the three rows as text."""
    return ["".join(segment.text for segment in row) for row in vitals_rows(one)]


def test_the_heart_rate_is_large():
    """In digits three lines high; in ASCII it is bold."""
    rows = texts(layout())
    assert "bpm" in rows[0]
    assert "█▀█" in rows[0]
    assert "▀▀▀" in rows[2]
    assert texts(layout(style=ASCII))[0].startswith(" 78 bpm")


@pytest.mark.parametrize(("bpm", "column"), [(31.0, 14), (78.2, 14), (239.0, 14)])
def test_its_unit_has_a_fixed_column(bpm, column):
    """Whatever the number of digits."""
    assert texts(layout(heart_rate_bpm=bpm))[0].index("bpm") == column


@pytest.mark.parametrize("style", [TerminalStyle(), ASCII])
@pytest.mark.parametrize("width", [60, 77, 80, 100])
@pytest.mark.parametrize(("low", "high"), [(58, 61), (96, 104), (149, 150), (30, 240)])
def test_the_range_is_never_cut_within_a_number(style, width, low, high):
    """On a narrow screen too: 149 to 150 is not 149 to 15."""
    rates = ((0.0, float(low)), (600.0, float(high)))
    row = texts(layout(width=width, style=style, rates=rates))[2][: 24 if width < 78 else 45]
    assert re.search(rf"(?<!\d){low}(?: to |-){high}(?!\d)", row)


def test_the_trend_is_a_curve_with_its_range():
    """The newest at the right; a hole where there was no rate."""
    rates = ((5.0, 60.0), (10.0, 70.0), (20.0, 100.0))
    rows = texts(layout(rates=rates))
    assert "▁▃ █" in rows[1]
    assert rows[1][:45].rstrip().endswith("█")
    assert "heart rate 60 to 100 in 20 s" in rows[2]
    steady = texts(layout(rates=tuple((5.0 * step, 72.0) for step in range(1, 61))))
    assert "heart rate 72 in 5 min" in steady[2]
    assert len(set(steady[1][14:44])) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"heart_rate_reason": "either 60 or 120 bpm"}, "either 60 or 120 bpm"),
        ({"heart_rate_reason": "no steady rhythm"}, "no steady rhythm"),
        ({"gap": True}, "sound was lost in this window"),
        ({"quality": Quality(0.1, "rubbing", "poor-signal")}, "the signal is too poor to count in"),
        ({"quality": Quality(0.0, "silence", "no-signal")}, "no sound to count in"),
    ],
)
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_missing_heart_rate_says_why(changes, why, width):
    """In words, complete at every width."""
    one = layout(width, heart_rate_bpm=None, **changes)
    assert rate_text(one) == ("", why)
    left = " ".join(" ".join(row[: one.split] for row in texts(one)).split())
    assert left == f"no heart rate {why}"


def test_before_the_first_window_and_of_a_lost_device():
    """Both say so in place of a rate of before."""
    first = Layout(dataclasses.replace(SNAPSHOT, window=None), 80, 24, TerminalStyle())
    assert rate_text(first) == ("", "the first window is not full yet")
    assert quality_advice(first) == ("the first verdict needs 5 s of sound", False)
    lost = Layout(dataclasses.replace(SNAPSHOT, device=LOST), 80, 24, TerminalStyle())
    assert rate_text(lost) == ("", "the device is lost")
    assert quality_advice(lost) == ("no sound arrives", True)


def test_quality_is_a_bar_with_the_advice():
    """Beside a number; a warning where something is to be done."""
    rows = texts(layout(style=ASCII))
    assert "quality    ##############. 0.93" in rows[0]
    assert "good enough to judge" in rows[1]
    assert quality_advice(layout(short=True)) == ("good enough to judge; short clip, looped", False)
    assert quality_advice(layout(gap=True))[1]


@pytest.mark.parametrize("advice", [*LIVE_REASONS, *RECORDING_REASONS, CHANNELS_CANCEL])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_advice_is_shown_whole(advice, width):
    """In the two rows beside the heart rate, or above it where these are too short."""
    reason = advice.format(fraction=0.25)
    one = layout(width, quality=Quality(0.2, reason, "poor-signal"), heart_rate_bpm=None)
    right = " ".join(" ".join(row[one.split :] for row in texts(one)[1:]).split())
    whole = " ".join(render(one.snapshot, width, 24).text.split())
    assert reason in (right, long_advice(one))
    assert right == reason or reason in whole


def graph(width, height, beats, style=TerminalStyle(), trackable=True):  # noqa: B008  # frozen
    """Return the rows of a tachogram of beats."""
    ectopic = EctopicBeats(20.0, len(beats), tuple(beats), (), trackable, 0.0)
    rows = [Row(width) for _ in range(height)]
    put_tachogram(layout(width, style, ectopic=ectopic), rows, Columns(9, width - 20))
    return ["".join(segment.text for segment in row.line()) for row in rows]


def test_a_steady_heart_is_a_level_line():
    """In the middle; an early beat is a step down and one up."""
    steady = graph(80, 6, [0.8 * beat for beat in range(20)], ASCII)
    assert [set(row[9:69]) for row in steady[1:]] == [{" "}, {" "}, {"|"}, {" "}, {" "}]
    early = graph(80, 6, [0.0, 0.8, 1.6, 2.4, 2.9, 4.0, 4.8, 5.6], ASCII)
    assert early[1][9:69].strip()
    assert early[5][9:69].strip()
    assert early[0].strip() == "beat to beat: 0.50 to 1.10 s, 55 to 120 bpm"


def test_a_rhythm_that_is_not_followed_has_no_tachogram():
    """It says so."""
    rows = graph(80, 5, [0.0, 0.8, 1.6], trackable=False)
    assert rows[0].strip() == "no steady run of beats is followed yet"
    assert not "".join(rows[1:]).strip()
    assert intervals_text(layout()) == "no steady run of beats is followed yet"


@given(
    st.integers(32, 200),
    st.integers(1, 8),
    st.lists(st.floats(0.0, 30.0), max_size=40).map(sorted),
    st.booleans(),
)
def test_any_beats_fit(width, height, beats, unicode):
    """Equal moments, holes and single beats give rows of the screen's width."""
    rows = graph(width, height, beats, TerminalStyle(unicode=unicode))
    assert [len(row) for row in rows] == [width] * height
    assert unicode or all(row.isascii() for row in rows)

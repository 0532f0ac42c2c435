"""The parts of the dashboard: score bars, history, level, footer."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from monitor.dashboard.drawing.canvas import RED, Line, TerminalStyle
from monitor.dashboard.drawing.widgets import (
    STATE_COLOURS,
    footer_row,
    headline,
    history_row,
    history_segments,
    label_colours,
    level_row,
    level_segments,
    rolling_verdict,
    score_segments,
    verdict_colour,
    verdict_text,
    window_message,
)
from monitor.messages import DeviceStatus, Level, Quality, Snapshot, Start, Verdict, WindowEvent

SCORES = {"normal": 0.09, "murmur": 0.87, "extrastole": 0.04}
SURE = Verdict("verdict", "murmur", 0.87, SCORES)
START = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur", "extrastole"), 5.0, 0.5, 30.0, 1.0)
WINDOW = WindowEvent(5, 2.5, 7.5, SURE, SURE, Quality(0.9), 78.2, False, False, 1.9)
QUIET = Level(-30.0, -20.0, False)
SNAPSHOT = Snapshot(START, 7.6, WINDOW, None, (), QUIET, 1.9, 2.4, 0, 0, 0, False)
ASCII = TerminalStyle(False, False, False)


def text_of(line: Line | list[Segment]) -> str:
    """Return the characters of a line."""
    return "".join(segment.text for segment in line)


def with_labels(*labels: str) -> Snapshot:
    """Return a snapshot of other labels, all equally likely."""
    scores = {label: 1 / len(labels) for label in labels}
    rolling = Verdict("verdict", labels[0], 1 / len(labels), scores)
    return dataclasses.replace(
        SNAPSHOT,
        start=dataclasses.replace(START, labels=labels),
        window=dataclasses.replace(WINDOW, rolling=rolling),
    )


class TestColours:
    """Colours of labels and states."""

    def test_known_labels_differ_from_each_other_and_from_states(self) -> None:
        """Labels have different colours, none of them that of a state."""
        colours = label_colours(START.labels)
        labels = {colours[label] for label in START.labels}
        assert len(labels) == 3
        assert not labels & set(STATE_COLOURS.values())

    def test_neighbours_among_other_labels_differ(self) -> None:
        """Unknown labels take the colours in turn."""
        colours = label_colours(tuple("abcdefg"))
        assert all(colours[one] != colours[other] for one, other in zip("abcdef", "bcdefg", strict=True))

    def test_the_verdict_has_the_colour_of_the_label(self) -> None:
        """The big label has the colour of the score bar, and a state its own colour."""
        assert verdict_colour(SNAPSHOT) == label_colours(START.labels)["murmur"]
        poor = dataclasses.replace(SNAPSHOT, window=dataclasses.replace(WINDOW, rolling=Verdict("poor-signal")))
        assert verdict_colour(poor) == STATE_COLOURS["poor-signal"]

    def test_an_unknown_label_has_a_colour(self) -> None:
        """A label that is not among the start's labels still gets a colour."""
        odd = Verdict("verdict", "other", 0.9, {"other": 0.9})
        assert verdict_colour(dataclasses.replace(SNAPSHOT, window=dataclasses.replace(WINDOW, rolling=odd)))


class TestMessages:
    """The message on a window."""

    def test_a_label_or_a_state_in_words(self) -> None:
        """A verdict is shown as its label, or as its state without a hyphen."""
        assert verdict_text(SURE) == "murmur"
        assert verdict_text(Verdict("poor-signal")) == "poor signal"

    def test_before_the_first_window_the_state_is_listening(self) -> None:
        """Without a window the rolling verdict is "listening"."""
        assert rolling_verdict(dataclasses.replace(SNAPSHOT, window=None)).state == "listening"

    @pytest.mark.parametrize(
        ("changes", "message", "warns"),
        [
            ({}, "this window: quality 0.90, murmur 0.87", False),
            ({"short": True}, "this window: quality 0.90, murmur 0.87 (short clip, looped)", False),
            ({"gap": True}, "this window: samples were lost, no label is given", True),
            ({"quality": Quality(0.2, "too quiet", "poor-signal")}, "quality 0.20: too quiet", True),
            ({"verdict": Verdict("no-signal")}, "this window: quality 0.90, no signal", False),
            (
                {"verdict": Verdict("verdict", "murmur", 0.87, SCORES, {"normal": 0.04, "murmur": 0.96})},
                "this window: quality 0.90, murmur 0.96",
                False,
            ),
            (
                {
                    "verdict": Verdict(
                        "uncertain",
                        None,
                        0.5,
                        {"normal": 0.45, "extrastole": 0.5},
                        {"normal": 0.51, "extrastole": 0.49},
                    )
                },
                "this window: quality 0.90, uncertain, best normal 0.51",
                False,
            ),
            ({"heart_rate_reason": "faster than 240 bpm"}, "quality 0.90; heart rate: faster than 240 bpm", False),
            (
                {"verdict": Verdict("uncertain", None, 0.5, {"normal": 0.5, "murmur": 0.4, "extrastole": 0.1})},
                "this window: quality 0.90, uncertain, best normal 0.50",
                False,
            ),
        ],
    )
    def test_every_kind_of_window(self, changes: dict[str, object], message: str, warns: bool) -> None:
        """Each kind of window has a message; those that a person can act on are warnings."""
        assert window_message(dataclasses.replace(WINDOW, **changes), 5.0) == (message, warns)

    def test_before_the_first_window(self) -> None:
        """While the first window fills, the message gives its length."""
        assert window_message(None, 5.0) == ("the first verdict needs 5 s of sound", False)


class TestScores:
    """A score bar for each label."""

    def test_one_row_per_label_in_order(self) -> None:
        """Letter, name, bar and number, in the bundle's order."""
        rows = [text_of(row) for row in score_segments(SNAPSHOT, 34, 3, TerminalStyle())]
        assert [row.split()[:2] for row in rows] == [["n", "normal"], ["M", "murmur"], ["E", "extrastole"]]
        assert [row.split()[-1] for row in rows] == ["0.09", "0.87", "0.04"]

    def test_the_scores_are_the_acoustic_ones(self) -> None:
        """Bar, number and mark say what is heard: a clear normal reaches 1, an extrasystole that is not heard is 0."""
        heard = {"normal": 1.0, "murmur": 0.0, "extrastole": 0.0}
        normal = Verdict("verdict", "normal", 0.9, {"normal": 0.9, "murmur": 0.0, "extrastole": 0.1}, heard)
        window = dataclasses.replace(WINDOW, verdict=normal, rolling=normal)
        rows = [
            text_of(row) for row in score_segments(dataclasses.replace(SNAPSHOT, window=window), 48, 3, TerminalStyle())
        ]
        assert [row.split()[-3:] for row in rows] == [["1.00", "│", "1.00"], *[["0.00", "│", "0.00"]] * 2]
        assert ["█" in row for row in rows] == [True, False, False]

    def test_without_scores_the_bars_are_empty(self) -> None:
        """No score is a dash, not a zero."""
        poor = dataclasses.replace(SNAPSHOT, window=dataclasses.replace(WINDOW, rolling=Verdict("poor-signal")))
        rows = [text_of(row) for row in score_segments(poor, 34, 3, TerminalStyle())]
        assert all(row.endswith("   -") and "█" not in row for row in rows)

    def test_too_many_labels_are_counted(self) -> None:
        """Labels without room are counted in the last line."""
        rows = [text_of(row) for row in score_segments(with_labels(*"abcdef"), 34, 3, TerminalStyle())]
        assert len(rows) == 3
        assert "and 4 more" in rows[-1]

    @given(
        st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6, unique=True),
        st.integers(24, 90),
        st.integers(1, 6),
        st.booleans(),
    )
    def test_rows_have_the_requested_width(self, labels: list[str], width: int, height: int, unicode: bool) -> None:
        """Any labels give rows of equal width, and never too many."""
        rows = score_segments(with_labels(*labels), width, height, TerminalStyle(unicode=unicode))
        assert 1 <= len(rows) <= height
        assert {sum(segment.cell_length for segment in row) for row in rows} == {width}

    def test_the_chosen_label_is_bold(self) -> None:
        """The label of the verdict stands out without colour."""
        rows = score_segments(SNAPSHOT, 34, 3, TerminalStyle(colour=False, gradient=False))
        weights = [bool(row[1].style and row[1].style.bold) for row in rows]
        assert weights == [False, True, False]


class TestHistory:
    """The row of past verdicts."""

    def test_newest_is_at_the_right(self) -> None:
        """Letters are in the order of the windows, padded at the left."""
        past = ("listening", "normal", "murmur", "extrastole", "uncertain", "poor-signal", "no-signal")
        history = history_segments(dataclasses.replace(SNAPSHOT, history=past), 10, TerminalStyle())
        assert text_of(history) == "···.nME?x_"

    def test_the_oldest_fall_off(self) -> None:
        """A full row shows the newest entries."""
        past = ("normal",) * 50 + ("murmur",) * 3
        assert text_of(history_segments(dataclasses.replace(SNAPSHOT, history=past), 5, TerminalStyle())) == "nnMMM"

    def test_the_background_is_the_same_grey_in_256_colours(self) -> None:
        """The background of the letters is one of the 256 colours."""
        style = history_segments(dataclasses.replace(SNAPSHOT, history=("normal",)), 1, TerminalStyle())[-1].style
        assert style is not None
        assert style.bgcolor is not None
        assert style.bgcolor.downgrade(ColorSystem.EIGHT_BIT).number == 235

    def test_an_unknown_entry_is_a_number_sign(self) -> None:
        """An entry that is neither label nor state is shown as #."""
        assert text_of(history_segments(dataclasses.replace(SNAPSHOT, history=("odd",)), 3, TerminalStyle())) == "··#"

    @pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
    @pytest.mark.parametrize("style", [TerminalStyle(), TerminalStyle(colour=False, gradient=False), ASCII])
    def test_the_row_has_a_constant_width(self, count: int, style: TerminalStyle) -> None:
        """From the first window to the thousandth the row has 80 cells, the history in it 64."""
        line = text_of(history_row(dataclasses.replace(SNAPSHOT, history=("normal",) * count), 80, style))
        assert len(line) == 80
        assert line[9:73].count("n") == min(count, 64)
        assert line.endswith("now ")


class TestLevel:
    """The input level."""

    def test_bar_tick_and_number(self) -> None:
        """RMS is a bar, the peak a tick further right, and the number is in dB."""
        line = text_of(level_row(QUIET, 80, TerminalStyle()))
        assert line.count("━") == 29
        assert line.index("│") == 9 + 39
        assert line.endswith("-30 dB ")
        assert "CLIP" not in line

    def test_clipping_is_shown(self) -> None:
        """A clipped input shows CLIP without moving the number."""
        line = text_of(level_row(Level(0.0, 0.0, True), 80, TerminalStyle()))
        assert line.endswith("CLIP   0 dB ")

    @given(st.floats(allow_nan=True), st.floats(allow_nan=True), st.booleans(), st.integers(1, 150), st.booleans())
    def test_any_level_fits(self, rms: float, peak: float, clipped: bool, width: int, unicode: bool) -> None:
        """Any level, NaN included, gives a bar of the requested width."""
        segments = level_segments(Level(rms, peak, clipped), width, TerminalStyle(unicode=unicode))
        assert sum(segment.cell_length for segment in segments) == width
        assert len(text_of(level_row(Level(rms, peak, clipped), 80, TerminalStyle(unicode=unicode)))) == 80

    def test_silence_has_a_number(self) -> None:
        """The lowest level does not widen the number."""
        assert text_of(level_row(Level(-120.0, -120.0, False), 80, TerminalStyle())).endswith("-99 dB ")
        assert text_of(level_row(Level(math.nan, math.nan, False), 80, TerminalStyle())).endswith("-99 dB ")


class TestFooter:
    """The disclaimer, and how the program fares."""

    @pytest.mark.parametrize("width", [33, 40, 60, 80, 200])
    def test_shows_the_disclaimer(self, width: int) -> None:
        """The disclaimer is shown on every screen with room for it."""
        for health in (("", False), ("following, 40 ms behind; nothing lost", False)):
            assert "research use, not for diagnosis" in text_of(footer_row(width, TerminalStyle(), health))

    def test_narrow_screens_show_the_short_form(self) -> None:
        """At 20 columns the disclaimer is shortened."""
        assert text_of(footer_row(20, TerminalStyle())).rstrip() == "not for diagnosis"

    @pytest.mark.parametrize(
        ("width", "said"), [(80, "following, 40 ms behind; nothing lost"), (60, "nothing lost"), (40, "diagnosis")]
    )
    def test_health_is_quiet_while_all_is_well(self, width: int, said: str) -> None:
        """As much of it as there is room for, dim."""
        line = footer_row(width, TerminalStyle(), ("following, 40 ms behind; nothing lost", False), margin=1)
        assert text_of(line).rstrip().endswith(said)
        quiet = TerminalStyle().ink(dim=True)
        assert all(segment.style in (Style(), quiet) or segment.style.bold for segment in line)

    @pytest.mark.parametrize("width", [80, 60, 40])
    def test_what_is_wrong_stands_out(self, width: int) -> None:
        """The loss comes first where there is no room for all, in bold red; the disclaimer stays."""
        health = "following, 40 ms behind; 12 gaps in the sound, 3 windows skipped", True
        line = footer_row(width, TerminalStyle(), health)
        loud = "".join(segment.text for segment in line if segment.style and segment.style.color)
        assert "12 gaps" in loud
        assert "not for diagnosis" in text_of(line)
        assert len(text_of(line)) == width

    @pytest.mark.parametrize(
        ("width", "said"),
        [
            (120, "following, 40 ms behind; nothing lost; http://127.0.0.1:8765/"),
            (80, "nothing lost; http://127.0.0.1:8765/"),
            (60, "nothing lost"),
            (40, "diagnosis"),
        ],
    )
    def test_where_it_is_served_stands_behind_the_health(self, width: int, said: str) -> None:
        """Before how far the screen is behind, where there is no room for all."""
        health, served = ("following, 40 ms behind; nothing lost", False), "http://127.0.0.1:8765/"
        line = text_of(footer_row(width, TerminalStyle(), health, served=served, margin=1))
        assert line.rstrip().endswith(said)
        assert "research use, not for diagnosis" in line

    def test_what_is_wrong_comes_before_where_it_is_served(self) -> None:
        """In full; the address where there is room beside it."""
        health, served = ("following, 40 ms behind; 12 gaps in the sound", True), "http://127.0.0.1:8765/"
        for width in (80, 120):
            line = text_of(footer_row(width, TerminalStyle(), health, served=served)).rstrip()
            assert line.endswith(health[0] + f"; {served}" * (width == 120))


def test_a_lost_device_is_no_poor_signal() -> None:
    """It is the headline, whatever the last window sounded like, and no score is shown."""
    device = DeviceStatus("lost", "steth", "ALSA", 1, 4000, message="steth: is not connected")
    lost = dataclasses.replace(SNAPSHOT, device=device)
    assert headline(lost) == "device lost"
    assert verdict_colour(lost) == RED
    assert "0.87" not in "".join(text_of(row) for row in score_segments(lost, 40, 3, TerminalStyle()))
    assert headline(dataclasses.replace(lost, device=dataclasses.replace(device, state="open"))) == "murmur"


def test_a_change_of_site_stands_on_the_strip():
    """The windows that span it carry the new site's name, cut where they are fewer than its letters."""
    past = ("normal", "PV", "PV", "PV", "normal", "MV")
    history = history_segments(dataclasses.replace(SNAPSHOT, history=past), 6, TerminalStyle())
    assert text_of(history) == "nPV.nM"

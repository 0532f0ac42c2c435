"""Plain lines have fixed columns and contain everything a person needs to know."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.messages import EctopicBeat, EctopicBeats, Quality, Start, Summary, Verdict, WindowEvent
from monitor.text.text_lines import (
    ALL_CLEAR,
    alert_line,
    counted,
    header_line,
    plain_summary,
    plain_window,
    scores_text,
)

SCORES = {"normal": 0.09, "murmur": 0.87, "extrastole": 0.04}
SURE = Verdict("verdict", "murmur", 0.87, SCORES)
POOR = Verdict("poor-signal")
START = Start("a.wav", 4000, "heart-sounds", "ab12", ("normal", "murmur", "extrastole"), 5.0, 0.5, 30.0, 1.0)
WINDOW = WindowEvent(5, 2.5, 7.5, SURE, SURE, Quality(0.93), 78.2, False, False, 1.9)
SUMMARY = Summary("a.wav", 41, 2, 1, SURE, 77.5, 41)


class TestHeader:
    """The line that opens a source."""

    def test_has_source_model_and_disclaimer(self) -> None:
        """Source, sample rate, duration, model and the disclaimer are in one line."""
        assert header_line(START) == (
            "auscult  a.wav (4000 Hz, 30.0 s)  model heart-sounds  research use, not for diagnosis"
        )

    def test_names_another_engine(self) -> None:
        """The default engine is not named, any other is."""
        line = header_line(dataclasses.replace(START, engine="litert-int8"))
        assert "  model heart-sounds (litert-int8)  " in line

    def test_omits_an_unknown_duration(self) -> None:
        """A stream without an end shows only the sample rate."""
        assert "(4000 Hz)" in header_line(dataclasses.replace(START, duration_s=None))

    def test_a_file_name_cannot_move_the_cursor(self) -> None:
        """Escapes and line feeds in a name are shown as escapes."""
        line = header_line(dataclasses.replace(START, source="a\x1b[2J\nb.wav"))
        assert r"a\x1b[2J\nb.wav" in line
        assert line.isprintable()


class TestWindow:
    """The line of one window."""

    def test_a_verdict(self) -> None:
        """Position, label, confidence, heart rate and scores are in fixed columns."""
        assert plain_window(WINDOW) == (
            "     7.5 s  murmur      0.87   78 bpm   normal .09  murmur .87  extrastole .04"
        )

    def test_the_scores_are_the_acoustic_ones(self) -> None:
        """Number and scores say what is heard; those of the data set's label are in the JSON lines."""
        heard = dataclasses.replace(SURE, acoustic_scores={"normal": 0.02, "murmur": 0.98, "extrastole": 0.0})
        assert plain_window(dataclasses.replace(WINDOW, verdict=heard)) == (
            "     7.5 s  murmur      0.98   78 bpm   normal .02  murmur .98  extrastole .00"
        )

    def test_the_columns_are_of_the_window_alone(self) -> None:
        """Label, confidence and scores are the window's; a rolling verdict that differs is a remark."""
        rolling = Verdict("verdict", "normal", 0.61, {"normal": 0.61, "murmur": 0.3, "extrastole": 0.09})
        line = plain_window(dataclasses.replace(WINDOW, rolling=rolling))
        assert line == f"{plain_window(WINDOW)}   rolling: normal"

    def test_fits_eighty_columns(self) -> None:
        """The line of a plain verdict does not wrap at 80 columns."""
        assert len(plain_window(WINDOW)) <= 80

    def test_columns_do_not_move(self) -> None:
        """The columns are the same for every state and heart rate."""
        poor = dataclasses.replace(WINDOW, verdict=POOR, rolling=POOR, heart_rate_bpm=None, end_s=3600.0)
        slow = dataclasses.replace(WINDOW, heart_rate_bpm=42.0)
        fast = dataclasses.replace(WINDOW, heart_rate_bpm=180.0)
        lines = [plain_window(event) for event in (WINDOW, poor, slow, fast)]
        assert {line.index(" s  ") for line in lines} == {8}
        assert {lines[index].index("bpm") for index in (0, 2, 3)} == {34}
        assert {lines[index].index("normal") for index in (0, 2, 3)} == {40}

    def test_a_withheld_window_has_no_numbers(self) -> None:
        """Its reason stands in place of its scores."""
        withheld = Verdict("poor-signal", None, 0.73, SCORES, SCORES)
        quality = Quality(0.1, "loud bumps", "poor-signal")
        event = dataclasses.replace(WINDOW, verdict=withheld, rolling=POOR, quality=quality, heart_rate_bpm=None)
        assert plain_window(event) == f"     7.5 s  poor-signal{' ' * 17}loud bumps"

    def test_poor_signal_gives_its_reason(self) -> None:
        """A window without a label says what to do about it."""
        event = dataclasses.replace(
            WINDOW, verdict=POOR, rolling=POOR, quality=Quality(0.1, "press more firmly", "poor-signal"),
            heart_rate_bpm=None,
        )  # fmt: skip
        assert plain_window(event).split() == ["7.5", "s", "poor-signal", "press", "more", "firmly"]

    def test_a_gap_is_reported(self) -> None:
        """A window with lost samples is reported as withheld."""
        assert "samples were lost: withheld" in plain_window(dataclasses.replace(WINDOW, gap=True))

    def test_a_looped_clip_is_reported(self) -> None:
        """A window of a looped short clip is reported."""
        assert plain_window(dataclasses.replace(WINDOW, short=True)).endswith("short clip, looped")

    def test_listening(self) -> None:
        """A window without a verdict yet shows its state."""
        listening = Verdict("listening")
        event = dataclasses.replace(WINDOW, verdict=listening, rolling=listening, heart_rate_bpm=None)
        assert plain_window(event) == "     7.5 s  listening"

    def test_rolling_is_shown_where_it_differs(self) -> None:
        """The rolling label is at the end of the line if it differs, and only then."""
        other = Verdict("verdict", "normal", 0.6, SCORES)
        assert plain_window(dataclasses.replace(WINDOW, rolling=other)).endswith("rolling: normal")
        assert "rolling" not in plain_window(WINDOW)

    def test_rolling_may_be_a_state(self) -> None:
        """Where the windows disagree, the rolling state is shown."""
        unsure = Verdict("uncertain", None, 0.5, SCORES)
        assert plain_window(dataclasses.replace(WINDOW, rolling=unsure)).endswith("rolling: uncertain")

    def test_a_possible_label(self) -> None:
        """What is possible is said of the window, and of the rolling verdict where that differs."""
        possible = Verdict("uncertain", None, 0.5, SCORES, possible="murmur")
        both = plain_window(dataclasses.replace(WINDOW, verdict=possible, rolling=possible))
        assert both.endswith("possible murmur")
        assert "rolling" not in both
        rolling = plain_window(dataclasses.replace(WINDOW, rolling=possible))
        assert rolling.endswith("rolling: uncertain, possible murmur")

    def test_ectopic_beats_are_counted(self) -> None:
        """The count of early beats is shown unless it is zero."""
        beat = EctopicBeat(3.0, 0.7, 1.2, 2.0)
        ectopic = EctopicBeats(28.0, 30, (), (beat, beat), trackable=True, evidence=2.0)
        assert plain_window(dataclasses.replace(WINDOW, ectopic=ectopic)).endswith("early beats in 28 s: 2")
        none = dataclasses.replace(ectopic, detected=())
        assert plain_window(dataclasses.replace(WINDOW, ectopic=none)) == plain_window(WINDOW)

    def test_reason_cannot_move_the_cursor(self) -> None:
        """Control characters in a reason are replaced."""
        event = dataclasses.replace(WINDOW, quality=Quality(0.5, "bell\x07"))
        assert plain_window(event).isprintable()


def test_one_is_no_plural() -> None:
    """Numbers of things, also of those that have a plural of their own."""
    assert [counted(number, "recording") for number in (0, 1, 2)] == ["0 recordings", "1 recording", "2 recordings"]
    assert [counted(number, "entry", "entries") for number in (0, 1, 2)] == ["0 entries", "1 entry", "2 entries"]


class TestSummary:
    """The line that closes a source."""

    def test_verdict_and_counts(self) -> None:
        """The summary has the columns of the windows, then the counts."""
        assert plain_summary(SUMMARY) == (
            "   summary  murmur      0.87   78 bpm   normal .09  murmur .87  extrastole .04"
            "   41 of 41 windows judged, 2 skipped, 1 overruns"
        )

    def test_withheld_windows(self) -> None:
        """How many there are and the most frequent reason end the line; judged and withheld ones are all windows."""
        summary = dataclasses.replace(SUMMARY, judged=38, withheld={"much noise": 2, "no-signal": 1})
        line = plain_summary(summary)
        assert line.endswith("38 of 41 windows judged, 2 skipped, 1 overruns   3 withheld, 2 of them: much noise")
        one = dataclasses.replace(SUMMARY, judged=38, withheld={"much noise": 3})
        assert plain_summary(one).endswith("   3 withheld: much noise")

    def test_the_scores_are_the_acoustic_ones(self) -> None:
        """As in the lines of the windows."""
        heard = dataclasses.replace(SURE, acoustic_scores={"normal": 0.02, "murmur": 0.98, "extrastole": 0.0})
        line = plain_summary(dataclasses.replace(SUMMARY, verdict=heard))
        assert "murmur      0.98   78 bpm   normal .02  murmur .98  extrastole .00" in line

    def test_a_possible_label(self) -> None:
        """The summary says what is possible in the whole recording."""
        possible = Verdict("uncertain", None, 0.5, SCORES, possible="murmur")
        assert plain_summary(dataclasses.replace(SUMMARY, verdict=possible)).endswith("   possible murmur")

    def test_uncertain_in_spite_of_its_scores(self) -> None:
        """A clear score beside "uncertain" is explained: the rolling verdict never showed the label."""
        unsure = Verdict("uncertain", None, 0.87, SCORES)
        line = plain_summary(dataclasses.replace(SUMMARY, verdict=unsure, never_rolling="murmur"))
        assert line.endswith("1 overruns   rolling verdict never murmur")

    def test_without_scores(self) -> None:
        """A recording without scores shows the state and the counts."""
        silent = dataclasses.replace(SUMMARY, verdict=Verdict("no-signal"), heart_rate_bpm=None, judged=0)
        words = " ".join(plain_summary(silent).split())
        assert words == "summary no-signal 0 of 41 windows judged, 2 skipped, 1 overruns"

    def test_columns_are_those_of_the_windows(self) -> None:
        """Label and heart rate are below those of the windows."""
        assert plain_summary(SUMMARY).index("murmur") == plain_window(WINDOW).index("murmur")
        assert plain_summary(SUMMARY).index("bpm") == plain_window(WINDOW).index("bpm")


def test_an_alert_and_the_end_of_it() -> None:
    """An alert is marked with !, in the columns of the windows; the end of any alert has a line too."""
    assert alert_line("device", "steth: is gone\x07", 12.34) == "    12.3 s  ! steth: is gone\\x07"
    assert alert_line("device", None, 15.0) == "    15.0 s    sound is back"
    assert alert_line("device", None, 15.0, heard=False) == "    15.0 s    sound arrives"
    assert alert_line("input", None, 15.0, heard=False) == "    15.0 s    the input signal is back"
    assert alert_line("new", None, 15.0) == "    15.0 s    new: over"
    assert set(ALL_CLEAR) == {"device", "input", "recording", "session", "marks", "overload", "rate"}


@pytest.mark.parametrize(
    ("score", "text"), [(0.0, ".00"), (0.04, ".04"), (0.996, "1.0"), (1.0, "1.0"), (0.5, ".50"), (0.994, ".99")]
)
def test_scores_are_three_characters(score: float, text: str) -> None:
    """Every score has the same width, 1 included."""
    assert scores_text({"a": score}) == f"a {text}"

"""A label needs a high score, and the verdict on a recording is that on the mean of the windows."""

from __future__ import annotations

import dataclasses
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.rolling_verdict import RollingVerdict
from monitor.analysis.verdict import JUDGED, Summarizer, window_verdict
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import HeartBeat, Quality, State, Verdict, WindowEvent

LABELS = ("normal", "murmur", "extrastole")
GOOD = Quality(0.9)
POOR = Quality(0.02, "press the chest piece on", "poor-signal")
SILENT = Quality(0.0, "no sound", "no-signal")
DECISION = DecisionThresholds()

scores_lists = st.lists(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), min_size=1, max_size=40)


def scores(*values: float) -> dict[str, float]:
    """Return scores by label that sum to 1."""
    return {label: value / sum(values) for label, value in zip(LABELS, values, strict=True)}


NORMAL = scores(0.8, 0.15, 0.05)
MURMUR = scores(0.15, 0.8, 0.05)
UNCERTAIN = scores(0.4, 0.35, 0.25)


def event(
    verdict: Verdict, heart_rate_bpm: float | None = None, rolling: Verdict | None = None, quality: Quality = GOOD
) -> WindowEvent:
    """Return the event of a window; the rolling verdict is that of the window unless another is given."""
    return WindowEvent(
        0, 0.0, 5.0, verdict, rolling or verdict, quality, heart_rate_bpm, gap=False, short=False, latency_ms=0.0
    )


def window(values: dict[str, float]) -> WindowEvent:
    """Return the event of a good window with these scores."""
    return event(window_verdict(values, GOOD, DECISION))


class TestWindow:
    """A single window."""

    def test_a_confident_window_has_a_label(self) -> None:
        """The label is the one with the largest score, and the confidence is that score."""
        assert window_verdict(MURMUR, GOOD, DECISION) == Verdict("verdict", "murmur", 0.8, MURMUR)

    def test_an_uncertain_window_has_no_label(self) -> None:
        """Below the threshold the state is uncertain; confidence and scores are kept."""
        assert window_verdict(UNCERTAIN, GOOD, DECISION) == Verdict("uncertain", None, 0.4, UNCERTAIN)

    @given(st.lists(st.floats(0.001, 1.0), min_size=3, max_size=3), st.floats(0.0, 1.0))
    def test_a_label_is_never_forced(self, values: list[float], threshold: float) -> None:
        """There is a label if and only if the largest score reaches the threshold."""
        verdict = window_verdict(scores(*values), GOOD, DecisionThresholds(uncertain_below=threshold))
        assert verdict.confidence == max(scores(*values).values())
        assert (verdict.label is not None) == (verdict.confidence >= threshold)
        assert verdict.state == ("uncertain" if verdict.label is None else "verdict")

    @pytest.mark.parametrize(
        ("values", "label", "possible"),
        [
            ((0.6, 0.36, 0.04), None, "murmur"),
            ((0.5, 0.45, 0.05), None, "murmur"),
            ((0.7, 0.25, 0.05), "normal", None),
            ((0.2, 0.75, 0.05), "murmur", None),
            ((0.02, 0.37, 0.61), "extrastole", None),
        ],
    )
    def test_a_possible_murmur(self, values: tuple[float, ...], label: str | None, possible: str | None) -> None:
        """Between the operating point and the threshold no normal is said; other labels stay."""
        decision = DecisionThresholds(uncertain_below=0.58, possible=("murmur", 0.35))
        verdict = window_verdict(scores(*values), GOOD, decision)
        assert (verdict.label, verdict.possible) == (label, possible)
        assert verdict.state == ("uncertain" if label is None else "verdict")

    def test_poor_signal_keeps_the_scores(self) -> None:
        """A withheld window has scores, but no label."""
        assert window_verdict(NORMAL, POOR, DECISION) == Verdict("poor-signal", None, 0.8, NORMAL)

    def test_lost_samples_have_no_scores(self) -> None:
        """A window for which the network was not run is withheld without scores."""
        assert window_verdict(None, POOR, DECISION) == Verdict("poor-signal")

    def test_no_signal_has_no_scores(self) -> None:
        """The scores of silence are dropped."""
        assert window_verdict(NORMAL, SILENT, DECISION) == Verdict("no-signal")

    @pytest.mark.parametrize("nothing", [None, {}])
    def test_refuses_a_good_window_without_scores(self, nothing: dict[str, float] | None) -> None:
        """Scores may be missing only for a withheld window."""
        with pytest.raises(ValueError, match=r"^scores must be given for a window that is good enough to be judged$"):
            window_verdict(nothing, GOOD, DECISION)

    def test_equal_scores_give_the_first_label(self) -> None:
        """A tie is broken by the bundle's order, the same way every time."""
        verdict = window_verdict({"normal": 0.5, "murmur": 0.5}, GOOD, DECISION)
        assert verdict.label == "normal"


class TestSummary:
    """A whole recording."""

    def test_no_window(self) -> None:
        """A source without a window has a summary without scores or heart rate."""
        summary = Summarizer().summary("empty.wav", DECISION)
        assert (summary.windows, summary.verdict, summary.heart_rate_bpm) == (0, Verdict("listening"), None)

    @given(scores_lists)
    def test_scores_are_the_mean_of_the_judged_windows(self, many: list[list[float]]) -> None:
        """The scores are the mean over the windows, and the verdict is that on the mean."""
        summarizer = Summarizer()
        for values in many:
            summarizer.push(window(scores(*values)))
        verdict = summarizer.summary("a.wav", DECISION).verdict
        mean = {label: statistics.fmean(scores(*values)[label] for values in many) for label in LABELS}
        assert verdict.scores == pytest.approx(mean)
        assert verdict.confidence == pytest.approx(max(mean.values()))
        assert verdict.state in JUDGED

    def test_uncertain_windows_count(self) -> None:
        """A window without a label for lack of confidence counts."""
        summarizer = Summarizer()
        summarizer.push(window(UNCERTAIN))
        assert summarizer.summary("a.wav", DECISION).verdict == window_verdict(UNCERTAIN, GOOD, DECISION)

    def test_withheld_windows_do_not_count(self) -> None:
        """Withheld windows are counted, but the mean leaves out their scores."""
        summarizer = Summarizer()
        for _ in range(5):
            summarizer.push(window(NORMAL))
            summarizer.push(event(window_verdict(MURMUR, POOR, DECISION), quality=POOR))
        summary = summarizer.summary("a.wav", DECISION)
        assert (summary.windows, summary.judged, summary.withheld) == (10, 5, {POOR.reason: 5})
        assert summary.verdict.scores == pytest.approx(NORMAL)

    @pytest.mark.parametrize("position", [0, 7, 20])
    def test_one_judged_window_of_many_is_no_verdict(self, position: int) -> None:
        """With 20 of 21 windows withheld the summary is withheld, as the rolling verdict was."""
        rolling, summarizer = RollingVerdict(DECISION), Summarizer()
        for index in range(21):
            quality, end_s = GOOD if index == position else POOR, 5.0 + 0.5 * index
            verdict = window_verdict(NORMAL, quality, DECISION)
            summarizer.push(event(verdict, None, rolling.push(NORMAL, quality, end_s), quality))
        summary = summarizer.summary("a.wav", DECISION)
        assert summary.verdict == Verdict("poor-signal")
        assert (summary.windows, summary.judged, summary.withheld) == (21, 1, {POOR.reason: 20})

    @pytest.mark.parametrize(("good", "state"), [(6, "verdict"), (4, "no-signal")])
    def test_half_of_the_rolling_verdicts_make_a_summary(self, good: int, state: State) -> None:
        """Half of the windows on the screen with a verdict are enough, fewer are not."""
        summarizer = Summarizer()
        for index in range(12):
            rolling = window_verdict(NORMAL, GOOD, DECISION) if index < good else Verdict("no-signal")
            summarizer.push(event(window_verdict(NORMAL, GOOD, DECISION), None, rolling))
        assert summarizer.summary("a.wav", DECISION).verdict.state == state

    def test_a_label_that_was_never_shown_is_uncertain(self) -> None:
        """The screen showed an extrasystole from the beats: the mean of the windows gives no other label."""
        summarizer = Summarizer()
        summarizer.push(event(window_verdict(NORMAL, GOOD, DECISION), None, Verdict("verdict", "extrastole", 0.7)))
        summary = summarizer.summary("a.wav", DECISION)
        assert summary.verdict == Verdict("uncertain", None, pytest.approx(0.8), pytest.approx(NORMAL))
        assert summary.never_rolling == "normal"

    def test_a_label_that_was_shown_needs_no_remark(self) -> None:
        """Nor does a recording that is uncertain by its scores."""
        for values in (NORMAL, UNCERTAIN):
            summarizer = Summarizer()
            summarizer.push(window(values))
            assert summarizer.summary("a.wav", DECISION).never_rolling is None

    def test_acoustic_scores_are_the_mean_of_the_judged_windows(self) -> None:
        """Withheld windows are left out, as for the scores; without acoustic scores there are none."""
        summarizer = Summarizer()
        for normal in (1.0, 0.5):
            own = dataclasses.replace(
                window_verdict(NORMAL, GOOD, DECISION), acoustic_scores={"normal": normal, "murmur": 1.0 - normal}
            )
            summarizer.push(event(own))
            summarizer.push(event(dataclasses.replace(own, state="poor-signal", label=None), quality=POOR))
        assert summarizer.summary("a.wav", DECISION).verdict.acoustic_scores == {"normal": 0.75, "murmur": 0.25}
        summarizer = Summarizer()
        summarizer.push(window(NORMAL))
        assert summarizer.summary("a.wav", DECISION).verdict.acoustic_scores is None

    def test_reasons_are_counted_without_their_percentage(self) -> None:
        """Windows clipped by different amounts have one reason; one without a reason counts by state."""
        summarizer = Summarizer()
        for quality in (Quality(0.0, "clipping 31%: turn down", "poor-signal"), SILENT, Quality(0.0, None, "no-signal"),
                        Quality(0.0, "clipping 7%: turn down", "poor-signal")):  # fmt: skip
            summarizer.push(event(window_verdict(NORMAL, quality, DECISION), quality=quality))
        withheld = summarizer.summary("a.wav", DECISION).withheld
        assert list(withheld.items()) == [("clipping: turn down", 2), ("no sound", 1), ("no-signal", 1)]

    @pytest.mark.parametrize(
        ("states", "expected"),
        [
            (["no-signal", "poor-signal", "poor-signal"], "poor-signal"),
            (["no-signal", "no-signal", "poor-signal"], "no-signal"),
            (["no-signal"], "no-signal"),
        ],
    )
    def test_the_most_frequent_state_if_none_was_judged(self, states: list[State], expected: State) -> None:
        """A recording that was withheld throughout has a state and no scores."""
        summarizer = Summarizer()
        for state in states:
            summarizer.push(event(Verdict(state)))
        assert summarizer.summary("a.wav", DECISION).verdict == Verdict(expected)

    @given(st.lists(st.floats(40.0, 200.0), min_size=1, max_size=60))
    def test_heart_rate_is_the_median(self, rates: list[float]) -> None:
        """The median is exact to half a beat per minute."""
        summarizer = Summarizer()
        for rate in rates:
            summarizer.push(event(Verdict("uncertain", None, 0.4, UNCERTAIN), rate))
        median = summarizer.summary("a.wav", DECISION).heart_rate_bpm
        assert median == pytest.approx(statistics.median(rates), abs=0.5)

    def test_rates_a_beat_apart_are_not_mixed(self) -> None:
        """The median of rates that crowd within two beats per minute is one of them, not their mean."""
        summarizer = Summarizer()
        for rate in (60.0, 61.0, 61.9, 61.9, 61.9):
            summarizer.push(event(Verdict("uncertain", None, 0.4, UNCERTAIN), rate))
        assert summarizer.summary("a.wav", DECISION).heart_rate_bpm == pytest.approx(61.9)

    @pytest.mark.parametrize(("rated", "shown"), [(0, False), (9, False), (10, True)])
    def test_a_heart_rate_of_few_windows_is_none(self, rated: int, shown: bool) -> None:
        """A quarter of the windows must have had a rate."""
        summarizer = Summarizer()
        for index in range(40):
            summarizer.push(event(Verdict("uncertain", None, 0.4, UNCERTAIN), 77.0 if index < rated else None))
        assert (summarizer.summary("a.wav", DECISION).heart_rate_bpm == 77.0) == shown

    def test_heart_rate_of_one_window_is_exact(self) -> None:
        """A single rate is returned as it is."""
        summarizer = Summarizer()
        summarizer.push(event(Verdict("uncertain", None, 0.4, UNCERTAIN), 77.77))
        assert summarizer.summary("a.wav", DECISION).heart_rate_bpm == 77.77

    def test_counts_are_passed_on(self) -> None:
        """The summary has source, skipped windows and overruns as given."""
        summary = Summarizer().summary("a.wav", DECISION, skipped=3, overruns=2)
        assert (summary.source, summary.skipped, summary.overruns) == ("a.wav", 3, 2)

    def test_nothing_is_skipped_unless_told(self) -> None:
        """Without counts a recording has no skipped window and no overrun."""
        summary = Summarizer().summary("a.wav", DECISION)
        assert (summary.skipped, summary.overruns) == (0, 0)

    def test_the_threshold_applies_to_the_mean(self) -> None:
        """The mean of windows that disagree has no score high enough for a label."""
        summarizer = Summarizer()
        for values in (scores(1, 0, 0), scores(0, 1, 0), scores(0, 0, 1)):
            summarizer.push(window(values))
        summary = summarizer.summary("a.wav", dataclasses.replace(DECISION, uncertain_below=0.4))
        assert summary.verdict.state == "uncertain"
        assert summary.verdict.label is None

    def test_the_variability_is_that_of_all_beats(self) -> None:
        """Those of the windows, and the last ones; what is known while it runs lags behind."""
        beats = [HeartBeat(0.8 * n, None, 0.9, rate_bpm=75.0 if n else None) for n in range(60)]
        summarizer = Summarizer()
        for start in range(0, 50, 5):
            summarizer.push(dataclasses.replace(window(scores(0.9, 0.1, 0.0)), beats=tuple(beats[start : start + 5])))
        running = summarizer.variability
        summary = summarizer.summary("a.wav", DECISION, beats=tuple(beats[50:]))
        assert summary.beats == tuple(beats[50:])
        assert summary.variability is not None
        assert summary.variability.num_intervals == 59
        assert running is not None
        assert 20 < running.num_intervals < 49
        assert summary.to_dict()["heart_rate_variability"]["mean_rr_ms"] == 800.0

    def test_without_beats_there_is_no_variability(self) -> None:
        """It is null in the line."""
        summarizer = Summarizer()
        summarizer.push(window(scores(0.9, 0.1, 0.0)))
        assert summarizer.summary("a.wav", DECISION).to_dict()["heart_rate_variability"] is None

"""The rolling verdict counts seconds, not windows; it does not flicker, and is reset when nothing can be judged."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.analysis.rolling_verdict import RollingVerdict
from monitor.analysis.verdict import window_verdict
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import Quality, Verdict

LABELS = ("normal", "murmur", "extrastole")
GOOD = Quality(0.9)
POOR = Quality(0.02, "press the chest piece on", "poor-signal")
SILENT = Quality(0.0, "no sound", "no-signal")
DECISION = DecisionThresholds()
POOLING_ALONE = dataclasses.replace(DECISION, change_evidence=0.0)
"""Never detects a change of the sound."""
HOPS_S = (0.25, 0.5, 1.0)

scores_lists = st.lists(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), min_size=1, max_size=40)
stretches = st.lists(st.tuples(st.integers(1, 12), st.floats(0.02, 1.0)), min_size=1, max_size=6)
"""Stretches of whole seconds with the score of a murmur in each."""


def scores(*values: float) -> dict[str, float]:
    """Return scores by label that sum to 1."""
    return {label: value / sum(values) for label, value in zip(LABELS, values, strict=True)}


NORMAL = scores(0.8, 0.15, 0.05)
MURMUR = scores(0.15, 0.8, 0.05)
UNCERTAIN = scores(0.4, 0.35, 0.25)


def murmur(score: float) -> dict[str, float]:
    """Return scores with this score of a murmur, the rest normal."""
    return {"normal": 1.0 - score, "murmur": score, "extrastole": 0.0}


def push_all(
    rolling: RollingVerdict, values: dict[str, float], begin_s: float, end_s: float, hop_s: float = 0.5
) -> Verdict:
    """Push the same scores from one time to another; return the last verdict."""
    for k in range(round((end_s - begin_s) / hop_s) + 1):
        rolling.push(values, GOOD, begin_s + k * hop_s)
    return rolling.verdict


def verdicts_by_second(
    score_at: Callable[[float], float], end_s: float, hop_s: float, decision: DecisionThresholds = DECISION
) -> dict[float, Verdict]:
    """Return the rolling verdict at every whole second, for a score of a murmur that is a function of time."""
    rolling = RollingVerdict(decision)
    verdicts = {}
    for k in range(round((end_s - 5.0) / hop_s) + 1):
        at_s = 5.0 + k * hop_s
        verdict = rolling.push(murmur(score_at(at_s)), GOOD, at_s)
        if at_s == round(at_s):
            verdicts[at_s] = verdict
    return verdicts


def changes(verdicts: dict[float, Verdict]) -> list[tuple[float, str]]:
    """Return the time and the new label of every change; between two labels nothing may be shown for a moment."""
    shown = [(at_s, verdict.label) for at_s, verdict in verdicts.items() if verdict.label is not None]
    return [now for before, now in itertools.pairwise([(0.0, ""), *shown]) if now[1] != before[1]]


class TestPooling:
    """Scores are averaged over time."""

    def test_before_the_first_window(self) -> None:
        """The state is "listening"."""
        assert RollingVerdict(DECISION).verdict == Verdict("listening")

    @pytest.mark.parametrize("values", [MURMUR, UNCERTAIN])
    def test_first_window_is_the_rolling_verdict(self, values: dict[str, float]) -> None:
        """With one window there is nothing to pool."""
        assert RollingVerdict(DECISION).push(values, GOOD, 5.0) == window_verdict(values, GOOD, DECISION)

    @given(scores_lists, st.sampled_from(HOPS_S))
    def test_scores_are_the_mean_over_the_last_ten_seconds(self, many: list[list[float]], hop_s: float) -> None:
        """At every window the scores are the integral, by trapezoids, over the last 10 s, and sum to 1."""
        rolling = RollingVerdict(POOLING_ALONE)
        windows = [scores(*values) for values in many]
        for k, values in enumerate(windows):
            pooled = rolling.push(values, GOOD, 5.0 + k * hop_s).scores
            recent = windows[max(0, k - round(DECISION.rolling_s / hop_s)) : k + 1]
            weights = [0.5 if j in (0, len(recent) - 1) else 1.0 for j in range(len(recent))]
            assert pooled is not None
            for label in LABELS:
                weighted = sum(weight * one[label] for weight, one in zip(weights, recent, strict=True))
                assert pooled[label] == pytest.approx(weighted / sum(weights))
            assert sum(pooled.values()) == pytest.approx(1.0)

    def test_windows_are_weighted_by_time(self) -> None:
        """If windows were skipped, the others count for the time between them."""
        rolling = RollingVerdict(DECISION)
        for end_s, score in ((5.0, 0.0), (8.0, 0.0), (9.0, 1.0)):
            verdict = rolling.push(murmur(score), GOOD, end_s)
        assert verdict.scores == pytest.approx(murmur(0.5 / 4.0))

    def test_a_pool_shorter_than_the_hop(self) -> None:
        """The last two windows are pooled, never more, however short the pool."""
        rolling = RollingVerdict(DecisionThresholds(rolling_s=0.0))
        for end_s, score in ((5.0, 0.0), (6.0, 0.0), (7.0, 0.5), (8.0, 1.0)):
            verdict = rolling.push(murmur(score), GOOD, end_s)
        assert verdict.scores == pytest.approx(murmur(0.75))

    def test_refuses_another_number_of_labels(self) -> None:
        """Scores of two bundles are never pooled."""
        rolling = RollingVerdict(DECISION)
        rolling.push(NORMAL, GOOD, 5.0)
        with pytest.raises(ValueError, match="shorter"):
            rolling.push({"normal": 0.9, "murmur": 0.1}, GOOD, 5.5)

    @pytest.mark.slow
    def test_rounding_errors_do_not_accumulate(self) -> None:
        """After 100000 windows the mean is still exact to 1e-9 and no score is negative."""
        rolling = RollingVerdict(DECISION)
        rng = random.Random(4)
        recent: list[float] = []
        for k in range(100_000):
            score = rng.random() ** 8
            recent = [*recent[-20:], score]
            pooled = rolling.push(murmur(score), GOOD, k / 2).scores
        assert pooled is not None
        mean = (sum(recent) - 0.5 * (recent[0] + recent[-1])) / 20
        assert pooled["murmur"] == pytest.approx(mean, abs=1e-9)
        assert min(pooled.values()) >= 0.0

    def test_refuses_a_good_window_without_scores(self) -> None:
        """Scores may be missing only for a withheld window."""
        with pytest.raises(ValueError, match=r"^scores must be given for a window that is good enough to be judged$"):
            RollingVerdict(DECISION).push(None, GOOD, 5.0)


class TestChanging:
    """A change of label needs sustained evidence."""

    def test_one_stray_window_changes_nothing(self) -> None:
        """A single window of another label does not change a settled label."""
        rolling = RollingVerdict(DECISION)
        push_all(rolling, NORMAL, 5.0, 9.5)
        assert rolling.push(murmur(1.0), GOOD, 10.0).label == "normal"
        assert rolling.push(NORMAL, GOOD, 10.5).label == "normal"

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_a_lead_must_last(self, hop_s: float) -> None:
        """However strong, another label replaces the current one only after ``switch_s``, at any hop."""
        decision = dataclasses.replace(POOLING_ALONE, uncertain_below=0.1, rolling_s=0.1, hold_s=0.0, switch_s=2.0)
        rolling = RollingVerdict(decision)
        push_all(rolling, NORMAL, 5.0, 20.0, hop_s)
        shown = [rolling.push(MURMUR, GOOD, 20.0 + k * hop_s).label for k in range(1, round(6.0 / hop_s))]
        assert 2.0 <= shown.index("murmur") * hop_s <= 2.0 + hop_s

    def test_an_interrupted_lead_starts_again(self) -> None:
        """Three quarters of the time needed, twice, with an interruption, is not enough."""
        rolling = RollingVerdict(
            dataclasses.replace(POOLING_ALONE, uncertain_below=0.1, rolling_s=0.1, hold_s=0.0, switch_s=2.0)
        )
        push_all(rolling, NORMAL, 5.0, 10.0)
        for begin_s in (10.5, 13.0):
            assert push_all(rolling, MURMUR, begin_s, begin_s + 1.5).label == "normal"
            push_all(rolling, NORMAL, begin_s + 2.0, begin_s + 2.0)

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_a_label_is_held(self, hop_s: float) -> None:
        """However fast labels may switch, a new label is shown for ``hold_s``."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.1, rolling_s=0.1, hold_s=3.0, switch_s=0.0))
        shown = [
            (k * hop_s, rolling.push(MURMUR if k * hop_s % 4.0 < 2.0 else NORMAL, GOOD, 5.0 + k * hop_s).label)
            for k in range(round(60.0 / hop_s))
        ]
        moments = [now[0] for before, now in itertools.pairwise(shown) if before[1] != now[1]]
        assert moments
        assert min(after - before for before, after in itertools.pairwise([0.0, *moments])) >= 3.0

    @pytest.mark.parametrize(("at_s", "label"), [(7.75, "normal"), (8.0, "murmur")])
    def test_a_label_may_change_when_its_time_is_over(self, at_s: float, label: str) -> None:
        """Shown since 5 s and held for 3 s, it gives way at 8 s."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.1, rolling_s=0.0, hold_s=3.0, switch_s=0.0))
        push_all(rolling, NORMAL, 5.0, 7.0)
        rolling.push(MURMUR, GOOD, 7.25)
        assert push_all(rolling, MURMUR, 7.5, at_s, 0.25).label == label

    def test_a_lead_of_the_margin_is_enough(self) -> None:
        """Exactly the margin counts, against another label and above the threshold."""
        decision = DecisionThresholds(uncertain_below=0.5, rolling_s=0.0, switch_margin=0.25, switch_s=1.0, hold_s=0.0)
        against = RollingVerdict(dataclasses.replace(decision, uncertain_below=0.25))
        push_all(against, murmur(0.0), 5.0, 6.0)
        assert push_all(against, murmur(0.625), 6.5, 9.0).label == "murmur"
        above = RollingVerdict(decision)
        assert above.push({"normal": 0.4, "murmur": 0.3, "extrastole": 0.3}, GOOD, 5.0).state == "uncertain"
        assert push_all(above, murmur(0.75), 5.5, 9.0).label == "murmur"

    def test_a_score_at_the_threshold_is_enough(self) -> None:
        """A label whose score is exactly the threshold is shown, and kept."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.75))
        assert rolling.push(murmur(0.75), GOOD, 5.0).label == "murmur"
        assert push_all(rolling, murmur(0.75), 5.5, 9.0).label == "murmur"

    def test_a_small_lead_is_not_enough(self) -> None:
        """A label that leads by less than the margin never replaces the current one."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.3, switch_margin=0.2))
        push_all(rolling, murmur(0.4), 5.0, 20.0)
        assert push_all(rolling, murmur(0.59), 20.5, 60.0).label == "normal"

    def test_the_confidence_of_a_held_label(self) -> None:
        """While a label is held, the confidence is that of the label, not of the leader."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.3, switch_margin=0.2, rolling_s=0.1))
        rolling.push(murmur(0.4), GOOD, 5.0)
        held = rolling.push(murmur(0.6), GOOD, 15.0)
        assert held.label == "normal"
        assert held.confidence == pytest.approx(0.5)

    @given(scores_lists, st.floats(0.0, 1.0))
    def test_never_a_label_below_the_threshold(self, many: list[list[float]], threshold: float) -> None:
        """Held or new, a label is shown only if the pooled score of the label reaches the threshold."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=threshold))
        for k, values in enumerate(many):
            verdict = rolling.push(scores(*values), GOOD, 5.0 + k / 2)
            assert verdict.scores is not None
            assert verdict.confidence is not None
            if verdict.label is None:
                assert verdict.state == "uncertain"
                assert verdict.confidence == max(verdict.scores.values())
            else:
                assert verdict.state == "verdict"
                assert verdict.confidence == verdict.scores[verdict.label] >= threshold

    def test_a_dropped_label_needs_the_margin_to_return(self) -> None:
        """A label that fell below the threshold returns only above it by the margin."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.6, switch_margin=0.1, rolling_s=0.1))
        push_all(rolling, murmur(0.2), 5.0, 10.0)
        assert push_all(rolling, murmur(0.5), 10.5, 12.0).state == "uncertain"
        assert push_all(rolling, murmur(0.35), 12.5, 20.0).state == "uncertain"
        assert push_all(rolling, murmur(0.29), 20.5, 21.0).state == "uncertain"
        assert push_all(rolling, murmur(0.29), 21.5, 23.0).label == "normal"


class TestHops:
    """The verdict is the same at a hop of 0.25 s, 0.5 s and 1 s."""

    @pytest.mark.slow
    @settings(max_examples=200, deadline=None)
    @given(stretches, st.sampled_from((0.25, 0.5)))
    def test_scores_are_the_same(self, stretches: list[tuple[int, float]], hop_s: float) -> None:
        """If scores are linear in time from second to second, the pooled scores do not depend on the hop."""
        knots = list(itertools.chain.from_iterable([score] * seconds for seconds, score in stretches))

        def score_at(at_s: float) -> float:
            second, rest = divmod(at_s - 5.0, 1.0)
            now = knots[min(int(second), len(knots) - 1)]
            return now + rest * (knots[min(int(second) + 1, len(knots) - 1)] - now)

        end_s = 5.0 + len(knots)
        fine, coarse = (verdicts_by_second(score_at, end_s, hop, POOLING_ALONE) for hop in (hop_s, 1.0))
        assert fine.keys() == coarse.keys()
        for at_s, verdict in coarse.items():
            assert fine[at_s].scores == pytest.approx(verdict.scores)

    @pytest.mark.parametrize("period_s", [14.0, 31.0, 70.0])
    def test_changes_are_the_same(self, period_s: float) -> None:
        """A sound that alternates between two labels changes the verdict at the same times at every hop, within 1 s."""

        def score_at(at_s: float) -> float:
            return 0.5 - 0.48 * math.cos(2.0 * math.pi * at_s / period_s)

        first, *others = [changes(verdicts_by_second(score_at, 300.0, hop_s)) for hop_s in HOPS_S]
        assert len(first) > 3
        for other in others:
            assert [shown for _, shown in other] == [shown for _, shown in first]
            assert all(abs(a - b) <= 1.0 for (a, _), (b, _) in zip(first, other, strict=True))

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_resets_after_the_same_time(self, hop_s: float) -> None:
        """Without a usable window the label is reset after a second, at any hop."""
        rolling = RollingVerdict(DECISION)
        push_all(rolling, NORMAL, 5.0, 10.0, hop_s)
        shown = [rolling.push(None, POOR, 10.0 + k * hop_s).state for k in range(1, round(3.0 / hop_s))]
        assert (shown.index("poor-signal") + 1) * hop_s == pytest.approx(1.0)


class TestChangedSound:
    """Where the sound has changed, the verdict follows within seconds."""

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_another_sound_has_its_label_before_the_pool_is_new(self, hop_s: float) -> None:
        """After 20 s of one label another one is shown within 2 s of its windows; pooling alone takes 6 s or more."""
        moments = {}
        for decision in (DECISION, POOLING_ALONE):
            rolling = RollingVerdict(decision)
            push_all(rolling, NORMAL, 5.0, 25.0, hop_s)
            labels = [rolling.push(MURMUR, GOOD, 25.0 + k * hop_s).label for k in range(1, round(20.0 / hop_s))]
            moments[decision] = (labels.index("murmur") + 1) * hop_s
        assert moments[DECISION] <= 2.0
        assert moments[POOLING_ALONE] >= 6.0

    def test_the_scores_are_those_since_the_change(self) -> None:
        """The windows before it no longer count: the pooled scores are soon those of the new sound alone."""
        rolling = RollingVerdict(DECISION)
        push_all(rolling, NORMAL, 5.0, 25.0)
        assert push_all(rolling, MURMUR, 25.5, 28.0).scores == pytest.approx(MURMUR)

    def test_a_short_other_sound_leaves_the_pool(self) -> None:
        """Evidence that goes away again before it is enough changes nothing, however often it comes."""
        slow = dataclasses.replace(DECISION, change_evidence=2.0)
        rolling, alone = RollingVerdict(slow), RollingVerdict(POOLING_ALONE)
        for k in range(200):
            window = MURMUR if k % 8 == 7 else NORMAL
            assert rolling.push(window, GOOD, 5.0 + k / 2) == alone.push(window, GOOD, 5.0 + k / 2)
        assert rolling.verdict.label == "normal"

    def test_nothing_changes_to_an_extrasystole(self) -> None:
        """A window with an early beat is no other sound: the pool stays."""
        early = scores(0.1, 0.1, 0.8)
        rolling, alone = RollingVerdict(DECISION), RollingVerdict(POOLING_ALONE)
        for k in range(60):
            window = early if 30 <= k < 36 else NORMAL
            assert rolling.push(window, GOOD, 5.0 + k / 2) == alone.push(window, GOOD, 5.0 + k / 2)

    def test_another_leader_must_last(self) -> None:
        """Only the label that the sound changed to is shown at once; another one that leads then must do so as ever."""
        decision = dataclasses.replace(DECISION, hold_s=0.0, switch_s=4.0, uncertain_below=0.6)
        rolling = RollingVerdict(decision)
        push_all(rolling, NORMAL, 5.0, 25.0)
        assert push_all(rolling, scores(0.1, 0.5, 0.4), 25.5, 28.0).state == "uncertain"
        other = scores(0.02, 0.02, 0.96)
        shown = [rolling.push(other, GOOD, 28.0 + k / 2).label for k in range(1, 20)]
        assert shown.index("extrastole") >= 8
        assert set(shown) == {None, "extrastole"}

    def test_a_changed_sound_waits_until_the_label_has_been_held(self) -> None:
        """A label that has just been shown is followed by another one after ``hold_s`` or by none before."""
        rolling = RollingVerdict(dataclasses.replace(DECISION, uncertain_below=0.1, hold_s=6.0))
        push_all(rolling, NORMAL, 5.0, 20.0)
        labels = [rolling.push(MURMUR if k < 8 else NORMAL, GOOD, 20.0 + k / 2).label for k in range(1, 40)]
        begin = labels.index("murmur")
        assert labels.index("normal", begin) - begin == 12


class TestWithheld:
    """Without usable windows there is no label."""

    @pytest.mark.parametrize("quality", [POOR, SILENT])
    def test_a_poor_start_is_shown_at_once(self, quality: Quality) -> None:
        """With nothing judged before, the first poor window is the rolling state."""
        assert RollingVerdict(DECISION).push(None, quality, 5.0).state == quality.state

    @pytest.mark.parametrize("quality", [POOR, SILENT])
    def test_is_reset_after_a_second(self, quality: Quality) -> None:
        """The first poor window is tolerated; the second, a second after the last good one, is shown."""
        rolling = RollingVerdict(DECISION)
        good = rolling.push(NORMAL, GOOD, 5.0)
        assert rolling.push(None, quality, 5.5) == good
        assert rolling.push(None, quality, 6.0) == Verdict(quality.state or "listening")

    def test_scores_of_poor_windows_do_not_count(self) -> None:
        """The mean leaves out the scores of a withheld window."""
        rolling = RollingVerdict(DECISION)
        rolling.push(NORMAL, GOOD, 5.0)
        rolling.push(MURMUR, POOR, 5.5)
        assert rolling.push(NORMAL, GOOD, 6.0).scores == pytest.approx(NORMAL)

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_restarts_after_a_second_without_memory(self, hop_s: float) -> None:
        """After lost contact only new windows count, and only once they have been good for a second."""
        rolling = RollingVerdict(DECISION)
        rolling.push(NORMAL, GOOD, 5.0)
        for k in range(1, round(3.0 / hop_s)):
            rolling.push(None, POOR, 5.0 + k * hop_s)
        for k in range(round(1.0 / hop_s)):
            assert rolling.push(MURMUR, GOOD, 8.0 + k * hop_s) == Verdict("poor-signal")
        verdict = rolling.push(MURMUR, GOOD, 9.0)
        assert (verdict.state, verdict.label) == ("verdict", "murmur")
        assert verdict.scores == pytest.approx(MURMUR)

    def test_a_good_window_among_poor_ones_shows_nothing(self) -> None:
        """If the sound comes and goes, no label is shown."""
        rolling = RollingVerdict(DECISION)
        shown = {rolling.push(MURMUR, GOOD if k % 3 else POOR, 5.0 + k / 2).state for k in range(60)}
        assert shown == {"poor-signal"}

    @pytest.mark.parametrize("rolling_s", [0.0, 0.5, 2.9])
    def test_a_pool_shorter_than_the_switch_time_restarts_too(self, rolling_s: float) -> None:
        """After silence the verdict returns with the switch time, however short the pool."""
        rolling = RollingVerdict(DecisionThresholds(rolling_s=rolling_s, switch_s=3.0))
        rolling.push(None, SILENT, 5.0)
        assert push_all(rolling, MURMUR, 5.5, 8.0).state == "no-signal"
        assert push_all(rolling, MURMUR, 8.5, 8.5).label == "murmur"

    def test_a_poor_window_is_tolerated_again_after_silence(self) -> None:
        """Once the verdict has returned, one poor window changes nothing, as before the silence."""
        rolling = RollingVerdict(DECISION)
        rolling.push(None, SILENT, 5.0)
        back = push_all(rolling, MURMUR, 5.5, 8.0)
        assert back.label == "murmur"
        assert rolling.push(None, POOR, 8.5) == back

    def test_clear(self) -> None:
        """A cleared rolling verdict starts again."""
        rolling = RollingVerdict(DECISION)
        rolling.push(NORMAL, GOOD, 5.0)
        rolling.clear()
        assert rolling.verdict.state == "listening"
        assert rolling.push(MURMUR, GOOD, 1.0).label == "murmur"

    def test_the_last_verdict(self) -> None:
        """It is the last result of push."""
        rolling = RollingVerdict(DECISION)
        assert rolling.push(UNCERTAIN, GOOD, 5.0) is rolling.verdict


POSSIBLE = dataclasses.replace(DECISION, uncertain_below=0.58, possible=("murmur", 0.35))


def test_a_possible_murmur_is_no_normal() -> None:
    """From the operating point on, neither normal nor a murmur is said, and the verdict says what is possible."""
    rolling = RollingVerdict(POSSIBLE)
    verdict = push_all(rolling, murmur(0.4), 5.0, 20.0)
    assert (verdict.state, verdict.label, verdict.possible) == ("uncertain", None, "murmur")
    assert push_all(RollingVerdict(POSSIBLE), murmur(0.3), 5.0, 20.0).label == "normal"
    assert push_all(RollingVerdict(POSSIBLE), murmur(0.7), 5.0, 20.0).label == "murmur"
    assert push_all(RollingVerdict(DECISION), murmur(0.4), 5.0, 20.0).possible is None


def test_a_possible_murmur_does_not_flicker() -> None:
    """It stays until its score is clearly below the operating point, and is forgotten with the signal."""
    rolling = RollingVerdict(POSSIBLE)
    push_all(rolling, murmur(0.36), 5.0, 20.0)
    assert push_all(rolling, murmur(0.34), 20.5, 45.0).possible == "murmur"
    assert push_all(rolling, murmur(0.30), 45.5, 70.0).label == "normal"
    assert push_all(rolling, murmur(0.34), 70.5, 95.0).label == "normal"


def test_another_label_leaves_no_murmur_possible() -> None:
    """An extrasystole that is given stays, whatever a murmur scores."""
    verdict = push_all(RollingVerdict(POSSIBLE), scores(0.02, 0.38, 0.6), 5.0, 20.0)
    assert (verdict.label, verdict.possible) == ("extrastole", None)

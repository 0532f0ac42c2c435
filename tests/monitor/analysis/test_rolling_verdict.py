"""The rolling judgement counts seconds, not windows; it does not flicker, and gives way when nothing can be judged."""

from __future__ import annotations

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
HOPS_S = (0.25, 0.5, 1.0)

scores_lists = st.lists(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), min_size=1, max_size=40)
plans = st.lists(st.tuples(st.integers(1, 12), st.floats(0.02, 1.0)), min_size=1, max_size=6)
"""Stretches of whole seconds with the share of a murmur in each."""


def scores(*values: float) -> dict[str, float]:
    """Return scores by label that sum to 1."""
    return {label: value / sum(values) for label, value in zip(LABELS, values, strict=True)}


NORMAL = scores(0.8, 0.15, 0.05)
MURMUR = scores(0.15, 0.8, 0.05)
UNSURE = scores(0.4, 0.35, 0.25)


def murmur(share: float) -> dict[str, float]:
    """Return scores of a murmur, the rest normal."""
    return {"normal": 1.0 - share, "murmur": share, "extrastole": 0.0}


def fed(rolling: RollingVerdict, values: dict[str, float], begin_s: float, end_s: float, hop_s: float = 0.5) -> Verdict:
    """Push the same scores from one time up to another; return the last judgement."""
    for k in range(round((end_s - begin_s) / hop_s) + 1):
        rolling.push(values, GOOD, begin_s + k * hop_s)
    return rolling.verdict


def course(share_at: Callable[[float], float], end_s: float, hop_s: float) -> dict[float, Verdict]:
    """Return the rolling judgement at every whole second of a sound whose murmur share is a function of time."""
    rolling = RollingVerdict(DECISION)
    found = {}
    for k in range(round((end_s - 5.0) / hop_s) + 1):
        at_s = 5.0 + k * hop_s
        verdict = rolling.push(murmur(share_at(at_s)), GOOD, at_s)
        if at_s == round(at_s):
            found[at_s] = verdict
    return found


def changes(judgements: dict[float, Verdict]) -> list[tuple[float, str]]:
    """Return when what is shown changed, and to what."""
    said = [(at_s, its.label or its.state) for at_s, its in judgements.items()]
    return [now for before, now in itertools.pairwise([(0.0, ""), *said]) if now[1] != before[1]]


class TestPooling:
    """Scores are averaged over time."""

    def test_listens_before_the_first_window(self) -> None:
        """Before anything is judged the state says so."""
        assert RollingVerdict(DECISION).verdict == Verdict("listening")

    @pytest.mark.parametrize("values", [MURMUR, UNSURE])
    def test_first_window_is_the_rolling_judgement(self, values: dict[str, float]) -> None:
        """With one window there is nothing to pool."""
        assert RollingVerdict(DECISION).push(values, GOOD, 5.0) == window_verdict(values, GOOD, DECISION)

    @given(scores_lists, st.sampled_from(HOPS_S))
    def test_scores_are_the_mean_over_the_last_ten_seconds(self, many: list[list[float]], hop_s: float) -> None:
        """At every window the scores are the integral, by trapezoids, over the last 10 s, and sum to 1."""
        rolling = RollingVerdict(DECISION)
        windows = [scores(*values) for values in many]
        for k, values in enumerate(windows):
            found = rolling.push(values, GOOD, 5.0 + k * hop_s).scores
            recent = windows[max(0, k - round(DECISION.rolling_s / hop_s)) : k + 1]
            weights = [0.5 if j in (0, len(recent) - 1) else 1.0 for j in range(len(recent))]
            assert found is not None
            for label in LABELS:
                weighted = sum(weight * one[label] for weight, one in zip(weights, recent, strict=True))
                assert found[label] == pytest.approx(weighted / sum(weights))
            assert sum(found.values()) == pytest.approx(1.0)

    def test_a_window_counts_for_the_time_it_stands_for(self) -> None:
        """Where windows were skipped, those that are left stand for the time between them."""
        rolling = RollingVerdict(DECISION)
        for end_s, share in ((5.0, 0.0), (8.0, 0.0), (9.0, 1.0)):
            found = rolling.push(murmur(share), GOOD, end_s)
        assert found.scores == pytest.approx(murmur(0.5 / 4.0))

    def test_rounding_does_not_add_up(self) -> None:
        """After 100000 windows the mean is still exact to 1e-9 and no score is negative."""
        rolling = RollingVerdict(DECISION)
        rng = random.Random(4)
        recent: list[float] = []
        for k in range(100_000):
            share = rng.random() ** 8
            recent = [*recent[-20:], share]
            found = rolling.push(murmur(share), GOOD, k / 2).scores
        assert found is not None
        mean = (sum(recent) - 0.5 * (recent[0] + recent[-1])) / 20
        assert found["murmur"] == pytest.approx(mean, abs=1e-9)
        assert min(found.values()) >= 0.0

    def test_refuses_a_good_window_without_scores(self) -> None:
        """Scores are missing only where there is a reason."""
        with pytest.raises(ValueError, match="scores must be given"):
            RollingVerdict(DECISION).push(None, GOOD, 5.0)


class TestChanging:
    """A change of label needs sustained evidence."""

    def test_one_stray_window_changes_nothing(self) -> None:
        """A single window of another label does not move a settled rolling label."""
        rolling = RollingVerdict(DECISION)
        fed(rolling, NORMAL, 5.0, 9.5)
        assert rolling.push(murmur(1.0), GOOD, 10.0).label == "normal"
        assert rolling.push(NORMAL, GOOD, 10.5).label == "normal"

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_a_lead_must_last(self, hop_s: float) -> None:
        """However strong, another label takes over only when it has led for ``switch_s``, at any hop."""
        decision = DecisionThresholds(uncertain_below=0.1, rolling_s=0.1, hold_s=0.0, switch_s=2.0)
        rolling = RollingVerdict(decision)
        fed(rolling, NORMAL, 5.0, 20.0, hop_s)
        said = [rolling.push(MURMUR, GOOD, 20.0 + k * hop_s).label for k in range(1, round(6.0 / hop_s))]
        assert 2.0 <= said.index("murmur") * hop_s <= 2.0 + hop_s

    def test_a_lead_that_breaks_off_begins_again(self) -> None:
        """Half of the time needed, twice, with a break between, is not enough."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.1, rolling_s=0.1, hold_s=0.0, switch_s=2.0))
        fed(rolling, NORMAL, 5.0, 10.0)
        for begin_s in (10.5, 13.0):
            assert fed(rolling, MURMUR, begin_s, begin_s + 1.5).label == "normal"
            fed(rolling, NORMAL, begin_s + 2.0, begin_s + 2.0)

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_a_label_stands_for_its_time(self, hop_s: float) -> None:
        """However short the evidence needed, a label that has just come up stands for ``hold_s``."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.1, rolling_s=0.1, hold_s=3.0, switch_s=0.0))
        said = [
            (k * hop_s, rolling.push(MURMUR if k * hop_s % 4.0 < 2.0 else NORMAL, GOOD, 5.0 + k * hop_s).label)
            for k in range(round(60.0 / hop_s))
        ]
        moments = [now[0] for before, now in itertools.pairwise(said) if before[1] != now[1]]
        assert moments
        assert min(after - before for before, after in itertools.pairwise([0.0, *moments])) >= 3.0

    def test_a_small_lead_is_none(self) -> None:
        """A label that leads by less than the margin never takes over."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.3, switch_margin=0.2))
        fed(rolling, murmur(0.4), 5.0, 20.0)
        assert fed(rolling, murmur(0.59), 20.5, 60.0).label == "normal"

    def test_a_label_held_has_its_own_confidence(self) -> None:
        """While the old label is held, the confidence shown is that label's, not the leader's."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.3, switch_margin=0.2, rolling_s=0.1))
        rolling.push(murmur(0.4), GOOD, 5.0)
        held = rolling.push(murmur(0.6), GOOD, 15.0)
        assert held.label == "normal"
        assert held.confidence == pytest.approx(0.5)

    @given(scores_lists, st.floats(0.0, 1.0))
    def test_never_a_label_below_the_threshold(self, many: list[list[float]], threshold: float) -> None:
        """Held or new, a label stands only where its own pooled score reaches the threshold."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=threshold))
        for k, values in enumerate(many):
            found = rolling.push(scores(*values), GOOD, 5.0 + k / 2)
            assert found.scores is not None
            assert found.confidence is not None
            if found.label is None:
                assert found.state == "uncertain"
                assert found.confidence == max(found.scores.values())
            else:
                assert found.state == "verdict"
                assert found.confidence == found.scores[found.label] >= threshold

    def test_what_was_given_up_must_be_clear_to_come_back(self) -> None:
        """A label that fell below the threshold comes back above it by the margin, not at it."""
        rolling = RollingVerdict(DecisionThresholds(uncertain_below=0.6, switch_margin=0.1, rolling_s=0.1))
        fed(rolling, murmur(0.2), 5.0, 10.0)
        assert fed(rolling, murmur(0.5), 10.5, 12.0).state == "uncertain"
        assert fed(rolling, murmur(0.35), 12.5, 20.0).state == "uncertain"
        assert fed(rolling, murmur(0.29), 20.5, 21.0).state == "uncertain"
        assert fed(rolling, murmur(0.29), 21.5, 23.0).label == "normal"


class TestHops:
    """A hop of 0.25 s, 0.5 s and 1 s show the same."""

    @settings(max_examples=200, deadline=None)
    @given(plans, st.sampled_from((0.25, 0.5)))
    def test_scores_are_the_same(self, plan: list[tuple[int, float]], hop_s: float) -> None:
        """Where the windows' scores move evenly from second to second, the pooled scores do not depend on the hop."""
        knots = list(itertools.chain.from_iterable([share] * seconds for seconds, share in plan))

        def share_at(at_s: float) -> float:
            place, rest = divmod(at_s - 5.0, 1.0)
            now = knots[min(int(place), len(knots) - 1)]
            return now + rest * (knots[min(int(place) + 1, len(knots) - 1)] - now)

        end_s = 5.0 + len(knots)
        fine, coarse = course(share_at, end_s, hop_s), course(share_at, end_s, 1.0)
        assert fine.keys() == coarse.keys()
        for at_s, verdict in coarse.items():
            assert fine[at_s].scores == pytest.approx(verdict.scores)

    @pytest.mark.parametrize("period_s", [14.0, 31.0, 70.0])
    def test_what_is_shown_is_the_same(self, period_s: float) -> None:
        """A sound that swings between two labels changes the same way at every hop, to within a second."""

        def share_at(at_s: float) -> float:
            return 0.5 - 0.48 * math.cos(2.0 * math.pi * at_s / period_s)

        found = [changes(course(share_at, 300.0, hop_s)) for hop_s in HOPS_S]
        assert len(found[0]) > 3
        for other in found[1:]:
            assert [said for _, said in other] == [said for _, said in found[0]]
            assert all(abs(a - b) <= 1.0 for (a, _), (b, _) in zip(found[0], other, strict=True))

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_gives_up_after_the_same_time(self, hop_s: float) -> None:
        """Without a usable window the label goes after a second, whatever the hop."""
        rolling = RollingVerdict(DECISION)
        fed(rolling, NORMAL, 5.0, 10.0, hop_s)
        said = [rolling.push(None, POOR, 10.0 + k * hop_s).state for k in range(1, round(3.0 / hop_s))]
        assert (said.index("poor-signal") + 1) * hop_s == pytest.approx(1.0)


class TestWithheld:
    """Where nothing can be judged there is no label."""

    @pytest.mark.parametrize("quality", [POOR, SILENT])
    def test_a_poor_start_is_told_at_once(self, quality: Quality) -> None:
        """With nothing judged before, the first poor window is the rolling state."""
        assert RollingVerdict(DECISION).push(None, quality, 5.0).state == quality.state

    @pytest.mark.parametrize("quality", [POOR, SILENT])
    def test_gives_way_after_a_second(self, quality: Quality) -> None:
        """The first poor window is forgiven, the second, a second after the last good one, is told."""
        rolling = RollingVerdict(DECISION)
        good = rolling.push(NORMAL, GOOD, 5.0)
        assert rolling.push(None, quality, 5.5) == good
        assert rolling.push(None, quality, 6.0) == Verdict(quality.state or "listening")

    def test_scores_of_poor_windows_do_not_count(self) -> None:
        """A withheld window has scores for the record, which the mean leaves out."""
        rolling = RollingVerdict(DECISION)
        rolling.push(NORMAL, GOOD, 5.0)
        rolling.push(MURMUR, POOR, 5.5)
        assert rolling.push(NORMAL, GOOD, 6.0).scores == pytest.approx(NORMAL)

    @pytest.mark.parametrize("hop_s", HOPS_S)
    def test_comes_back_after_a_second_and_without_memory(self, hop_s: float) -> None:
        """After lost contact the new place is judged by itself, once its windows have been good for a second."""
        rolling = RollingVerdict(DECISION)
        rolling.push(NORMAL, GOOD, 5.0)
        for k in range(1, round(3.0 / hop_s)):
            rolling.push(None, POOR, 5.0 + k * hop_s)
        for k in range(round(1.0 / hop_s)):
            assert rolling.push(MURMUR, GOOD, 8.0 + k * hop_s) == Verdict("poor-signal")
        back = rolling.push(MURMUR, GOOD, 9.0)
        assert (back.state, back.label) == ("verdict", "murmur")
        assert back.scores == pytest.approx(MURMUR)

    def test_a_good_window_among_poor_ones_shows_nothing(self) -> None:
        """Where the sound comes and goes no label flashes up."""
        rolling = RollingVerdict(DECISION)
        said = {rolling.push(MURMUR, GOOD if k % 3 else POOR, 5.0 + k / 2).state for k in range(60)}
        assert said == {"poor-signal"}

    def test_clear_forgets(self) -> None:
        """A cleared state machine is as new."""
        rolling = RollingVerdict(DECISION)
        rolling.push(NORMAL, GOOD, 5.0)
        rolling.clear()
        assert rolling.verdict.state == "listening"
        assert rolling.push(MURMUR, GOOD, 1.0).label == "murmur"

    def test_judgement_is_what_push_returned(self) -> None:
        """The last answer can be asked for again."""
        rolling = RollingVerdict(DECISION)
        assert rolling.push(UNSURE, GOOD, 5.0) is rolling.verdict

"""What is shown beside a label agrees with it, and is what is heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.inference.calibration import Calibration
from monitor.messages import State, Verdict
from monitor.text.shown import missing_text, shown_score, shown_scores, sure_text, sure_texts

LABELS = ("normal", "murmur", "extrastole")
SCORES = {"normal": 0.85, "murmur": 0.05, "extrastole": 0.1}
HEARD = {"normal": 0.94, "murmur": 0.06, "extrastole": 0.0}
THRESHOLDS = {"normal": 0.6044, "murmur": 0.6044, "extrastole": 0.5055}


class TestScores:
    """The scores and the number of a verdict."""

    def test_the_acoustic_scores(self) -> None:
        """They are shown where there are some, and the label's own beside it."""
        verdict = Verdict("verdict", "normal", 0.85, SCORES, HEARD)
        assert (shown_scores(verdict), shown_score(verdict)) == (HEARD, 0.94)

    def test_the_largest_without_a_label(self) -> None:
        """An uncertain window shows its largest acoustic score, whatever its largest score is."""
        scores, heard = {"normal": 0.45, "extrastole": 0.5}, {"normal": 0.51, "extrastole": 0.49}
        verdict = Verdict("uncertain", None, 0.5, scores, heard)
        assert (shown_scores(verdict), shown_score(verdict)) == (heard, 0.51)

    @pytest.mark.parametrize("state", ["poor-signal", "no-signal", "listening"])
    def test_no_number_where_nothing_was_judged(self, state: State) -> None:
        """What the network gave for a window that was withheld says nothing of a heart."""
        for acoustic in (HEARD, None):
            verdict = Verdict(state, None, 0.85, SCORES, acoustic)
            assert (shown_scores(verdict), shown_score(verdict)) == (None, None)

    def test_a_verdict_without_acoustic_scores(self) -> None:
        """One that a program made itself shows its scores and confidence; one without scores shows none."""
        verdict = Verdict("verdict", "normal", 0.84, SCORES)
        assert (shown_scores(verdict), shown_score(verdict)) == (SCORES, 0.84)
        assert (shown_scores(Verdict("no-signal")), shown_score(Verdict("no-signal"))) == (None, None)
        assert shown_score(Verdict("verdict", "normal", 0.6)) == 0.6

    def test_a_label_that_is_given_for_what_is_not_heard(self) -> None:
        """A label beside a larger acoustic score of another one would contradict it: the scores are shown."""
        scores, heard = {"normal": 0.48, "extrastole": 0.52}, {"normal": 0.6, "extrastole": 0.4}
        verdict = Verdict("verdict", "extrastole", 0.52, scores, heard)
        assert (shown_scores(verdict), shown_score(verdict)) == (scores, 0.52)

    def test_a_label_that_another_score_has_just_passed(self) -> None:
        """A rolling label that waits to be replaced is behind in both kinds of scores: what is heard is shown."""
        scores, heard = {"normal": 0.52, "murmur": 0.48}, {"normal": 0.55, "murmur": 0.45}
        assert shown_scores(Verdict("verdict", "murmur", 0.48, scores, heard)) == heard

    @given(
        st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).filter(lambda weights: sum(weights) > 0.01),
        st.floats(0.0, 0.3),
        st.floats(0.0, 0.9),
    )
    def test_no_label_contradicts_what_is_shown(self, weights: list[float], share: float, threshold: float) -> None:
        """In any bundle, the label of the largest score has the largest score shown, and its number is that score."""
        rows = ((1 - share, 0.0, share), (0.0, 1 - share, share), (0.0, 0.0, 1.0))
        scores = dict(zip(LABELS, (weight / sum(weights) for weight in weights), strict=True))
        label = max(scores, key=scores.__getitem__)
        heard = Calibration(given=rows).acoustic_scores(scores)
        given_label = label if scores[label] >= threshold else None
        state: State = "uncertain" if given_label is None else "verdict"
        verdict = Verdict(state, given_label, scores[label], scores, heard)
        shown = shown_scores(verdict)
        assert shown is not None
        assert shown_score(verdict) == max(shown.values())
        assert shown[given_label or max(shown, key=shown.__getitem__)] == max(shown.values())


class TestMissing:
    """Why there is no label."""

    @pytest.mark.parametrize(
        ("heard", "text"),
        [
            ({"normal": 0.5, "murmur": 0.48, "extrastole": 0.02}, "no label below 0.61"),
            ({"normal": 0.04, "murmur": 0.46, "extrastole": 0.5}, "no label below 0.51"),
            ({"normal": 0.63, "murmur": 0.35, "extrastole": 0.02}, "not steady enough"),
        ],
    )
    def test_uncertain(self, heard: dict[str, float], text: str) -> None:
        """The score that the leading label needs, or, where it has that, that it must hold it for a while."""
        assert missing_text(Verdict("uncertain", None, 0.5, heard, heard), THRESHOLDS) == text

    @given(st.floats(0.34, 0.66), st.floats(0.34, 1.0))
    def test_the_number_shown_is_below_the_one_needed(self, score: float, threshold: float) -> None:
        """Rounded as they are on the screen, too."""
        heard = {"normal": score, "murmur": 1.0 - score}
        verdict = Verdict("uncertain", None, score, heard, heard)
        text = missing_text(verdict, dict.fromkeys(heard, threshold))
        assert len(text) <= 19
        if text != "not steady enough":
            assert float(text.split()[-1]) >= float(f"{max(heard.values()):.2f}")

    @pytest.mark.parametrize(
        ("verdict", "thresholds"),
        [
            (Verdict("poor-signal", None, 0.85, SCORES, HEARD), THRESHOLDS),
            (Verdict("no-signal"), THRESHOLDS),
            (Verdict("uncertain", None, 0.5, SCORES, HEARD), {}),
            (Verdict("uncertain", None, 0.5, SCORES, HEARD), {"normal": 1.06}),
        ],
    )
    def test_nothing_to_add(self, verdict: Verdict, thresholds: dict[str, float]) -> None:
        """A withheld window has a reason of its own; a threshold that is unknown, or beyond reach, is not named."""
        assert missing_text(verdict, thresholds) == "no label is given"


class TestSure:
    """How sure a verdict is, or why there is none."""

    def test_a_label_has_its_score_and_what_it_needed(self) -> None:
        """The threshold is that of the label, rounded up."""
        verdict = Verdict("verdict", "normal", 0.85, SCORES, HEARD)
        assert sure_text(verdict, THRESHOLDS) == "acoustic score 0.94; a label needs 0.61"
        assert sure_text(verdict, {}) == "acoustic score 0.94"

    def test_without_a_label_the_best_and_what_it_needs(self) -> None:
        """Or that it does not hold for long enough, where its score would do."""
        heard = {"normal": 0.5, "murmur": 0.48, "extrastole": 0.02}
        unsure = Verdict("uncertain", None, 0.45, heard, heard)
        assert sure_text(unsure, THRESHOLDS) == "no label: best is normal 0.50; it needs 0.61"
        assert sure_text(unsure, {}) == "no label: best is normal 0.50"
        steady = Verdict("uncertain", None, 0.85, SCORES, HEARD)
        assert sure_text(steady, THRESHOLDS) == "no label yet: normal leads with 0.94, but not in enough windows"

    @pytest.mark.parametrize(
        ("state", "why"),
        [
            ("poor-signal", "no label: the signal is too poor to judge"),
            ("no-signal", "no label: there is no sound to judge"),
            ("listening", "no label: nothing was judged yet"),
        ],
    )
    def test_without_scores_the_reason(self, state: State, why: str) -> None:
        """In words."""
        assert sure_text(Verdict(state), THRESHOLDS) == why

    def test_fewer_and_fewer_words(self) -> None:
        """Each text is whole; the last is short enough for the narrowest screen."""
        scores = {"normal": 0.6, "murmur": 0.4}
        possible = Verdict(
            "uncertain", None, 0.6, scores, scores, possible="murmur", loudness="loud",
            murmur_timing="systolic and diastolic",
        )  # fmt: skip
        assert sure_texts(possible, THRESHOLDS) == (
            "no label: possible murmur, loud, in systole and diastole, 0.40; a label needs 0.61",
            "no label: possible murmur, loud, in systole and diastole, 0.40",
            "possible murmur, loud, in systole and diastole",
            "possible murmur",
        )
        for verdict in (possible, Verdict("poor-signal"), Verdict("uncertain", None, 0.85, SCORES, HEARD)):
            assert len(sure_texts(verdict, THRESHOLDS)[-1]) <= 19

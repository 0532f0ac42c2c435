"""What intervals say moves a score, as far as they say anything; and which intervals tell of an early beat."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.rhythm.beat_path import Beat, BeatPath
from monitor.analysis.rhythm.ectopic import FEATURES, PREMATURE_FROM, WEIGHTS, Candidate, EctopicDetector, log_odds_of
from monitor.analysis.rhythm.evidence import USUAL, fuse_score, fuse_scores, pooled
from monitor.messages import NO_RHYTHM, EctopicBeats

HEARD = EctopicBeats(tracked_s=25.0, num_intervals=30, trackable=True, evidence=2.5)
NONE = dataclasses.replace(HEARD, evidence=-1.5)
SCORES = {"normal": 0.7, "murmur": 0.2, "extrastole": 0.1}


def judged(intervals: list[float], *, clarity: dict[int, float] | None = None, due: float = 0.0) -> list[Candidate]:
    """Return the candidates among beats with these intervals, in frames; ``due`` is heard where beat 9 would be."""
    path, judge, found, at = BeatPath(30.0), EctopicDetector(), list[Candidate](), 0.0
    beats = [Beat(at, 1.0, False)]
    for number, interval in enumerate(intervals, 1):
        at += interval
        beats.append(Beat(at, (clarity or {}).get(number, 1.0), True))
    peaks = [(beat.position, beat.clarity) for beat in beats]
    if due:
        peaks.append((beats[8].position + 30.0, due))
    for position, height in sorted(peaks):
        path.add(position, height)
    for beat in beats:
        candidate = judge.add(beat, path)
        if candidate is not None:
            found.append(candidate)
    return found


EARLY = [30.0] * 8 + [20.0, 40.0] + [30.0] * 4


def test_an_early_beat_with_its_pause_is_told() -> None:
    """One interval of two thirds and the full pause behind it, among regular ones, is an early beat."""
    (found,) = judged(EARLY)
    assert found.position == pytest.approx(8 * 30.0 + 20.0)
    assert (found.share, found.pause) == (pytest.approx(2 / 3), pytest.approx(4 / 3))
    assert log_odds_of(found) > PREMATURE_FROM


def test_a_partial_pause_is_one() -> None:
    """The pause need not make good for all that the beat came too early."""
    (found,) = judged([30.0] * 8 + [20.0, 34.0] + [30.0] * 4)
    assert log_odds_of(found) > PREMATURE_FROM


@pytest.mark.parametrize(
    "intervals",
    [
        pytest.param([30.0] * 14, id="regular"),
        pytest.param([30.0] * 8 + [60.0] + [30.0] * 4, id="missed"),
        pytest.param([30.0] * 8 + [20.0, 30.0] + [30.0] * 4, id="no pause"),
        pytest.param([30.0] * 8 + [40.0] + [30.0] * 4, id="pause alone"),
        pytest.param([30.0] * 8 + [28.0, 32.0] + [30.0] * 4, id="hardly early"),
        pytest.param([30.0] * 2 + [20.0, 40.0] + [30.0] * 4, id="too soon to know what is usual"),
    ],
)
def test_other_intervals_are_no_candidates(intervals: list[float]) -> None:
    """Neither a missed beat, nor a pause alone, nor a short interval without one."""
    assert judged(intervals) == []


def test_breathing_is_no_early_beat() -> None:
    """Intervals that rise and fall smoothly by a quarter are nothing that is told."""
    wave = [24.0, 26.0, 30.0, 34.0, 36.0, 34.0, 30.0, 26.0]
    assert all(log_odds_of(its) < PREMATURE_FROM for its in judged(wave * 4))


def test_each_sign_against_counts() -> None:
    """A beat heard where it was due, a faint early beat, and irregular neighbours each lower the odds."""
    clean = log_odds_of(judged(EARLY)[0])
    assert log_odds_of(judged(EARLY, due=0.9)[0]) < clean
    assert log_odds_of(judged(EARLY, clarity={9: 0.4})[0]) < clean
    assert log_odds_of(judged([28.0, 32.0] * 4 + EARLY[8:])[0]) < clean
    assert log_odds_of(judged([*EARLY[:10], 36.0, *EARLY[11:]])[0]) < clean


def test_nothing_spans_a_break() -> None:
    """A beat that follows none begins anew: no candidate before four intervals are known again."""
    path, judge = BeatPath(30.0), EctopicDetector()
    for number in range(8):
        judge.add(Beat(30.0 * number, 1.0, number > 0), path)
    assert judge.usual == pytest.approx(30.0)
    assert judge.add(Beat(1000.0, 1.0, False), path) is None
    assert judge.usual is None
    for position in (1020.0, 1060.0, 1090.0):
        assert judge.add(Beat(position, 1.0, True), path) is None


def test_every_feature_has_its_weight() -> None:
    """Weights are against, all of them, one for each feature."""
    assert len(WEIGHTS) == len(FEATURES) == len(judged(EARLY)[0].features)
    assert all(weight < 0.0 for weight in WEIGHTS)


def test_a_score_stays_where_nothing_was_followed() -> None:
    """Without evidence the very score comes back."""
    assert fuse_score(0.37, NO_RHYTHM) == 0.37
    assert fuse_scores(SCORES, NO_RHYTHM) == SCORES


def test_evidence_moves_a_score() -> None:
    """An early beat raises it, regular beats lower it."""
    assert fuse_score(0.1, HEARD) > 0.5
    assert fuse_score(0.8, NONE) < 0.4


def test_regular_beats_say_no_more_than_that_none_was_heard() -> None:
    """They take a score back to how common the label is, and leave one below that alone."""
    assert fuse_score(0.15, dataclasses.replace(NONE, evidence=-4.0)) == USUAL
    assert fuse_score(0.05, NONE) == 0.05


@given(st.floats(0.0, 1.0), st.floats(-5.0, 5.0), st.floats(0.1, 5.0))
def test_more_evidence_never_lowers_a_score(score: float, evidence: float, more: float) -> None:
    """The joined score rises with the evidence and stays a probability."""
    less = fuse_score(score, dataclasses.replace(HEARD, evidence=evidence or 0.1))
    after = fuse_score(score, dataclasses.replace(HEARD, evidence=(evidence or 0.1) + more))
    assert 0.0 <= less <= 1.0
    assert evidence + more == 0.0 or after >= less


@given(st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).filter(lambda its: sum(its) > 1e-3), st.floats(-4.0, 4.0))
def test_joined_scores_sum_to_one(values: list[float], evidence: float) -> None:
    """The others keep their order and share what is left."""
    total = sum(values)
    scores = dict(zip(SCORES, (value / total for value in values), strict=True))
    after = fuse_scores(scores, dataclasses.replace(HEARD, evidence=evidence))
    assert sum(after.values()) == pytest.approx(1.0)
    assert list(after) == list(scores)
    if scores["murmur"] > 1e-6:
        assert after["normal"] / after["murmur"] == pytest.approx(scores["normal"] / scores["murmur"])


def test_other_labels_stay_as_they_are() -> None:
    """A bundle without extrasystoles has nothing to join."""
    assert fuse_scores({"normal": 0.6, "murmur": 0.4}, HEARD) == {"normal": 0.6, "murmur": 0.4}


def test_certainty_is_not_lost() -> None:
    """A label alone keeps its 1, and a score of exactly 0 or 1 can still be moved."""
    assert fuse_scores({"extrastole": 1.0}, NONE) == {"extrastole": 1.0}
    assert 0.0 < fuse_score(0.0, HEARD) < 1.0
    assert 0.0 < fuse_score(1.0, NONE) < 1.0


def test_scores_are_pooled_by_their_mean() -> None:
    """The mean of the windows; none of them is 0."""
    assert pooled([0.1, 0.3]) == pytest.approx(0.2)
    assert pooled([]) == 0.0

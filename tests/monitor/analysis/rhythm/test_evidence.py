"""The evidence of the beat intervals changes the score of an extrasystole, and no other odds."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.rhythm.evidence import PREVALENCE, fuse_score, fuse_scores
from monitor.messages import NO_RHYTHM, EctopicBeats

DETECTED = EctopicBeats(tracked_s=25.0, num_intervals=30, trackable=True, evidence=2.5)
REGULAR = dataclasses.replace(DETECTED, evidence=-1.5)
SCORES = {"normal": 0.7, "murmur": 0.2, "extrastole": 0.1}


def test_a_score_without_evidence_is_unchanged() -> None:
    """Without evidence the same score is returned."""
    assert fuse_score(0.37, NO_RHYTHM) == 0.37
    assert fuse_scores(SCORES, NO_RHYTHM) == SCORES


def test_evidence_changes_a_score() -> None:
    """An ectopic beat raises it, regular beats lower it."""
    assert fuse_score(0.1, DETECTED) > 0.5
    assert fuse_score(0.8, REGULAR) < 0.4


def test_regular_beats_lower_a_score_to_the_prevalence() -> None:
    """They lower it to the prevalence of the label and no further; a score below that stays."""
    assert fuse_score(0.15, dataclasses.replace(REGULAR, evidence=-4.0)) == PREVALENCE
    assert fuse_score(0.05, REGULAR) == 0.05


@given(st.floats(0.0, 1.0), st.floats(-5.0, 5.0), st.floats(0.1, 5.0))
def test_more_evidence_never_lowers_a_score(score: float, evidence: float, more: float) -> None:
    """The fused score rises with the evidence and stays a probability."""
    less = fuse_score(score, dataclasses.replace(DETECTED, evidence=evidence or 0.1))
    after = fuse_score(score, dataclasses.replace(DETECTED, evidence=(evidence or 0.1) + more))
    assert 0.0 <= less <= 1.0
    assert evidence + more == 0.0 or after >= less


@given(
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).filter(lambda values: sum(values) > 1e-3),
    st.floats(-4.0, 4.0),
)
def test_fused_scores_sum_to_one(values: list[float], evidence: float) -> None:
    """The other labels keep their order and their ratios."""
    total = sum(values)
    scores = dict(zip(SCORES, (value / total for value in values), strict=True))
    after = fuse_scores(scores, dataclasses.replace(DETECTED, evidence=evidence))
    assert sum(after.values()) == pytest.approx(1.0)
    assert list(after) == list(scores)
    if scores["murmur"] > 1e-6:
        assert after["normal"] / after["murmur"] == pytest.approx(scores["normal"] / scores["murmur"])


def test_labels_without_an_extrasystole_are_unchanged() -> None:
    """A bundle without that label has nothing to fuse."""
    assert fuse_scores({"normal": 0.6, "murmur": 0.4}, DETECTED) == {"normal": 0.6, "murmur": 0.4}


def test_scores_of_0_and_1() -> None:
    """A single label keeps a score of 1; a score of exactly 0 or 1 can still be changed."""
    assert fuse_scores({"extrastole": 1.0}, REGULAR) == {"extrastole": 1.0}
    assert 0.0 < fuse_score(0.0, DETECTED) < 1.0
    assert 0.0 < fuse_score(1.0, REGULAR) < 1.0


@pytest.mark.parametrize(
    ("score", "evidence", "fused"),
    [
        (0.5, 2.0, 1 / (1 + math.exp(-3.0))),
        (0.5, -1.0, 1 / (1 + math.exp(1.5))),
        (0.2, 2.0, 1 / (1 + 4 * math.exp(-3.0))),
        (0.0, 2.0, 1 / (1 + 9999 * math.exp(-3.0))),  # clipped at one in ten thousand
        (1.0, -2.0, 1 / (1 + math.exp(3.0) / 9999)),
        (0.1, -2.0, 0.1),
        (0.11, -2.0, 0.1),
        (0.1, 2.0, 1 / (1 + 9 * math.exp(-3.0))),
        (0.02, 0.5, 1 / (1 + 49 * math.exp(-0.75))),  # faint evidence of an ectopic beat raises a score below 0.1 too
    ],
)
def test_fused_scores_by_hand(score: float, evidence: float, fused: float) -> None:
    """The log-odds rise by 1.5 for a unit of evidence; regular beats lower them to those of one in ten at most."""
    assert fuse_score(score, dataclasses.replace(DETECTED, evidence=evidence)) == pytest.approx(fused, rel=1e-9)


def test_the_weight_of_the_evidence() -> None:
    """A weight of 0 leaves the score, and one of 3 counts twice the usual."""
    assert fuse_score(0.3, DETECTED, 0.0) == pytest.approx(0.3)
    assert fuse_score(0.3, DETECTED, 3.0) == pytest.approx(fuse_score(0.3, dataclasses.replace(DETECTED, evidence=5.0)))


@pytest.mark.parametrize(("others", "changed"), [(0.9e-4, False), (1e-4, True), (1.1e-4, True)])
def test_others_without_probability_are_not_scaled(others: float, changed: bool) -> None:
    """If the other labels have less than one in ten thousand, nothing is taken from the extrasystole for them."""
    scores = {"normal": others, "murmur": 0.0, "extrastole": 1.0 - others}
    assert (fuse_scores(scores, REGULAR) != scores) == changed


def test_all_scores_by_hand() -> None:
    """The extrasystole gets its fused score, the others what is left, in their ratio; the input stays."""
    before = dict(SCORES)
    after = fuse_scores(SCORES, DETECTED)
    extrastole = 1 / (1 + 9 * math.exp(-1.5 * 2.5))
    assert after == pytest.approx(
        {"normal": (1 - extrastole) * 7 / 9, "murmur": (1 - extrastole) * 2 / 9, "extrastole": extrastole}
    )
    assert before == SCORES


def test_the_scores_are_a_new_mapping() -> None:
    """What comes back may be changed without changing the scores of the window."""
    for evidence in (NO_RHYTHM, DETECTED):
        assert fuse_scores(SCORES, evidence) is not SCORES

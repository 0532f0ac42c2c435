"""The evidence of the beat intervals changes the score of an extrasystole, and no other odds."""

from __future__ import annotations

import dataclasses

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

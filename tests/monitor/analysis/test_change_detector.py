"""A change of sound is detected from evidence that lasts, at the same time whatever the hop."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.change_detector import MAX_LOG_RATIO, ChangeDetector
from monitor.inference.thresholds import DecisionThresholds

DECISION = DecisionThresholds(change_lead=1.0, change_evidence=1.0)
NORMAL = {"normal": 0.9, "murmur": 0.05, "extrastole": 0.05}
MURMUR = {"normal": 0.05, "murmur": 0.9, "extrastole": 0.05}
HOPS_S = (0.25, 0.5, 1.0)


def of_ratio(log_ratio: float) -> dict[str, float]:
    """Return scores of which the murmur's is so many times that of normal, natural log."""
    normal = 1.0 / (1.0 + math.exp(log_ratio))
    return {"normal": normal, "murmur": 1.0 - normal, "extrastole": 0.0}


def first_change(
    detector: ChangeDetector, scores: dict[str, float], begin_s: float, hop_s: float
) -> tuple[float, float]:
    """Push the same scores from a time on; return when the change is detected, and since when it is."""
    for k in range(1, 200):
        since_s = detector.push(scores, "normal", begin_s + k * hop_s)
        if since_s is not None:
            return begin_s + k * hop_s, since_s
    raise AssertionError("no change was detected")


@pytest.mark.parametrize("hop_s", HOPS_S)
def test_a_change_is_dated_to_the_last_window_without_evidence(hop_s: float) -> None:
    """Two nats a second, less 1, reach 1 a second after the evidence began; within a hop."""
    detector = ChangeDetector(DECISION)
    for k in range(round(5.0 / hop_s) + 1):
        assert detector.push(of_ratio(0.0), "normal", 5.0 + k * hop_s) is None
    detected_s, since_s = first_change(detector, of_ratio(2.0), 10.0, hop_s)
    assert 11.0 <= detected_s <= 11.0 + 2 * hop_s
    assert 10.0 <= since_s <= 10.0 + hop_s


@pytest.mark.parametrize("hop_s", HOPS_S)
def test_evidence_within_the_lead_never_counts(hop_s: float) -> None:
    """A label that leads by less than ``change_lead`` in every window is no other sound, however long."""
    detector = ChangeDetector(DECISION)
    assert all(detector.push(of_ratio(0.99), "normal", 5.0 + k * hop_s) is None for k in range(2000))


def test_evidence_that_goes_away_is_forgotten() -> None:
    """Half of the evidence needed, again and again with as much against it between, never adds up."""
    detector = ChangeDetector(DECISION)
    windows = itertools.islice(itertools.cycle([*[of_ratio(2.0)] * 2, *[of_ratio(-2.0)] * 2]), 400)
    assert all(detector.push(window, "normal", 5.0 + k / 4) is None for k, window in enumerate(windows))


def test_one_window_says_no_more_than_the_most() -> None:
    """A score of 0 is no infinite evidence: detection takes as long as at MAX_LOG_RATIO."""
    sure = {"normal": 0.0, "murmur": 1.0, "extrastole": 0.0}
    decision = DecisionThresholds(change_lead=1.0, change_evidence=10.0)
    moments = []
    for scores in (sure, of_ratio(MAX_LOG_RATIO), of_ratio(MAX_LOG_RATIO + 2.0)):
        detector = ChangeDetector(decision)
        detector.push(scores, "normal", 5.0)
        moments.append(first_change(detector, scores, 5.0, 0.5)[0])
    assert moments == [10.0, 10.0, 10.0]


def test_an_extrasystole_is_no_other_sound() -> None:
    """Windows with an early beat are no evidence against the label; leaving an extrasystole is a change."""
    early = {"normal": 0.05, "murmur": 0.05, "extrastole": 0.9}
    detector = ChangeDetector(DECISION)
    assert all(detector.push(early, "normal", 5.0 + k / 2) is None for k in range(100))
    detector.clear()
    assert any(detector.push(NORMAL, "extrastole", 5.0 + k / 2) is not None for k in range(10))


@given(st.lists(st.floats(-8.0, 8.0), min_size=1, max_size=60))
def test_zero_evidence_never_detects(ratios: list[float]) -> None:
    """A bundle whose ``change_evidence`` is 0 pools as if there were no detector."""
    detector = ChangeDetector(DecisionThresholds(change_evidence=0.0))
    assert all(detector.push(of_ratio(ratio), "normal", 5.0 + k / 2) is None for k, ratio in enumerate(ratios))


@given(st.lists(st.floats(-8.0, 8.0), min_size=2, max_size=60))
def test_a_change_lies_between_the_first_window_and_the_last(ratios: list[float]) -> None:
    """It is dated to a window that was pushed."""
    detector = ChangeDetector(DECISION)
    for k, ratio in enumerate(ratios):
        since_s = detector.push(of_ratio(ratio), "normal", 5.0 + k / 2)
        assert since_s is None or since_s in [5.0 + j / 2 for j in range(k)]


def test_clear_forgets_the_evidence() -> None:
    """After it the first window is no evidence yet."""
    detector = ChangeDetector(DECISION)
    detector.push(MURMUR, "normal", 5.0)
    assert detector.push(MURMUR, "normal", 7.0) == 5.0
    detector.clear()
    assert detector.push(MURMUR, "normal", 9.0) is None


def test_a_bundle_of_one_label_never_changes() -> None:
    """There is no other label to change to."""
    detector = ChangeDetector(DECISION)
    assert all(detector.push({"normal": 1.0}, "normal", 5.0 + k) is None for k in range(50))

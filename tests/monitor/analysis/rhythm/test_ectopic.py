"""Ectopic beats are detected by the intervals around them; missed beats and breathing are no ectopic beats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.rhythm.beat_path import Beat, BeatPath
from monitor.analysis.rhythm.ectopic import FEATURES, INTERCEPT, MIN_LOG_ODDS, WEIGHTS, Candidate, EctopicDetector


def candidates(
    intervals: list[float], *, clarity: dict[int, float] | None = None, due: float = 0.0, due_after: float = 30.0
) -> list[Candidate]:
    """Return the candidates among beats with these intervals, in frames; ``due`` is a peak so long after beat 8."""
    path, detector, result = BeatPath(30.0), EctopicDetector(), list[Candidate]()
    beats = [Beat(0.0, 1.0, False)]
    for index in range(1, len(intervals) + 1):
        beats.append(Beat(sum(intervals[:index]), (clarity or {}).get(index, 1.0), True))
    peaks = [(beat.position, beat.clarity) for beat in beats]
    if due:
        peaks.append((beats[8].position + due_after, due))
    for position, height in sorted(peaks):
        path.add(position, height)
    for beat in beats:
        candidate = detector.add(beat, path)
        if candidate is not None:
            result.append(candidate)
    return result


ECTOPIC = [30.0] * 8 + [20.0, 40.0] + [30.0] * 4


def test_an_ectopic_beat_with_a_full_pause() -> None:
    """One interval of two thirds and the full pause after it, among regular ones, is an ectopic beat."""
    (beat,) = candidates(ECTOPIC)
    assert beat.position == pytest.approx(8 * 30.0 + 20.0)
    assert (beat.coupling_ratio, beat.pause_ratio) == (pytest.approx(2 / 3), pytest.approx(4 / 3))
    assert beat.log_odds > MIN_LOG_ODDS


def test_a_partial_pause() -> None:
    """The pause need not compensate for the whole prematurity."""
    (beat,) = candidates([30.0] * 8 + [20.0, 34.0] + [30.0] * 4)
    assert beat.log_odds > MIN_LOG_ODDS


@pytest.mark.parametrize(
    "intervals",
    [
        pytest.param([30.0] * 14, id="regular"),
        pytest.param([30.0] * 8 + [60.0] + [30.0] * 4, id="missed"),
        pytest.param([30.0] * 8 + [20.0, 30.0] + [30.0] * 4, id="no pause"),
        pytest.param([30.0] * 8 + [40.0] + [30.0] * 4, id="pause alone"),
        pytest.param([30.0] * 8 + [28.0, 32.0] + [30.0] * 4, id="hardly early"),
        pytest.param([30.0] * 2 + [20.0, 40.0] + [30.0] * 4, id="too soon to know the normal interval"),
    ],
)
def test_other_intervals_are_no_candidates(intervals: list[float]) -> None:
    """Neither a missed beat, nor a pause alone, nor a short interval without one."""
    assert candidates(intervals) == []


def test_sinus_arrhythmia_is_not_reported() -> None:
    """Intervals that rise and fall smoothly by a quarter stay below the threshold."""
    wave = [24.0, 26.0, 30.0, 34.0, 36.0, 34.0, 30.0, 26.0]
    assert all(candidate.log_odds < MIN_LOG_ODDS for candidate in candidates(wave * 4))


def test_each_feature_lowers_the_odds() -> None:
    """A peak where the normal beat was due, a faint ectopic beat, and irregular neighbours each lower the odds."""
    clean = candidates(ECTOPIC)[0].log_odds
    assert candidates(ECTOPIC, due=0.9)[0].log_odds < clean
    assert candidates(ECTOPIC, clarity={9: 0.4})[0].log_odds < clean
    assert candidates([28.0, 32.0] * 4 + ECTOPIC[8:])[0].log_odds < clean
    assert candidates([*ECTOPIC[:10], 36.0, *ECTOPIC[11:]])[0].log_odds < clean


def test_a_beat_that_follows_none_starts_again() -> None:
    """There is no candidate before four intervals are known again."""
    path, detector = BeatPath(30.0), EctopicDetector()
    for index in range(8):
        detector.add(Beat(30.0 * index, 1.0, index > 0), path)
    assert detector.normal_interval == pytest.approx(30.0)
    assert detector.add(Beat(1000.0, 1.0, False), path) is None
    assert detector.normal_interval is None
    for position in (1020.0, 1060.0, 1090.0):
        assert detector.add(Beat(position, 1.0, True), path) is None


def test_every_feature_has_a_weight() -> None:
    """One for each, all below 0."""
    assert len(WEIGHTS) == len(FEATURES) == len(candidates(ECTOPIC)[0].features)
    assert all(weight < 0.0 for weight in WEIGHTS)


def test_the_log_odds_of_a_candidate() -> None:
    """Intercept plus weighted features."""
    features = (0.1, 0.5, 0.0, 0.2, 0.05, 0.1)
    expected = 3.0 - 25.0 * 0.1 - 2.4 * 0.5 - 1.8 * 0.2 - 16.0 * 0.05 - 10.5 * 0.1
    assert Candidate(260.0, 0.7, 1.3, features).log_odds == pytest.approx(expected)
    assert Candidate(260.0, 0.7, 1.3, (0.0,) * 6).log_odds == INTERCEPT


@given(st.lists(st.floats(12.0, 70.0), min_size=5, max_size=40))
def test_candidates_of_any_intervals(intervals: list[float]) -> None:
    """A candidate has a short coupling and a pause, features in range, and lies on one of the beats."""
    positions = {sum(intervals[:count]) for count in range(len(intervals) + 1)}
    for candidate in candidates(intervals):
        assert candidate.position in positions
        assert candidate.coupling_ratio < 0.88
        assert candidate.pause_ratio > 1.03
        assert all(value >= 0.0 for value in candidate.features)
        assert candidate.features[0] <= 0.1
        assert candidate.features[5] <= 0.15


def test_the_normal_interval_ignores_outliers() -> None:
    """It is the median of the accepted intervals: neither a missed beat nor an ectopic one changes it."""
    path, detector, position = BeatPath(30.0), EctopicDetector(), 0.0
    detector.add(Beat(position, 1.0, False), path)
    for interval in [30.0, 31.0, 29.0, 60.0, 20.0, 40.0, 30.0]:
        position += interval
        detector.add(Beat(position, 1.0, True), path)
    assert detector.normal_interval == pytest.approx(30.0)
    assert detector.deviation == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("before", "coupling", "pause", "after", "features"),
    [
        ([30.0] * 8, 20.0, 40.0, 30.0, {}),
        ([28.0, 32.0] * 4, 20.0, 40.0, 30.0, {"spread": 2 / 30}),
        ([26.5, 33.5] * 4, 20.0, 40.0, 30.0, {"spread": 0.1}),
        ([30.0] * 8, 15.0, 45.0, 30.0, {"too_early": 0.1}),
        ([30.0] * 8, 24.0, 36.0, 30.0, {"hardly_early": 0.05}),
        ([30.0] * 8, 20.0, 40.0, 33.0, {"next": 0.1}),
        ([30.0] * 8, 20.0, 40.0, 27.0, {"next": 0.1}),
        ([30.0] * 8, 20.0, 40.0, 38.0, {"next": 0.15}),
    ],
)
def test_features_by_hand(
    before: list[float], coupling: float, pause: float, after: float, features: dict[str, float]
) -> None:
    """Each is measured relative to the normal interval of 30 frames; the others are 0."""
    (candidate,) = candidates([*before, coupling, pause, after])
    assert dict(zip(FEATURES, candidate.features, strict=True)) == pytest.approx(
        dict.fromkeys(FEATURES, 0.0) | features
    )
    assert (candidate.coupling_ratio, candidate.pause_ratio) == pytest.approx((coupling / 30, pause / 30))


def test_a_faint_beat_by_hand() -> None:
    """A clarity of 0.4 is 0.3 below that of a beat that is no reason for doubt."""
    (candidate,) = candidates(ECTOPIC, clarity={9: 0.4})
    assert dict(zip(FEATURES, candidate.features, strict=True))["faint"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("coupling", "due_after", "counts"),
    [
        (20.0, 26.3, False),
        (20.0, 26.5, True),
        (20.0, 33.5, True),
        (20.0, 33.7, False),
        (26.0, 28.9, False),  # nearer than three frames to the ectopic beat: a part of it
        (26.0, 29.1, True),
    ],
)
def test_where_the_normal_beat_was_due(coupling: float, due_after: float, counts: bool) -> None:
    """From 0.88 to 1.12 of the normal interval after the beat before, apart from the ectopic beat itself."""
    (candidate,) = candidates([30.0] * 8 + [coupling, 60.0 - coupling, 30.0], due=0.5, due_after=due_after)
    assert candidate.features[FEATURES.index("due")] == (0.5 if counts else 0.0)


@pytest.mark.parametrize(
    ("intervals", "found"),
    [
        ([30.0] * 4 + [20.0, 40.0, 30.0], True),
        ([30.0] * 3 + [20.0, 40.0, 30.0], False),  # three intervals do not say which one is normal
        ([30.0] * 8 + [26.3, 36.0, 30.0], True),
        ([30.0] * 8 + [26.5, 36.0, 30.0], False),
        ([30.0] * 8 + [20.0, 31.0, 30.0], True),
        ([30.0] * 8 + [20.0, 30.8, 30.0], False),
        ([30.0] * 8 + [20.0, 40.0], False),  # the beat after the pause has not been heard
    ],
)
def test_what_makes_a_candidate(intervals: list[float], found: bool) -> None:
    """Four intervals before, less than 0.88 of the normal one, a pause of more than 1.03, and a beat after it."""
    assert bool(candidates(intervals)) == found


@pytest.mark.parametrize(
    ("intervals", "normal"),
    [
        ([30.0, 30.0] + [22.6] * 3, 22.6),
        ([30.0, 30.0] + [22.4] * 3, 30.0),  # shorter than three quarters: not accepted
        ([30.0, 30.0] + [38.9] * 3, 38.9),
        ([30.0, 30.0] + [39.1] * 3, 30.0),
        ([40.0], 40.0),
        ([40.0, 20.0], 30.0),  # the first two are accepted whatever they are
        ([36.0] * 8 + [30.0] * 4, 33.0),  # half of the last eight
        ([36.0] * 8 + [30.0] * 5, 30.0),
    ],
)
def test_the_normal_interval_by_hand(intervals: list[float], normal: float) -> None:
    """The median of the last eight intervals that are within 0.75 to 1.3 of the normal one before them."""
    path, detector, position = BeatPath(30.0), EctopicDetector(), 0.0
    detector.add(Beat(position, 1.0, False), path)
    for interval in intervals:
        position += interval
        detector.add(Beat(position, 1.0, True), path)
    assert detector.normal_interval == pytest.approx(normal)


def test_the_deviation_of_the_last_interval() -> None:
    """Relative to the normal interval; for the first one, to that of the path."""
    path, detector = BeatPath(30.0), EctopicDetector()
    assert detector.deviation == 0.0
    detector.add(Beat(0.0, 1.0, False), path)
    for position, deviation in ((33.0, 0.1), (66.0, 0.0), (92.4, 0.2)):
        detector.add(Beat(position, 1.0, True), path)
        assert detector.deviation == pytest.approx(deviation)
    detector.clear()
    assert (detector.deviation, detector.normal_interval) == (0.0, None)


def test_the_first_beat_starts_whatever_it_says() -> None:
    """A detector that has just begun knows no beat before it, so no interval is taken from the start of the sound."""
    path, detector = BeatPath(30.0), EctopicDetector()
    assert detector.add(Beat(500.0, 1.0, True), path) is None
    assert detector.normal_interval is None

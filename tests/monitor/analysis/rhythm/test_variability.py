"""Heart rate variability: the definitions, what is left out, and where nothing is sure."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.rhythm.variability import MIN_INTERVALS, BeatIntervals, variability_of
from monitor.messages import HeartBeat


def beats_of(intervals_s, start_s=1.0, missing=()):
    """Return beats with these intervals between their S1; those whose number is missing were not found."""
    s1_s = start_s + np.concatenate([[0.0], np.cumsum(intervals_s)])
    beats = []
    for number, at_s in enumerate(s1_s.tolist()):
        if number in missing:
            continue
        follows = number > 0 and number - 1 not in missing
        beats.append(HeartBeat(at_s, None, 0.9, rate_bpm=60 / float(intervals_s[number - 1]) if follows else None))
    return beats


def varied(count, seed=0, mean_s=0.8, spread_s=0.03):
    """Return intervals that vary."""
    return np.random.default_rng(seed).normal(mean_s, spread_s, count)


def test_the_definitions():
    """Mean, standard deviation of all, root of the mean squared difference, share of differences above 50 ms."""
    intervals = varied(400)
    found = variability_of(beats_of(intervals), ())
    differences = np.diff(intervals)
    assert (found.num_intervals, found.num_excluded) == (400, 0)
    assert found.mean_rr_ms == pytest.approx(1000 * intervals.mean())
    assert found.sdnn_ms == pytest.approx(1000 * intervals.std(ddof=1))
    assert found.rmssd_ms == pytest.approx(1000 * np.sqrt((differences**2).mean()))
    assert found.pnn50 == pytest.approx((np.abs(differences) > 0.05).mean())
    assert found.duration_s == pytest.approx(intervals.sum())
    assert not found.is_short


def test_a_short_recording_is_marked():
    """Eight intervals are too few; six times as many have metrics, and are marked as short."""
    intervals = np.tile([0.80, 0.81, 0.86, 0.80, 0.79, 0.85, 0.80, 0.81], 6)
    found = variability_of(beats_of(intervals), ())
    assert variability_of(beats_of(intervals[:8]), ()).sdnn_ms is None
    assert found.mean_rr_ms == pytest.approx(815.0)
    assert found.is_short
    assert found.to_dict()["short"] is True


def test_an_ectopic_beat_is_left_out():
    """The short interval, and the pause behind it although that is within a fifth; no difference spans them."""
    intervals = varied(60, spread_s=0.01)
    disturbed = intervals.copy()
    disturbed[30], disturbed[31] = 0.5, 0.92
    found = variability_of(beats_of(disturbed), ())
    kept = np.delete(intervals, [30, 31])
    assert (found.num_intervals, found.num_excluded) == (58, 2)
    assert found.sdnn_ms == pytest.approx(1000 * kept.std(ddof=1))
    differences = np.concatenate([np.diff(intervals[:30]), np.diff(intervals[32:])])
    assert found.rmssd_ms == pytest.approx(1000 * np.sqrt((differences**2).mean()))


def test_a_beat_that_the_rhythm_tracker_calls_early_is_left_out():
    """Both intervals that touch it, although they are within a fifth of the usual one."""
    intervals = varied(60, spread_s=0.01)
    intervals[30], intervals[31] = 0.68, 0.9
    beats = beats_of(intervals)
    assert variability_of(beats, ()).num_excluded == 0
    assert variability_of(beats, [beats[31].s1_s - 0.06]).num_excluded == 2


def test_a_missed_beat_leaves_a_hole():
    """No interval spans it, and no difference."""
    intervals = varied(60, spread_s=0.01)
    found = variability_of(beats_of(intervals, missing=(20,)), ())
    assert (found.num_intervals, found.num_excluded) == (58, 1)
    assert found.sdnn_ms == pytest.approx(1000 * np.delete(intervals, [19, 20]).std(ddof=1))


def test_a_beat_taken_from_elsewhere_is_left_out():
    """An interval that is a third too long, and the one that is too short behind it."""
    intervals = varied(60, spread_s=0.01)
    clean = variability_of(beats_of(intervals), ()).sdnn_ms
    intervals[30] += 0.27
    intervals[31] -= 0.27
    found = variability_of(beats_of(intervals), ())
    assert found.num_excluded in (2, 3)  # the one behind a short one is left out too
    assert found.sdnn_ms == pytest.approx(clean, rel=0.1)


@pytest.mark.parametrize("count", [1, MIN_INTERVALS - 1])
def test_too_few(count):
    """Counts without metrics."""
    found = variability_of(beats_of(varied(count, spread_s=0.0)), ())
    assert found.num_intervals + found.num_excluded == count
    assert (found.mean_rr_ms, found.sdnn_ms, found.rmssd_ms, found.pnn50) == (None, None, None, None)


def test_too_many_left_out():
    """Where every third beat is early, the rest is not called normal."""
    intervals = np.tile([0.8, 0.8, 0.8, 0.5, 1.1], 20)
    found = variability_of(beats_of(intervals), ())
    assert found.num_intervals >= MIN_INTERVALS
    assert found.sdnn_ms is None


def test_no_two_beats():
    """Nothing to speak of: none at all, one, or only S2."""
    assert variability_of([], ()) is None
    assert variability_of([HeartBeat(1.0, 1.3, 0.9)], ()) is None
    assert variability_of([HeartBeat(None, 1.3 + n, 0.9) for n in range(30)], ()) is None


@given(st.integers(0, 1000), st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_streaming_is_the_whole(seed, sizes):
    """However the beats arrive, the metrics are those of all at once, and few intervals wait."""
    rng = np.random.default_rng(seed)
    intervals = varied(200, seed) * np.where(rng.random(200) < 0.05, 0.6, 1.0)
    beats = beats_of(intervals, missing=set(rng.integers(0, 200, 4).tolist()))
    whole = variability_of(beats, ())
    streamed, rest = BeatIntervals(), iter(beats)
    for size in itertools.cycle(sizes):
        part = list(itertools.islice(rest, size))
        if not part:
            break
        streamed.push(part, ())
        assert len(streamed._pending) < 40
    assert streamed.result() == whole


def test_the_last_beats_count_without_being_kept():
    """A result with the beats that no window had leaves what is collected as it was."""
    beats = beats_of(varied(60))
    intervals = BeatIntervals()
    intervals.push(beats[:50], ())
    before = intervals.result()
    assert intervals.result(beats[50:]) == variability_of(beats, ())
    assert intervals.result() == before
    assert intervals.settled.num_intervals < before.num_intervals

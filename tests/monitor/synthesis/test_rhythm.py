"""Beats come at the times of their rhythm, and the ground truth of ectopic beats is right."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.synthesis.rhythm import FILLING_S, Beats, Rhythm, synthesize_beats, systole_s

RATE = 4000


def beats_of(rhythm, duration_s=10.0, seed=0, lead_s=0.0, sample_rate=RATE):
    """Return the beats of a rhythm that are inside the recording."""
    rng = np.random.default_rng(seed)
    beats = synthesize_beats(duration_s, lead_s, rhythm, 0.3, 0.25, rng, sample_rate)
    return beats.inside(round(duration_s * sample_rate))


def intervals_s(beats):
    """Return the intervals between first sounds in seconds."""
    return np.diff(beats.s1_samples) / RATE


@pytest.mark.parametrize("rate_bpm", [45, 72, 110, 160])
def test_mean_interval_is_that_of_the_rate(rate_bpm):
    """Over a minute the mean interval is 60 s divided by the rate."""
    beats = beats_of(Rhythm(heart_rate_bpm=rate_bpm), duration_s=60.0)
    assert intervals_s(beats).mean() == pytest.approx(60 / rate_bpm, rel=0.02)


def test_a_regular_heart_has_no_ectopic_beats():
    """In a regular rhythm no beat is ectopic and no interval is far from the mean."""
    beats = beats_of(Rhythm(), duration_s=60.0)
    gaps = intervals_s(beats)
    assert not beats.ectopic.any()
    assert gaps.min() > 0.88 * gaps.mean()
    assert gaps.max() < 1.12 * gaps.mean()


def test_sinus_arrhythmia_is_strong_but_smooth():
    """Intervals vary by a quarter over a breath, but little from one to the next."""
    rhythm = Rhythm(kind="sinus-arrhythmia", respiratory=0.18, jitter=0.005, heart_rate_bpm=90.0)
    beats = beats_of(rhythm, duration_s=60.0)
    gaps = intervals_s(beats)
    assert np.ptp(gaps) / gaps.mean() > 0.25
    assert np.abs(np.diff(gaps)).max() / gaps.mean() < 0.2
    assert not beats.ectopic.any()


def test_inspiration_makes_the_heart_faster():
    """With respiratory variation alone, intervals are short where the sine of the breathing is high."""
    rhythm = Rhythm(kind="sinus-arrhythmia", respiratory=0.15, jitter=0.0, drift=0.0, heart_rate_bpm=100.0)
    beats = beats_of(rhythm, duration_s=60.0)
    gaps = intervals_s(beats)
    breath = np.sin(2 * np.pi * 0.25 * beats.s1_samples[:-1] / RATE + 0.3)
    assert np.corrcoef(gaps, breath)[0, 1] < -0.6


@given(
    st.integers(0, 10_000),
    st.floats(45, 140),
    st.integers(1, 4),
    st.integers(0, 6),
    st.floats(0.5, 0.75),
    st.floats(0.0, 1.0),
)
@settings(max_examples=60, deadline=None)
def test_ectopic_beats_are_premature_and_no_others_are(seed, rate_bpm, gap, more, prematurity, compensation):
    """Each ectopic beat comes before 0.88 of the normal interval, and no other beat does."""
    rhythm = Rhythm(
        kind="ectopic",
        heart_rate_bpm=rate_bpm,
        ectopic_gap_beats=(gap, gap + more),
        prematurity=(prematurity, prematurity + 0.05),
        compensation=compensation,
    )
    beats = beats_of(rhythm, duration_s=20.0, seed=seed)
    normal = 60.0 / rate_bpm
    before = intervals_s(beats)
    assert np.array_equal(beats.ectopic[1:], before < 0.88 * normal)


@given(st.integers(0, 10_000), st.floats(50, 140), st.floats(5.0, 12.0))
@settings(max_examples=60, deadline=None)
def test_an_ectopic_beat_has_neighbours_in_the_recording(seed, rate_bpm, duration_s):
    """Every recording of 5 s or more has an ectopic beat inside, with one beat before it and one after."""
    rhythm = Rhythm(kind="ectopic", heart_rate_bpm=rate_bpm, ectopic_gap_beats=(9, 30))
    beats = beats_of(rhythm, duration_s=duration_s, seed=seed)
    assert beats.ectopic[1:-1].any()


def test_a_full_compensatory_pause():
    """With compensation 1 the two intervals around an ectopic beat last two normal ones."""
    rhythm = Rhythm(kind="ectopic", jitter=0.0, respiratory=0.0, drift=0.0, heart_rate_bpm=60.0)
    beats = beats_of(rhythm, duration_s=40.0)
    gaps = intervals_s(beats)
    ectopic = np.flatnonzero(beats.ectopic[1:-1]) + 1
    assert len(ectopic) >= 5
    assert gaps[ectopic - 1] + gaps[ectopic] == pytest.approx(np.full(len(ectopic), 2.0), abs=0.002)


def test_without_compensation_the_rhythm_is_reset():
    """With compensation 0 the interval after an ectopic beat is a normal one."""
    rhythm = Rhythm(kind="ectopic", jitter=0.0, respiratory=0.0, drift=0.0, heart_rate_bpm=60.0, compensation=0.0)
    beats = beats_of(rhythm, duration_s=40.0)
    ectopic = np.flatnonzero(beats.ectopic[1:-1]) + 1
    assert intervals_s(beats)[ectopic] == pytest.approx(np.ones(len(ectopic)), abs=0.002)


@pytest.mark.parametrize("gap", [(1, 1), (2, 2), (3, 5)])
def test_the_gap_between_ectopic_beats_is_in_its_range(gap):
    """The number of normal beats from one ectopic beat to the next is within the limits."""
    beats = beats_of(Rhythm(kind="ectopic", ectopic_gap_beats=gap), duration_s=60.0)
    between = np.diff(np.flatnonzero(beats.ectopic)) - 1
    assert between.min() >= gap[0]
    assert between.max() <= gap[1]


@given(st.integers(0, 10_000), st.floats(45, 140), st.sampled_from(["regular", "ectopic", "sinus-arrhythmia"]))
@settings(max_examples=60, deadline=None)
def test_first_and_second_sounds_alternate(seed, rate_bpm, kind):
    """Between a second and the next first sound there is time for filling."""
    beats = synthesize_beats(
        20.0, 1.0, Rhythm(kind=kind, heart_rate_bpm=rate_bpm), 0.0, 0.3, np.random.default_rng(seed), RATE
    )
    assert np.all(beats.s2_samples > beats.s1_samples)
    assert np.all(beats.s1_samples[1:] - beats.s2_samples[:-1] > 0.5 * FILLING_S * RATE)


@pytest.mark.parametrize(("rate_bpm", "expected_s"), [(60, 0.355), (75, 0.3235), (120, 0.229)])
def test_systole_follows_the_rate(rate_bpm, expected_s):
    """The mean systole is Weissler's, minus the time to the first sound."""
    assert systole_s(rate_bpm) == pytest.approx(expected_s)
    beats = beats_of(Rhythm(heart_rate_bpm=rate_bpm), duration_s=30.0)
    whole = beats.s2_samples > 0
    assert (beats.s2_samples - beats.s1_samples)[whole].mean() / RATE == pytest.approx(expected_s, abs=0.01)


def test_an_ectopic_beat_has_a_shorter_systole():
    """Less filled, the ventricle ejects for a shorter time than in the neighbouring beats."""
    beats = beats_of(Rhythm(kind="ectopic"), duration_s=60.0)
    systole = (beats.s2_samples - beats.s1_samples)[beats.s2_samples > 0]
    ectopic = beats.ectopic[beats.s2_samples > 0]
    assert systole[ectopic].max() < systole[~ectopic].min()


def test_beats_in_the_margins():
    """With a lead, beats before sample 0 and after the end are returned too; inside() drops them."""
    beats = synthesize_beats(5.0, 1.5, Rhythm(), 0.0, 0.25, np.random.default_rng(0), RATE)
    assert beats.s1_samples[0] < 0
    assert beats.s1_samples[-1] >= 5 * RATE
    inside = beats.inside(5 * RATE)
    assert inside.s1_samples.min() >= 0
    assert inside.s1_samples.max() < 5 * RATE


def test_a_second_sound_after_the_end_is_missing():
    """inside() keeps the beat and sets its second sound to -1."""
    beats = Beats(np.array([100, 900]), np.array([300, 1100]), np.array([False, True]))
    inside = beats.inside(1000)
    assert inside.s1_samples.tolist() == [100, 900]
    assert inside.s2_samples.tolist() == [300, -1]
    assert inside.ectopic.tolist() == [False, True]
    assert beats.s2_samples.tolist() == [300, 1100]


def test_the_same_state_gives_the_same_beats():
    """Beats depend on the generator's state and nothing else."""
    first, again, other = (beats_of(Rhythm(kind="ectopic"), seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.s1_samples, again.s1_samples)
    assert np.array_equal(first.s2_samples, again.s2_samples)
    assert not np.array_equal(first.s1_samples, other.s1_samples)


@pytest.mark.parametrize("sample_rate", [1000, 4000, 44_100])
def test_beats_fall_at_the_same_times_at_any_rate(sample_rate):
    """The rate scales sample indices, not times."""
    reference = beats_of(Rhythm(), seed=5, sample_rate=192_000).s1_samples / 192_000
    times = beats_of(Rhythm(), seed=5, sample_rate=sample_rate).s1_samples / sample_rate
    assert times == pytest.approx(reference, abs=1 / sample_rate)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "fibrillation"),
        ("heart_rate_bpm", 29.0),
        ("heart_rate_bpm", 241.0),
        ("heart_rate_bpm", float("nan")),
        ("ectopic_gap_beats", (0, 3)),
        ("ectopic_gap_beats", (5, 3)),
        ("prematurity", (0.4, 0.6)),
        ("prematurity", (0.7, 0.6)),
        ("prematurity", (0.7, 0.9)),
    ],
)
def test_a_rhythm_out_of_range_is_refused_by_name(name, value):
    """A value out of its physiological range is a ValueError with the name of the parameter."""
    with pytest.raises(ValueError, match=rf"^{name}=.* must be"):
        dataclasses.replace(Rhythm(), **{name: value})

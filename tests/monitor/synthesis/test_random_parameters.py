"""Random hearts have their label, stay in range and differ from each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.synthesis.random_parameters import MURMUR_KINDS, random_parameters

LABELS = ("normal", "murmur", "extrastole")


def draw(label="normal", seed=0, **options):
    """Return random parameters."""
    return random_parameters(np.random.default_rng(seed), label=label, **options)


@given(st.integers(0, 100_000), st.sampled_from(LABELS))
@settings(max_examples=100, deadline=None)
def test_a_heart_has_the_given_label(seed, label):
    """The label follows from the parameters, for any seed."""
    assert draw(label, seed).label == label


@given(st.integers(0, 100_000), st.sampled_from(LABELS))
@settings(max_examples=100, deadline=None)
def test_a_heart_is_within_physiology(seed, label):
    """Rate, breathing, pitches, durations and levels are physiological."""
    heart = draw(label, seed)
    assert 45 <= heart.rhythm.heart_rate_bpm <= 160
    assert 9 <= heart.breathing_bpm <= 40
    for tone in (heart.s1, heart.s2):
        assert 28 <= tone.pitch_hz <= 120
        assert 0.05 <= tone.duration_s <= 0.2
    assert 0 <= heart.split_s[0] <= heart.split_s[1] <= 0.06
    assert heart.band_hz[0] < 50 < 300 < heart.band_hz[1]
    assert 0 < heart.peak <= 2
    assert len(heart.colour_db) == 8


@given(st.integers(0, 100_000))
@settings(max_examples=100, deadline=None)
def test_a_murmur_is_audible_above_the_background(seed):
    """A murmur is below the first sound, and above the noise in its own band."""
    heart = draw("murmur", seed)
    noise_there = heart.background.noise_db - heart.background.noise_slope_db * np.log2(heart.murmur.centre_hz / 50)
    assert heart.murmur.level_db <= -1
    assert heart.murmur.level_db >= min(-1.0, noise_there + 4.0)
    assert heart.murmur.interval[0] < heart.murmur.interval[1]
    assert 45 <= heart.murmur.centre_hz <= 420


def test_all_kinds_of_murmur_occur():
    """Every phase and shape occurs, systolic more often than diastolic."""
    drawn = [draw("murmur", seed).murmur for seed in range(300)]
    assert {(m.phase, m.shape) for m in drawn} == {(phase, shape) for _, phase, shape in MURMUR_KINDS}
    assert sum(m.phase == "systolic" for m in drawn) > 200


def test_rhythms_of_hearts_without_ectopic_beats_vary():
    """Regular rhythm and sinus arrhythmia both occur under normal and murmur, ectopic beats never."""
    for label in ("normal", "murmur"):
        kinds = {draw(label, seed).rhythm.kind for seed in range(60)}
        assert kinds == {"regular", "sinus-arrhythmia"}


def test_recordings_range_from_clean_to_noisy():
    """Noise floors span at least 20 dB, and some recordings are overdriven."""
    hearts = [draw("normal", seed) for seed in range(200)]
    noise = [heart.background.noise_db for heart in hearts]
    assert max(noise) - min(noise) > 20
    assert 0.08 < np.mean([heart.peak > 1 for heart in hearts]) < 0.28


def test_labels_do_not_differ_in_their_background():
    """Noise is not correlated with the label: the mean levels of the labels agree."""
    means = [np.mean([draw(label, seed).background.noise_db for seed in range(1000, 1400)]) for label in LABELS]
    assert np.ptp(means) < 1.5


def test_a_heart_may_have_a_murmur_and_ectopic_beats():
    """Both together are possible under either label."""
    ectopic = draw("extrastole", murmur=True)
    assert ectopic.murmur is not None
    assert ectopic.rhythm.kind == "ectopic"
    murmur = draw("murmur", kind="ectopic")
    assert murmur.murmur is not None
    assert murmur.rhythm.kind == "ectopic"


@pytest.mark.parametrize("kind", ["regular", "sinus-arrhythmia"])
def test_a_rhythm_can_be_given(kind):
    """The given kind is the kind of the result."""
    assert {draw("normal", seed, kind=kind).rhythm.kind for seed in range(10)} == {kind}


def test_sinus_arrhythmia_changes_little_from_beat_to_beat():
    """At any breathing rate, consecutive intervals differ less than before an ectopic beat."""
    for seed in range(200):
        heart = draw("normal", seed, kind="sinus-arrhythmia")
        step = 2 * np.sin(np.pi * min(0.5, heart.breathing_bpm / heart.rhythm.heart_rate_bpm))
        assert heart.rhythm.respiratory * step <= 0.18


def test_random_parameters_are_reproducible():
    """They depend on the generator's state and nothing else."""
    assert draw("murmur", 7) == draw("murmur", 7)
    assert draw("murmur", 7) != draw("murmur", 8)


@pytest.mark.parametrize(
    ("label", "options"),
    [
        ("artifact", {}),
        ("normal", {"murmur": True}),
        ("normal", {"kind": "ectopic"}),
        ("extrastole", {"kind": "regular"}),
        ("extrastole", {"kind": "sinus-arrhythmia"}),
        ("murmur", {"kind": "gallop"}),
    ],
)
def test_contradictions_are_refused(label, options):
    """An unknown label, or arguments that contradict it, are a ValueError."""
    with pytest.raises(ValueError, match="must"):
        draw(label, **options)

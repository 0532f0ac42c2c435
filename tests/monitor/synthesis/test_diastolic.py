"""Random hearts with a diastolic murmur: adult, audible, and with the energy where it belongs."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.synthesis.diastolic import ADULT_BPM, random_diastolic
from monitor.synthesis.parameters import BackgroundNoise, HeartParameters, Murmur
from monitor.synthesis.phonocardiogram import PRESYSTOLIC_S, SyntheticSound, phonocardiogram
from monitor.synthesis.rhythm import Rhythm

RATE = 4000
QUIET = BackgroundNoise(noise_db=-90.0, hiss_db=-100.0, lungs_db=-100.0, whistle_db=-200.0)
STEADY = Rhythm(heart_rate_bpm=60.0, jitter=0.0, respiratory=0.0, drift=0.0)


def draw(seed: int) -> HeartParameters:
    """Return random parameters."""
    return random_diastolic(np.random.default_rng(seed))


def sounded(heart: HeartParameters) -> SyntheticSound:
    """Return 8 s of a heart."""
    return phonocardiogram(8.0, heart, np.random.default_rng(5), RATE)


def level(sound: SyntheticSound, from_s1_s: float, to_s1_s: float) -> float:
    """Return the root mean square of a stretch of every beat, given from its next S1."""
    parts = [
        sound.waveform[at + round(from_s1_s * RATE) : at + round(to_s1_s * RATE)]
        for at in sound.beats.s1_samples[1:-1].tolist()
    ]
    return float(np.sqrt(np.mean(np.square(np.concatenate(parts)))))


@given(st.integers(0, 100_000))
@settings(max_examples=60, deadline=None)
def test_it_is_an_adult_heart_with_an_audible_diastolic_murmur(seed: int) -> None:
    """Rate, phase, pitch and level are in range, and the murmur is above the noise at its pitch."""
    heart = draw(seed)
    assert heart.label == "murmur"
    assert ADULT_BPM[0] <= heart.rhythm.heart_rate_bpm <= ADULT_BPM[1]
    murmur = heart.murmur
    assert murmur is not None
    assert murmur.phase == "diastolic"
    assert 30 <= murmur.centre_hz <= 420
    noise = heart.background.noise_db - heart.background.noise_slope_db * np.log2(murmur.centre_hz / 50)
    assert min(-4.0, noise + 4.0) <= murmur.level_db <= -4.0
    assert murmur.interval[0] < murmur.interval[1]


def test_both_diseases_occur_and_differ_in_pitch() -> None:
    """A rumble is low and may rise before S1; a regurgitation is high, begins with S2 and never rises."""
    hearts = [draw(seed) for seed in range(200)]
    rumbles = [heart for heart in hearts if heart.murmur is not None and heart.murmur.interval[0] > 0.1]
    presystolic = [heart for heart in hearts if heart.murmur is not None and heart.murmur.presystolic_db > -100]
    snaps = [heart for heart in hearts if heart.opening_snap_db > -100]
    assert 40 < len(presystolic) < 160
    assert 40 < len(snaps) < 160
    assert all(heart.murmur is not None and heart.murmur.centre_hz <= 120 for heart in [*presystolic, *snaps])
    assert rumbles


def test_a_presystolic_murmur_rises_up_to_the_first_sound() -> None:
    """At 60 bpm its energy lies in the last part of diastole, and before that there is none."""
    murmur = Murmur("diastolic", "decrescendo", (0.1, 0.3), centre_hz=150.0, level_db=-30.0, presystolic_db=-12.0)
    plain = HeartParameters(rhythm=STEADY, background=QUIET)
    sound = sounded(dataclasses.replace(plain, murmur=murmur))
    early, late = level(sound, -PRESYSTOLIC_S, -0.07), level(sound, -0.07, -0.01)
    assert late > 1.5 * early
    assert early > 5 * level(sound, -0.3, -PRESYSTOLIC_S - 0.02)


def test_an_opening_snap_follows_the_second_sound() -> None:
    """It stands where it is set, and without it there is nothing."""
    plain = HeartParameters(rhythm=STEADY, background=QUIET, split_s=(0.0, 0.0))
    snapped = sounded(dataclasses.replace(plain, opening_snap_db=-8.0, opening_snap_s=0.12))
    for sound, expected in ((snapped, True), (sounded(plain), False)):
        at = sound.beats.s2_samples[1:-1]
        near = [np.abs(sound.waveform[s2 + round(0.12 * RATE) : s2 + round(0.15 * RATE)]).max() for s2 in at.tolist()]
        assert (np.median(near) > 0.1) == expected


def test_random_parameters_are_reproducible() -> None:
    """The same seed gives the same heart."""
    assert draw(3) == draw(3) != draw(4)

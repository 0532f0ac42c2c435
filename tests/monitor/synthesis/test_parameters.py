"""The label of synthetic heart parameters, and what each parameter is allowed to change."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from monitor.synthesis.parameters import BackgroundNoise, HeartParameters, HeartSound, Murmur
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.rhythm import Rhythm, RhythmKind


@pytest.mark.parametrize(
    ("kind", "murmur", "label"),
    [
        ("regular", False, "normal"),
        ("sinus-arrhythmia", False, "normal"),
        ("ectopic", False, "extrastole"),
        ("regular", True, "murmur"),
        ("ectopic", True, "murmur"),
    ],
)
def test_the_label_follows_from_rhythm_and_murmur(kind: RhythmKind, murmur: bool, label: str) -> None:
    """A murmur takes precedence over ectopic beats; sinus arrhythmia is normal."""
    parameters = HeartParameters(rhythm=Rhythm(kind=kind), murmur=Murmur() if murmur else None)
    assert parameters.label == label


def test_parameters_are_frozen_and_comparable() -> None:
    """Two hearts with equal parameters are equal, and none can be changed in place."""
    assert HeartParameters() == HeartParameters()
    assert HeartParameters(s1=HeartSound(50.0, 0.1)) != HeartParameters()
    with pytest.raises(dataclasses.FrozenInstanceError):
        HeartParameters().peak = 0.5  # type: ignore[misc]


@pytest.mark.parametrize(
    "change",
    [
        {"s1": HeartSound(60.0, 0.1)},
        {"s2": HeartSound(80.0, 0.1)},
        {"split_s": (0.0, 0.06)},
        {"s3_db": -10.0},
        {"s4_db": -10.0},
        {"loudness_spread": 0.3},
        {"breathing_loudness": 0.4},
        {"murmur": Murmur()},
        {"background": BackgroundNoise(noise_db=-10.0)},
        {"colour_db": (6.0,) * 4 + (0.0,) * 4},
        {"band_hz": (22.0, 200.0)},
        {"timbre": 3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_parameter_is_audible(change: dict[str, object]) -> None:
    """A changed parameter changes the sound, but not the times of the beats."""
    plain, changed = (
        phonocardiogram(4.0, parameters, np.random.default_rng(0))
        for parameters in (HeartParameters(), dataclasses.replace(HeartParameters(), **change))  # type: ignore[arg-type]
    )
    assert not np.array_equal(plain.waveform, changed.waveform)
    assert np.array_equal(plain.beats.s1_samples, changed.beats.s1_samples)

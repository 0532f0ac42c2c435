"""Perturbations of a recording: what each does to level, band and noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.features.spec import HEART
from monitor.features.spectrogram import input_image
from monitor.synthesis.noise import shaped_noise
from training.study.perturbations import (
    AS_RECORDED,
    SNRS_DB,
    add_noise,
    band_power,
    noise_perturbations,
    perturbations,
)

RATE = 4000
REAL = {"lungs": [np.sin(np.arange(3000, dtype=np.float32))], "speech": []}
ALL = {**perturbations(), **noise_perturbations(REAL)}


def tone(frequency_hz: float, duration_s: float = 6.0, amplitude: float = 0.2) -> np.ndarray:
    """Return a tone."""
    time = np.arange(round(duration_s * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def change_db(name: str, frequency_hz: float) -> float:
    """Return the gain of a perturbation for a tone."""
    sound = tone(frequency_hz)
    changed = ALL[name](sound, RATE, np.random.default_rng(0))
    return float(10 * np.log10((changed**2).mean() / (sound**2).mean()))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("samples", [2003, 24_000])
def test_length_and_type_stay(name: str, samples: int) -> None:
    """Every perturbation returns as many finite float32 samples, and does not change its input."""
    sound = shaped_noise(np.ones(20_000, np.float32), samples, np.random.default_rng(1)) * np.float32(0.1)
    before = sound.copy()
    changed = ALL[name](sound, RATE, np.random.default_rng(0))
    assert (changed.shape, changed.dtype) == (sound.shape, np.float32)
    assert np.isfinite(changed).all()
    np.testing.assert_array_equal(sound, before)


@pytest.mark.parametrize("name", ALL)
def test_the_generator_repeats_it(name: str) -> None:
    """The same generator gives the same sound."""
    sound = tone(90.0)
    first, second = (ALL[name](sound, RATE, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_all_perturbations() -> None:
    """Gain both ways and clipping, three chest pieces, two lines, 8 bits, and each noise at four ratios."""
    assert len(perturbations()) == 10
    assert len(noise_perturbations(REAL)) == 3 * len(SNRS_DB)  # nothing of a kind without sounds
    assert "lungs at 0 dB" in ALL
    np.testing.assert_array_equal(ALL[AS_RECORDED](tone(50.0), RATE, np.random.default_rng(0)), tone(50.0))


def test_gain_without_clipping_leaves_the_image() -> None:
    """An input image shows levels relative to the window."""
    sound = (tone(60.0) + tone(130.0)) * np.hanning(24_000).astype(np.float32)
    louder = ALL["20 dB louder, with room"](sound, RATE, np.random.default_rng(0))
    np.testing.assert_allclose(input_image(louder[:20_000], HEART), input_image(sound[:20_000], HEART), atol=0.02)


def test_gain_and_clipping() -> None:
    """20 dB is a factor of ten; clipped, loud samples are at full scale and none above."""
    assert change_db("20 dB quieter, 16 bit", 100.0) == pytest.approx(-20.0, abs=0.05)
    assert change_db("20 dB louder, with room", 100.0) == pytest.approx(20.0, abs=0.01)
    clipped = ALL["20 dB louder, clipped"](tone(100.0), RATE, np.random.default_rng(0))
    assert np.abs(clipped).max() == 1.0
    assert (np.abs(clipped) == 1.0).mean() > 0.5


def test_eight_bits_have_few_values() -> None:
    """No more than 255 steps; a faint sound keeps but a few of them."""
    coarse = ALL["8 bit"](tone(50.0, amplitude=0.02), RATE, np.random.default_rng(0))
    assert len(np.unique(coarse)) == 7


@pytest.mark.parametrize(
    ("name", "low_db", "high_db"),
    [("bass-heavy chest piece", 12.0, -12.0), ("thin chest piece", -19.8, 6.0)],
)
def test_chest_pieces_tilt(name: str, low_db: float, high_db: float) -> None:
    """Their gain at 40 and at 400 Hz."""
    assert change_db(name, 40.0) == pytest.approx(low_db, abs=0.6)
    assert change_db(name, 400.0) == pytest.approx(high_db, abs=0.6)


def test_the_tube_resonates() -> None:
    """15 dB more at 180 Hz, little an octave below."""
    assert change_db("resonant chest piece", 180.0) == pytest.approx(15.0, abs=0.3)
    assert abs(change_db("resonant chest piece", 90.0)) < 0.5


def test_a_telephone_removes_low_frequencies() -> None:
    """It attenuates 60 Hz by more than 50 dB, and passes 800 Hz."""
    assert change_db("telephone band, 300 to 3400 Hz at 8 kHz", 60.0) < -50
    assert change_db("telephone band, 300 to 3400 Hz at 8 kHz", 800.0) == pytest.approx(0.0, abs=0.3)


def test_resampling_twice_keeps_level_and_time() -> None:
    """Tones below 1 kHz keep their level, and a thump moves by less than a millisecond."""
    assert change_db("played at 44.1 kHz and back", 120.0) == pytest.approx(0.0, abs=0.05)
    assert change_db("played at 44.1 kHz and back", 900.0) == pytest.approx(0.0, abs=0.05)
    thump = np.exp(-0.5 * ((np.arange(24_000) - 12_000) / 40.0) ** 2).astype(np.float32)
    back = ALL["played at 44.1 kHz and back"](thump, RATE, np.random.default_rng(0))
    assert abs(int(back.argmax()) - 12_000) < 4


@given(st.floats(-10, 40), st.sampled_from([30.0, 100.0, 700.0]), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_the_signal_to_noise_ratio(snr_db: float, frequency_hz: float, seed: int) -> None:
    """The added noise has the power that the ratio asks for, between 20 and 1000 Hz."""
    sound = tone(frequency_hz)
    noise = shaped_noise(np.ones(13_000, np.float32), len(sound), np.random.default_rng(seed))
    added = add_noise(sound, noise, snr_db, RATE) - sound
    ratio_db = 10 * np.log10(band_power(sound, RATE) / band_power(added, RATE))
    assert ratio_db == pytest.approx(snr_db, abs=0.05)


def test_power_in_the_band() -> None:
    """A tone in the band has half its squared amplitude, one above it none."""
    assert band_power(tone(100.0, amplitude=0.5), RATE) == pytest.approx(0.125, rel=1e-3)
    assert band_power(tone(1500.0), RATE) == pytest.approx(0.0, abs=1e-9)


def test_silence_stays_silence() -> None:
    """Silent noise adds nothing, and nothing is added to silence."""
    silence = np.zeros(4000, np.float32)
    np.testing.assert_array_equal(add_noise(tone(50.0, 1.0), silence, 0.0, RATE), tone(50.0, 1.0))
    assert not add_noise(silence, tone(50.0, 1.0), 0.0, RATE).any()

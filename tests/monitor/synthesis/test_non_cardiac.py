"""Non-cardiac sounds: every kind is in range and has its own character."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.synthesis.non_cardiac import (
    GENERATORS,
    VOWELS_HZ,
    babble,
    breathing,
    coloured_noise,
    hum,
    music,
    random_non_cardiac,
    speech,
)

RATE = 4000
BY_NAME = pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.__name__)


@BY_NAME
@given(st.integers(0, 10_000), st.floats(0.05, 5.0), st.sampled_from([1000, 4000, 8000]))
@settings(max_examples=10, deadline=None)
def test_every_generator_is_in_range(generator, seed, duration_s, sample_rate):
    """For any length and rate: finite float32 of the given length, at most 1."""
    sound = generator(duration_s, np.random.default_rng(seed), sample_rate)
    assert sound.shape == (round(duration_s * sample_rate),)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1


@BY_NAME
def test_every_generator_is_reproducible_and_varies(generator):
    """The same state gives the same sound, another state another."""
    first, again, other = (generator(3.0, np.random.default_rng(seed), RATE) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@BY_NAME
def test_every_generator_refuses_rates_out_of_range(generator):
    """A rate below 1000 Hz is refused by name."""
    with pytest.raises(ValueError, match=r"^sample_rate=800 must be"):
        generator(1.0, np.random.default_rng(0), 800)


def test_stationary_noise_is_stationary():
    """No half second of broadband noise is much louder than another."""
    for seed in range(12):
        noise = coloured_noise(10.0, np.random.default_rng(seed), RATE)
        power = (noise**2).reshape(20, -1).mean(axis=1)
        assert power.max() < 25 * np.median(power)


def test_hum_has_a_line_spectrum():
    """A few bins have nearly all the power of hum."""
    for seed in range(8):
        power = np.sort(np.abs(np.fft.rfft(hum(5.0, np.random.default_rng(seed), RATE) * np.hanning(20_000))) ** 2)
        assert power[-60:].sum() > 0.95 * power.sum()


def test_breathing_swells_and_has_no_low_thumps():
    """The level of breath sounds varies, and little power is below 60 Hz."""
    for seed in range(8):
        sound = breathing(12.0, np.random.default_rng(seed), RATE)
        power = (sound**2).reshape(48, -1).mean(axis=1)
        assert power.max() > 3 * power.min()
        spectrum = np.abs(np.fft.rfft(sound)) ** 2
        assert spectrum[: 60 * 12].sum() < 0.15 * spectrum.sum()


def test_a_voice_has_a_pitch_and_pauses():
    """Speech has harmonics and moments without sound."""
    sound = speech(10.0, np.random.default_rng(3), RATE)
    level = np.abs(sound).reshape(-1, 100).max(axis=1)
    assert np.mean(level < 0.05) > 0.1
    loudest = int(level.argmax()) * 100
    part = sound[max(0, loudest - 200) : loudest + 200]
    lagged = np.correlate(part, part, "full")[len(part) - 1 :]
    assert lagged[14:80].max() > 0.4 * lagged[0]  # a pitch of 50 to 285 Hz


def test_several_voices_leave_fewer_pauses_than_one():
    """Babble is quiet less often than a single voice."""
    quiet = {
        generator.__name__: np.mean(
            [
                np.mean(np.abs(generator(10.0, np.random.default_rng(seed), RATE)).reshape(-1, 200).max(axis=1) < 0.03)
                for seed in range(4)
            ]
        )
        for generator in (speech, babble)
    }
    assert quiet["babble"] < quiet["speech"]


def test_music_has_notes_of_a_scale():
    """The strongest lines of a melody are near few frequencies."""
    sound = music(10.0, np.random.default_rng(5), RATE)
    power = np.sort(np.abs(np.fft.rfft(sound)) ** 2)
    assert power[-len(power) // 20 :].sum() > 0.8 * power.sum()


def test_vowels_have_two_rising_formants():
    """The first formant is below the second in every vowel."""
    assert VOWELS_HZ.shape == (10, 2)
    assert (VOWELS_HZ[:, 0] < VOWELS_HZ[:, 1]).all()


@given(st.integers(0, 100_000))
@settings(max_examples=80, deadline=None)
def test_every_random_sound_is_in_range(seed):
    """5 s of finite float32 within -1 to 1, not silent."""
    sound = random_non_cardiac(5.0, np.random.default_rng(seed), RATE)
    assert sound.shape == (20_000,)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert 0.009 < np.abs(sound).max() <= 1


def test_random_sounds_are_diverse():
    """Levels span 30 dB and spectral centroids more than a factor of five."""
    sounds = [random_non_cardiac(2.0, np.random.default_rng(seed), RATE) for seed in range(80)]
    peaks = [np.abs(sound).max() for sound in sounds]
    assert 20 * np.log10(max(peaks) / min(peaks)) > 30
    hz = np.fft.rfftfreq(8000, 1 / RATE)
    power = [np.abs(np.fft.rfft(sound)) ** 2 for sound in sounds]
    centres = [(hz * p).sum() / p.sum() for p in power]
    assert np.percentile(centres, 95) > 5 * np.percentile(centres, 5)


def test_random_sounds_are_reproducible():
    """A sound depends on the generator's state and nothing else."""
    first, again = (random_non_cardiac(2.0, np.random.default_rng(9), RATE) for _ in range(2))
    assert np.array_equal(first, again)

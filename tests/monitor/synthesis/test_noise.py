"""Shaped noise has the given spectrum, level and length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.synthesis.noise import (
    bandpass_gain,
    bandpass_response,
    bell_curve,
    checked_num_samples,
    db_to_amplitude,
    equalize,
    fast_length,
    frequencies,
    shaped_noise,
)

RATE = 4000


def band_power(waveform, low_hz, high_hz, sample_rate=RATE):
    """Return the fraction of a sound's power that is in a band."""
    power = np.abs(np.fft.rfft(waveform)) ** 2
    hz = np.fft.rfftfreq(len(waveform), 1 / sample_rate)
    return power[(hz >= low_hz) & (hz < high_hz)].sum() / power.sum()


def test_decibels_are_amplitude_ratios():
    """20 dB is ten times the amplitude and -6 dB about half."""
    assert db_to_amplitude(20.0) == pytest.approx(10.0)
    assert db_to_amplitude(-6.0206) == pytest.approx(0.5, abs=1e-4)


@given(st.integers(1, 2_000_000))
def test_fast_length_is_slightly_longer(samples):
    """The padded length is at least that of the sound, and at most a tenth longer when the sound is long."""
    size = fast_length(samples)
    assert samples <= size <= samples + max(1, samples // 10)


def test_frequencies_start_above_zero():
    """The grid is positive, rising and ends at half the rate."""
    grid = frequencies(20_000, RATE)
    assert grid[0] > 0
    assert np.all(np.diff(grid) > 0)
    assert grid[-1] == pytest.approx(RATE / 2)


def test_bell_curve():
    """Half a width above and below the centre the gain is exp(-1/2)."""
    grid = np.array([100.0, 200.0, 400.0], np.float32)
    assert bell_curve(grid, 200.0, 2.0) == pytest.approx([np.exp(-0.5), 1.0, np.exp(-0.5)], abs=1e-5)


def test_band_pass_has_half_power_at_its_edges():
    """Each edge is 3 dB down; the middle passes; slopes are 12 dB per octave."""
    grid = np.array([5.0, 10.0, 100.0, 1000.0, 2000.0], np.float32)
    low2, low, middle, high, high2 = bandpass_gain(grid, 10.0, 1000.0)
    assert low == pytest.approx(np.sqrt(0.5), rel=1e-2)
    assert high == pytest.approx(np.sqrt(0.5), rel=1e-2)
    assert middle == pytest.approx(1.0, abs=1e-3)
    assert low2 == pytest.approx(0.243, abs=0.01)
    assert high2 == pytest.approx(0.243, abs=0.01)


@pytest.mark.parametrize("samples", [1, 2, 999, 20_000, 22_801])
def test_shaped_noise_has_the_given_length(samples):
    """Any length, one sample included, gives that many finite float32 samples."""
    noise = shaped_noise(np.ones_like(frequencies(samples, RATE)), samples, np.random.default_rng(0))
    assert noise.shape == (samples,)
    assert noise.dtype == np.float32
    assert np.isfinite(noise).all()


def test_shaped_noise_has_a_root_mean_square_of_one():
    """By default the scale of the shape does not matter."""
    grid = frequencies(40_000, RATE)
    for scale in (1e-3, 1.0, 50.0):
        noise = shaped_noise(scale * bandpass_gain(grid, 50.0, 500.0), 40_000, np.random.default_rng(1))
        assert np.sqrt(np.mean(noise**2)) == pytest.approx(1.0, rel=0.05)


def test_unnormalized_noise_has_the_level_of_its_shape():
    """A flat shape of 0.1 gives noise with a root mean square of 0.1."""
    shape = np.full_like(frequencies(40_000, RATE), 0.1)
    noise = shaped_noise(shape, 40_000, np.random.default_rng(1), normalize=False)
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(0.1, rel=0.05)


def test_shaped_noise_is_in_its_band():
    """Noise of a band has nearly all its power there, and no offset."""
    grid = frequencies(20_000, RATE)
    noise = shaped_noise(bell_curve(grid, 200.0, 1.0), 20_000, np.random.default_rng(2))
    assert band_power(noise, 80.0, 500.0) > 0.97
    assert abs(noise.mean()) < 1e-2


def test_a_single_bin_is_a_steady_tone():
    """A shape of one bin gives a sine at that frequency."""
    grid = frequencies(20_480, RATE)
    shape = np.zeros_like(grid)
    shape[1024] = 1.0
    noise = shaped_noise(shape, 20_480, np.random.default_rng(3))
    assert band_power(noise, grid[1023], grid[1025]) > 0.99


def test_equalize_with_ones_changes_nothing():
    """A flat gain returns the sound."""
    waveform = np.random.default_rng(4).standard_normal(12_345).astype(np.float32)
    assert equalize(waveform, np.ones_like(frequencies(12_345, RATE))) == pytest.approx(waveform, abs=1e-5)


def test_equalize_is_zero_phase():
    """A high-pass removes a low tone and leaves a high one, without delay."""
    time_s = np.arange(20_480) / RATE
    low = np.sin(2 * np.pi * 20 * time_s).astype(np.float32)
    high = np.sin(2 * np.pi * 400 * time_s).astype(np.float32)
    filtered = equalize(low + high, bandpass_gain(frequencies(20_480, RATE), 100.0, 1e6, order=4))
    assert filtered[1000:-1000] == pytest.approx(high[1000:-1000], abs=0.02)


def test_bandpass_response_is_causal():
    """Its magnitude is that of the zero-phase band-pass, and nothing precedes an impulse."""
    grid = frequencies(8192, RATE)
    response = bandpass_response(grid, 20.0, 600.0)
    assert np.abs(response) == pytest.approx(bandpass_gain(grid, 20.0, 600.0), abs=1e-4)
    impulse = np.zeros(8192, np.float32)
    impulse[4096] = 1.0
    filtered = equalize(impulse, response)
    assert np.abs(filtered[2000:4080]).max() < 0.01 * np.abs(filtered).max()


@settings(max_examples=30)
@given(st.floats(0.001, 30.0), st.sampled_from([1000, 4000, 44_100, 192_000]))
def test_the_number_of_samples(duration_s, sample_rate):
    """A duration in range gives its rounded number of samples."""
    assert checked_num_samples(duration_s, sample_rate) == round(duration_s * sample_rate)


@pytest.mark.parametrize("duration_s", [0.0, -1.0, 1e-9, 3601.0, float("nan"), float("inf")])
def test_durations_out_of_range_are_refused(duration_s):
    """A sound cannot be empty, endless or of unknown length."""
    with pytest.raises(ValueError, match=r"^duration_s=.* must be"):
        checked_num_samples(duration_s, RATE)


@pytest.mark.parametrize("sample_rate", [0, -4000, 999, 192_001])
def test_rates_out_of_range_are_refused(sample_rate):
    """A rate outside 1000 to 192000 Hz is refused by name."""
    with pytest.raises(ValueError, match=rf"^sample_rate={sample_rate} must be"):
        checked_num_samples(1.0, sample_rate)

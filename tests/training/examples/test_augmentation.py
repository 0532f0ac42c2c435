"""Augmentation changes what a stethoscope could change, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.features.image import FrameWindow, ImageBuilder
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from training.examples.augmentation import add_noise, cut_bass, mask_bands, random_cut, random_equalize


def frames_of(waveform: NDArray[np.float32]) -> FrameWindow:
    """Return the frames of one window."""
    stream = StreamingSpectrogram(HEART)
    stream.push(waveform[: HEART.window_samples])
    return stream.window(0)


@pytest.fixture
def heart(heart_waveform: NDArray[np.float32]) -> FrameWindow:
    """Return the frames of a synthetic heart recording."""
    return frames_of(heart_waveform)


def test_random_equalize_is_a_fixed_filter(heart: FrameWindow) -> None:
    """Every frame is changed by the same curve over frequency; the bands and the argument stay."""
    before = heart.log_power.copy()
    equalized = random_equalize(heart, np.random.default_rng(0))
    change = equalized.log_power - heart.log_power
    np.testing.assert_allclose(change, np.broadcast_to(change[0], change.shape), atol=1e-4)
    assert np.ptp(change[0]) > 0.1
    np.testing.assert_array_equal(heart.log_power, before)
    assert all(new is old for new, old in zip(equalized[1:], heart[1:], strict=True))
    assert equalized.log_power.dtype == np.float32


def test_random_equalize_has_the_given_strength(heart: FrameWindow) -> None:
    """Over many random responses, the curve deviates by a few dB; without strength it does not at all."""
    rng = np.random.default_rng(1)
    curves = [(random_equalize(heart, rng).log_power - heart.log_power)[0] * 10 / np.log(10) for _ in range(200)]
    assert 2.0 < np.std(curves) < 6.0
    np.testing.assert_array_equal(random_equalize(heart, rng, strength_db=0.0).log_power, heart.log_power)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_noise_has_the_given_snr(heart: FrameWindow, snr_db: float, signals: Any) -> None:
    """The power added is the sound's mean power less the ratio."""
    noisy = add_noise(heart, frames_of(signals.noise(20_000)), snr_db)
    sound, added = np.exp(heart.log_power).mean(), (np.exp(noisy.log_power) - np.exp(heart.log_power)).mean()
    assert 10 * np.log10(sound / added) == pytest.approx(snr_db, abs=0.1)


def test_noise_equals_mixing_waveforms_on_average(
    heart: FrameWindow, heart_waveform: NDArray[np.float32], signals: Any
) -> None:
    """Powers added are, on average, the powers of the waveforms added: within a dB in every band."""
    level = 0.003
    mixed = frames_of(heart_waveform + signals.noise(len(heart_waveform), level=level))
    noise = frames_of(signals.noise(20_000, level=level))
    ratio = np.exp(heart.log_power).mean() / np.exp(noise.log_power).mean()
    noisy = add_noise(heart, noise, float(10 * np.log10(ratio)))
    for ours, real in zip(noisy[2:], mixed[2:], strict=True):
        assert abs(10 * np.log10(ours.mean() / real.mean())) < 1.0
    assert abs(np.exp(noisy.envelope).mean() / np.exp(mixed.envelope).mean() - 1) < 0.2


def test_silence_as_noise_changes_nothing(heart: FrameWindow, signals: Any) -> None:
    """Digital silence has no power to add, whatever the ratio; nothing becomes NaN."""
    same = add_noise(heart, frames_of(signals.silence(20_000)), 5.0)
    assert all(np.isfinite(part).all() for part in same)
    silent = add_noise(frames_of(signals.silence(20_000)), heart, 5.0)
    assert all(np.isfinite(part).all() for part in silent)
    assert np.isfinite(ImageBuilder(HEART.num_frames).build(silent)).all()


def test_bands_are_masked_in_the_spectrum_alone() -> None:
    """Some rows and columns of the first two channels become 0, the mean level; the rhythm channel stays."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        image = np.ones((64, 64, 3), np.float32)
        mask_bands(image, rng)
        masked = image[:, :, 0] == 0
        np.testing.assert_array_equal(masked, image[:, :, 1] == 0)
        assert (image[:, :, 2] == 1).all()
        rows, columns = masked.all(axis=1), masked.all(axis=0)
        np.testing.assert_array_equal(masked, rows[:, None] | columns[None, :])
        for band in (rows, columns):
            assert band.sum() <= 8
            assert (np.diff(band.astype(int)) == 1).sum() <= 1


def test_bands_vary_and_reach_the_edges() -> None:
    """Over many images every row and every column is masked at some time, and some images stay whole."""
    rng = np.random.default_rng(4)
    seen, whole = np.zeros((64, 64), bool), 0
    for _ in range(600):
        image = np.ones((64, 64, 3), np.float32)
        mask_bands(image, rng)
        seen |= image[:, :, 0] == 0
        whole += bool(image.all())
    assert seen.all()
    assert whole


@pytest.mark.parametrize("seed", [0, 1])
def test_equal_seeds_give_equal_responses(heart: FrameWindow, seed: int) -> None:
    """The same seed gives the same frequency response."""
    first, second = (random_equalize(heart, np.random.default_rng(seed)).log_power for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_cut_bass_equals_a_filter_of_the_waveform(heart: FrameWindow, heart_waveform: NDArray[np.float32]) -> None:
    """The frames are those of a waveform through a high-pass filter, spectrum and envelope."""
    waveform = heart_waveform[: HEART.window_samples]
    hertz = np.fft.rfftfreq(len(waveform), 1 / HEART.sample_rate)
    gain = 1 / np.sqrt(1 + (100.0 / np.maximum(hertz, 1e-9)) ** 2)
    filtered = np.fft.irfft(np.fft.rfft(waveform) * gain, len(waveform)).astype(np.float32)
    cut, expected = cut_bass(heart, 100.0, order=1), frames_of(filtered)
    loud = heart.log_power > heart.log_power.max() - np.log(1e4)  # elsewhere a frame leaks into its neighbours
    assert np.median(np.abs(cut.log_power - expected.log_power)[loud]) < 0.3
    assert np.corrcoef(cut.envelope, expected.envelope)[0, 1] > 0.98
    assert np.median(np.abs(cut.envelope - expected.envelope)) < 0.3


def test_random_cut_takes_low_frequencies_alone(heart: FrameWindow) -> None:
    """What is left falls towards low frequencies in every frame alike; silence stays finite."""
    change = random_cut(heart, np.random.default_rng(0)).log_power - heart.log_power
    np.testing.assert_allclose(change, np.broadcast_to(change[0], change.shape), atol=1e-4)
    assert (np.diff(change[0]) > 0).all()
    assert change[0, 0] < -0.5
    assert change[0, -1] == pytest.approx(0.0, abs=0.2)
    silence = FrameWindow(np.full((198, 64), -60.0, np.float32), *np.full((3, 198), -60.0, np.float32))
    assert np.isfinite(random_cut(silence, np.random.default_rng(1)).envelope).all()

"""Augmentation changes what a stethoscope could change, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.features.image import FrameWindow, ImageBuilder
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from training.examples.augmentation import add_noise, hide_bands, recolour


def frames_of(waveform: NDArray[np.float32]) -> FrameWindow:
    """Return the frames of one window."""
    stream = StreamingSpectrogram(HEART)
    stream.push(waveform[: HEART.window_samples])
    return stream.window(0)


@pytest.fixture
def heart(heart_waveform: NDArray[np.float32]) -> FrameWindow:
    """Return the frames of a made heart."""
    return frames_of(heart_waveform)


def test_recolour_is_a_fixed_filter(heart: FrameWindow) -> None:
    """Every frame is changed by the same curve over frequency; the bands and the argument are left alone."""
    before = heart.log_power.copy()
    coloured = recolour(heart, np.random.default_rng(0))
    change = coloured.log_power - heart.log_power
    np.testing.assert_allclose(change, np.broadcast_to(change[0], change.shape), atol=1e-4)
    assert np.ptp(change[0]) > 0.1
    np.testing.assert_array_equal(heart.log_power, before)
    assert all(new is old for new, old in zip(coloured[1:], heart[1:], strict=True))
    assert coloured.log_power.dtype == np.float32


def test_recolour_has_the_strength_asked_for(heart: FrameWindow) -> None:
    """Over many draws, the curve deviates by a few dB; without strength it does not at all."""
    rng = np.random.default_rng(1)
    curves = [(recolour(heart, rng).log_power - heart.log_power)[0] * 10 / np.log(10) for _ in range(200)]
    assert 2.0 < np.std(curves) < 6.0
    np.testing.assert_array_equal(recolour(heart, rng, strength_db=0.0).log_power, heart.log_power)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_noise_comes_at_its_ratio(heart: FrameWindow, snr_db: float, signals: Any) -> None:
    """The power added is the sound's mean power less the ratio asked for."""
    noisy = add_noise(heart, frames_of(signals.noise(20_000)), snr_db)
    sound, added = np.exp(heart.log_power).mean(), (np.exp(noisy.log_power) - np.exp(heart.log_power)).mean()
    assert 10 * np.log10(sound / added) == pytest.approx(snr_db, abs=0.1)


def test_noise_is_as_in_a_mixture(heart: FrameWindow, heart_waveform: NDArray[np.float32], signals: Any) -> None:
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
    assert np.isfinite(ImageBuilder(HEART.num_frames).draw(silent)).all()


def test_bands_are_hidden_in_the_spectrum_alone() -> None:
    """Some rows and columns of the first two channels become 0, the mean level; the rhythm is left alone."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        tensor = np.ones((64, 64, 3), np.float32)
        hide_bands(tensor, rng)
        hidden = tensor[:, :, 0] == 0
        np.testing.assert_array_equal(hidden, tensor[:, :, 1] == 0)
        assert (tensor[:, :, 2] == 1).all()
        rows, columns = hidden.all(axis=1), hidden.all(axis=0)
        np.testing.assert_array_equal(hidden, rows[:, None] | columns[None, :])
        for band in (rows, columns):
            assert band.sum() <= 8
            assert (np.diff(band.astype(int)) == 1).sum() <= 1


def test_bands_vary_and_reach_the_edges() -> None:
    """Over many draws every row and every column is hidden at some time, and some pictures are left whole."""
    rng = np.random.default_rng(4)
    seen, whole = np.zeros((64, 64), bool), 0
    for _ in range(600):
        tensor = np.ones((64, 64, 3), np.float32)
        hide_bands(tensor, rng)
        seen |= tensor[:, :, 0] == 0
        whole += bool(tensor.all())
    assert seen.all()
    assert whole


@pytest.mark.parametrize("seed", [0, 1])
def test_the_generator_repeats_it(heart: FrameWindow, seed: int) -> None:
    """The same generator state gives the same change."""
    first, second = (recolour(heart, np.random.default_rng(seed)).log_power for _ in range(2))
    np.testing.assert_array_equal(first, second)

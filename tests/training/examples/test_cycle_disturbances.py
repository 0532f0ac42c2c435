"""Other devices and noise: within their limits, from the seed, and never less than the sound."""

from __future__ import annotations

import numpy as np
import pytest

from training.examples.cycle_disturbances import (
    another_device,
    coloured_noise,
    noise_alone,
    noise_like,
    recorded_noise,
    with_noise,
)

SOUND = np.random.default_rng(1).normal(-9, 1, (200, 12)).astype(np.float32)


def test_devices_differ_and_follow_the_seed() -> None:
    """Some cut off low sounds and some high ones; those that cut off neither stay within 10 dB."""
    shapes = [another_device(np.random.default_rng(seed)) * 10 / np.log(10) for seed in range(200)]
    assert np.array_equal(another_device(np.random.default_rng(3)), another_device(np.random.default_rng(3)))
    assert np.max(shapes) <= 10
    uncut = [shape for shape in shapes if shape.min() >= -10]
    low, high = (sum(shape[end] < -10 for shape in shapes) for end in (0, -1))
    assert min(len(uncut), low, high) > 10


def test_noise_has_its_level_and_no_beat() -> None:
    """Coloured noise has the power of its colour in every stretch."""
    noise = coloured_noise(np.random.default_rng(0), 4000)
    power = np.log(np.exp(noise).reshape(4, 1000, 12).mean(axis=1))
    assert np.abs(power - power.mean(axis=0)).max() < 0.2


def test_noise_may_take_the_colour_of_the_sound() -> None:
    """In about half of the cases, so at its level."""
    near = [noise_like(SOUND, np.random.default_rng(seed)).mean() < -4 for seed in range(100)]
    assert 30 < sum(near) < 70


@pytest.mark.parametrize("snr_db", [-2.0, 10.0, 25.0])
def test_noise_is_added_at_its_ratio(snr_db: float) -> None:
    """The mean power grows by that of the noise, and no frame becomes fainter."""
    noisy = with_noise(SOUND, coloured_noise(np.random.default_rng(0), 200), snr_db)
    grown = np.exp(noisy).mean() / np.exp(SOUND).mean()
    assert grown == pytest.approx(1 + 10 ** (-snr_db / 10), rel=1e-4)
    assert (noisy >= SOUND - 1e-6).all()
    assert noisy.dtype == np.float32


def test_a_short_recording_is_played_back_and_forth() -> None:
    """It gives as many frames as are asked for."""
    part = recorded_noise([SOUND[:50]], np.random.default_rng(0), 120)
    assert np.array_equal(part[:50], SOUND[:50])
    assert np.array_equal(part[50:100], SOUND[:50][::-1])
    assert len(part) == 120


def test_noise_alone_needs_no_recording() -> None:
    """With recordings some of it is recorded."""
    for recordings in ((), (SOUND,)):
        noise = noise_alone(recordings, np.random.default_rng(0), 64)
        assert noise.shape == (64, 12)
        assert np.isfinite(noise).all()

"""A known sound that comes back: late, between the samples, at another rate, fainter, noisy, turned over, or not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.commands.setup.doctor.heart import heart_sound
from monitor.commands.setup.doctor.loop_measurement import measured, sent_sound


@pytest.fixture(scope="module", params=[4000, 8000])
def sent(request):
    """Return the sound that is played."""
    heart = heart_sound()
    return sent_sound(heart.waveform, heart.sample_rate, request.param)


def back(sent, *, late=333, ppm=0.0, gain=1.0, noise=0.0):
    """Return what is captured of a sound: read at other places by its Fourier series, so that nothing is added."""
    padded = np.concatenate((sent.waveform, np.zeros(len(sent.waveform) // 50)))
    places = (np.arange(len(padded)) - late) / (1.0 + ppm * 1e-6)
    near = np.arange(-64, 64)
    whole = np.floor(places).astype(int)
    values = np.zeros(len(padded))
    for offset in near:
        index = whole + offset
        held = (index >= 0) & (index < len(padded))
        distance = places - index
        values[held] += (padded[index[held]] * np.sinc(distance[held])) * np.cos(np.pi * distance[held] / 130) ** 2
    return (gain * values + np.random.default_rng(3).normal(0, noise, len(values))).astype(np.float32)


def test_the_sound_is_made_for_sixteen_bits(sent):
    """Every sample is one of a device of 16 bits, none is clipped, and silence is first."""
    steps = sent.waveform * 32_768
    np.testing.assert_array_equal(steps, np.rint(steps))
    assert np.abs(sent.waveform).max() == pytest.approx(0.5, abs=0.01)
    assert not sent.waveform[: 2 * sent.sample_rate].any()


def test_every_sample_comes_back(sent):
    """Bit-exact, at a whole sample, at the same rate."""
    loop = measured(sent, np.concatenate((np.zeros(777, np.float32), sent.waveform)))
    assert (loop.exact, loop.snr_db, loop.rate_error_ppm) == (True, math.inf, 0.0)
    assert loop.first_sample == sent.sweeps[0] + 777
    assert loop.gain_db == pytest.approx(0.0)
    np.testing.assert_array_equal(loop.heart, sent.waveform[slice(*sent.heart)])


def test_one_sample_that_differs_is_seen(sent):
    """It is not bit-exact any more."""
    captured = np.concatenate((np.zeros(777, np.float32), sent.waveform))
    captured[777 + sent.heart[0] + 5000] += 1 / 32_768
    loop = measured(sent, captured)
    assert not loop.exact
    assert 80.0 < loop.snr_db < math.inf


@pytest.mark.parametrize("ppm", [0.0, 50.0, -80.0, 500.0])
def test_delay_and_rate_are_found_between_the_samples(sent, ppm):
    """To a hundredth of a sample and a tenth of a millionth; what is left is not taken for noise."""
    loop = measured(sent, back(sent, late=333.3, ppm=ppm, gain=0.5))
    assert loop.rate_error_ppm == pytest.approx(ppm, abs=0.1)
    assert loop.first_sample == pytest.approx(333.3 + sent.sweeps[0] * (1 + ppm * 1e-6), abs=0.01)
    assert loop.gain_db == pytest.approx(-6.02, abs=0.02)
    assert loop.snr_db > 45.0


@pytest.mark.parametrize("noise", [1e-2, 1e-3])
def test_noise_is_measured(sent, noise):
    """As the ratio of the powers, whichever way up the sound is."""
    loop = measured(sent, back(sent, gain=-0.5, noise=noise))
    heart = sent.waveform[slice(*sent.heart)]
    wanted = 10 * math.log10(0.25 * np.mean(np.square(heart, dtype=float)) / noise**2)
    assert loop.snr_db == pytest.approx(wanted, abs=0.3)


@pytest.mark.parametrize("captured", ["nothing", "silence", "noise", "cut off"])
def test_what_does_not_come_back(sent, captured):
    """Neither silence, nor noise, nor a part of it is taken for the sound."""
    size = len(sent.waveform)
    sounds = {
        "nothing": np.zeros(0, np.float32),
        "silence": np.zeros(size, np.float32),
        "noise": np.random.default_rng(1).normal(0, 0.1, size).astype(np.float32),
        "cut off": np.concatenate((sent.waveform[: size // 2], np.zeros(size // 2, np.float32))),
    }
    assert measured(sent, sounds[captured]) is None

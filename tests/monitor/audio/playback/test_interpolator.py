"""The resampler for the ear: exact in the band, short, and the same for any blocks."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.playback.interpolator import Interpolator

PAIRS = [(4000, 48_000), (4000, 44_100), (44_100, 48_000), (48_000, 44_100), (8000, 8000), (96_000, 48_000)]


@pytest.mark.parametrize(("input_rate", "output_rate"), PAIRS)
@pytest.mark.parametrize("hz", [30, 200, 1000])
def test_a_tone_stays_where_it_is(input_rate, output_rate, hz):
    """Output sample n is the sound at the time n / rate, within -70 dB."""
    sound = np.sin(2 * np.pi * hz * np.arange(input_rate) / input_rate)
    out = Interpolator(input_rate, output_rate).push(sound)
    expected = np.sin(2 * np.pi * hz * np.arange(len(out)) / output_rate)
    middle = slice(output_rate // 4, None)
    assert np.abs(out[middle] - expected[middle]).max() < 10 ** (-70 / 20)


@pytest.mark.parametrize(("input_rate", "output_rate"), PAIRS)
def test_blocks_of_any_size(input_rate, output_rate):
    """However the sound is cut, the result is that of the whole, bit for bit but for the order of sums."""
    noise = np.random.default_rng(4).standard_normal(2000)
    cut = Interpolator(input_rate, output_rate)
    parts = np.concatenate([cut.push(part) for part in np.split(noise, [1, 2, 40, 41, 700, 1999])])
    whole = Interpolator(input_rate, output_rate).push(noise)
    assert len(parts) == len(whole)
    assert np.abs(parts - whole).max() < 1e-12


@pytest.mark.parametrize(("input_rate", "output_rate"), PAIRS)
def test_the_delay_is_what_it_says(input_rate, output_rate):
    """What is held back lasts as long as `delay_s`, within a sample of each rate."""
    resampler = Interpolator(input_rate, output_rate)
    given_s = len(resampler.push(np.zeros(input_rate))) / output_rate
    assert 1.0 - given_s == pytest.approx(resampler.delay_s, abs=1 / output_rate + 1 / input_rate)
    assert resampler.delay_s <= 0.004


def test_images_are_down():
    """A tone of 900 Hz at 4 kHz leaves nothing at its image of 3100 Hz: 60 dB down."""
    out = Interpolator(4000, 48_000).push(np.sin(2 * np.pi * 900 * np.arange(8000) / 4000))[24_000:72_000]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    assert spectrum[3100] < spectrum[900] * 1e-3


def test_aliases_are_down():
    """A tone above the new Nyquist frequency is 55 dB down."""
    out = Interpolator(48_000, 8000).push(np.sin(2 * np.pi * 4400 * np.arange(48_000) / 48_000))
    assert np.abs(out[1000:]).max() < 10 ** (-55 / 20)


def test_rates_must_be_positive():
    """The error names them."""
    with pytest.raises(ValueError, match="must be positive"):
        Interpolator(0, 48_000)

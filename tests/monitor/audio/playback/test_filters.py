"""Recursive filters in blocks: exact, whatever the blocks, with the response of the textbook."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.playback.filters import BlockFilter, Section, butterworth

RATE = 4000


def plainly(sections, waveform):
    """Filter sample by sample, straight from the difference equation."""
    for b0, b1, b2, a1, a2 in sections:
        output = np.zeros(len(waveform))
        for n in range(len(waveform)):
            past = [(waveform[n - k], output[n - k]) if n >= k else (0.0, 0.0) for k in (1, 2)]
            output[n] = b0 * waveform[n] + b1 * past[0][0] + b2 * past[1][0] - a1 * past[0][1] - a2 * past[1][1]
        waveform = output
    return waveform


def gain_db(sections, hz, sample_rate=RATE):
    """Return the gain at a frequency, from the transfer function."""
    z = np.exp(-2j * np.pi * hz / sample_rate)
    response = np.prod([(b0 + b1 * z + b2 * z**2) / (1 + a1 * z + a2 * z**2) for b0, b1, b2, a1, a2 in sections])
    return 20 * np.log10(abs(response))


BAND = butterworth(20, RATE, high_pass=True) + butterworth(200, RATE, high_pass=False)


def test_it_is_the_difference_equation():
    """A cascade gives what its difference equations give, to rounding."""
    noise = np.random.default_rng(0).standard_normal(300)
    assert np.abs(BlockFilter(BAND).push(noise) - plainly(BAND, noise)).max() < 1e-10


@pytest.mark.parametrize("sizes", [[1] * 300, [64, 64, 172], [63, 65, 1, 171], [300], [0, 299, 1]])
def test_blocks_of_any_size(sizes):
    """However the sound is cut, the result is that of the whole."""
    noise = np.random.default_rng(1).standard_normal(300)
    cut = BlockFilter(BAND)
    parts = [cut.push(part) for part in np.split(noise, np.cumsum(sizes)[:-1])]
    assert np.abs(np.concatenate(parts) - BlockFilter(BAND).push(noise)).max() < 1e-12


@pytest.mark.parametrize("order", [2, 4, 8])
@pytest.mark.parametrize("high_pass", [True, False])
def test_butterworth_is_that_of_the_textbook(order, high_pass):
    """The gain is 1 / (1 + (f / edge)^2n), with frequencies warped by the bilinear transform."""
    sections = butterworth(100, RATE, high_pass=high_pass, order=order)
    for hz in (10, 50, 100, 200, 700, 1500):
        ratio = np.tan(np.pi * hz / RATE) / np.tan(np.pi * 100 / RATE)
        ratio = 1 / ratio if high_pass else ratio
        assert gain_db(sections, hz) == pytest.approx(-10 * np.log10(1 + ratio ** (2 * order)), abs=1e-6)


def test_a_sound_without_sections_passes():
    """No section changes nothing."""
    assert np.array_equal(BlockFilter(()).push(np.array([0.25, -0.5])), [0.25, -0.5])


def test_it_stays_stable():
    """After ten minutes of silence behind a knock nothing is left, and nothing has grown."""
    quiet = BlockFilter([*BAND, Section(1.0, 0.0, 0.0, 0.0, 0.0)])
    quiet.push(np.ones(1))
    assert np.abs(quiet.push(np.zeros(RATE * 600))[-RATE:]).max() < 1e-12


@pytest.mark.parametrize(("edge", "order"), [(0, 4), (2000, 4), (100, 3), (100, 0)])
def test_impossible_filters_are_refused(edge, order):
    """The error names the parameter."""
    with pytest.raises(ValueError, match=r"edge_hz=|order="):
        butterworth(edge, RATE, high_pass=True, order=order)

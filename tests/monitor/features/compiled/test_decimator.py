"""Decimation in C: flat, sharp, in the phase of soxr, and the same samples however the sound is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.compiled.decimator import (
    NUM_SECTIONS,
    TRANSITION,
    DecimationKernel,
    decimation_kernel,
    half_band_coefficients,
)
from monitor.features.compiled.library import library, without_library
from monitor.features.resample import StreamingResampler, resampled

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")

RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
POWERS_OF_TWO = (8000, 16_000, 32_000)
"""Rates from which soxr begins half a sample of 8 kHz earlier."""
TO = 4000


def kernel(rate: int, to: int = TO) -> DecimationKernel:
    """Return the kernel between two rates for which there is one."""
    found = decimation_kernel(rate, to)
    assert found is not None
    return found


def noise(samples: int, seed: int = 0) -> NDArray[np.float32]:
    """Return white noise."""
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def half_band(hz: NDArray[np.float64], rate: int = 2 * TO) -> NDArray[np.complex128]:
    """Return the response of the half-band filter, from the coefficients."""
    delay = np.exp(-2j * np.pi * hz / rate)
    chains = [np.ones_like(delay), delay]
    for index, coefficient in enumerate(half_band_coefficients(NUM_SECTIONS, TRANSITION)):
        chains[index % 2] = chains[index % 2] * (coefficient + delay**2) / (1 + coefficient * delay**2)
    return 0.5 * (chains[0] + chains[1])


def response(rate: int) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Return frequencies and the response there, at the input rate, of clicks at each phase of an output sample."""
    ratio = rate // TO
    clicks = np.zeros((ratio, rate), np.float32)
    middle = rate // 2 // ratio * ratio
    found = np.zeros(rate)
    for phase in range(ratio):
        clicks[phase, middle - phase] = 1.0
        found[phase::ratio] = resampled(clicks[phase], rate, TO)
    return np.fft.rfftfreq(rate, 1 / rate), np.fft.rfft(np.roll(found, -middle))


def test_the_half_band_filter() -> None:
    """Its halves complement one another in power; it passes all below the transition and stops 120 dB above it."""
    coefficients = half_band_coefficients(NUM_SECTIONS, TRANSITION)
    assert (np.diff(coefficients) > 0).all()
    assert 0 < coefficients[0] < coefficients[-1] < 1
    hz = np.linspace(0.0, 4000.0, 8001)
    power = np.abs(half_band(hz)) ** 2
    np.testing.assert_allclose(power + power[::-1], 1.0, atol=1e-12)
    edge = 2000 * (1 - 2 * TRANSITION)
    np.testing.assert_allclose(power[hz < edge], 1.0, atol=1e-12)
    assert power[hz > 4000 - edge].max() < 1e-12


@pytest.mark.parametrize("rate", [8000, 12_000, 16_000, 48_000, 96_000])
def test_frequency_response(rate: int) -> None:
    """It passes to the edge within 1e-5 and in the phase of the half-band filter, and all above is 105 dB down."""
    hz, found = response(rate)
    passed = hz < 1960
    np.testing.assert_allclose(np.abs(found[passed]), 1.0, atol=1e-5)
    # an output sample is made of two, of which the later one is a sample of 8 kHz late, and half a one more
    late_s = (1.0 if rate in POWERS_OF_TWO else 1.5) / (2 * TO)
    expected = half_band(hz[passed]) * np.exp(2j * np.pi * hz[passed] * late_s)
    assert np.abs(np.angle(found[passed] / expected)).max() < 1e-5
    assert 20 * np.log10(np.abs(found[hz > 2040]).max(initial=1e-9)) < -105


@pytest.mark.parametrize("rate", RATES)
def test_the_sound_of_soxr(rate: int) -> None:
    """Noise differs from that of soxr by 2e-4 of its power's root: by the ripple of soxr, once that has begun."""
    waveform = noise(2 * rate)
    expected = resampled(waveform, rate, TO, compiled=False)
    found = resampled(waveform, rate, TO)
    assert len(found) == len(expected)
    settled = slice(400, -400)
    assert (found - expected)[settled].std() < 2e-4 * expected.std()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [20.0, 400.0, 1000.0, 1800.0])
def test_a_tone_has_level_and_phase_of_soxr(rate: int, hz: float) -> None:
    """Within 4e-4 of its amplitude, which soxr's own ripple and level leave."""
    waveform = (0.5 * np.sin(2 * np.pi * hz / rate * np.arange(2 * rate))).astype(np.float32)
    difference = resampled(waveform, rate, TO) - resampled(waveform, rate, TO, compiled=False)
    assert np.abs(difference[1000:-1000]).max() < 4e-4 * 0.5


@pytest.mark.parametrize("rate", [11_025, 22_050, 44_100, 48_000, 192_000])
def test_aliases_are_removed(rate: int) -> None:
    """Of noise from 2.1 kHz upwards, 100 dB less is left."""
    spectrum = np.fft.rfft(noise(4 * rate).astype(np.float64))
    spectrum[np.fft.rfftfreq(4 * rate, 1 / rate) < 2100] = 0
    waveform = np.fft.irfft(spectrum, 4 * rate)
    left = resampled(waveform.astype(np.float32), rate, TO)[1000:-1000]
    assert left.std() < 1e-5 * waveform.std()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RATES), st.lists(st.integers(0, 6000), max_size=12), st.integers(0, 30_000))
def test_any_cutting_gives_the_same_samples(rate: int, blocks: list[int], samples: int) -> None:
    """Cut anyhow, into empty blocks too, the samples are those of the whole to the last bit."""
    waveform = noise(samples, seed=samples)
    stream = StreamingResampler(rate, TO, start_at_zero=True)
    parts = [stream.push(part) for part in np.split(waveform, np.minimum(np.cumsum(blocks, dtype=int), samples))]
    parts.append(stream.push(waveform[:0], last=True))
    whole = resampled(waveform, rate, TO, start_at_zero=True)
    assert len(whole) == samples * TO // rate
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("rate", RATES)
def test_delay(rate: int) -> None:
    """Sound is in the output 4.5 ms later, and in tiny blocks too: no sample waits for the end of a block."""
    stream = kernel(rate)
    block = max(1, rate // 2000)
    num_output = 0
    for num_input in range(block, rate // 2, block):
        num_output += len(stream.push(noise(block), 0.0))
        assert num_input / rate - num_output / TO < 0.0045


@pytest.mark.parametrize("rate", [11_025, 48_000])
def test_the_end_is_that_of_sound_followed_by_silence(rate: int) -> None:
    """The last samples are there, and are those that silence afterwards would give."""
    waveform = noise(rate)
    longer = np.concatenate((waveform, np.zeros(rate, np.float32)))
    np.testing.assert_array_equal(resampled(waveform, rate, TO), resampled(longer, rate, TO)[:TO])


def test_silence() -> None:
    """Of silence comes silence; after sound it comes before any number is subnormal, which would be slow."""
    stream = kernel(48_000)
    assert not stream.push(np.zeros(48_000, np.float32), 0.0).any()
    stream.push(noise(48_000), 0.0)
    tail = np.concatenate([stream.push(np.zeros(48_000, np.float32), 0.0) for _ in range(6)])
    assert np.abs(tail[tail != 0]).min() > np.finfo(np.float32).tiny
    assert not tail[-TO:].any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_stays_as_with_soxr(bad: float) -> None:
    """From there on nothing is a number, for both filters are recursive; before it all is."""
    waveform = noise(48_000)
    waveform[24_000] = bad
    for compiled in (True, False):
        output = resampled(waveform, 48_000, TO, compiled=compiled)
        assert np.isfinite(output[:1900]).all()
        assert not np.isfinite(output[2000:]).any()


def test_other_output_rates() -> None:
    """To 1, 2 and 8 kHz it is as near to soxr as to 4 kHz."""
    for rate, to in ((44_100, 2000), (48_000, 8000), (16_000, 1000)):
        kernel(rate, to)
        waveform = noise(3 * rate)
        found, expected = resampled(waveform, rate, to), resampled(waveform, rate, to, compiled=False)
        assert (found - expected)[400:-400].std() < 2e-4 * expected.std()


@pytest.mark.parametrize(
    ("rate", "to"), [(4000, 4000), (4000, 48_000), (7999, 4000), (44_101, 4000), (8001, 4000), (192_000, 1000)]
)
def test_what_is_left_to_soxr(rate: int, to: int) -> None:
    """Rates that are near, higher, without a large divisor, or too far apart."""
    assert decimation_kernel(rate, to) is None
    assert len(resampled(noise(1000), rate, to)) == 1000 * to // rate


def test_where_it_is_not_used() -> None:
    """Without the library there is none, and a stream can be told to do without."""
    with without_library():
        assert decimation_kernel(48_000, TO) is None
        without = resampled(noise(9000), 48_000, TO)
    np.testing.assert_array_equal(resampled(noise(9000), 48_000, TO, compiled=False), without)


def test_any_memory_order() -> None:
    """A channel of a block, every other number in memory, is read as it is."""
    block = noise(20_000).reshape(-1, 2)
    channel = block[:, 1]
    np.testing.assert_array_equal(resampled(channel, 44_100, TO), resampled(channel.copy(), 44_100, TO))

"""Resampling in blocks: the same samples however the sound is cut, of the right length, level and pitch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.resample import StreamingResampler, resampled

pytestmark = pytest.mark.usefixtures("front_end")

RATES = (1000, 8000, 11_025, 22_050, 44_100, 48_000, 192_000)
TARGET_RATE = 4000
SETTLED = slice(1000, -1000)
"""Away from both ends, where a tone starts and stops."""
TO = st.sampled_from((TARGET_RATE, 22_050))


def in_blocks(waveform: NDArray[np.float32], rate: int, new_rate: int, blocks: list[int]) -> NDArray[np.float32]:
    """Return a waveform resampled in blocks of the given sizes, the last size repeated."""
    stream = StreamingResampler(rate, new_rate)
    parts, done = [], 0
    while done < len(waveform):
        parts.append(stream.push(waveform[done : done + blocks[0]]))
        done += blocks[0]
        blocks = blocks[1:] or blocks
    return np.concatenate([*parts, stream.push(waveform[:0], last=True)])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(RATES), TO, st.lists(st.integers(1, 5000), min_size=1, max_size=12), st.integers(1, 20_000))
def test_any_cutting_gives_the_same_samples(
    signals: Any, rate: int, new_rate: int, blocks: list[int], samples: int
) -> None:
    """In blocks of any size the samples are, bit for bit, those of the whole."""
    waveform = signals.noise(samples, seed=samples)
    blocks = [*blocks, max(blocks[-1], 20)]
    np.testing.assert_array_equal(in_blocks(waveform, rate, new_rate, blocks), resampled(waveform, rate, new_rate))


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_an_offset_begins_without_a_knock(rate: int) -> None:
    """A constant is 0 from the first sample to the last, where the filter alone rings; equal rates change nothing."""
    constant = np.full(rate, 0.3, np.float32)
    assert np.abs(resampled(constant, rate, TARGET_RATE)).max() > 0.3
    assert np.abs(resampled(constant, rate, TARGET_RATE, start_at_zero=True)).max() == 0.0
    same = StreamingResampler(4000, 4000, start_at_zero=True).push(np.full(9, 0.3, np.float32))
    np.testing.assert_array_equal(same, np.full(9, 0.3, np.float32))


def test_an_offset_in_blocks() -> None:
    """However it is cut, an empty first block included, the first sample is subtracted once."""
    waveform = np.random.default_rng(0).standard_normal(20_000).astype(np.float32) + np.float32(0.2)
    stream = StreamingResampler(8000, TARGET_RATE, start_at_zero=True)
    parts = [stream.push(waveform[:0]), stream.push(waveform[:7]), stream.push(waveform[7:], last=True)]
    np.testing.assert_array_equal(np.concatenate(parts), resampled(waveform, 8000, TARGET_RATE, start_at_zero=True))


@pytest.mark.parametrize("rate", RATES)
def test_sample_by_sample(rate: int, signals: Any) -> None:
    """Pushed one sample at a time, the samples are those of the whole."""
    waveform = signals.noise(3000)
    np.testing.assert_array_equal(in_blocks(waveform, rate, TARGET_RATE, [1]), resampled(waveform, rate, TARGET_RATE))


@given(st.integers(1000, 192_000), TO, st.integers(0, 4000))
@settings(max_examples=60, deadline=None)
def test_length(signals: Any, rate: int, new_rate: int, samples: int) -> None:
    """Every rate gives as many samples as its duration holds at the new rate."""
    assert len(resampled(signals.noise(samples), rate, new_rate)) == samples * new_rate // rate


@pytest.mark.parametrize("rate", RATES)
def test_delay_is_short_and_constant(rate: int, signals: Any) -> None:
    """The output is less than 70 ms behind (from 1000 Hz, a quarter second), constant within 2 ms."""
    stream = StreamingResampler(rate, TARGET_RATE)
    waveform = signals.noise(2 * rate)
    num_input = num_output = 0
    delays = []
    block = max(1, rate // 1000)
    for begin in range(0, len(waveform), block):
        num_output += len(stream.push(waveform[begin : begin + block]))
        num_input += block
        delays.append(num_input / rate - num_output / TARGET_RATE)
    settled = delays[len(delays) // 4 :]
    assert max(delays) < (0.25 if rate == 1000 else 0.070)
    assert max(settled) - min(settled) < 0.002


@pytest.mark.parametrize("rate", RATES)
def test_no_time_shift(rate: int, signals: Any) -> None:
    """In the whole output a click lies where it was, within half a millisecond."""
    waveform = signals.silence(2 * rate)
    waveform[rate] = 1.0
    assert abs(int(np.abs(resampled(waveform, rate, TARGET_RATE)).argmax()) - TARGET_RATE) <= 2


def delays_s(rate: int, hz: float) -> tuple[float, float]:
    """Return the phase delay and the group delay at a frequency, from the response to a click."""
    waveform = np.zeros(4 * rate, np.float32)
    waveform[2 * rate] = 1.0
    response = np.roll(resampled(waveform, rate, TARGET_RATE).astype(np.float64), -2 * TARGET_RATE)
    turn = 2 * np.pi * np.fft.rfftfreq(len(response), 1 / TARGET_RATE)  # radians per second, every quarter hertz
    phase = -np.unwrap(np.angle(np.fft.rfft(response)))
    index = round(4 * hz)
    return float(phase[index] / turn[index]), float(np.gradient(phase, turn)[index])


@pytest.mark.parametrize("rate", [4001, 8000, 11_025, 22_050, 44_100, 48_000, 192_000])
@pytest.mark.parametrize(
    ("hz", "of_a_tone", "of_an_envelope"),
    [(20.0, 0.40, 0.40), (200.0, 0.41, 0.41), (400.0, 0.41, 0.43), (1000.0, 0.47, 0.64), (1800.0, 0.85, 3.30)],
)
def test_phase_from_a_higher_rate(rate: int, hz: float, of_a_tone: float, of_an_envelope: float) -> None:
    """The delays in ms that the module and decision 0005 give, at every rate, within a tenth of a sample."""
    late = 0.0625 if rate in (8000, 16_000, 32_000) else 0.0
    phase_s, group_s = delays_s(rate, hz)
    assert 1000 * phase_s == pytest.approx(of_a_tone + late, abs=0.01)
    assert 1000 * group_s == pytest.approx(of_an_envelope + late, abs=0.02)


@pytest.mark.parametrize(("rate", "early"), [(1000, 0.125), (1800, 0.125), (2000, 0.0), (3000, 0.0417), (3999, 0.0625)])
def test_phase_from_a_lower_rate(rate: int, early: float) -> None:
    """All tones are early by the same part of a sample: half of one at most."""
    for hz in (20.0, 200.0, 400.0):
        assert 1000 * np.array(delays_s(rate, hz)) == pytest.approx(-early, abs=0.01)


def tone_in(waveform: NDArray[np.float32], hz: float) -> tuple[float, float]:
    """Return the amplitude of a tone away from the ends, and the root mean square of all else."""
    inside = waveform[SETTLED].astype(np.float64)
    turn = 2 * np.pi * hz / TARGET_RATE * np.arange(len(inside))
    parts = np.stack((np.sin(turn), np.cos(turn)), axis=1)
    amplitudes = np.linalg.lstsq(parts, inside, rcond=None)[0]
    return float(np.hypot(*amplitudes)), float((inside - parts @ amplitudes).std())


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("hz", [20.0, 200.0, 1000.0, 1800.0])
def test_a_tone_keeps_its_pitch_and_level(rate: int, hz: float, signals: Any) -> None:
    """Up to 0.9 of the new Nyquist frequency, a tone keeps its level within 0.01 dB, with nothing added."""
    output = resampled(signals.tone(hz, 2 * rate, rate), rate, TARGET_RATE)
    level, rest = tone_in(output, hz)
    assert 20 * np.log10(level / 0.5) == pytest.approx(0.0, abs=0.01)
    assert rest < 1e-4


@pytest.mark.parametrize(("rate", "hz"), [(44_100, 3000.0), (44_100, 2300.0), (48_000, 4100.0), (192_000, 50_000.0)])
def test_a_tone_above_nyquist_is_removed(rate: int, hz: float, signals: Any) -> None:
    """A tone above the new Nyquist frequency does not alias: less than -80 dB of it is left."""
    output = resampled(signals.tone(hz, 2 * rate, rate, level=1.0), rate, TARGET_RATE)
    assert np.abs(output[SETTLED]).max() < 1e-4


def test_upsampling_adds_no_image_frequency(signals: Any) -> None:
    """Upsampled from 1000 Hz, a 200 Hz tone is a 200 Hz tone alone."""
    level, rest = tone_in(resampled(signals.tone(200.0, 2000, 1000), 1000, TARGET_RATE), 200.0)
    assert level == pytest.approx(0.5, rel=1e-3)
    assert rest < 1e-4


def test_equal_rates_pass_through(signals: Any) -> None:
    """At the rate of the bundle the samples are passed on unchanged, without delay."""
    stream = StreamingResampler(4000, 4000)
    block = signals.noise(7)
    assert stream.push(block) is block
    assert stream.push(block, last=True) is block


@pytest.mark.parametrize("rate", RATES)
def test_an_offset_keeps_its_level(rate: int) -> None:
    """A constant stays constant, away from the ends."""
    output = resampled(np.full(2 * rate, 0.25, np.float32), rate, TARGET_RATE)
    np.testing.assert_allclose(output[SETTLED], 0.25, atol=1e-4)


@pytest.mark.parametrize("rate", [0, -4000, 999, 192_001])
def test_refuses_a_rate_out_of_range(rate: int) -> None:
    """The message names the rate that is out of range."""
    with pytest.raises(ValueError, match=f"input_rate={rate} must be from 1000 to 192000 Hz"):
        StreamingResampler(rate, 4000)
    with pytest.raises(ValueError, match=f"output_rate={rate} must be from 1000 to 192000 Hz"):
        StreamingResampler(4000, rate)

"""Level, clipping and drop-outs do not depend on how the sound is cut into blocks, at any sample rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.audio.signal_statistics import SignalStatistics, StreamingStatistics

pytestmark = pytest.mark.usefixtures("front_end")

RATES = [1000, 4000, 11_025, 44_100, 192_000]
WINDOW_S = 5.0


def noise(samples: int, seed: int = 0, level: float = 0.1) -> NDArray[np.float32]:
    """Return white noise, (samples,) float32."""
    return (level * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def sixteen_bit(sound: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the sound quantized to 16 bits."""
    return (np.clip(np.round(sound * 32768), -32768, 32767) / 32768).astype(np.float32)


def tone(rate: int, pitch_hz: float, height: float, seconds: float = WINDOW_S) -> NDArray[np.float32]:
    """Return a 16-bit sine."""
    return sixteen_bit(height * np.sin(2 * np.pi * pitch_hz * np.arange(round(rate * seconds)) / rate))


def statistics_of(sound: NDArray[np.float32], rate: int = 4000) -> SignalStatistics:
    """Return the statistics of a whole sound."""
    statistics = StreamingStatistics(rate, WINDOW_S)
    statistics.push(sound)
    return statistics.window(0, len(sound))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=12), st.integers(0, 100))
def test_the_block_size_does_not_matter(cuts: list[int], seed: int) -> None:
    """Blocks of any sizes give bit for bit the statistics and the level of one push."""
    sound = sixteen_bit(np.clip(noise(24_000, seed, 0.6), -1, 1))
    sound[5000:5600] = 0.0
    in_blocks, whole = StreamingStatistics(4000, WINDOW_S), StreamingStatistics(4000, WINDOW_S)
    whole.push(sound)
    start = 0
    for cut in [*cuts, len(sound)]:
        in_blocks.push(sound[start : start + cut])
        start = min(len(sound), start + cut)
    assert in_blocks.end_sample == whole.end_sample == len(sound)
    assert in_blocks.window(4000, 24_000) == whole.window(4000, 24_000)
    assert in_blocks.level() == whole.level()


@pytest.mark.parametrize("rate", RATES)
def test_rms_and_peak_at_any_rate(rate: int) -> None:
    """A sine at half of full scale has its rms and peak at every rate."""
    result = statistics_of(tone(rate, 90.0, 0.5), rate)
    assert result.rms == pytest.approx(0.5 / math.sqrt(2), rel=1e-3)
    assert result.peak == pytest.approx(0.5, rel=0.05)
    assert result.dead == result.dead_tail_s == 0.0


def test_rms_excludes_the_offset() -> None:
    """The constant offset of a converter is not counted, even far above the sound."""
    result = statistics_of(noise(20_000, level=1e-4) + np.float32(0.25))
    assert result.rms == pytest.approx(1e-4, rel=0.02)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("height", [0.02, 0.5, 0.99])
def test_a_clean_tone_is_not_clipped(rate: int, height: float) -> None:
    """Round peaks, which 16 bits flatten slightly, hardly ever count as clipped."""
    assert statistics_of(tone(rate, 50.0, height), rate).clipped < 0.01


@pytest.mark.parametrize("rate", RATES[1:])
def test_clipping_at_full_scale_is_counted(rate: int) -> None:
    """A sine amplified to twice full scale is at the limit for two thirds of the time."""
    assert statistics_of(tone(rate, 50.0, 2.0), rate).clipped == pytest.approx(2 / 3, abs=0.02)


@pytest.mark.parametrize("gain", [0.06, 0.3, 0.9])
def test_flat_tops_below_full_scale_are_counted(gain: float) -> None:
    """Clipped sound that was attenuated afterwards still has flat tops."""
    clipped = sixteen_bit(np.clip(tone(44_100, 50.0, 1.0) * 1.6, -0.99, 0.99) * gain)
    assert statistics_of(clipped, 44_100).clipped > 0.4


def test_floating_point_sound_beyond_the_scale_is_not_clipped() -> None:
    """A recording scaled up in floating point was limited by no converter."""
    result = statistics_of(10 * noise(20_000))
    assert result.peak > 3.0
    assert result.clipped == 0.0


def test_steps_of_very_faint_sound_are_not_flat_tops() -> None:
    """In sound of a few quantization steps, neighbours are equal by rounding."""
    assert statistics_of(sixteen_bit(noise(20_000, level=2e-5))).clipped == 0.0


@pytest.mark.parametrize("level", [0.0, 0.5, -1.0])
def test_a_constant_is_dead(level: float) -> None:
    """Digital silence and a stuck converter are dead throughout, and have no rms."""
    result = statistics_of(np.full(20_000, level, np.float32))
    assert (result.dead, result.dead_tail_s) == (1.0, pytest.approx(5.0))
    assert result.rms == pytest.approx(0.0, abs=1e-7)


def test_a_square_wave_is_not_dead() -> None:
    """The magnitude is constant, but the sign changes: loud and clipped, not dead."""
    result = statistics_of(np.repeat(np.float32([1, -1] * 350), 30))
    assert result.dead == 0.0
    assert result.clipped > 0.9


@pytest.mark.parametrize(("start", "end", "dead", "tail_s"), [(0, 4000, 0.2, 0.0), (16_000, 20_000, 0.2, 1.0)])
def test_drop_outs_are_counted_and_located(start: int, end: int, dead: float, tail_s: float) -> None:
    """A second of zeros is a fifth of the window; only at the end is it a tail."""
    sound = noise(20_000)
    sound[start:end] = 0.0
    result = statistics_of(sound)
    assert result.dead == pytest.approx(dead)
    assert result.dead_tail_s == pytest.approx(tail_s)
    assert result.longest_sound_s == pytest.approx(4.0)


def test_the_longest_sound_is_between_two_silences() -> None:
    """Without a silence it is infinite, without a sound it is zero; so is the longest silence the other way round."""
    sound = noise(20_000)
    assert statistics_of(sound)[-2:] == (np.inf, 0.0)
    sound[2000:4000] = sound[10_000:13_000] = 0.0
    assert statistics_of(sound)[-2:] == pytest.approx((1.75, 0.75))
    assert statistics_of(np.zeros_like(sound))[-2:] == (0.0, 5.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 40))
def test_a_window_has_only_its_own_samples(before: int, after: int) -> None:
    """Loud sound around a window does not change its statistics."""
    loud, quiet = noise(200 * (before + after), level=0.5), noise(20_000, 1, 0.01)
    statistics = StreamingStatistics(4000, WINDOW_S)
    statistics.push(np.concatenate((loud[: 200 * before], quiet, loud[200 * before :])))
    result = statistics.window(200 * before, 200 * before + 20_000)
    assert result == pytest.approx(statistics_of(quiet), rel=1e-6)


def test_an_hour_takes_constant_memory_and_keeps_two_windows() -> None:
    """The table does not grow, and the last two windows are always available."""
    statistics = StreamingStatistics(4000, WINDOW_S)
    size = statistics._table.nbytes
    for seed in range(300):
        statistics.push(noise(48_000, seed % 7, 0.1 if seed < 299 else 0.3))
    end = statistics.end_sample
    assert end == 300 * 48_000
    assert statistics._table.nbytes == size
    assert statistics.window(end - 40_000, end - 20_000).rms == pytest.approx(0.3, rel=0.02)
    assert statistics.window(end - 20_000, end).rms == pytest.approx(0.3, rel=0.02)


def test_bins_that_are_not_available_are_left_out() -> None:
    """A window after the sound, before the available bins, or shorter than a bin is all zero."""
    statistics = StreamingStatistics(4000, WINDOW_S)
    statistics.push(noise(200_000))
    for start, end in ((200_000, 220_000), (0, 20_000), (199_910, 199_990)):
        assert statistics.window(start, end) == SignalStatistics(0.0, 0.0, 0.0, 0.0, 0.0)


def test_clear_starts_again_at_sample_0() -> None:
    """After clearing, the results are those of a new object."""
    statistics = StreamingStatistics(4000, WINDOW_S)
    statistics.push(noise(33_333, level=0.9))
    statistics.clear()
    assert statistics.end_sample == 0
    statistics.push(noise(20_000))
    assert statistics.window(0, 20_000) == statistics_of(noise(20_000))


def test_level_is_that_of_the_last_tenth_of_a_second() -> None:
    """Older sound does not count; the level is in dBFS."""
    statistics = StreamingStatistics(4000, WINDOW_S)
    statistics.push(np.concatenate((tone(4000, 100.0, 2.0), tone(4000, 100.0, 0.1, 0.1))))
    level = statistics.level()
    assert level.rms_db == pytest.approx(-23.0, abs=0.1)
    assert level.peak_db == pytest.approx(-20.0, abs=0.1)
    assert not level.clipped


def test_level_reports_clipping() -> None:
    """One sample at full scale is enough."""
    statistics = StreamingStatistics(4000, WINDOW_S)
    sound = noise(4000)
    sound[-1] = -1.0
    statistics.push(sound)
    assert statistics.level().clipped
    assert statistics.level().peak_db == pytest.approx(0.0)


@pytest.mark.parametrize("samples", [0, 50, 4000])
def test_level_of_silence_is_the_lowest(samples: int) -> None:
    """Before the first bin, and in silence, the level is -120 dB."""
    statistics = StreamingStatistics(4000, WINDOW_S)
    statistics.push(np.zeros(samples, np.float32))
    level = statistics.level()
    assert (level.rms_db, level.peak_db, level.clipped) == (-120.0, -120.0, False)


@pytest.mark.parametrize(
    ("rate", "window_s", "name"),
    [(999, 5.0, "sample_rate=999"), (4000, 0.05, "window_s=0.05"), (4000, math.nan, "window_s=nan")],
)
def test_too_low_a_rate_or_window_is_refused(rate: int, window_s: float, name: str) -> None:
    """A rate or a window too small for the bins is named in the error."""
    with pytest.raises(ValueError, match=f"{name} must be at least"):
        StreamingStatistics(rate, window_s)

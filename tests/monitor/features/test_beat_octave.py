"""A rate is told from its half by the timbre of the heart sounds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.features.beat_octave import FAST_FROM, SLOW_BELOW, fast_log_odds, timbre_correlation

FRAMES = np.arange(198)


def log_power(*bins: int, every: int = 10, noise: float = 0.3, seed: int = 0) -> NDArray[np.float32]:
    """Return frames with a sound every so many frames, in turn in one of these bins."""
    power = noise * np.random.default_rng(seed).standard_normal((198, 64))
    for turn, bin_index in enumerate(bins):
        power[FRAMES % (every * len(bins)) == every * turn, bin_index] += 5.0
    return power.astype(np.float32)


def test_two_sounds_in_turn_are_one_beat() -> None:
    """Equally loud and evenly spaced, but of another pitch: the interval from one to the next is no beat."""
    assert fast_log_odds(1.0, log_power(1, 6), interval=20.0) < SLOW_BELOW


def test_one_sound_again_and_again_is_a_fast_beat() -> None:
    """The same sound at half the interval is the beat."""
    assert fast_log_odds(1.0, log_power(2), interval=20.0) > FAST_FROM


def test_a_loudness_alone_decides_nothing() -> None:
    """A gain adds a constant to every bin and changes no odds."""
    power = log_power(1, 6)
    assert fast_log_odds(0.9, power + np.float32(7.0), 20.0) == pytest.approx(fast_log_odds(0.9, power, 20.0), abs=1e-2)


def test_a_peak_at_half_the_interval_speaks_for_it() -> None:
    """The higher the autocorrelation at half the interval, the more likely it is the beat."""
    power = log_power(2, noise=3.0)
    odds = [fast_log_odds(ratio, power, 20.0) for ratio in (-0.5, 0.2, 0.6, 1.0)]
    assert odds == sorted(odds)
    assert odds[-1] > odds[0]


def test_silence_has_no_timbre() -> None:
    """Constant frames are not correlated, and the odds are finite."""
    silent = np.full((198, 64), -46.0, np.float32)
    assert timbre_correlation(silent[:, :12] - silent[:, :12].mean(axis=0), 10.0) == 0.0
    assert np.isfinite(fast_log_odds(1.0, silent, 20.0))


def test_the_lag_may_be_off_by_a_frame() -> None:
    """Half a frame off, the correlation is the same; half a beat off, it is gone."""
    timbre = log_power(2, noise=0.0)[:, :12]
    timbre -= timbre.mean(axis=0)
    assert timbre_correlation(timbre, 10.5) == pytest.approx(timbre_correlation(timbre, 10.0))
    assert timbre_correlation(timbre, 5.0) < 0.2 * timbre_correlation(timbre, 10.0)

"""The measured rate is that of the samples, whatever the jitter of their blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.device.clock_drift import MAX_DRIFT, ClockDrift


def fed(rate, seconds, jitter_s=0.0, block_s=0.05, seed=0, start_s=1e5):
    """Return the measurement of blocks at some rate, each late by up to some jitter."""
    meter, late = ClockDrift(), np.random.default_rng(seed)
    for number in range(1, round(seconds / block_s)):
        meter.push(start_s + number * block_s + late.uniform(0, jitter_s), round(number * block_s * rate))
    return meter


@given(st.floats(1000, 192_000), st.floats(25, 200))
def test_without_jitter_it_is_exact(rate, seconds):
    """At any rate, for any duration from 25 s on."""
    assert fed(rate, seconds).rate_hz == pytest.approx(rate, rel=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_jitter_never_looks_like_drift(seed):
    """Blocks up to 0.1 s late stay far below the drift that is reported."""
    rate = fed(4000, 21, jitter_s=0.1, seed=seed).rate_hz
    assert abs(rate / 4000 - 1) < MAX_DRIFT / 2


@pytest.mark.parametrize("share", [0.006, -0.006, 0.09])
def test_a_drift_is_measured(share):
    """A rate that is off by more than 0.5 % is measured as such, with and without jitter."""
    rate = fed(4000 * (1 + share), 30, jitter_s=0.05).rate_hz
    assert abs(rate / 4000 - 1) > MAX_DRIFT


def test_not_before_twenty_seconds():
    """Earlier, a single late block would decide."""
    assert fed(4000, 19).rate_hz is None
    assert ClockDrift().rate_hz is None


def test_clear_restarts_the_measurement():
    """After an interruption the measurement starts again."""
    meter = fed(4000, 60)
    meter.clear()
    assert meter.rate_hz is None


def test_only_the_last_minutes_count():
    """Two minutes after a change of the rate, only the new rate counts."""
    meter, samples = ClockDrift(), 0
    for second in range(400):
        samples += 4000 if second < 200 else 4100
        meter.push(float(second), samples)
    assert meter.rate_hz == pytest.approx(4100, rel=1e-3)

"""Each heart-rate table equals the chain of filters that it replaces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.features.heart_rate_tables import DEFAULT_PARAMETERS, MAX_BPM, MIN_BPM, heart_rate_tables
from monitor.features.spec import HEART

TABLES = heart_rate_tables(HEART.num_frames, HEART.frame_hop_s)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-50.0, 20.0))
def test_one_product_is_the_chain_of_filters(seed: int, offset: float) -> None:
    """Minus the mean, Hann kernel, minus the running mean, every second value: the matrix gives the same."""
    envelope = np.random.default_rng(seed).standard_normal(HEART.num_frames) + offset
    smooth = np.hanning(9)[1:-1]
    smoothed = np.convolve(envelope - envelope.mean(), smooth / smooth.sum())
    width = 35
    drift = np.convolve(smoothed, np.full(width, 1.0 / width))
    beats = np.pad(smoothed, width // 2) - drift
    assert TABLES.filtering.astype(float) @ envelope == pytest.approx(beats[::2], abs=1e-4)


def test_a_constant_envelope_is_filtered_out() -> None:
    """Each row sums to 0, so a constant envelope has no beats."""
    assert np.abs(TABLES.filtering.sum(axis=1)).max() < 1e-6


@pytest.mark.parametrize("cycle", [7.0, 9.5, 15.25, 23.0])
def test_half_lags_are_interpolated(cycle: float) -> None:
    """A cosine sampled at whole lags is recovered at half lags within 2 %, but for the prior and the overlap."""
    lags = np.arange(TABLES.num_lags)
    values = TABLES.weighting.astype(float) @ np.cos(2 * np.pi * lags / cycle)
    half = np.arange(TABLES.last + 2)
    overlap = 1.0 - 0.5 * half / (HEART.num_frames / 2)
    assert values * np.array(TABLES.inverse_prior) * overlap == pytest.approx(np.cos(np.pi * half / cycle), abs=0.02)


def test_the_late_part_is_scaled_by_its_overlap() -> None:
    """A lag of k leaves n - k products of the n values that are behind the early part and the edge of the kernel."""
    values = TABLES.length - TABLES.num_early - (7 + 35 - 1) // 4
    lags = np.arange(len(TABLES.late_scale))
    assert TABLES.late_scale == pytest.approx(values / (values - lags))


def test_half_lags_span_the_rates() -> None:
    """The first is that of 240 beats per minute, the last that of which a window holds two: slower than 30."""
    assert 120.0 / (TABLES.first * TABLES.spacing_s) == pytest.approx(MAX_BPM)
    assert 2.0 * TABLES.last * TABLES.spacing_s / 2 <= HEART.num_frames * HEART.frame_hop_s
    assert 24.0 < 120.0 / (TABLES.last * TABLES.spacing_s) < MIN_BPM
    assert TABLES.last // 2 < TABLES.num_lags <= len(TABLES.late_scale)


def test_the_prior_is_highest_at_the_usual_rate() -> None:
    """The inverse prior is smallest, and 1, at 100 beats per minute."""
    inverse = np.array(TABLES.inverse_prior[TABLES.first : TABLES.last + 1])
    usual = TABLES.first + int(inverse.argmin())
    assert 120.0 / (usual * TABLES.spacing_s) == pytest.approx(100.0, abs=3.0)
    assert inverse.min() == pytest.approx(1.0, abs=1e-3)


def test_a_short_envelope_is_searched_as_far_as_it_holds_two_beats() -> None:
    """Of 1.5 s the longest lag is 0.75 s; with less than two of the fastest beats there is none."""
    short = heart_rate_tables(60, 0.025)
    assert short.last * short.spacing_s / 2 == pytest.approx(0.75)
    with pytest.raises(ValueError, match="must have at least 20, two fast beats"):
        heart_rate_tables(19, 0.025)


def test_tables_are_cached() -> None:
    """The same length and frame hop give the same object, other parameters another one."""
    assert heart_rate_tables(HEART.num_frames, HEART.frame_hop_s) is TABLES
    other = DEFAULT_PARAMETERS._replace(drift_s=0.775)
    assert heart_rate_tables(HEART.num_frames, HEART.frame_hop_s, other) is not TABLES

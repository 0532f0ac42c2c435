"""The tables for the beat are the filters that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.features.heart_rate_tables import MAX_BPM, MIN_BPM, RECIPE, plan_of
from monitor.features.spec import HEART

PLAN = plan_of(HEART.num_frames, HEART.frame_hop_s)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-50.0, 20.0))
def test_one_product_is_the_chain_of_filters(seed: int, offset: float) -> None:
    """Mean out, Hann kernel, running mean out, every second value: the matrix does the same."""
    envelope = np.random.default_rng(seed).standard_normal(HEART.num_frames) + offset
    smooth = np.hanning(9)[1:-1]
    smoothed = np.convolve(envelope - envelope.mean(), smooth / smooth.sum())
    width = 35
    drift = np.convolve(smoothed, np.full(width, 1.0 / width))
    beats = np.pad(smoothed, width // 2) - drift
    assert PLAN.filtering.astype(float) @ envelope == pytest.approx(beats[::2], abs=1e-4)


def test_a_level_leaves_nothing() -> None:
    """Each row sums to nothing, so a constant envelope has no beats."""
    assert np.abs(PLAN.filtering.sum(axis=1)).max() < 1e-6


@pytest.mark.parametrize("cycle", [7.0, 9.5, 15.25, 23.0])
def test_half_lags_lie_on_the_same_wave(cycle: float) -> None:
    """An even wave known at whole lags is found at half lags, within 2 %, before weights and overlap."""
    lags = np.arange(PLAN.num_lags)
    found = PLAN.weighting.astype(float) @ np.cos(2 * np.pi * lags / cycle)
    half = np.arange(PLAN.last + 2)
    overlap = 1.0 - 0.5 * half / (HEART.num_frames / 2)
    assert found * np.array(PLAN.rarity) * overlap == pytest.approx(np.cos(np.pi * half / cycle), abs=0.02)


def test_half_lags_span_the_rates() -> None:
    """The first is that of 200 beats per minute, the last that of 40."""
    assert 120.0 / (PLAN.first * PLAN.spacing_s) == pytest.approx(MAX_BPM)
    assert 120.0 / (PLAN.last * PLAN.spacing_s) == pytest.approx(MIN_BPM)
    assert PLAN.last // 2 < PLAN.num_lags <= len(PLAN.late)


def test_the_prior_is_highest_at_the_usual_rate() -> None:
    """The rarity by half lag is least, and 1, at 100 beats per minute."""
    rarity = np.array(PLAN.rarity[PLAN.first : PLAN.last + 1])
    usual = PLAN.first + int(rarity.argmin())
    assert 120.0 / (usual * PLAN.spacing_s) == pytest.approx(100.0, abs=3.0)
    assert rarity.min() == pytest.approx(1.0, abs=1e-3)


def test_tables_are_made_once() -> None:
    """The same length and spacing give the same object, another recipe another one."""
    assert plan_of(HEART.num_frames, HEART.frame_hop_s) is PLAN
    assert plan_of(HEART.num_frames, HEART.frame_hop_s, RECIPE._replace(drift_s=0.775)) is not PLAN

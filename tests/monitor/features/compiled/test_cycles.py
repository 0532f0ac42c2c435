"""Cycles, timings and peaks of beats in C are those of NumPy, within rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.analysis.rhythm.beat_template import BeatTemplate
from monitor.analysis.segmentation.cycle_energies import CycleEnergies
from monitor.features.compiled.cycles import cycle_kernel, template_kernel, timing_kernel
from monitor.features.compiled.library import library, without_library
from monitor.inference.segmentation.murmur_timing import (
    MAX_CONFIDENCE,
    NUM_FEATURES,
    NUM_PAIRS,
    NUM_PARTS,
    timing_features,
)

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 1000),
    st.lists(st.integers(1, 300), min_size=1, max_size=8),
    st.floats(0.2, 1.5),
    st.floats(0.1, 1.0),
)
def test_cycles_are_those_of_numpy(seed: int, blocks: list[int], diastole_s: float, systole_s: float) -> None:
    """The same cycles can be measured, and every part of them is as loud."""
    rng = np.random.default_rng(seed)
    compiled = CycleEnergies()
    with without_library():
        plain = CycleEnergies()
    end_s = 0.0
    for count in blocks:
        bands = rng.uniform(-30.0, 10.0, (count, 12)).astype(np.float32)
        compiled.push(bands)
        plain.push(bands)
        end_s += 0.0125 * count
        s1_s = end_s - systole_s
        found = compiled.measure(s1_s - diastole_s, s1_s, end_s, 0.9)
        expected = plain.measure(s1_s - diastole_s, s1_s, end_s, 0.9)
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)


def test_without_the_library_there_is_no_kernel() -> None:
    """NumPy does it then."""
    held = np.zeros((10, 12), np.float32)
    assert cycle_kernel(held) is not None
    assert cycle_kernel(np.zeros((10, 10), np.float32)) is None
    with without_library():
        assert cycle_kernel(held) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 64), st.floats(0.0, 1.0))
def test_the_odds_of_timings_are_those_of_numpy(seed: int, count: int, confidence: float) -> None:
    """Of any cycles, those that are sure or not at all included."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((3, NUM_FEATURES + 1))
    cycles = rng.uniform(-25.0, 5.0, (count, NUM_FEATURES)).astype(np.float32)
    cycles[:, -1] = confidence
    kernel = timing_kernel(weights, NUM_PARTS, NUM_PAIRS, MAX_CONFIDENCE)
    assert kernel is not None
    expected = weights[:, :-1] @ timing_features(cycles) + weights[:, -1]
    np.testing.assert_allclose(kernel.odds(cycles), expected, rtol=1e-9, atol=1e-9)


def test_cycles_of_another_size_are_refused() -> None:
    """Nothing beyond them is read."""
    kernel = timing_kernel(np.zeros((3, NUM_FEATURES + 1)), NUM_PARTS, NUM_PAIRS, MAX_CONFIDENCE)
    assert kernel is not None
    with pytest.raises(ValueError, match=r"must be \(cycles, 32\)"):
        kernel.odds(np.zeros((4, 31), np.float32))
    assert timing_kernel(np.zeros((3, 67)), 8, 8, MAX_CONFIDENCE) is None  # more than C holds


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.floats(12.0, 60.0), st.integers(0, 120), st.floats(-0.5, 1.0))
def test_peaks_are_those_of_numpy(seed: int, interval: float, more: int, lowest: float) -> None:
    """The same peaks, of any envelope that is as long as the template or longer."""
    rng = np.random.default_rng(seed)
    template = BeatTemplate(rng.standard_normal(198), interval)
    envelope = rng.standard_normal(len(template) + more)
    found = template.peaks(envelope, lowest)
    with without_library():
        expected = template.peaks(envelope, lowest)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.floats(12.0, 60.0), st.integers(1, 5))
def test_a_template_learns_as_with_numpy(seed: int, interval: float, beats: int) -> None:
    """What it has learnt from some beats gives the same match."""
    rng = np.random.default_rng(seed)
    folded, envelope = rng.standard_normal(198), rng.standard_normal(198)
    template = BeatTemplate(folded, interval)
    with without_library():
        expected = BeatTemplate(folded, interval)
    for _ in range(beats):
        beat = rng.standard_normal(len(template))
        template.learn(beat)
        with without_library():
            expected.learn(beat)
    np.testing.assert_allclose(template.match(envelope), expected.match(envelope), rtol=1e-9, atol=1e-9)


def test_a_beat_of_another_length_is_refused() -> None:
    """Nothing beyond it is read."""
    kernel = template_kernel(np.ones(20))
    assert kernel is not None
    with pytest.raises(ValueError, match="must be 20"):
        kernel.learn(np.zeros(19), 0.1)

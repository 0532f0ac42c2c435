"""Cycles measured in C are those of NumPy, within the rounding of single precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.analysis.segmentation.cycle_energies import CycleEnergies
from monitor.features.compiled.cycles import cycle_kernel
from monitor.features.compiled.library import library, without_library

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
    with without_library():
        assert cycle_kernel(held) is None

"""Statistics in C are those of NumPy: counts exactly, sums within the rounding of double precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.audio.signal_statistics import StreamingStatistics
from monitor.features.compiled.library import library, without_library
from monitor.features.compiled.statistics import statistics_kernel

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")

KINDS = ("noise", "clipped", "coarse", "silent", "constant", "holes", "beyond")


def sound_of(kind: str, seed: int, samples: int = 30_000) -> NDArray[np.float32]:
    """Return sound of a kind that some statistic is about."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(samples) * 10.0 ** rng.uniform(-4, 0)
    if kind == "clipped":
        noise = np.clip(3 * noise / noise.std(), -1, 1)
    elif kind == "coarse":
        noise = np.round(noise / noise.std() * 3) / 16
    elif kind == "silent":
        noise = np.zeros(samples)
    elif kind == "constant":
        noise = np.full(samples, rng.uniform(-1, 1))
    elif kind == "holes":
        noise[samples // 3 : samples // 2] = 0.25
    elif kind == "beyond":
        noise = noise / noise.std() * 1e6
    return noise.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(0, 1000),
    st.sampled_from([1000, 4000, 11_025, 48_000]),
    st.lists(st.integers(0, 30_000), max_size=6),
)
def test_statistics_are_those_of_numpy(kind: str, seed: int, rate: int, cuts: list[int]) -> None:
    """Every field of several windows, at any rate, however the sound is cut; the rms to 1e-7 of the peak."""
    sound = sound_of(kind, seed)
    compiled = StreamingStatistics(rate, 1.0)
    with without_library():
        plain = StreamingStatistics(rate, 1.0)
    for part in np.split(sound, np.sort(cuts)):
        compiled.push(part)
        plain.push(part)
        for length in (rate // 2, rate, 2 * rate):
            window = (compiled.end_sample - length, compiled.end_sample)
            found, expected = compiled.window(*window), plain.window(*window)
            assert found[1:] == expected[1:]
            assert found.rms == pytest.approx(expected.rms, abs=1e-7 * expected.peak)
        assert compiled.level().peak_db == plain.level().peak_db
        assert compiled.level().clipped == plain.level().clipped


def test_without_the_library_there_is_no_kernel() -> None:
    """NumPy does it then."""
    table = np.zeros((6, 10))
    assert statistics_kernel(table, 200, (0.999, 1e-6, 0.98)) is not None
    with without_library():
        assert statistics_kernel(table, 200, (0.999, 1e-6, 0.98)) is None

"""The path of beats in C is that of Python, peak by peak."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.analysis.rhythm.beat_path import LOG_LIKELIHOODS, SETTINGS, Beat, BeatPath
from monitor.features.compiled.beat_path import MAX_BEATS, NUMBERS, PathSettings, path_kernel
from monitor.features.compiled.library import library, without_library

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")


def paths(interval: float) -> tuple[BeatPath, BeatPath]:
    """Return a path in C and one in Python."""
    with without_library():
        plain = BeatPath(interval)
    return BeatPath(interval), plain


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.floats(10.0, 80.0), st.integers(2, 40), st.floats(0.0, 0.25))
def test_beats_are_those_of_python(seed: int, interval: float, steps: int, jitter: float) -> None:
    """Beats, their clarity and what follows what, of beats with second sounds, ectopic and missed ones, and noise."""
    rng = np.random.default_rng(seed)
    compiled, plain = paths(interval)
    times = interval * np.cumsum(1.0 + jitter * rng.standard_normal(400))
    times = np.concatenate((times, times + 0.35 * interval, rng.uniform(0.0, 40.0 * steps, 2 * steps)))
    times = np.unique(times[(times > 0.0) & (rng.random(len(times)) < 0.9)])
    found, expected = list[Beat](), list[Beat]()
    for start in range(0, 40 * steps, 40):
        at = times[(times >= start) & (times < start + 40)] - start
        peaks = np.column_stack((at, rng.uniform(0.3, 1.5, len(at))))
        for path, beats in ((compiled, found), (plain, expected)):
            path.extend(start, peaks)
            beats += path.settle(start + 40 - 3.2 * interval)
            for beat in beats[-2:]:
                path.interval += 0.05 * (interval - path.interval) + 0.01 * beat.clarity
            path.update_background(start - interval, start + 10.0)
    assert found == expected
    assert compiled.background == plain.background
    assert compiled.settle(1e9) == plain.settle(1e9)


def test_more_beats_than_one_call_returns() -> None:
    """All of them come, in order, each following the one before."""
    compiled, plain = paths(30.0)
    peaks = np.array([(30.0 * beat, 1.0) for beat in range(3 * MAX_BEATS + 1)])
    for path in (compiled, plain):
        path.extend(0.0, peaks)
    beats = compiled.settle(1e9)
    assert beats == plain.settle(1e9)
    assert len(beats) == 3 * MAX_BEATS + 1


def test_without_the_library_there_is_no_kernel() -> None:
    """Python does it then."""
    assert path_kernel(SETTINGS) is not None
    with without_library():
        assert path_kernel(SETTINGS) is None


def test_peaks_of_another_shape_are_refused() -> None:
    """Nothing beyond them is read."""
    kernel = path_kernel(SETTINGS)
    assert kernel is not None
    with pytest.raises(ValueError, match=r"must be \(peaks, 2\)"):
        kernel.extend(0.0, np.zeros((4, 3)), 30.0, 0.4)


def test_a_table_that_is_too_short_is_refused() -> None:
    """Nothing behind it is read."""
    numbers = dict.fromkeys((*NUMBERS, "end_search"), 1.0) | {"farthest": 2.4, "steps": 256.0}
    with pytest.raises(ValueError, match="does not reach the farthest interval"):
        PathSettings(numbers, {}, LOG_LIKELIHOODS[:600])

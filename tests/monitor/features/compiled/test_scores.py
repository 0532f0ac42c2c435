"""Scores in C are those of Python."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.features.compiled.library import library, without_library
from monitor.features.compiled.scores import MAX_LABELS, score_kernel
from monitor.inference.calibration import MAX_LOGIT, Calibration, Loudness

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")


@pytest.mark.parametrize(("num_outputs", "is_loud"), [(3, False), (4, False), (5, False), (5, True)])
@pytest.mark.parametrize("bias", [(), (0.3, -1.2, 0.0)])
@pytest.mark.parametrize("given", [(), ((0.9, 0.0, 0.1), (0.0, 0.9, 0.1), (0.0, 0.0, 1.0))])
def test_scores_are_those_of_python(
    num_outputs: int, is_loud: bool, bias: tuple[float, ...], given: tuple[tuple[float, ...], ...]
) -> None:
    """With and without outputs for other sounds and loud murmurs, priors, labels that are not heard; far from 0 too."""
    calibration, loudness = Calibration("softmax", 1.7, bias, given), Loudness(1.3, -0.4)
    kernel = score_kernel(3, num_outputs, 1.7, bias, given, (1.3, -0.4, MAX_LOGIT) if is_loud else None)
    assert kernel is not None
    rng = np.random.default_rng(0)
    for spread in (0.1, 3.0, 300.0):
        outputs = (spread * rng.standard_normal(num_outputs)).astype(np.float32)
        scores, odds, loud = kernel.read(outputs.tolist())
        expected, expected_odds = calibration.scores_and_odds(outputs, 3)
        assert scores == pytest.approx(expected, rel=1e-13, abs=1e-300)
        assert odds == (None if num_outputs == 3 else pytest.approx(expected_odds, rel=1e-13))
        assert loud == (pytest.approx(loudness.probability(outputs, 3), rel=1e-13) if is_loud else None)


def test_scores_of_other_sizes_are_left_to_python() -> None:
    """C holds space for sixteen labels, and reads as many priors as there are labels."""
    assert score_kernel(3, 5, 1.0, (), ()) is not None
    assert score_kernel(MAX_LABELS + 1, MAX_LABELS + 2, 1.0, (), ()) is None
    assert score_kernel(3, 2, 1.0, (), ()) is None
    assert score_kernel(3, 4, 1.0, (), (), (1.0, 0.0, MAX_LOGIT)) is None
    assert score_kernel(3, 5, 1.0, (0.0, 0.0), ()) is None
    assert score_kernel(3, 5, 1.0, (), ((1.0,),)) is None
    with without_library():
        assert score_kernel(3, 5, 1.0, (), ()) is None

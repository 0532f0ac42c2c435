"""A ranking sorted once gives what sorting anew gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation import metrics
from training.evaluation.ranking import Ranking

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=40)


@given(ROWS, st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_the_same_as_the_plain_figures(rows: list[tuple[bool, int]], seed: int, specificity: float) -> None:
    """For any rows, drawn more than once or not at all: area and sensitivity are those of training.evaluation.metrics."""
    positive, score = np.array([row[0] for row in rows]), np.array([row[1] / 6 for row in rows])
    drawn = np.random.default_rng(seed).integers(len(rows), size=len(rows))
    area, sensitivity = Ranking(positive, score).figures(drawn, specificity)
    if positive[drawn].all() or not positive[drawn].any():
        assert math.isnan(area)
        assert math.isnan(sensitivity)
        return
    assert area == pytest.approx(metrics.auc(positive[drawn], score[drawn]))
    plain = metrics.sensitivity_at_specificity(positive[drawn], score[drawn], specificity)
    assert sensitivity == pytest.approx(plain)


def test_by_hand() -> None:
    """Of two positives one lies above both negatives and one between them."""
    ranking = Ranking(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    assert ranking.figures(np.arange(4), 0.9) == (0.75, 0.5)
    assert ranking.figures(np.arange(4), 0.5) == (0.75, 1.0)


def test_other_shapes_are_refused() -> None:
    """A score per recording."""
    with pytest.raises(ValueError, match=r"score\.shape=\(3,\) must be the shape of positive, \(2,\)"):
        Ranking(np.array([True, False]), np.zeros(3))

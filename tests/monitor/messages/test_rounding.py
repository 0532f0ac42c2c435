"""Rounded numbers are plain floats, and rounded scores keep their sum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.messages.rounding import rounded, rounded_scores


def test_a_number_is_a_plain_float_or_none() -> None:
    """NumPy's numbers become Python's, which every writer of JSON takes."""
    assert type(rounded(np.float32(0.1), 6)) is float
    assert rounded(np.float32(0.1), 6) == 0.1
    assert rounded(None, 6) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_scores_keep_their_sum(values: list[float]) -> None:
    """Whatever the shares, the sum is that before rounding, and no score is off by more than the rounding of all."""
    total = sum(values) or 1.0
    scores = {str(index): value / total for index, value in enumerate(values)}
    short = rounded_scores(scores)
    assert sum(short.values()) == pytest.approx(sum(scores.values()), abs=1e-9 + 5e-7)
    assert all(abs(short[label] - score) <= 1e-6 * len(values) for label, score in scores.items())


def test_no_scores_stay_none() -> None:
    """An empty mapping is empty."""
    assert rounded_scores({}) == {}

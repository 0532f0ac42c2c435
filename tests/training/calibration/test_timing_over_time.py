"""What is said over time of where a murmur lies: the same as the monitor says, calmer, and right as often."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.inference.segmentation.murmur_timing import NUM_FEATURES, NUM_VALUES, TIMINGS, TimingModel
from training.calibration.timing_over_time import (
    NOTHING_SAID,
    SHARES,
    TimedSequence,
    bars_over_time,
    held_out_over_time,
    over_time_statistic,
    said_over_time,
)

HIGH, LOW = (0.8, 0.8, 0.8), (0.6, 0.6, 0.6)


def wandering(count: int = 300, hops: int = 40) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the probabilities of hearts whose evidence wanders around the truth, and their timings."""
    rng = np.random.default_rng(0)
    timing = np.arange(count) % 3
    odds = 1.5 * np.eye(3)[timing][:, None] + rng.normal(0, 1.0, (count, 1, 3)) + rng.normal(0, 0.5, (count, hops, 3))
    values = np.exp(odds)
    return values / values.sum(axis=2, keepdims=True), timing


def tiled(bars: tuple[float, float, float], count: int) -> NDArray[np.float64]:
    """Return the bars of so many hearts."""
    return np.tile(bars, (count, 1))


def test_as_the_monitor_says_it() -> None:
    """Hop by hop the same as the model of a bundle, also where there are too few cycles."""
    rng = np.random.default_rng(1)
    weights = np.zeros((3, NUM_FEATURES + 1))
    weights[0, 0], weights[1, 12] = 1.5, 1.5
    model = TimingModel(weights, (0.7, 0.75, 0.6), (0.5, 0.45, 0.4))
    cycles = rng.normal(0, 1.0, (200, 3, NUM_VALUES)).astype(np.float32)
    cycles[:, :, -1] = 0.9
    features, said, before = np.full((200, NUM_FEATURES), np.nan), [], None
    from monitor.inference.segmentation.murmur_timing import timing_features

    for hop, own in enumerate(cycles):
        few = hop % 17 == 5
        before = model.timing(own[:2] if few else own, before)
        said.append(-1 if before is None else TIMINGS.index(before))
        if not few:
            features[hop] = timing_features(own)
    heart = TimedSequence("a", 0, 0, features)
    assert held_out_over_time([heart], {0: model})[0].tolist() == said
    assert len(set(said)) == 3


def test_two_bars() -> None:
    """What is said stays down to the lower bar, and another takes over at its own."""
    first = np.array([0.7, 0.85, 0.65, 0.61, 0.5, 0.7, 0.1])
    probability = np.column_stack((first, 0.95 * (1 - first), 0.05 * (1 - first)))[None]
    assert said_over_time(probability, tiled(HIGH, 1), tiled(LOW, 1)).tolist() == [[-1, 0, 0, 0, -1, -1, 1]]
    assert said_over_time(probability, tiled(HIGH, 1), tiled(HIGH, 1)).tolist() == [[-1, 0, -1, -1, -1, -1, 1]]


class TestBars:
    """How the bars are chosen."""

    def test_right_as_often_and_calmer(self) -> None:
        """Whichever shares the timings have; and it comes and goes less than half as often."""
        probability, timing = wandering()
        said_from, stays_from = bars_over_time(probability, timing, HIGH)
        assert all(low < one <= high for low, one, high in zip(stays_from, HIGH, said_from, strict=True))
        one = said_over_time(probability, tiled(HIGH, 300), tiled(HIGH, 300))
        two = said_over_time(probability, tiled(said_from, 300), tiled(stays_from, 300))
        assert (np.diff(two) != 0).sum() < 0.5 * (np.diff(one) != 0).sum()
        for shares in SHARES:
            weight = np.array(shares)[timing][:, None]
            rights = [((said == timing[:, None]) * weight).sum() / ((said >= 0) * weight).sum() for said in (one, two)]
            assert rights[1] >= rights[0]

    def test_where_no_raise_is_enough(self) -> None:
        """Wrong words would stay and right ones would not, so what is said has one bar as before."""
        falls, stays = [0.98, 0.1, 0.1, 0.1], [0.98, 0.7, 0.7, 0.7]
        first = np.array(5 * [falls] + [stays])
        probability = np.stack((first, 0.5 * (1 - first), 0.5 * (1 - first)), axis=2)
        assert bars_over_time(probability, np.array([0, 0, 0, 0, 0, 1]), HIGH) == (HIGH, HIGH)

    def test_nothing_that_is_never_said(self) -> None:
        """A timing that is never said is not said with two bars either."""
        probability, timing = wandering(30)
        said_from, stays_from = bars_over_time(probability, timing, NOTHING_SAID)
        assert said_from == stays_from == NOTHING_SAID


def test_figures() -> None:
    """Changes per minute, what is said and what of it is right, each timing alike; behind the end nothing counts."""
    said = np.array([[0, 0, -1, 0], [1, 0, -2, -2]])
    metrics = over_time_statistic(said, np.array([0, 1]), 0.5)(np.arange(2))
    assert metrics["changes_per_min"] == pytest.approx(3 / (6 * 0.5 / 60))
    assert metrics["said"] == pytest.approx((0.75 + 1.0) / 2)
    assert metrics["right"] == pytest.approx((0.75 + 0.5) / (0.75 + 1.0))

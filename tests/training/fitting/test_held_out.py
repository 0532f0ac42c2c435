"""Outputs of held-out recordings, collected fold by fold and repeat by repeat."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="folds are run with the training extra")

from training.fitting.cross_validation import FoldRun
from training.fitting.held_out import HeldOut


def add(to: HeldOut, repeat: int, fold: int, held: list[int]) -> None:
    """Add a fold in which row n has the outputs n + 100 x repeat."""
    rows, nobody = np.array(held, np.intp), np.zeros(0, np.intp)
    outputs = [np.full((2, 3), row + 100 * repeat, np.float32) for row in held]
    to.add(FoldRun(repeat, fold, None, nobody, rows, nobody, {}), outputs)


@pytest.fixture
def held() -> HeldOut:
    """Return two repeats of two folds, and one fold of a third."""
    found = HeldOut(folds=2)
    for repeat, dealt in enumerate([[[0, 2], [1, 3]], [[0, 1], [2, 3]], [[1, 2]]]):
        for fold, rows in enumerate(dealt):
            add(found, repeat, fold, rows)
    return found


def test_whole_repeats_count(held: HeldOut) -> None:
    """A repeat that was not finished does not count where others were."""
    assert held.num_done == 5
    assert held.count() == [0, 1]
    assert held.rows(range(4), [0, 1]) == [0, 1, 2, 3]


def test_a_first_repeat_counts_as_far_as_it_went() -> None:
    """Where not even the first repeat is whole, it counts with the rows that it has."""
    found = HeldOut(folds=3)
    assert found.count() == []
    add(found, 0, 0, [4, 1])
    assert (found.count(), found.rows(range(6), [0])) == ([0], [1, 4])


def test_outputs_of_each_repeat(held: HeldOut) -> None:
    """Every row has its own outputs in every repeat."""
    assert [its[0, 0] for its in held.outputs([3, 0], 1)] == [103, 100]


def test_scores(held: HeldOut) -> None:
    """Scores are asked for with outputs, rows and folds of one repeat at a time."""
    asked = []

    def calibrated(outputs: list[np.ndarray], rows: np.ndarray, folds: np.ndarray) -> np.ndarray:
        asked.append((rows.tolist(), folds.tolist()))
        return np.stack([its[0] for its in outputs]).astype(float)

    scores = held.scores([0, 1, 2], [0, 1], calibrated)
    assert scores.shape == (2, 3, 3)
    assert scores[1, :, 0].tolist() == [100, 101, 102]
    assert asked == [([0, 1, 2], [0, 1, 0]), ([0, 1, 2], [0, 0, 1])]

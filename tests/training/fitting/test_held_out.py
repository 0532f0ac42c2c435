"""Outputs of held-out recordings, collected fold by fold and repeat by repeat."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="folds are run with the training extra")

from training.fitting.cross_validation import FoldResult
from training.fitting.held_out import HeldOut


def add(to: HeldOut, repeat: int, fold: int, rows: list[int]) -> None:
    """Add a fold in which row n has the outputs n + 100 x repeat."""
    none = np.zeros(0, np.intp)
    outputs = [np.full((2, 3), row + 100 * repeat, np.float32) for row in rows]
    to.add(FoldResult(repeat, fold, None, none, np.array(rows, np.intp), none, {}, outputs), outputs)


@pytest.fixture
def held_out() -> HeldOut:
    """Return two repeats of two folds, and one fold of a third."""
    collected = HeldOut(folds=2)
    for repeat, folds in enumerate([[[0, 2], [1, 3]], [[0, 1], [2, 3]], [[1, 2]]]):
        for fold, rows in enumerate(folds):
            add(collected, repeat, fold, rows)
    return collected


def test_complete_repeats(held_out: HeldOut) -> None:
    """An unfinished repeat does not count beside finished ones."""
    assert held_out.num_done == 5
    assert held_out.complete_repeats() == [0, 1]
    assert held_out.rows(range(4), [0, 1]) == [0, 1, 2, 3]


def test_an_unfinished_first_repeat() -> None:
    """Without a finished repeat, the first counts with the rows that it has."""
    collected = HeldOut(folds=3)
    assert collected.complete_repeats() == []
    add(collected, 0, 0, [4, 1])
    assert (collected.complete_repeats(), collected.rows(range(6), [0])) == ([0], [1, 4])


def test_outputs_and_folds_of_each_repeat(held_out: HeldOut) -> None:
    """Every row has its own outputs and fold in every repeat."""
    assert [outputs[0, 0] for outputs in held_out.outputs([3, 0], 1)] == [103, 100]
    assert held_out.folds_at([3, 0], 1).tolist() == [1, 0]
    assert held_out.folds_at([3, 1], 0).tolist() == [1, 1]


def test_scores(held_out: HeldOut) -> None:
    """The calibration gets outputs, rows and folds of one repeat at a time."""
    calls = []

    def calibrate(outputs: list[np.ndarray], rows: np.ndarray, folds: np.ndarray) -> np.ndarray:
        calls.append((rows.tolist(), folds.tolist()))
        return np.stack([windows[0] for windows in outputs]).astype(float)

    scores = held_out.scores([0, 1, 2], [0, 1], calibrate)
    assert scores.shape == (2, 3, 3)
    assert scores[1, :, 0].tolist() == [100, 101, 102]
    assert calls == [([0, 1, 2], [0, 1, 0]), ([0, 1, 2], [0, 0, 1])]

"""What held-out patients got: outputs of every repeat, collected fold by fold. Pure NumPy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from training.fitting.cross_validation import FoldRun

__all__ = ["HeldOut"]

Outputs = NDArray[np.float32]
Calibrated = Callable[[list[Outputs], NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]
"""From outputs, their row numbers and their folds to scores ``(rows, labels)``."""


@dataclasses.dataclass
class HeldOut:
    """The outputs of a training's held-out recordings. Belongs to the thread that trains.

    Attributes
    ----------
    folds : int
        Of each repeat.
    repeats : list of dict of int to ndarray ``(windows, outputs)``
        By row number.
    fold_of : list of dict of int to int
        By row number.
    """

    folds: int
    repeats: list[dict[int, Outputs]] = dataclasses.field(default_factory=list)
    fold_of: list[dict[int, int]] = dataclasses.field(default_factory=list)

    def add(self, run: FoldRun, outputs: Sequence[Outputs]) -> None:
        """Take a fold's outputs; repeats come one after another."""
        while len(self.repeats) <= run.repeat:
            self.repeats.append({})
            self.fold_of.append({})
        held = run.held.tolist()
        self.repeats[run.repeat].update(zip(held, outputs, strict=True))
        self.fold_of[run.repeat].update(dict.fromkeys(held, run.fold))

    @property
    def num_done(self) -> int:
        """Folds done, in all repeats."""
        return sum(len(set(folds.values())) for folds in self.fold_of)

    def count(self) -> list[int]:
        """Return the repeats that count: those with all folds, or else the first as far as it went."""
        whole = [repeat for repeat, folds in enumerate(self.fold_of) if len(set(folds.values())) == self.folds]
        return whole or [0][: len(self.repeats)]

    def rows(self, wanted: Sequence[int], repeats: Sequence[int]) -> list[int]:
        """Return those of some rows that every one of some repeats has held out."""
        return [row for row in wanted if all(row in self.repeats[repeat] for repeat in repeats)]

    def outputs(self, rows: Sequence[int], repeat: int) -> list[Outputs]:
        """Return the outputs of some rows in a repeat."""
        return [self.repeats[repeat][row] for row in rows]

    def scores(self, rows: Sequence[int], repeats: Sequence[int], calibrated: Calibrated) -> NDArray[np.float64]:
        """Return the scores of some rows, ``(repeats, rows, labels)``."""
        return np.stack(
            [
                calibrated(
                    self.outputs(rows, repeat),
                    np.asarray(rows, np.intp),
                    np.array([self.fold_of[repeat][row] for row in rows], np.intp),
                )
                for repeat in repeats
            ]
        )

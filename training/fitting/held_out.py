"""The outputs of held-out recordings, collected fold by fold over all repeats. Pure NumPy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from training.fitting.cross_validation import FoldResult

__all__ = ["HeldOut"]

Outputs = NDArray[np.float32]
Calibrate = Callable[[list[Outputs], NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]
"""From outputs, their rows and their folds to scores ``(rows, labels)``."""


@dataclasses.dataclass
class HeldOut:
    """The outputs of a training's held-out recordings. Belongs to the thread that trains.

    Attributes
    ----------
    folds : int
        Of each repeat.
    repeats : list of dict of int to ndarray ``(windows, outputs)``
        By row.
    fold_of : list of dict of int to int
        By row.
    """

    folds: int
    repeats: list[dict[int, Outputs]] = dataclasses.field(default_factory=list)
    fold_of: list[dict[int, int]] = dataclasses.field(default_factory=list)

    def add(self, result: FoldResult, outputs: Sequence[Outputs]) -> None:
        """Take a fold's outputs; repeats come one after another."""
        while len(self.repeats) <= result.repeat:
            self.repeats.append({})
            self.fold_of.append({})
        rows = result.held_out.tolist()
        self.repeats[result.repeat].update(zip(rows, outputs, strict=True))
        self.fold_of[result.repeat].update(dict.fromkeys(rows, result.fold))

    @property
    def num_done(self) -> int:
        """Folds done, in all repeats."""
        return sum(len(set(folds.values())) for folds in self.fold_of)

    def complete_repeats(self) -> list[int]:
        """Return the repeats with all folds; if there is none, the first as far as it went."""
        complete = [repeat for repeat, folds in enumerate(self.fold_of) if len(set(folds.values())) == self.folds]
        return complete or [0][: len(self.repeats)]

    def rows(self, candidates: Sequence[int], repeats: Sequence[int]) -> list[int]:
        """Return those of some rows that are held out in every one of some repeats."""
        return [row for row in candidates if all(row in self.repeats[repeat] for repeat in repeats)]

    def outputs(self, rows: Sequence[int], repeat: int) -> list[Outputs]:
        """Return the outputs of some rows in a repeat."""
        return [self.repeats[repeat][row] for row in rows]

    def folds_at(self, rows: Sequence[int], repeat: int) -> NDArray[np.intp]:
        """Return the fold of each of some rows in a repeat, ``(rows,)``."""
        return np.array([self.fold_of[repeat][row] for row in rows], np.intp)

    def scores(self, rows: Sequence[int], repeats: Sequence[int], calibrate: Calibrate) -> NDArray[np.float64]:
        """Return the scores of some rows, ``(repeats, rows, labels)``."""
        indices = np.asarray(rows, np.intp)
        return np.stack(
            [calibrate(self.outputs(rows, repeat), indices, self.folds_at(rows, repeat)) for repeat in repeats]
        )

"""What the marks of a recording say of its rhythm as a whole: runs of beats, and those that came early. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.annotations import PREMATURE

SHORT, PAUSE = PREMATURE["premature"]
HOLE_S = 0.2
"""A longer stretch without a mark ends a run."""


def runs_of(marks: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield the onsets of S1, run by run of marks without a hole."""
    told = marks[marks[:, 2] > 0]
    holes = np.flatnonzero(told[1:, 0] - told[:-1, 1] > HOLE_S) + 1
    for run in np.split(told, holes):
        onsets = run[run[:, 2] == 1, 0]
        if len(onsets) > 1:
            yield onsets


def early_by_marks(runs: Sequence[NDArray[np.float64]]) -> list[float]:
    """Return the S1 that come early: below 0.85 of the median of ten intervals round it, then above 1.05."""
    found = []
    for run in runs:
        intervals = np.diff(run)
        for place in range(len(intervals) - 1):
            near = [*intervals[max(0, place - 4) : place], *intervals[place + 2 : place + 6]]
            if len(near) < 3:
                continue
            usual = float(np.median(near))
            if intervals[place] < SHORT * usual and intervals[place + 1] > PAUSE * usual:
                found.append(float(run[place + 1]))
    return found

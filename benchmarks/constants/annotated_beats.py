"""The rhythm of a whole recording from its annotations: runs of beats, and ectopic beats among them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.annotations import ECTOPIC_KINDS, MAX_GAP_S, S1

SHORT, PAUSE = ECTOPIC_KINDS["premature"]


def runs_of(annotations: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield the onsets of S1, run by run of annotations without a gap."""
    annotated = annotations[annotations[:, 2] > 0]
    gaps = np.flatnonzero(annotated[1:, 0] - annotated[:-1, 1] > MAX_GAP_S) + 1
    for run in np.split(annotated, gaps):
        onsets = run[run[:, 2] == S1, 0]
        if len(onsets) > 1:
            yield onsets


def annotated_ectopic_s(runs: Sequence[NDArray[np.float64]]) -> list[float]:
    """Return the onsets of ectopic S1: below 0.85 of the median of ten intervals around it, then above 1.05."""
    onsets = []
    for run in runs:
        intervals = np.diff(run)
        for index in range(len(intervals) - 1):
            near = [*intervals[max(0, index - 4) : index], *intervals[index + 2 : index + 6]]
            if len(near) < 3:
                continue
            usual = float(np.median(near))
            if intervals[index] < SHORT * usual and intervals[index + 1] > PAUSE * usual:
                onsets.append(float(run[index + 1]))
    return onsets

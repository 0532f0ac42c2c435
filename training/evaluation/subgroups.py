"""Recordings apart by what may make them easier or harder: noise, length, place on the chest, data set. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.recording import Recording
from training.evaluation.scoring import ScoredRecording

__all__ = ["DIMENSIONS", "site_of", "subgroups"]

SITE = re.compile(r"_(?P<site>AV|PV|TV|MV|Phc|[A-Z])\d*(?:_\d+)?$")
"""The place on the chest at the end of a file's name. Source: PASCAL set B (..._B.wav, ..._C2.wav, ..._B_1.wav) and
CirCor (36327_AV.flac, 50159_MV_1.flac), all files."""

SHORT_S, LONG_S = 5.0, 10.0


def site_of(recording: Recording) -> str | None:
    """Return the place on the chest that the file's name ends with, or None."""
    match = SITE.search(recording.path.stem)
    return match["site"] if match else None


def _signal(judged: ScoredRecording) -> str | None:
    """Return what the data set says of the noise."""
    return {True: "noisy", False: "clean", None: None}[judged.recording.noisy]


def _duration(judged: ScoredRecording) -> str:
    """Return how long a recording is."""
    if judged.duration_s < SHORT_S:
        return "below 5 s"
    return "5 to 10 s" if judged.duration_s <= LONG_S else "above 10 s"


DIMENSIONS: dict[str, Callable[[ScoredRecording], str | None]] = {
    "signal": _signal,
    "duration": _duration,
    "site": lambda judged: site_of(judged.recording),
    "data set": lambda judged: judged.recording.source,
}


def subgroups(judged: Sequence[ScoredRecording]) -> dict[str, dict[str, NDArray[np.intp]]]:
    """Return the rows of each group of each dimension; groups in the order of their names, durations in theirs.

    A recording of which a dimension says nothing is in none of its groups; a dimension without a group is left out.
    """
    found: dict[str, dict[str, NDArray[np.intp]]] = {}
    for dimension, group_of in DIMENSIONS.items():
        rows: dict[str, list[int]] = defaultdict(list)
        for row, its in enumerate(judged):
            group = group_of(its)
            if group is not None:
                rows[group].append(row)
        if rows:
            found[dimension] = {group: np.array(rows[group], np.intp) for group in sorted(rows, key=_place)}
    return found


def _place(group: str) -> tuple[int, str]:
    """Return where a group stands among its like."""
    durations = ("below 5 s", "5 to 10 s", "above 10 s")
    return (durations.index(group) if group in durations else 0, group)

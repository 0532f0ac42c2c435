"""Subgroups of recordings: by noise, duration, auscultation site and data set. Pure."""

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
"""Auscultation site at the end of a file's name. Source: PASCAL set B (..._B.wav, ..._C2.wav, ..._B_1.wav) and CirCor
(36327_AV.flac, 50159_MV_1.flac), all files."""

SHORT_S, LONG_S = 5.0, 10.0
DURATIONS = ("below 5 s", "5 to 10 s", "above 10 s")


def site_of(recording: Recording) -> str | None:
    """Return the auscultation site that is known of a recording or stands at the end of the file's name, or None.

    Examples
    --------
    >>> from pathlib import Path
    >>> site_of(Recording(Path("50159_MV_1.flac"), ("normal",), "", ""))
    'MV'
    """
    match = SITE.search(recording.path.stem)
    return recording.site or (match["site"] if match else None)


def _signal(scored: ScoredRecording) -> str | None:
    """Return whether the data set calls a recording noisy or clean, or None."""
    return {True: "noisy", False: "clean", None: None}[scored.recording.noisy]


def _duration(scored: ScoredRecording) -> str:
    """Return the duration group of a recording."""
    return DURATIONS[(scored.duration_s >= SHORT_S) + (scored.duration_s > LONG_S)]


DIMENSIONS: dict[str, Callable[[ScoredRecording], str | None]] = {
    "signal": _signal,
    "duration": _duration,
    "site": lambda scored: site_of(scored.recording),
    "data set": lambda scored: scored.recording.source,
}


def subgroups(scored: Sequence[ScoredRecording]) -> dict[str, dict[str, NDArray[np.intp]]]:
    """Return the rows of each group of each dimension; groups sorted by name, durations from short to long.

    A recording whose group is not known is in none of a dimension's groups; a dimension without a group is left out.
    """
    result: dict[str, dict[str, NDArray[np.intp]]] = {}
    for dimension, group_of in DIMENSIONS.items():
        rows: dict[str, list[int]] = defaultdict(list)
        for row, recording in enumerate(scored):
            group = group_of(recording)
            if group is not None:
                rows[group].append(row)
        if rows:
            result[dimension] = {group: np.array(rows[group], np.intp) for group in sorted(rows, key=_order)}
    return result


def _order(group: str) -> tuple[int, str]:
    """Return the sort key of a group."""
    return (DURATIONS.index(group) if group in DURATIONS else 0, group)

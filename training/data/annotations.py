"""Which windows of a marked recording hold a premature beat, and how well a score finds them.

Where a recording comes with marks of its heart sounds (a ``.tsv`` beside the file, lines of start s, end s, state:
1 S1, 2 systole, 3 S2, 4 diastole, 0 nothing), the onsets of S1 tell the rhythm of every window, whatever its label
says. A window is 5 s long, a new one begins every 0.5 s, and only windows that lie wholly in the recording count.
Its intervals are those between the onsets of S1 inside it, each divided by their median. Then it is

``premature``
    if an interval below 0.85 is followed by one above 1.05: a beat too early, and the pause behind it;
``premature_strict``
    if an interval below 0.80 is followed by one above 1.05;
``short_interval``
    if the shortest interval is below 0.80, whatever follows;
``regular``
    if every interval is within 0.90 to 1.10.

A window may be several of these, or none: then it is neither premature nor regular. Left out are windows that a hole
reaches into, which is more than 0.2 s without a mark of states 1 to 4, at the ends of the marks too; and those with
fewer than 3 intervals. Marks are a person's, corrected from a machine's; they are not an ECG.

Pure but for :func:`read_annotations`; must not read audio.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.recording import NON_CARDIAC, Recording

__all__ = [
    "PREMATURE",
    "REGULAR",
    "RHYTHM_HOP_S",
    "RhythmWindow",
    "annotations_beside",
    "read_annotations",
    "rhythm_windows",
    "rhythms_of",
]

RHYTHM_HOP_S = 0.5
RHYTHM_WINDOW_S = 5.0

PREMATURE: dict[str, tuple[float, float]] = {
    "premature": (0.85, 1.05),
    "premature_strict": (0.80, 1.05),
    "short_interval": (0.80, 0.0),
}
"""An interval below the first number, of the median, followed by one above the second; 0 asks nothing of what follows.
The first is the one that figures are named after; the others show how far they rest on the definition."""

REGULAR = "regular"
MOST_REGULAR = 0.10
"""Of the median: how far any interval of a regular window may be from it."""

FEWEST_INTERVALS = 3
LONGEST_HOLE_S = 0.2
S1 = 1
COLUMNS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class RhythmWindow:
    """A window whose rhythm is known.

    Attributes
    ----------
    index : int
        It begins ``index * RHYTHM_HOP_S`` seconds into the recording.
    kinds : frozenset of str
        Of PREMATURE, and REGULAR; empty where the rhythm is in between.
    """

    index: int
    kinds: frozenset[str]


def annotations_beside(recording: Recording) -> Path | None:
    """Return the marks of a recording's heart sounds, where they lie beside it; None for a sound that is no heart."""
    marks = recording.path.with_suffix(".tsv")
    usable = recording.label != NON_CARDIAC and not recording.is_part and recording.path != marks
    return marks if usable and marks.is_file() else None


def read_annotations(path: Path) -> NDArray[np.float64]:
    """Return marks, in the order of their starts.

    Returns
    -------
    ndarray, shape (marks, 3), float64
        Start s, end s, state; no rows where the file is not understood.
    """
    nothing = np.empty((0, COLUMNS))
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = np.loadtxt(lines, ndmin=2) if any(lines) else nothing
    except (OSError, ValueError):  # some other table of the same name
        return nothing
    if rows.shape[1] != COLUMNS or not np.isfinite(rows).all():
        return nothing
    return np.asarray(rows[np.argsort(rows[:, 0], kind="stable")], np.float64)


def rhythm_windows(marks: NDArray[np.float64], duration_s: float) -> list[RhythmWindow]:
    """Return the windows of a recording whose rhythm the marks tell.

    Parameters
    ----------
    marks : ndarray, shape (marks, 3)
        As :func:`read_annotations` gives them.
    duration_s : float
        Of the recording.
    """
    if not len(marks):
        return []
    onsets, holes = np.unique(marks[marks[:, 2] == S1, 0]), _holes(marks, duration_s)
    count = int((duration_s - RHYTHM_WINDOW_S) / RHYTHM_HOP_S + 1e-6) + 1 if duration_s >= RHYTHM_WINDOW_S else 0
    found = []
    for index in range(count):
        start, end = index * RHYTHM_HOP_S, index * RHYTHM_HOP_S + RHYTHM_WINDOW_S
        if any(begin < end and finish > start for begin, finish in holes):
            continue
        intervals = np.diff(onsets[(onsets >= start) & (onsets <= end)])
        if len(intervals) >= FEWEST_INTERVALS:
            found.append(RhythmWindow(index, rhythms_of(intervals)))
    return found


def rhythms_of(intervals_s: NDArray[np.float64]) -> frozenset[str]:
    """Return what the intervals of a window, in their order, say of its rhythm.

    Parameters
    ----------
    intervals_s : ndarray, shape (n,)
        Above 0; at least one.
    """
    relative = intervals_s / np.median(intervals_s)
    kinds = {name for name, (short, pause) in PREMATURE.items() if _early(relative, short, pause)}
    if np.abs(relative - 1).max() <= MOST_REGULAR + 1e-9:
        kinds.add(REGULAR)
    return frozenset(kinds)


def _early(relative: NDArray[np.float64], short: float, pause: float) -> bool:
    """Return whether an interval below ``short`` is followed by one above ``pause``; 0 asks nothing of what follows."""
    if not pause:
        return bool((relative < short).any())
    return bool(((relative[:-1] < short) & (relative[1:] > pause)).any())


def _holes(marks: NDArray[np.float64], duration_s: float) -> list[tuple[float, float]]:
    """Return the spans of more than LONGEST_HOLE_S without a mark of a state, start and end in seconds."""
    told = marks[marks[:, 2] > 0]
    ends = np.concatenate([[0.0], np.maximum.accumulate(told[:, 1])])
    starts = np.append(told[:, 0], duration_s)
    return [(begin, finish) for begin, finish in zip(ends, starts, strict=True) if finish - begin > LONGEST_HOLE_S]

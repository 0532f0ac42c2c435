"""Annotations of heart sounds: which windows of a recording hold an ectopic beat, whatever its label says.

Some recordings have annotations beside them: a ``.tsv`` file with lines of start s, end s, state (1 S1, 2 systole,
3 S2, 4 diastole, 0 not annotated). The onsets of S1 give the rhythm of every window. A window is 5 s long, a new one
begins every 0.5 s, and only windows that lie wholly in the recording count. Its RR intervals are those between the
onsets of S1 inside it, each divided by their median. Then it is

``premature``
    if an interval below 0.85 is followed by one above 1.05: an early beat, and the pause behind it;
``premature_strict``
    if an interval below 0.80 is followed by one above 1.05;
``short_interval``
    if the shortest interval is below 0.80, whatever follows;
``regular``
    if every interval is within 0.90 to 1.10.

A window may be several of these, or none: then it is neither ectopic nor regular. Left out are windows that overlap
a gap, which is more than 0.2 s without states 1 to 4, also at both ends of the recording; and those with fewer than 3
intervals. Annotations are a machine's, corrected by a person; they are not an ECG.

Source: the format is that of CirCor DigiScope 2022. Pure but for :func:`read_annotations`; must not read audio.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.labels import NON_CARDIAC
from training.data.recording import Recording

__all__ = [
    "ECTOPIC_KINDS",
    "MAX_GAP_S",
    "REGULAR",
    "RHYTHM_HOP_S",
    "S1",
    "RhythmWindow",
    "annotations_beside",
    "beat_runs",
    "read_annotations",
    "rhythm_kinds",
    "rhythm_windows",
]

RHYTHM_HOP_S = 0.5
RHYTHM_WINDOW_S = 5.0

ECTOPIC_KINDS: dict[str, tuple[float, float]] = {
    "premature": (0.85, 1.05),
    "premature_strict": (0.80, 1.05),
    "short_interval": (0.80, 0.0),
}
"""An interval below the first number, of the median, followed by one above the second; 0 asks nothing of what follows.
Metrics are named after the first; the others show how far they depend on the definition."""

REGULAR = "regular"
MAX_DEVIATION = 0.10
"""Of the median: how far any interval of a regular window may be from it."""

MIN_INTERVALS = 3
MAX_GAP_S = 0.2
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
        Of ECTOPIC_KINDS, and REGULAR; empty where the rhythm is in between.
    """

    index: int
    kinds: frozenset[str]


def annotations_beside(recording: Recording) -> Path | None:
    """Return the file of a recording's annotations, where there is one; None for a non-cardiac sound."""
    path = recording.path.with_suffix(".tsv")
    usable = recording.label != NON_CARDIAC and not recording.is_part and recording.path != path
    return path if usable and path.is_file() else None


def read_annotations(path: Path) -> NDArray[np.float64]:
    """Return annotations, in the order of their starts.

    Returns
    -------
    ndarray, shape (annotations, 3), float64
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


def beat_runs(annotations: NDArray[np.float64], max_gap_s: float) -> list[NDArray[np.float64]]:
    """Return the runs of annotated beats that follow each other, in the order of time.

    Parameters
    ----------
    annotations : ndarray, shape (annotations, 3)
        As :func:`read_annotations` returns them.
    max_gap_s : float
        Longest gap between two states, and longest overlap, not included.

    Returns
    -------
    list of ndarray, shape (beats, 5)
        Onsets of S1, systole, S2, diastole and the next S1, in seconds. No run is empty.

    Examples
    --------
    >>> edges = np.array([0.0, 0.1, 0.3, 0.4, 0.8, 0.9])
    >>> beat_runs(np.column_stack([edges[:-1], edges[1:], [1, 2, 3, 4, 1]]), 0.02)
    [array([[0. , 0.1, 0.3, 0.4, 0.8]])]
    """
    states = annotations[:, 2].astype(int)
    runs: list[list[NDArray[np.float64]]] = []
    for first in range(len(annotations) - 4):
        gaps_s = annotations[first : first + 4, 1] - annotations[first + 1 : first + 5, 0]
        if np.abs(gaps_s).max() < max_gap_s and tuple(states[first : first + 5]) == (1, 2, 3, 4, 1):
            onsets = annotations[first : first + 5, 0]
            if not runs or runs[-1][-1][4] != onsets[0]:
                runs.append([])
            runs[-1].append(onsets)
    return [np.array(run) for run in runs]


def rhythm_windows(annotations: NDArray[np.float64], duration_s: float) -> list[RhythmWindow]:
    """Return the windows of a recording whose rhythm the annotations give.

    Parameters
    ----------
    annotations : ndarray, shape (annotations, 3)
        As :func:`read_annotations` returns them.
    duration_s : float
        Of the recording.

    Examples
    --------
    >>> starts = np.arange(0, 5.6, 0.8)
    >>> rhythm_windows(np.column_stack([starts, starts + 0.8, np.full(7, S1)]), duration_s=5.4)
    [RhythmWindow(index=0, kinds=frozenset({'regular'}))]
    """
    if not len(annotations):
        return []
    onsets, gaps = np.unique(annotations[annotations[:, 2] == S1, 0]), _gaps(annotations, duration_s)
    count = int((duration_s - RHYTHM_WINDOW_S) / RHYTHM_HOP_S + 1e-6) + 1 if duration_s >= RHYTHM_WINDOW_S else 0
    windows = []
    for index in range(count):
        start, end = index * RHYTHM_HOP_S, index * RHYTHM_HOP_S + RHYTHM_WINDOW_S
        if any(gap_start < end and gap_end > start for gap_start, gap_end in gaps):
            continue
        intervals = np.diff(onsets[(onsets >= start) & (onsets <= end)])
        if len(intervals) >= MIN_INTERVALS:
            windows.append(RhythmWindow(index, rhythm_kinds(intervals)))
    return windows


def rhythm_kinds(intervals_s: NDArray[np.float64]) -> frozenset[str]:
    """Return which of ECTOPIC_KINDS and REGULAR the RR intervals of a window are.

    Parameters
    ----------
    intervals_s : ndarray, shape (n,)
        In their order, above 0; at least one.

    Examples
    --------
    >>> sorted(rhythm_kinds(np.array([0.8, 0.66, 0.94, 0.8])))
    ['premature']
    """
    relative = intervals_s / np.median(intervals_s)
    kinds = {name for name, (short, pause) in ECTOPIC_KINDS.items() if _is_ectopic(relative, short, pause)}
    if np.abs(relative - 1).max() <= MAX_DEVIATION + 1e-9:
        kinds.add(REGULAR)
    return frozenset(kinds)


def _is_ectopic(relative: NDArray[np.float64], short: float, pause: float) -> bool:
    """Return whether an interval below ``short`` is followed by one above ``pause``; 0 asks nothing of what follows."""
    if not pause:
        return bool((relative < short).any())
    return bool(((relative[:-1] < short) & (relative[1:] > pause)).any())


def _gaps(annotations: NDArray[np.float64], duration_s: float) -> list[tuple[float, float]]:
    """Return the spans of more than MAX_GAP_S without a state, start and end in seconds."""
    annotated = annotations[annotations[:, 2] > 0]
    ends = np.concatenate([[0.0], np.maximum.accumulate(annotated[:, 1])])
    starts = np.append(annotated[:, 0], duration_s)
    return [(begin, end) for begin, end in zip(ends, starts, strict=True) if end - begin > MAX_GAP_S]

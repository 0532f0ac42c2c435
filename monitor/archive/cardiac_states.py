"""The states of the cardiac cycle where they are known: S1, systole, S2 and diastole.

A person's labels ``S1``, ``systole``, ``S2`` and ``diastole`` come first, then a file beside the recording of the form
that CirCor DigiScope has: start, end and state of each line. Without either, the states are those of the beats that
auscult found: it knows the middle of each heart sound and gives it the median duration of CirCor's.
Source: CirCor DigiScope 2022, https://doi.org/10.13026/tshs-mw03
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.archive.timeline import Timeline
from monitor.errors import AuscultError
from monitor.output import printable

__all__ = ["NOT_ANNOTATED", "STATES", "Stretch", "annotated_states", "found_states", "known_states"]

STATES = {"s1": 1, "systole": 2, "s2": 3, "diastole": 4}
NOT_ANNOTATED = 0
S1_S, S2_S = 0.12, 0.1
"""Median durations of S1 and S2. Source: 12 937 S1 and 12 797 S2 annotated in 635 recordings of CirCor."""

Stretch = tuple[float, float, int]
"""Start and end in seconds, and the state."""


def known_states(timeline: Timeline) -> list[Stretch]:
    """Return the states of a person's labels, of the file beside the recording, or of the beats that were found.

    None where nothing is known.

    Raises
    ------
    AuscultError
        If the file beside the recording cannot be read.
    """
    return annotated_states(timeline) or found_states(timeline.beats, timeline.duration_s)


def annotated_states(timeline: Timeline) -> list[Stretch]:
    """Return the states of a person's labels, else of the file beside the recording; none without either.

    Raises
    ------
    AuscultError
        If the file beside the recording cannot be read.
    """
    labels = [(span, span.text.strip().lower()) for span in timeline.spans if span.kind == "label"]
    known = [(span.start_s, span.end_s, STATES[name]) for span, name in labels if name in STATES]
    if not known and timeline.sound is not None:
        known = _beside(timeline.sound.path.with_suffix(".tsv"), timeline.duration_s)
    return known


def found_states(beats: Sequence[Mapping[str, Any]], duration_s: float) -> list[Stretch]:
    """Return the states of the beats that were found; between two that do not follow each other there is none.

    Parameters
    ----------
    beats : sequence of mapping
        The ``beat`` lines, ascending.
    duration_s : float
        Of the sound; nothing lies behind it.

    Examples
    --------
    >>> beats = [{"s1_s": 1.0, "s2_s": 1.3}, {"s1_s": 1.8, "s2_s": None, "diastole_ms": 500.0}]
    >>> [(round(start, 2), round(end, 2), state) for start, end, state in found_states(beats, 60.0)]
    [(0.94, 1.06, 1), (1.06, 1.25, 2), (1.25, 1.35, 3), (1.35, 1.74, 4), (1.74, 1.86, 1)]
    """
    found: list[Stretch] = []
    for beat in beats:
        s1_s, s2_s = beat.get("s1_s"), beat.get("s2_s")
        if s1_s is not None:
            start_s = s1_s - S1_S / 2
            if beat.get("diastole_ms") is not None and found and start_s > found[-1][1]:
                found.append((found[-1][1], start_s, STATES["diastole"]))
            found.append((start_s, s1_s + S1_S / 2, STATES["s1"]))
        if s2_s is not None:
            start_s = s2_s - S2_S / 2
            if s1_s is not None and start_s > found[-1][1]:
                found.append((found[-1][1], start_s, STATES["systole"]))
            found.append((start_s, s2_s + S2_S / 2, STATES["s2"]))
    return _apart(found, duration_s)


def _apart(states: Sequence[Stretch], duration_s: float) -> list[Stretch]:
    """Return states without overlap, and inside the sound."""
    apart: list[Stretch] = []
    for start_s, end_s, state in states:
        begin_s = max(0.0, start_s, apart[-1][1] if apart else 0.0)
        if begin_s < min(end_s, duration_s):
            apart.append((begin_s, min(end_s, duration_s), state))
    return apart


def _beside(path: Path, duration_s: float) -> list[Stretch]:
    """Return the annotated states of a file, up to the end of the sound; none where there is no file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise AuscultError(f"{printable(str(path))} cannot be read: {error}") from error
    known = []
    for number, line in enumerate(lines, 1):
        fields = line.split("\t")
        try:
            start_s, end_s, state = float(fields[0]), float(fields[1]), int(float(fields[2]))
        except (ValueError, IndexError):
            start_s, end_s, state = math.nan, math.nan, -1
        if not (0 <= start_s <= end_s < math.inf and NOT_ANNOTATED <= state <= len(STATES)):
            raise AuscultError(f"{printable(str(path))}: line {number} is not start, end and state 0 to 4")
        if state != NOT_ANNOTATED and start_s < min(end_s, duration_s):
            known.append((start_s, min(end_s, duration_s), state))
    return known

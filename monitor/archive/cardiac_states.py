"""The states of the cardiac cycle where they are known: S1, systole, S2 and diastole.

auscult itself finds no S2, so states are known only where they were annotated: by a person's labels ``S1``,
``systole``, ``S2`` and ``diastole``, or in a file beside the recording of the form that CirCor DigiScope has: start,
end and state of each line.
Source: CirCor DigiScope 2022, https://doi.org/10.13026/tshs-mw03
"""

from __future__ import annotations

import math
from pathlib import Path

from monitor.archive.timeline import Timeline
from monitor.errors import AuscultError
from monitor.output import printable

__all__ = ["NOT_ANNOTATED", "STATES", "Stretch", "known_states"]

STATES = {"s1": 1, "systole": 2, "s2": 3, "diastole": 4}
NOT_ANNOTATED = 0

Stretch = tuple[float, float, int]
"""Start and end in seconds, and the state."""


def known_states(timeline: Timeline) -> list[Stretch]:
    """Return the annotated states, a person's labels first; none where nothing is known.

    Raises
    ------
    AuscultError
        If the file beside the recording cannot be read.
    """
    labels = [(span, span.text.strip().lower()) for span in timeline.spans if span.kind == "label"]
    known = [(span.start_s, span.end_s, STATES[name]) for span, name in labels if name in STATES]
    if not known and timeline.sound is not None:
        return _beside(timeline.sound.path.with_suffix(".tsv"), timeline.duration_s)
    return known


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

"""The states of the cardiac cycle as CirCor DigiScope has them: start, end and state of each line, in seconds.

1 is S1, 2 systole, 3 S2, 4 diastole, 0 not annotated. auscult itself finds no S2, so states are known only where they
were annotated: in a file of this format beside the recording, or by a person's labels ``S1``, ``systole``, ``S2`` and
``diastole`` in a session.
Source: CirCor DigiScope 2022, https://doi.org/10.13026/tshs-mw03
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from monitor.archive.timeline import Timeline
from monitor.errors import AuscultError
from monitor.output import printable

__all__ = ["circor_states"]

STATES = {"s1": 1, "systole": 2, "s2": 3, "diastole": 4}
NOT_ANNOTATED = 0

Stretch = tuple[float, float, int]


def circor_states(timeline: Timeline) -> str:
    """Return one line a state, without holes: what is not annotated has state 0.

    Raises
    ------
    AuscultError
        If no state is known, two overlap, or the file beside the recording cannot be read.
    """
    labels = (span for span in timeline.spans if span.kind == "label")
    known = [
        (span.start_s, span.end_s, STATES[span.text.strip().lower()])
        for span in labels
        if span.text.strip().lower() in STATES
    ]
    if not known and timeline.sound is not None:
        known = _beside(timeline.sound.path.with_suffix(".tsv"), timeline.duration_s)
    if not known:
        raise AuscultError(
            f"{printable(timeline.name)}: its S1 and S2 are not known",
            "label stretches S1, systole, S2 and diastole, or put a .tsv with them beside the recording",
        )
    return "".join(f"{start:.6f}\t{end:.6f}\t{state}\n" for start, end, state in _filled(known, timeline))


def _filled(known: Iterable[Stretch], timeline: Timeline) -> list[Stretch]:
    """Return the states with stretches of state 0 between them."""
    filled: list[Stretch] = []
    position_s = 0.0
    for start_s, end_s, state in sorted(known):
        if start_s < position_s - 0.5 / timeline.sample_rate:
            raise AuscultError(f"{printable(timeline.name)}: two states overlap at {start_s:.3f} s", "mend the labels")
        if round(start_s, 6) > round(position_s, 6):
            filled.append((position_s, start_s, NOT_ANNOTATED))
        filled.append((max(position_s, start_s), end_s, state))
        position_s = end_s
    if round(position_s, 6) < round(timeline.duration_s, 6):
        filled.append((position_s, timeline.duration_s, NOT_ANNOTATED))
    return filled


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

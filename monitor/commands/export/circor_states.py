"""The states of the cardiac cycle as CirCor DigiScope has them: start, end and state of each line, in seconds.

1 is S1, 2 systole, 3 S2, 4 diastole, 0 not known. A person's labels ``S1``, ``systole``, ``S2`` and ``diastole`` in a
session come first, then a file of this format beside the recording, then the beats that auscult found.
Source: CirCor DigiScope 2022, https://doi.org/10.13026/tshs-mw03
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.archive.cardiac_states import NOT_ANNOTATED, Stretch, known_states
from monitor.archive.timeline import Timeline
from monitor.errors import AuscultError
from monitor.output import printable

__all__ = ["circor_states"]


def circor_states(timeline: Timeline) -> str:
    """Return one line a state, without holes: what is not annotated has state 0.

    Raises
    ------
    AuscultError
        If no state is known, two overlap, or the file beside the recording cannot be read.
    """
    known = known_states(timeline)
    if not known:
        raise AuscultError(
            f"{printable(timeline.name)}: its S1 and S2 are not known",
            "no beat was found that is sure: label stretches S1, systole, S2 and diastole, or judge the sound with a "
            "bundle that finds beats (auscult models says which lacks that network)",
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

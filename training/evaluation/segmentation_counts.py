"""What was found in many recordings as arrays of counts, which give each metric of a segmentation again.

Pure; patients are numbers in the order of their names, so that the intervals are the same too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation.segmentation import FoundSounds

__all__ = ["SHOWN_FROM", "counts_of", "rows_of"]

PAIRS = ("reference", "estimated", "matched", "matched_wide", "swapped")
RATES = ("annotated_bpm", "estimated_bpm", "covered_s")
SHOWN_FROM = 0.5
"""For the rows that :func:`rows_of` returns: what is shown has a confidence of 1, and only that is in them."""


def counts_of(rows: Sequence[FoundSounds], shown_from: float) -> dict[str, NDArray[np.float64] | NDArray[np.intp]]:
    """Return the counts of some recordings.

    Parameters
    ----------
    rows : sequence of FoundSounds
    shown_from : float
        Confidence from which a heart sound is shown.

    Returns
    -------
    dict of str to ndarray
        ``patient`` (rows,); the pairs of :class:`FoundSounds` (rows, 2), int; ``shown`` (rows, 2), int, right and
        wrong; rates and seconds (rows,), float64.
    """
    number_of = {name: number for number, name in enumerate(sorted({row.patient for row in rows}))}
    shown = [(row.confidence >= shown_from, row.right) for row in rows]
    counts: dict[str, NDArray[np.float64] | NDArray[np.intp]] = {
        "patient": np.array([number_of[row.patient] for row in rows], np.intp),
        "shown": np.array([((seen & right).sum(), (seen & ~right).sum()) for seen, right in shown], np.intp),
    }
    counts |= {name: np.array([getattr(row, name) for row in rows], np.intp) for name in PAIRS}
    return counts | {name: np.array([getattr(row, name) for row in rows], np.float64) for name in RATES}


def rows_of(counts: Mapping[str, NDArray[np.float64] | NDArray[np.intp]]) -> list[FoundSounds]:
    """Return recordings with these counts, which have the metrics of those that were counted."""
    rows = []
    for row, (right, wrong) in enumerate(counts["shown"].astype(int).tolist()):
        pairs = {name: counts[name][row].astype(np.intp) for name in PAIRS}
        annotated_bpm, estimated_bpm, covered_s = (float(counts[name][row]) for name in RATES)
        rows.append(
            FoundSounds(
                patient=f"{int(counts['patient'][row]):06d}",
                confidence=np.ones(right + wrong),
                right=np.arange(right + wrong) < right,
                kept=np.arange(right + wrong),
                annotated_bpm=annotated_bpm,
                estimated_bpm=estimated_bpm,
                covered_s=covered_s,
                **pairs,
            )
        )
    return rows

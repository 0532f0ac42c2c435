"""The score of an extrasystole against two truths, side by side: what a data set's label says, and what S1 marks say.

A label belongs to a whole recording, and PASCAL set B gives it to none that it calls noisy; so the label is held
against clean and against noisy normals apart: a network that hears noise, not rhythm, shows a wide gap. Marks belong
to moments, so there windows are judged (:mod:`training.data.annotations`). Pure; must not read audio.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.annotations import REGULAR, MarkedWindows, RhythmContrast, contrasts
from training.data.recording import EXTRASTOLE
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.cross_validated import Figure
from training.evaluation.ground_truth import NORMAL, patients_of
from training.evaluation.ranking import Ranking
from training.evaluation.scoring import Judged

__all__ = ["LabelContrast", "Rhythm", "label_contrasts", "rhythm_json", "rhythm_of", "rhythm_rows"]

NORMALS = ("clean normals", "noisy normals", "all normals")

SHORT_NAMES = {"premature": "marks: premature", "premature_strict": "marks: strict", "short_interval": "marks: short"}
DEFINITIONS = {
    "premature": "an interval below 0.85 of the median, then one above 1.05",
    "premature_strict": "an interval below 0.80, then one above 1.05",
    "short_interval": "the shortest interval below 0.80",
}

COLUMNS = ("truth", "found", "against", "AUC")
NOTE = (
    "The same score of an extrasystole, against two truths. The label is a recording's, its score the mean over the "
    "windows. Marks of S1 tell the rhythm of each 5 s window (hop 0.5 s) by its intervals, relative to their median: "
    "premature, one below 0.85 followed by one above 1.05; strict, below 0.80 and then above 1.05; short, any below "
    "0.80; regular, all within 10 %."
)


@dataclasses.dataclass(frozen=True, slots=True)
class LabelContrast:
    """How well recordings labelled as extrasystoles are told from some of the normals.

    Attributes
    ----------
    positives, negatives : int
        Recordings.
    auc : Figure
    """

    positives: int
    negatives: int
    auc: Figure


@dataclasses.dataclass(frozen=True)
class Rhythm:
    """Both truths about the score of an extrasystole.

    Attributes
    ----------
    label : dict of str to LabelContrast
        By the normals that it is held against; those that the recordings do not give are left out.
    windows, regular : dict of str to int
        Counts of marked windows, recordings and patients: of all, and of those with a regular rhythm.
    marks : dict of str to RhythmContrast
        By definition of a premature beat; empty where there are no marks.
    """

    label: dict[str, LabelContrast]
    windows: dict[str, int]
    regular: dict[str, int]
    marks: dict[str, RhythmContrast]


def rhythm_of(
    judged: Sequence[Judged], marked: MarkedWindows, labels: Sequence[str], bootstrap: Bootstrap
) -> Rhythm | None:
    """Return both truths about some judged recordings and windows; None for labels without an extrasystole.

    Parameters
    ----------
    judged : sequence of Judged
        Recordings; those that are certainly extrasystoles or normals count.
    marked : MarkedWindows
    labels : sequence of str
        In the order of the scores.
    bootstrap : Bootstrap
    """
    if EXTRASTOLE not in labels:
        return None
    return Rhythm(
        label=label_contrasts(judged, list(labels).index(EXTRASTOLE), bootstrap),
        windows=marked.counts(),
        regular=marked.counts(marked.of_kind(REGULAR)),
        marks=contrasts(marked, bootstrap) if len(marked) else {},
    )


def label_contrasts(judged: Sequence[Judged], place: int, bootstrap: Bootstrap) -> dict[str, LabelContrast]:
    """Return how well the label is found among each kind of normals.

    Parameters
    ----------
    judged : sequence of Judged
    place : int
        Of the extrasystole among the scores.
    bootstrap : Bootstrap
    """
    positive = np.array([its.recording.label == EXTRASTOLE for its in judged], bool)
    normal = np.array([its.recording.label == NORMAL for its in judged], bool)
    noise = [its.recording.noisy for its in judged]
    clean, noisy = (np.array([its is value for its in noise], bool) for value in (False, True))
    found = {}
    for name, negative in zip(NORMALS, (normal & clean, normal & noisy, normal), strict=True):
        rows = np.flatnonzero(positive | negative)
        if positive.any() and negative.any():
            auc = _auc([judged[row] for row in rows.tolist()], positive[rows], place, bootstrap)
            found[name] = LabelContrast(int(positive.sum()), int(negative.sum()), auc)
    return found


def _auc(judged: Sequence[Judged], positive: NDArray[np.bool_], place: int, bootstrap: Bootstrap) -> Figure:
    """Return the area under the ROC curve of one score."""
    ranking = Ranking(positive, np.array([its.scores[place] for its in judged]))

    def of(rows: NDArray[np.intp]) -> dict[str, float]:
        return {"auc": ranking.figures(rows, 0.9)[0]}

    return bootstrap.figures(of, patients_of([its.recording for its in judged]))["auc"]


def rhythm_rows(found: Rhythm) -> list[tuple[str | Figure, ...]]:
    """Return the rows of a table, under COLUMNS; truths that the recordings do not give are left out."""
    rows: list[tuple[str | Figure, ...]] = [
        ("label", f"{its.positives} recordings", f"{its.negatives} {name}", its.auc)
        for name, its in found.label.items()
        if math.isfinite(its.auc.value)
    ]
    for name, contrast in found.marks.items():
        counts = contrast.counts
        here = f"{counts['windows']} of {counts['patients']} patients"
        others = found.windows["windows"] - counts["windows"]
        for against, auc in (
            (f"{found.regular['windows']} regular", contrast.against_regular),
            (f"all {others} others", contrast.against_all),
        ):
            if math.isfinite(auc.value):
                rows.append((SHORT_NAMES[name], here, against, auc))
    return rows


def rhythm_json(found: Rhythm) -> dict[str, Any]:
    """Return both truths as plain JSON values."""
    return {
        "label": {
            name: {"positives": its.positives, "negatives": its.negatives, "auc": its.auc.to_json()}
            for name, its in found.label.items()
        },
        "marks": {
            **found.windows,
            "regular": found.regular,
            "definitions": {
                name: {
                    "definition": DEFINITIONS[name],
                    **its.counts,
                    "auc_against_regular": its.against_regular.to_json(),
                    "auc_against_all": its.against_all.to_json(),
                }
                for name, its in found.marks.items()
            },
        },
    }

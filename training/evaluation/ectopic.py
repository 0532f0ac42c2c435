"""The score of an extrasystole against two truths, side by side: what a data set's label says, and what S1 marks say.

A label belongs to a whole recording, and PASCAL set B gives it to none that it calls noisy; so the label is held
against clean and against noisy normals apart: a network that hears noise, not rhythm, shows a wide gap. Marks belong
to moments, so there windows are judged (:mod:`training.data.annotations`). Pure; must not read audio.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.annotations import PREMATURE, REGULAR
from training.data.recording import EXTRASTOLE
from training.evaluation.bootstrap import UNDEFINED, Bootstrap, Estimate
from training.evaluation.ground_truth import NORMAL, patients_of
from training.evaluation.metrics import Ranking
from training.evaluation.scoring import ScoredRecording

__all__ = [
    "AnnotatedWindows",
    "LabelContrast",
    "RhythmContrast",
    "RhythmMetrics",
    "contrasts",
    "label_contrasts",
    "rhythm_json",
    "rhythm_metrics",
    "rhythm_rows",
]

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


@dataclasses.dataclass(frozen=True)
class AnnotatedWindows:
    """Judged windows whose rhythm is known.

    Attributes
    ----------
    score : ndarray, shape (windows,)
        Calibrated score of an extrasystole.
    kinds : sequence of frozenset of str
        As in :class:`RhythmWindow`.
    patients, recordings : sequence of str
        One per window.
    """

    score: NDArray[np.float64]
    kinds: Sequence[frozenset[str]]
    patients: Sequence[str]
    recordings: Sequence[str]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.kinds)

    def of_kind(self, name: str) -> NDArray[np.bool_]:
        """Return which windows are of a kind."""
        return np.array([name in kinds for kinds in self.kinds], bool)

    def counts(self, chosen: NDArray[np.bool_] | None = None) -> dict[str, int]:
        """Return how many windows there are of how many recordings and patients, of all or of those chosen."""
        rows = np.flatnonzero(np.ones(len(self), bool) if chosen is None else chosen).tolist()
        return {
            "windows": len(rows),
            "recordings": len({self.recordings[row] for row in rows}),
            "patients": len({self.patients[row] for row in rows}),
        }


@dataclasses.dataclass(frozen=True, slots=True)
class RhythmContrast:
    """How well the score of an extrasystole tells one kind of window from others, by the area under the ROC curve.

    Attributes
    ----------
    counts : dict of str to int
        ``windows``, ``recordings`` and ``patients`` of that kind.
    against_regular : Estimate
        Against windows of a regular rhythm.
    against_all : Estimate
        Against all windows that are not of that kind.
    """

    counts: dict[str, int]
    against_regular: Estimate
    against_all: Estimate


def contrasts(marked: AnnotatedWindows, bootstrap: Bootstrap) -> dict[str, RhythmContrast]:
    """Return, for each definition of a premature beat, how well it is found; intervals over patients."""
    regular = marked.of_kind(REGULAR)
    kinds = {name: marked.of_kind(name) for name in PREMATURE}
    figures = _areas(marked, kinds, regular, bootstrap) if len(marked) else {}
    return {
        name: RhythmContrast(
            marked.counts(positive),
            figures.get(f"{name} regular", UNDEFINED),
            figures.get(f"{name} all", UNDEFINED),
        )
        for name, positive in kinds.items()
    }


def _areas(
    marked: AnnotatedWindows,
    kinds: Mapping[str, NDArray[np.bool_]],
    regular: NDArray[np.bool_],
    bootstrap: Bootstrap,
) -> dict[str, Estimate]:
    """Return the area of every definition against regular windows, and against all others."""
    rankings = {name: Ranking(positive, np.asarray(marked.score)) for name, positive in kinds.items()}

    def of(rows: NDArray[np.intp]) -> dict[str, float]:
        areas = {}
        for name, ranking in rankings.items():
            against_regular = rows[(kinds[name] | regular)[rows]]
            areas[f"{name} regular"] = ranking.auc(against_regular)
            areas[f"{name} all"] = ranking.auc(rows)
        return areas

    return bootstrap.estimate(of, marked.patients)


@dataclasses.dataclass(frozen=True, slots=True)
class LabelContrast:
    """How well recordings labelled as extrasystoles are told from some of the normals.

    Attributes
    ----------
    positives, negatives : int
        Recordings.
    auc : Estimate
    """

    positives: int
    negatives: int
    auc: Estimate


@dataclasses.dataclass(frozen=True)
class RhythmMetrics:
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


def rhythm_metrics(
    judged: Sequence[ScoredRecording], marked: AnnotatedWindows, labels: Sequence[str], bootstrap: Bootstrap
) -> RhythmMetrics | None:
    """Return both truths about some judged recordings and windows; None for labels without an extrasystole.

    Parameters
    ----------
    judged : sequence of ScoredRecording
        Recordings; those that are certainly extrasystoles or normals count.
    marked : AnnotatedWindows
    labels : sequence of str
        In the order of the scores.
    bootstrap : Bootstrap
    """
    if EXTRASTOLE not in labels:
        return None
    return RhythmMetrics(
        label=label_contrasts(judged, list(labels).index(EXTRASTOLE), bootstrap),
        windows=marked.counts(),
        regular=marked.counts(marked.of_kind(REGULAR)),
        marks=contrasts(marked, bootstrap) if len(marked) else {},
    )


def label_contrasts(judged: Sequence[ScoredRecording], place: int, bootstrap: Bootstrap) -> dict[str, LabelContrast]:
    """Return how well the label is found among each kind of normals.

    Parameters
    ----------
    judged : sequence of ScoredRecording
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


def _auc(judged: Sequence[ScoredRecording], positive: NDArray[np.bool_], place: int, bootstrap: Bootstrap) -> Estimate:
    """Return the area under the ROC curve of one score."""
    ranking = Ranking(positive, np.array([its.scores[place] for its in judged]))

    def of(rows: NDArray[np.intp]) -> dict[str, float]:
        return {"auc": ranking.auc(rows)}

    return bootstrap.estimate(of, patients_of([its.recording for its in judged]))["auc"]


def rhythm_rows(found: RhythmMetrics) -> list[tuple[str | Estimate, ...]]:
    """Return the rows of a table, under COLUMNS; truths that the recordings do not give are left out."""
    rows: list[tuple[str | Estimate, ...]] = [
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


def rhythm_json(found: RhythmMetrics) -> dict[str, Any]:
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

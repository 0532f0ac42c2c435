"""The extrasystole score against two kinds of ground truth, side by side: labels of recordings, annotations of beats.

A label belongs to a whole recording, and PASCAL set B gives it to none that it calls noisy; so labelled recordings are
compared with clean and with noisy normals apart: a network that detects noise, not rhythm, shows a wide gap.
Annotations belong to moments, so there windows are scored (:mod:`training.data.annotations`). Pure; must not read
audio.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.labels import EXTRASTOLE, NORMAL
from training.data.annotations import ECTOPIC_KINDS, REGULAR
from training.evaluation.bootstrap import UNDEFINED, Bootstrap, Estimate
from training.evaluation.ground_truth import patients_of
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

SHORT_NAMES = {
    "premature": "annotations: premature",
    "premature_strict": "annotations: strict",
    "short_interval": "annotations: short",
}
DEFINITIONS = {
    "premature": "an interval below 0.85 of the median, then one above 1.05",
    "premature_strict": "an interval below 0.80, then one above 1.05",
    "short_interval": "the shortest interval below 0.80",
}

COLUMNS = ("ground truth", "positives", "against", "AUC")
NOTE = (
    "The extrasystole score against two kinds of ground truth. The label belongs to a recording, whose score is the "
    "mean over the windows. Annotations of S1 give the rhythm of each 5 s window (hop 0.5 s) by its RR intervals, "
    "relative to their median: premature, one below 0.85 followed by one above 1.05; strict, below 0.80 and then above "
    "1.05; short, any below 0.80; regular, all within 10 %."
)


@dataclasses.dataclass(frozen=True)
class AnnotatedWindows:
    """Scored windows whose rhythm is known.

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
    """How well the extrasystole score separates one kind of window from others, by the area under the ROC curve.

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


def contrasts(annotated: AnnotatedWindows, bootstrap: Bootstrap) -> dict[str, RhythmContrast]:
    """Return, for each definition of an ectopic beat, how well it is detected; intervals over patients."""
    regular = annotated.of_kind(REGULAR)
    kinds = {name: annotated.of_kind(name) for name in ECTOPIC_KINDS}
    estimates = _areas(annotated, kinds, regular, bootstrap) if len(annotated) else {}
    return {
        name: RhythmContrast(
            annotated.counts(positive),
            estimates.get(f"{name} regular", UNDEFINED),
            estimates.get(f"{name} all", UNDEFINED),
        )
        for name, positive in kinds.items()
    }


def _areas(
    annotated: AnnotatedWindows,
    kinds: Mapping[str, NDArray[np.bool_]],
    regular: NDArray[np.bool_],
    bootstrap: Bootstrap,
) -> dict[str, Estimate]:
    """Return the AUC of every definition against regular windows, and against all others."""
    rankings = {name: Ranking(positive, np.asarray(annotated.score)) for name, positive in kinds.items()}

    def metrics_of(rows: NDArray[np.intp]) -> dict[str, float]:
        areas = {}
        for name, ranking in rankings.items():
            areas[f"{name} regular"] = ranking.auc(rows[(kinds[name] | regular)[rows]])
            areas[f"{name} all"] = ranking.auc(rows)
        return areas

    return bootstrap.estimate(metrics_of, annotated.patients)


@dataclasses.dataclass(frozen=True, slots=True)
class LabelContrast:
    """How well recordings labelled as extrasystoles are separated from some of the normals.

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
    """The extrasystole score against both kinds of ground truth.

    Attributes
    ----------
    label : dict of str to LabelContrast
        By the normals that it is compared with; those that the recordings do not give are left out.
    windows, regular : dict of str to int
        Counts of annotated windows, recordings and patients: of all, and of those with a regular rhythm.
    annotations : dict of str to RhythmContrast
        By definition of an ectopic beat; empty where there are no annotations.
    """

    label: dict[str, LabelContrast]
    windows: dict[str, int]
    regular: dict[str, int]
    annotations: dict[str, RhythmContrast]


def rhythm_metrics(
    scored: Sequence[ScoredRecording], annotated: AnnotatedWindows, labels: Sequence[str], bootstrap: Bootstrap
) -> RhythmMetrics | None:
    """Return the extrasystole score against both kinds of ground truth; None for labels without an extrasystole.

    Parameters
    ----------
    scored : sequence of ScoredRecording
        Recordings; those that are certainly extrasystoles or normals count.
    annotated : AnnotatedWindows
    labels : sequence of str
        In the order of the scores.
    bootstrap : Bootstrap
    """
    if EXTRASTOLE not in labels:
        return None
    return RhythmMetrics(
        label=label_contrasts(scored, list(labels).index(EXTRASTOLE), bootstrap),
        windows=annotated.counts(),
        regular=annotated.counts(annotated.of_kind(REGULAR)),
        annotations=contrasts(annotated, bootstrap) if len(annotated) else {},
    )


def label_contrasts(scored: Sequence[ScoredRecording], index: int, bootstrap: Bootstrap) -> dict[str, LabelContrast]:
    """Return how well the label is separated from each kind of normals.

    Parameters
    ----------
    scored : sequence of ScoredRecording
    index : int
        Of the extrasystole among the scores.
    bootstrap : Bootstrap
    """
    positive = np.array([row.recording.label == EXTRASTOLE for row in scored], bool)
    normal = np.array([row.recording.label == NORMAL for row in scored], bool)
    noise = [row.recording.noisy for row in scored]
    clean, noisy = (np.array([value is flag for value in noise], bool) for flag in (False, True))
    result = {}
    for name, negative in zip(NORMALS, (normal & clean, normal & noisy, normal), strict=True):
        if positive.any() and negative.any():
            rows = np.flatnonzero(positive | negative)
            auc = _auc([scored[row] for row in rows.tolist()], positive[rows], index, bootstrap)
            result[name] = LabelContrast(int(positive.sum()), int(negative.sum()), auc)
    return result


def _auc(scored: Sequence[ScoredRecording], positive: NDArray[np.bool_], index: int, bootstrap: Bootstrap) -> Estimate:
    """Return the area under the ROC curve of one score."""
    ranking = Ranking(positive, np.array([row.scores[index] for row in scored]))
    patients = patients_of([row.recording for row in scored])
    return bootstrap.estimate(lambda rows: {"auc": ranking.auc(rows)}, patients)["auc"]


def rhythm_rows(rhythm: RhythmMetrics) -> list[tuple[str | Estimate, ...]]:
    """Return the rows of a table, under COLUMNS; comparisons that the recordings do not give are left out."""
    rows: list[tuple[str | Estimate, ...]] = [
        ("label", f"{contrast.positives} recordings", f"{contrast.negatives} {name}", contrast.auc)
        for name, contrast in rhythm.label.items()
        if math.isfinite(contrast.auc.value)
    ]
    for name, of_kind in rhythm.annotations.items():
        counts = of_kind.counts
        positives = f"{counts['windows']} of {counts['patients']} patients"
        others = rhythm.windows["windows"] - counts["windows"]
        for against, auc in (
            (f"{rhythm.regular['windows']} regular", of_kind.against_regular),
            (f"all {others} others", of_kind.against_all),
        ):
            if math.isfinite(auc.value):
                rows.append((SHORT_NAMES[name], positives, against, auc))
    return rows


def rhythm_json(rhythm: RhythmMetrics) -> dict[str, Any]:
    """Return both comparisons as plain JSON values."""
    return {
        "label": {
            name: {"positives": contrast.positives, "negatives": contrast.negatives, "auc": contrast.auc.to_json()}
            for name, contrast in rhythm.label.items()
        },
        "marks": {
            **rhythm.windows,
            "regular": rhythm.regular,
            "definitions": {
                name: {
                    "definition": DEFINITIONS[name],
                    **contrast.counts,
                    "auc_against_regular": contrast.against_regular.to_json(),
                    "auc_against_all": contrast.against_all.to_json(),
                }
                for name, contrast in rhythm.annotations.items()
            },
        },
    }

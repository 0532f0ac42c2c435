"""Judged recordings to an evaluation: every figure with its 95 % interval over patients. Pure; reads no audio.

The decision is the label with the largest score. Figures of several classes are of recordings whose set tells all
labels; figures of one label are of every recording that certainly has it or has it not. What the recordings do not
give is NaN here, null in JSON and a dash in tables.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.inference.bundle import Bundle
from training.data.recording import NON_CARDIAC, Recording
from training.evaluation import curves
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.classification import (
    CHALLENGE,
    COVERAGES,
    OVERALL,
    SPECIFICITY,
    LabelFigures,
    baseline,
    confusion_of,
    one_label,
    several_accuracies,
    several_classes,
)
from training.evaluation.curves import ReliabilityBin
from training.evaluation.ectopic import AnnotatedWindows, RhythmMetrics, rhythm_of
from training.evaluation.ground_truth import LabelledScores, finding_of, labelled_scores, patients_of
from training.evaluation.metrics import Ranking
from training.evaluation.scoring import ScoredRecording
from training.evaluation.subgroups import subgroups

__all__ = ["About", "Evaluation", "LabelFigures", "about", "evaluate"]

IntArray = NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class About:
    """What was measured, on what.

    Attributes
    ----------
    model, model_sha256 : str
    labels : tuple of str
    hop_s : float
    seed, repeats : int
        Of the bootstrap.
    data : list of dict
        ``set``, ``recordings``, ``patients``, ``labels`` (with counts) and ``seen_in_training`` of each data set.
    left_out : dict of str to int
        Labels that the bundle does not know, with the number of recordings.
    unreadable : list of str
        A line for each file that could not be read.
    num_unknown_patients : int
        Recordings of which nobody said who was recorded.
    """

    model: str
    model_sha256: str
    labels: tuple[str, ...]
    hop_s: float
    seed: int
    repeats: int
    data: list[dict[str, Any]]
    left_out: dict[str, int]
    unreadable: list[str]
    num_unknown_patients: int

    @property
    def seen(self) -> list[str]:
        """Names of the data sets that the bundle was trained on, as its ``bundle.json`` says."""
        return [data["set"] for data in self.data if data["seen_in_training"]]


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """The figures of some of the recordings: accuracy, balanced_accuracy, and those of the finding."""

    recordings: int
    patients: int
    overall: dict[str, Estimate]
    finding: LabelFigures


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    about : About
    hearts : LabelledScores
        Scores and truth of every heart.
    finding : str
        The label that tables of one label are about.
    num_windows : int
    hours : float
    overall, challenge : dict of str to Estimate
        Those named in OVERALL and in CHALLENGE.
    always : tuple of str and dict, or None
        The most frequent label, and what always saying it would reach; None where no set tells all labels.
    confusion : ndarray, shape (labels, labels)
        Rows are the truth.
    per_label, per_patient : dict of str to LabelFigures
    coverage : list of tuple of float and Estimate
        Share of the surest recordings, and the share of errors among them.
    reliability : list of ReliabilityBin
    groups : dict of str to dict of str to Group
    no_heart : dict of str to Estimate
        windows_refused (of other sounds), heart_windows_withheld, auc; empty where the network does not tell.
    num_no_heart : int
        Recordings of sounds that are no heart.
    rhythm : RhythmMetrics or None
        The score of an extrasystole against both truths; None where no marks lie beside the recordings.
    """

    about: About
    hearts: LabelledScores
    finding: str
    num_windows: int
    hours: float
    overall: dict[str, Estimate]
    challenge: dict[str, Estimate]
    always: tuple[str, dict[str, float]] | None
    confusion: NDArray[np.int64]
    per_label: dict[str, LabelFigures]
    per_patient: dict[str, LabelFigures]
    coverage: list[tuple[float, Estimate]]
    reliability: list[ReliabilityBin]
    groups: dict[str, dict[str, Group]]
    no_heart: dict[str, Estimate]
    num_no_heart: int
    rhythm: RhythmMetrics | None = None


def about(
    bundle: Bundle,
    judged: Sequence[ScoredRecording],
    *,
    hop_s: float,
    bootstrap: Bootstrap,
    left_out: Mapping[str, int],
    unreadable: Sequence[str],
) -> About:
    """Return what is measured, on what."""
    seen = {str(data.get("set")) for data in bundle.settings.get("training_data", [])}
    recordings = [its.recording for its in judged]
    sources = dict.fromkeys(recording.source for recording in recordings)
    return About(
        model=bundle.name,
        model_sha256=bundle.model_sha256,
        labels=bundle.labels,
        hop_s=hop_s,
        seed=bootstrap.seed,
        repeats=bootstrap.repeats,
        data=[_described(name, recordings, seen) for name in sources],
        left_out=dict(left_out),
        unreadable=list(unreadable),
        num_unknown_patients=sum(not recording.patient for recording in recordings),
    )


def _described(source: str, recordings: Sequence[Recording], seen: set[str]) -> dict[str, Any]:
    """Return a data set's counts."""
    held = [recording for recording in recordings if recording.source == source]
    return {
        "set": source,
        "recordings": len(held),
        "patients": len(set(patients_of(held))),
        "labels": dict(sorted(Counter(" or ".join(recording.labels) for recording in held).items())),
        "seen_in_training": source in seen,
    }


def evaluate(
    judged: Sequence[ScoredRecording], facts: About, bootstrap: Bootstrap, marked: AnnotatedWindows | None = None
) -> Evaluation:
    """Return every figure of some judged recordings.

    Parameters
    ----------
    judged : sequence of ScoredRecording
        At least one; hearts, and sounds that are no heart.
    facts : About
    bootstrap : Bootstrap
    marked : AnnotatedWindows or None
        Windows whose rhythm marks tell, judged too.
    """
    others = [its for its in judged if its.recording.label == NON_CARDIAC]
    beating = [its for its in judged if its.recording.label != NON_CARDIAC]
    hearts, finding = labelled_scores(beating, facts.labels), finding_of(facts.labels)
    certain, people = hearts.certain(), hearts.by_patient()
    several = several_classes(certain, bootstrap)
    return Evaluation(
        about=facts,
        hearts=hearts,
        finding=finding,
        num_windows=sum(its.num_windows for its in judged),
        hours=sum(its.duration_s for its in judged) / 3600,
        overall={name: several[name] for name in OVERALL},
        challenge={name: several[name] for name in CHALLENGE},
        always=baseline(certain),
        confusion=confusion_of(certain),
        per_label={label: one_label(hearts, label, bootstrap) for label in facts.labels},
        per_patient={label: one_label(people, label, bootstrap) for label in facts.labels},
        coverage=[(share, several[f"error_at_{share}"]) for share in COVERAGES],
        reliability=curves.reliability(certain.truth, certain.scores),
        groups={
            dimension: {group: _group(hearts.only(rows), finding, bootstrap) for group, rows in groups.items()}
            for dimension, groups in subgroups(beating).items()
        },
        no_heart=_no_heart(beating, others, bootstrap),
        num_no_heart=len(others),
        rhythm=rhythm_of(beating, marked, facts.labels, bootstrap) if marked else None,
    )


def _group(hearts: LabelledScores, finding: str, bootstrap: Bootstrap) -> Group:
    """Return the figures of some of the recordings."""
    return Group(
        recordings=len(hearts),
        patients=len(set(hearts.patients)),
        overall=several_accuracies(hearts.certain(), bootstrap),
        finding=one_label(hearts, finding, bootstrap),
    )


def _no_heart(
    beating: Sequence[ScoredRecording], others: Sequence[ScoredRecording], bootstrap: Bootstrap
) -> dict[str, Estimate]:
    """Return how well hearts and other sounds are told apart, where the network tells."""
    told = [its for its in (*beating, *others) if its.heart is not None]
    if not told:
        return {}
    heart = np.array([its.recording.label != NON_CARDIAC for its in told])
    ranking = Ranking(heart, np.array([its.heart for its in told], np.float64))
    withheld = np.array([its.num_withheld for its in told])
    windows = np.array([its.num_windows for its in told])

    def share(rows: IntArray) -> float:
        return float(withheld[rows].sum() / windows[rows].sum()) if len(rows) else math.nan

    def of(rows: IntArray) -> dict[str, float]:
        kinds = heart[rows]
        return {
            "windows_refused": share(rows[~kinds]),
            "heart_windows_withheld": share(rows[kinds]),
            "auc": ranking.figures(rows, SPECIFICITY)[0],
        }

    return bootstrap.figures(of, patients_of([its.recording for its in told]))

"""Scored recordings to an evaluation: every metric with its 95 % interval over patients. Pure; reads no audio.

The decision is the label with the largest score. Multi-class metrics are of recordings of fully labelled sets; metrics
of one label are of every recording that certainly has it or certainly does not. What the recordings do not give is
NaN here, null in JSON and a dash in tables.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.inference.bundle import Bundle
from monitor.labels import DEFAULT_ENGINE, NON_CARDIAC
from training.data.recording import count_by_set
from training.evaluation import curves
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.classification import (
    CHALLENGE,
    COVERAGES,
    OVERALL,
    LabelMetrics,
    accuracies,
    confusion_of,
    label_metrics,
    majority_baseline,
    multiclass_metrics,
)
from training.evaluation.curves import ReliabilityBin
from training.evaluation.ectopic import AnnotatedWindows, RhythmMetrics, rhythm_metrics
from training.evaluation.ground_truth import LabelledScores, finding_label, labelled_scores, patients_of
from training.evaluation.metrics import Ranking
from training.evaluation.scoring import ScoredRecording
from training.evaluation.subgroups import subgroups

__all__ = ["Evaluation", "EvaluationInfo", "evaluate", "evaluation_info"]

IntArray = NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class EvaluationInfo:
    """What was evaluated, on what data.

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
    truncated : dict of str to str
        What is missing of each recording that was scored as far as it decodes.
    num_unknown_patients : int
        Recordings whose patient is unknown.
    engine : str
        What ran the network.
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
    truncated: dict[str, str] = dataclasses.field(default_factory=dict)
    engine: str = DEFAULT_ENGINE

    @property
    def seen(self) -> list[str]:
        """Names of the data sets that the bundle was trained on, as its ``bundle.json`` says."""
        return [data["set"] for data in self.data if data["seen_in_training"]]


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Metrics of a subgroup of the recordings: accuracy, balanced_accuracy, and those of the finding."""

    recordings: int
    patients: int
    overall: dict[str, Estimate]
    finding: LabelMetrics


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """All metrics of a bundle on some recordings.

    Attributes
    ----------
    info : EvaluationInfo
    labelled : LabelledScores
        Scores and ground truth of every heart recording.
    finding : str
        The label that tables of one label are about.
    num_windows : int
    hours : float
    overall, challenge : dict of str to Estimate
        Those named in OVERALL and in CHALLENGE.
    majority : tuple of str and dict, or None
        The most frequent label, and the metrics of always predicting it; None where no set is fully labelled.
    confusion : ndarray, shape (labels, labels)
        Rows are the ground truth.
    per_label, per_patient : dict of str to LabelMetrics
    coverage : list of tuple of float and Estimate
        Fraction of recordings with the highest confidence, and the error rate among them.
    reliability : list of ReliabilityBin
    groups : dict of str to dict of str to Group
    non_cardiac : dict of str to Estimate
        windows_refused (of non-cardiac sounds), heart_windows_withheld, auc; empty where the network has no output for
        non-cardiac sounds.
    num_non_cardiac : int
        Recordings of non-cardiac sounds.
    rhythm : RhythmMetrics or None
        The extrasystole score against both kinds of ground truth; None where no recording is annotated.
    """

    info: EvaluationInfo
    labelled: LabelledScores
    finding: str
    num_windows: int
    hours: float
    overall: dict[str, Estimate]
    challenge: dict[str, Estimate]
    majority: tuple[str, dict[str, float]] | None
    confusion: NDArray[np.int64]
    per_label: dict[str, LabelMetrics]
    per_patient: dict[str, LabelMetrics]
    coverage: list[tuple[float, Estimate]]
    reliability: list[ReliabilityBin]
    groups: dict[str, dict[str, Group]]
    non_cardiac: dict[str, Estimate]
    num_non_cardiac: int
    rhythm: RhythmMetrics | None = None


def evaluation_info(
    bundle: Bundle,
    scored: Sequence[ScoredRecording],
    *,
    hop_s: float,
    bootstrap: Bootstrap,
    left_out: Mapping[str, int],
    unreadable: Sequence[str],
) -> EvaluationInfo:
    """Return what is evaluated, on what data."""
    seen = {str(data.get("set")) for data in bundle.settings.get("training_data", [])}
    recordings = [row.recording for row in scored]
    return EvaluationInfo(
        model=bundle.name,
        model_sha256=bundle.model_sha256,
        engine=bundle.engine_name,
        labels=bundle.labels,
        hop_s=hop_s,
        seed=bootstrap.seed,
        repeats=bootstrap.repeats,
        data=[
            {**counts, "labels": dict(sorted(counts["labels"].items())), "seen_in_training": counts["set"] in seen}
            for counts in count_by_set(recordings, patients_of(recordings))
        ],
        left_out=dict(left_out),
        unreadable=list(unreadable),
        num_unknown_patients=sum(not recording.patient for recording in recordings),
        truncated={str(row.recording): row.missing for row in scored if row.missing},
    )


def evaluate(
    scored: Sequence[ScoredRecording],
    info: EvaluationInfo,
    bootstrap: Bootstrap,
    annotated: AnnotatedWindows | None = None,
) -> Evaluation:
    """Return every metric of some scored recordings.

    Parameters
    ----------
    scored : sequence of ScoredRecording
        At least one; heart recordings, and non-cardiac sounds.
    info : EvaluationInfo
    bootstrap : Bootstrap
    annotated : AnnotatedWindows or None
        Scored windows whose rhythm is known from annotations.
    """
    others = [row for row in scored if row.recording.label == NON_CARDIAC]
    hearts = [row for row in scored if row.recording.label != NON_CARDIAC]
    labelled, finding = labelled_scores(hearts, info.labels), finding_label(info.labels)
    certain, by_patient = labelled.certain(), labelled.by_patient()
    multiclass = multiclass_metrics(certain, bootstrap)
    return Evaluation(
        info=info,
        labelled=labelled,
        finding=finding,
        num_windows=sum(row.num_windows for row in scored),
        hours=sum(row.duration_s for row in scored) / 3600,
        overall={name: multiclass[name] for name in OVERALL},
        challenge={name: multiclass[name] for name in CHALLENGE},
        majority=majority_baseline(certain),
        confusion=confusion_of(certain),
        per_label={label: label_metrics(labelled, label, bootstrap) for label in info.labels},
        per_patient={label: label_metrics(by_patient, label, bootstrap) for label in info.labels},
        coverage=[(coverage, multiclass[f"error_at_{coverage}"]) for coverage in COVERAGES],
        reliability=curves.reliability(certain.ground_truth, certain.scores),
        groups={
            dimension: {group: _group(labelled.only(rows), finding, bootstrap) for group, rows in groups.items()}
            for dimension, groups in subgroups(hearts).items()
        },
        non_cardiac=_non_cardiac(hearts, others, bootstrap),
        num_non_cardiac=len(others),
        rhythm=rhythm_metrics(hearts, annotated, info.labels, bootstrap) if annotated else None,
    )


def _group(labelled: LabelledScores, finding: str, bootstrap: Bootstrap) -> Group:
    """Return the metrics of a subgroup."""
    return Group(
        recordings=len(labelled),
        patients=len(set(labelled.patients)),
        overall=accuracies(labelled.certain(), bootstrap),
        finding=label_metrics(labelled, finding, bootstrap),
    )


def _non_cardiac(
    hearts: Sequence[ScoredRecording], others: Sequence[ScoredRecording], bootstrap: Bootstrap
) -> dict[str, Estimate]:
    """Return how well hearts and non-cardiac sounds are separated, where the network has an output for it."""
    scored = [row for row in (*hearts, *others) if row.heart is not None]
    if not scored:
        return {}
    is_heart = np.array([row.recording.label != NON_CARDIAC for row in scored])
    ranking = Ranking(is_heart, np.array([row.heart for row in scored], np.float64))
    withheld = np.array([row.num_withheld for row in scored])
    windows = np.array([row.num_windows for row in scored])

    def fraction_withheld(rows: IntArray) -> float:
        return float(withheld[rows].sum() / windows[rows].sum()) if len(rows) else math.nan

    def metrics_of(rows: IntArray) -> dict[str, float]:
        return {
            "windows_refused": fraction_withheld(rows[~is_heart[rows]]),
            "heart_windows_withheld": fraction_withheld(rows[is_heart[rows]]),
            "auc": ranking.auc(rows),
        }

    return bootstrap.estimate(metrics_of, patients_of([row.recording for row in scored]))

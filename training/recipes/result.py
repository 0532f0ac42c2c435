"""What a training gives, whatever the recipe."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import SpectrogramSpec
from monitor.inference.calibration import Calibration
from monitor.inference.quality_gate import DEFAULT_GATE, QualityGate
from monitor.inference.thresholds import DecisionThresholds
from training.calibration.abstention import SelectiveAccuracy
from training.calibration.gate import GateMetrics
from training.data.recording import Recording
from training.evaluation.bootstrap import Estimate
from training.evaluation.cross_validated import CrossValidatedMetrics
from training.fitting.trainer import TrainingHistory

__all__ = ["FoldHistory", "HeldOutScores", "TrainingResult", "describe_recordings"]


@dataclasses.dataclass(frozen=True, slots=True)
class FoldHistory:
    """How one fit went.

    Attributes
    ----------
    name : str
        Of the fold.
    courses : dict of str to TrainingHistory
        By stage, in their order.
    """

    name: str
    courses: dict[str, TrainingHistory]


@dataclasses.dataclass(frozen=True)
class HeldOutScores:
    """What held-out recordings got in the first repeat: what plots are drawn of.

    Attributes
    ----------
    recordings : list of Recording
    scores : ndarray, shape (recordings, labels)
    num_windows : list of int
    """

    recordings: list[Recording]
    scores: NDArray[np.float64]
    num_windows: list[int]


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training gives.

    Attributes
    ----------
    network : keras.Model
    labels : tuple of str
    spec : SpectrogramSpec
    calibration : Calibration
    decision : DecisionThresholds
    gate : QualityGate
    gate_figures : GateMetrics or None
        What gates do to sounds that they were not fitted on; None for a recipe that fits none.
    abstaining : SelectiveAccuracy or None
        What it brings to give no label where the network is unsure; None for a recipe that does not choose.
    evidence : CrossValidatedMetrics
        Of held-out patients of the set that tells all.
    other_sets : dict of str to dict of str to Estimate
        The same networks on held-out patients of the sets that tell a part.
    recordings : sequence of Recording
    courses : sequence of FoldHistory
        Of every fold, and of the last fit.
    held_out : HeldOutScores or None
    ended : str
        Where a person ended it: what was done by then, one sentence. Otherwise empty.
    """

    network: Any
    labels: tuple[str, ...]
    spec: SpectrogramSpec
    calibration: Calibration
    decision: DecisionThresholds
    evidence: CrossValidatedMetrics
    other_sets: dict[str, dict[str, Estimate]]
    recordings: Sequence[Recording]
    courses: Sequence[FoldHistory] = ()
    held_out: HeldOutScores | None = None
    ended: str = ""
    gate: QualityGate = DEFAULT_GATE
    gate_figures: GateMetrics | None = None
    abstaining: SelectiveAccuracy | None = None


def describe_recordings(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """Return the data sets with counts per label and patients, as plain JSON values."""
    described = []
    for source in dict.fromkeys(recording.source for recording in recordings):
        of_source = [recording for recording in recordings if recording.source == source]
        counts: dict[str, int] = {}
        for recording in of_source:
            name = " or ".join(recording.labels)
            counts[name] = counts.get(name, 0) + 1
        patients = len({recording.patient for recording in of_source} - {""})
        described.append({"set": source, "recordings": len(of_source), "patients": patients, "labels": counts})
    return described

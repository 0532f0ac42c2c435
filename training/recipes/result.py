"""The result of a training, whatever the recipe."""

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
from training.calibration.loudness import LoudnessResult
from training.calibration.operating_point import OperatingPoint
from training.data.recording import Recording
from training.evaluation.bootstrap import Estimate
from training.evaluation.cross_validated import CrossValidatedMetrics
from training.fitting.cross_validation import FoldResult
from training.fitting.trainer import TrainingHistory

__all__ = ["FoldHistory", "HeldOutScores", "Int8Metrics", "TrainingResult"]


@dataclasses.dataclass(frozen=True, slots=True)
class FoldHistory:
    """How one fit went.

    Attributes
    ----------
    name : str
        Of the fold.
    histories : dict of str to TrainingHistory
        By stage, in their order.
    """

    name: str
    histories: dict[str, TrainingHistory]

    @classmethod
    def of_fold(cls, result: FoldResult) -> FoldHistory:
        """Return the history of a fold, named by repeat and fold from 1: ``"2.4"``."""
        return cls(f"{result.repeat + 1}.{result.fold + 1}", result.histories)


@dataclasses.dataclass(frozen=True)
class HeldOutScores:
    """Scores of held-out recordings in the first repeat, for plots.

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
class Int8Metrics:
    """The int8 conversions of the folds' networks on held-out patients, calibrated as the float ones.

    Attributes
    ----------
    evidence : CrossValidatedMetrics
    other_sets : dict of str to dict of str to Estimate
    labels_changed : int
        Recordings whose largest score is of another label than the float network's, in all repeats.
    largest_difference : float
        Of a recording's score.
    """

    evidence: CrossValidatedMetrics
    other_sets: dict[str, dict[str, Estimate]]
    labels_changed: int
    largest_difference: float


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
    gate_metrics : GateMetrics or None
        Of gates on sounds that they were not fitted on; None for a recipe without a gate.
    selective_accuracy : SelectiveAccuracy or None
        Coverage and error where labels of low confidence are withheld; None for a recipe that withholds none.
    evidence : CrossValidatedMetrics
        Of held-out patients of the fully labelled sets.
    other_sets : dict of str to dict of str to Estimate
        Of the same networks on held-out patients of each partially labelled set.
    recordings : sequence of Recording
    histories : sequence of FoldHistory
        Of every fold, and of the final fit.
    held_out : HeldOutScores or None
    operating_point : OperatingPoint or None
        From which score a murmur is possible; None for a recipe without one.
    loudness : LoudnessResult or None
        How loud a murmur is; None where no data set grades murmurs.
    int8 : Int8Metrics or None
        None where the int8 networks were not evaluated.
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
    histories: Sequence[FoldHistory] = ()
    held_out: HeldOutScores | None = None
    ended: str = ""
    gate: QualityGate = DEFAULT_GATE
    gate_metrics: GateMetrics | None = None
    selective_accuracy: SelectiveAccuracy | None = None
    operating_point: OperatingPoint | None = None
    loudness: LoudnessResult | None = None
    int8: Int8Metrics | None = None

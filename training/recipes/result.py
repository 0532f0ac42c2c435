"""What a training gives, whatever the recipe."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import SpectrogramSpec
from monitor.inference.calibration import Calibration
from monitor.inference.quality_gate import DEFAULT_GATE, Gate
from monitor.inference.thresholds import Decision
from training.calibration.abstention import Abstaining
from training.calibration.gate import GateFigures
from training.data.recording import Recording
from training.evaluation.bootstrap import Figure
from training.evaluation.cross_validated import Evidence
from training.fitting.trainer import Course

__all__ = ["FoldCourse", "HeldOutScores", "Trained", "describe_recordings"]


@dataclasses.dataclass(frozen=True, slots=True)
class FoldCourse:
    """How one fit went.

    Attributes
    ----------
    name : str
        Of the fold.
    courses : dict of str to Course
        By stage, in their order.
    """

    name: str
    courses: dict[str, Course]


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
class Trained:
    """What a training gives.

    Attributes
    ----------
    network : keras.Model
    labels : tuple of str
    spec : SpectrogramSpec
    calibration : Calibration
    decision : Decision
    gate : Gate
    gate_figures : GateFigures or None
        What gates do to sounds that they were not fitted on; None for a recipe that fits none.
    abstaining : Abstaining or None
        What it brings to give no label where the network is unsure; None for a recipe that does not choose.
    evidence : Evidence
        Of held-out patients of the set that tells all.
    other_sets : dict of str to dict of str to Figure
        The same networks on held-out patients of the sets that tell a part.
    recordings : sequence of Recording
    courses : sequence of FoldCourse
        Of every fold, and of the last fit.
    held_out : HeldOutScores or None
    ended : str
        Where a person ended it: what was done by then, one sentence. Otherwise empty.
    """

    network: Any
    labels: tuple[str, ...]
    spec: SpectrogramSpec
    calibration: Calibration
    decision: Decision
    evidence: Evidence
    other_sets: dict[str, dict[str, Figure]]
    recordings: Sequence[Recording]
    courses: Sequence[FoldCourse] = ()
    held_out: HeldOutScores | None = None
    ended: str = ""
    gate: Gate = DEFAULT_GATE
    gate_figures: GateFigures | None = None
    abstaining: Abstaining | None = None


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

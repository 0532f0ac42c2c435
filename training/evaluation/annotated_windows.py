"""Recordings with annotated heart sounds, scored window by window where the annotations give the rhythm.

Runs the bundle as :mod:`training.evaluation.scoring` does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from monitor.inference.bundle import Bundle
from monitor.labels import EXTRASTOLE
from training.data.annotations import (
    RHYTHM_HOP_S,
    RHYTHM_WINDOW_S,
    annotations_beside,
    read_annotations,
    rhythm_windows,
)
from training.data.recording import Recording
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.ground_truth import patients_of
from training.evaluation.scoring import recording_outputs

if TYPE_CHECKING:
    from training.progress import Progress

__all__ = ["score_annotated_windows"]


def score_annotated_windows(
    recordings: Sequence[Recording], bundle: Bundle, progress: Progress
) -> AnnotatedWindows | None:
    """Return the scored windows whose rhythm is known; None if there are none, or if the bundle does not fit.

    Parameters
    ----------
    recordings : sequence of Recording
        Those with annotations beside them are scored.
    bundle : Bundle
        It fits if an extrasystole is one of the labels, and the annotated windows, 5 s long and 0.5 s apart, are
        windows of the bundle.
    progress : Progress

    Raises
    ------
    RecordingError
        If a file can no longer be read.
    """
    annotated = [
        (row, path) for row, recording in enumerate(recordings) if (path := annotations_beside(recording)) is not None
    ]
    if EXTRASTOLE not in bundle.labels or not _fits(bundle) or not annotated:
        return None
    column, patient_of = bundle.labels.index(EXTRASTOLE), patients_of(recordings)
    on_step = progress.stage("scoring annotated windows", len(annotated))
    score: list[float] = []
    kinds: list[frozenset[str]] = []
    patients: list[str] = []
    names: list[str] = []
    for row, path in annotated:
        outputs, _, duration_s, _ = recording_outputs(recordings[row], bundle, RHYTHM_HOP_S)
        scores = bundle.calibration.scores(outputs, len(bundle.labels))[:, column]  # (windows,)
        windows = [one for one in rhythm_windows(read_annotations(path), duration_s) if one.index < len(scores)]
        score += [float(scores[window.index]) for window in windows]
        kinds += [window.kinds for window in windows]
        patients += [patient_of[row]] * len(windows)
        names += [str(recordings[row].path)] * len(windows)
        on_step(math.nan)
    return AnnotatedWindows(np.array(score), kinds, patients, names) if kinds else None


def _fits(bundle: Bundle) -> bool:
    """Return whether the annotated windows are windows of the bundle."""
    try:
        bundle.spec.hop_samples(RHYTHM_HOP_S)
    except ValueError:
        return False
    return bundle.spec.window_s == RHYTHM_WINDOW_S

"""Recordings with marks of their heart sounds, judged window by window where the marks tell the rhythm.

Runs the bundle as :mod:`training.evaluation.scoring` does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from monitor.inference.bundle import Bundle
from training.data.annotations import RHYTHM_HOP_S, annotations_beside, read_annotations, rhythm_windows
from training.data.recording import EXTRASTOLE, Recording
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.ground_truth import patients_of
from training.evaluation.scoring import recording_outputs

if TYPE_CHECKING:
    from training.progress import Progress

__all__ = ["score_annotated_windows"]


def score_annotated_windows(
    recordings: Sequence[Recording], bundle: Bundle, progress: Progress
) -> AnnotatedWindows | None:
    """Return the windows whose rhythm marks tell, judged; None where there are none or the bundle cannot say.

    Parameters
    ----------
    recordings : sequence of Recording
        That can be read.
    bundle : Bundle
        Without an extrasystole among its labels, or of windows other than 5 s, it says nothing of rhythm here.
    progress : Progress

    Raises
    ------
    RecordingError
        If a file can no longer be read.
    """
    marked = [(row, marks) for row, its in enumerate(recordings) if (marks := annotations_beside(its)) is not None]
    if EXTRASTOLE not in bundle.labels or not _fits(bundle) or not marked:
        return None
    place, people = bundle.labels.index(EXTRASTOLE), patients_of(recordings)
    tick = progress.stage("judging marked windows", len(marked))
    score: list[float] = []
    kinds: list[frozenset[str]] = []
    patients: list[str] = []
    names: list[str] = []
    for row, marks in marked:
        outputs, _, duration_s = recording_outputs(recordings[row], bundle, RHYTHM_HOP_S)
        scores = bundle.calibration.scores(outputs, len(bundle.labels))[:, place]
        windows = [its for its in rhythm_windows(read_annotations(marks), duration_s) if its.index < len(scores)]
        score += [float(scores[its.index]) for its in windows]
        kinds += [its.kinds for its in windows]
        patients += [people[row]] * len(windows)
        names += [str(recordings[row].path)] * len(windows)
        tick(math.nan)
    return AnnotatedWindows(np.array(score), kinds, patients, names) if kinds else None


def _fits(bundle: Bundle) -> bool:
    """Return whether the bundle judges the windows that the truth is about."""
    try:
        bundle.spec.hop_samples(RHYTHM_HOP_S)
    except ValueError:
        return False
    return bundle.spec.window_s == 5.0

"""A study's outputs to scores: each fold calibrated by the others, perturbed recordings and windows in the same way.

Pure NumPy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration
from training.calibration.scores import fit_calibration, heart_threshold
from training.data.annotations import RhythmWindow
from training.data.corpus import Corpus
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.ground_truth import patients_of
from training.evaluation.scoring import ScoredRecording
from training.study.scores import extrastole_index

__all__ = [
    "FoldCalibration",
    "Repeat",
    "fit_fold_calibrations",
    "score_annotated_windows",
    "score_recordings",
    "without_inaudible",
]

Outputs = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Repeat:
    """The outputs of all folds of one seed.

    Attributes
    ----------
    fold_of : dict of int to int
        By row.
    outputs : dict of int to ndarray, each ``(windows, outputs)``
        By row; a window every second.
    windows : dict of int to ndarray, each ``(windows, outputs)``
        By row of the annotated recordings; a window every half second.
    perturbed : dict of str to dict of int to ndarray
        By name of the perturbation, then by row.
    """

    fold_of: dict[int, int]
    outputs: dict[int, Outputs]
    windows: dict[int, Outputs]
    perturbed: dict[str, dict[int, Outputs]]


@dataclasses.dataclass(frozen=True)
class FoldCalibration:
    """How the outputs of one fold become scores.

    Attributes
    ----------
    calibration : Calibration
    heart_from : float or None
        Heart probability below which a window is withheld; None for a network without an output for non-cardiac sound.
    """

    calibration: Calibration
    heart_from: float | None


def fit_fold_calibrations(
    repeat: Repeat, primary: Sequence[int], corpus: Corpus, priors: Sequence[float], prior_exponent: float
) -> dict[int, FoldCalibration]:
    """Return the calibration of every fold, fitted on the recordings of the other folds.

    Parameters
    ----------
    repeat : Repeat
    primary : sequence of int
        Held-out rows of the fully labelled sets.
    corpus : Corpus
    priors : sequence of float
        How often training drew each label.
    prior_exponent : float
        See :class:`training.fitting.options.HeartOptions`.
    """
    num_labels = len(corpus.labels)
    calibrations = {}
    for fold in sorted(set(repeat.fold_of.values())):
        others = [row for row in primary if repeat.fold_of[row] != fold]
        outputs = [repeat.outputs[row] for row in others]
        fitted = fit_calibration(outputs, corpus.ground_truth(others), corpus.labels, priors, prior_exponent)
        hearts = [windows for row, windows in repeat.outputs.items() if repeat.fold_of[row] != fold]
        calibrations[fold] = FoldCalibration(fitted, heart_threshold(hearts, fitted, num_labels))
    return calibrations


def without_inaudible(calibrations: Mapping[int, FoldCalibration]) -> dict[int, FoldCalibration]:
    """Return calibrations without the share of inaudible extrasystoles.

    That share differs from fold to fold, and would shift the ranking of recordings of different folds.
    """
    return {
        fold: dataclasses.replace(fitted, calibration=dataclasses.replace(fitted.calibration, given=()))
        for fold, fitted in calibrations.items()
    }


def score_recordings(
    outputs: Mapping[int, Outputs],
    rows: Sequence[int],
    corpus: Corpus,
    fold_of: Mapping[int, int],
    calibrations: Mapping[int, FoldCalibration],
) -> list[ScoredRecording]:
    """Return the scores of some rows.

    Parameters
    ----------
    outputs : mapping of int to ndarray ``(windows, outputs)``
        By row.
    rows : sequence of int
    corpus : Corpus
    fold_of : mapping of int to int
        By row.
    calibrations : mapping of int to FoldCalibration
        By fold.
    """
    num_labels = len(corpus.labels)
    scored = []
    for row in rows:
        fitted = calibrations[fold_of[row]]
        hearts = fitted.calibration.heart_probability(outputs[row], num_labels)  # (windows,) or None
        withheld = 0 if hearts is None or fitted.heart_from is None else int((hearts < fitted.heart_from).sum())
        scores = fitted.calibration.scores(outputs[row], num_labels).mean(axis=0)  # (labels,)
        heart = None if hearts is None else float(hearts.mean())
        facts = heart, withheld, len(outputs[row]), duration_s(corpus, row)
        scored.append(ScoredRecording(corpus.recordings[row], tuple(scores.tolist()), *facts))
    return scored


def score_annotated_windows(
    repeat: Repeat,
    rhythms: Mapping[int, Sequence[RhythmWindow]],
    corpus: Corpus,
    calibrations: Mapping[int, FoldCalibration],
) -> AnnotatedWindows:
    """Return the windows with a known rhythm and their score of an extrasystole; none for labels without one.

    The score is that of :func:`without_inaudible`.

    Parameters
    ----------
    repeat : Repeat
    rhythms : mapping of int to sequence of RhythmWindow
        By row.
    corpus : Corpus
    calibrations : mapping of int to FoldCalibration
        By fold.
    """
    index, patients = extrastole_index(corpus.labels), patients_of(corpus.recordings)
    audible = without_inaudible(calibrations)
    score: list[float] = []
    kinds: list[frozenset[str]] = []
    rows: list[int] = []
    for row in sorted(repeat.windows) if index is not None else ():
        calibration = audible[repeat.fold_of[row]].calibration
        scores = calibration.scores(repeat.windows[row], len(corpus.labels))[:, index]  # (windows,)
        known = [window for window in rhythms.get(row, ()) if window.index < len(scores)]
        score += [float(scores[window.index]) for window in known]
        kinds += [window.kinds for window in known]
        rows += [row] * len(known)
    recordings = [corpus.recordings[row] for row in rows]
    names = [f"{recording.source}/{recording.path.name}" for recording in recordings]
    return AnnotatedWindows(np.array(score), kinds, [patients[row] for row in rows], names)


def duration_s(corpus: Corpus, row: int) -> float:
    """Return the duration of a recording."""
    return corpus.sounds[row].num_samples / HEART.sample_rate

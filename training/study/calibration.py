"""A study's raw outputs to scores: each fold calibrated by the others, disturbed recordings and windows by the same.

Nobody helps to choose the calibration that he is judged with. Pure NumPy.
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
from training.data.recording import Recording
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.ground_truth import patients_of
from training.evaluation.scoring import ScoredRecording
from training.study.scores import extrastole_place

__all__ = ["FoldCalibration", "Repeat", "calibrations_of", "judged_of", "marked_of", "without_unshown"]

Outputs = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Repeat:
    """The outputs of all folds of one seed.

    Attributes
    ----------
    fold_of : dict of int to int
        By row.
    outputs : dict of int to ndarray, each ``(windows, outputs)``
        By row; windows a second apart.
    windows : dict of int to ndarray, each ``(windows, outputs)``
        By row of the recordings with marks; windows half a second apart.
    disturbed : dict of str to dict of int to ndarray
        By name of the disturbance, then by row.
    """

    fold_of: dict[int, int]
    outputs: dict[int, Outputs]
    windows: dict[int, Outputs]
    disturbed: dict[str, dict[int, Outputs]]


@dataclasses.dataclass(frozen=True)
class FoldCalibration:
    """How the outputs of one fold become scores.

    Attributes
    ----------
    calibration : Calibration
    heart_from : float or None
        Below this probability of a heart a window is withheld; None where the network does not tell.
    """

    calibration: Calibration
    heart_from: float | None


def calibrations_of(
    repeat: Repeat,
    primary: Sequence[int],
    truth: NDArray[np.intp],
    labels: Sequence[str],
    drawn: Sequence[float],
    prior_exponent: float,
) -> dict[int, FoldCalibration]:
    """Return the calibration of every fold, chosen on the recordings of the other folds.

    Parameters
    ----------
    repeat : Repeat
    primary : sequence of int
        Held-out rows of the sets that tell all.
    truth : ndarray, shape (primary,), int
        Number of the label that each was given.
    labels : sequence of str
    drawn : sequence of float
        How often training drew each label.
    prior_exponent : float
    """
    folds = np.array([repeat.fold_of[row] for row in primary])
    found = {}
    for fold in sorted(set(repeat.fold_of.values())):
        others = np.flatnonzero(folds != fold)
        outputs = [repeat.outputs[primary[place]] for place in others.tolist()]
        calibration = fit_calibration(outputs, truth[others], labels, drawn, prior_exponent)
        not_held = [its for row, its in repeat.outputs.items() if repeat.fold_of[row] != fold]
        found[fold] = FoldCalibration(calibration, heart_threshold(not_held, calibration, len(labels)))
    return found


def without_unshown(calibrations: Mapping[int, FoldCalibration]) -> dict[int, FoldCalibration]:
    """Return calibrations whose scores are of what is shown, without what recordings are given though nothing shows it.

    How often that is, is another number in each fold, and would shuffle the recordings of different folds.
    """
    return {
        fold: dataclasses.replace(its, calibration=dataclasses.replace(its.calibration, given=()))
        for fold, its in calibrations.items()
    }


def judged_of(
    outputs: Mapping[int, Outputs],
    rows: Sequence[int],
    recordings: Sequence[Recording],
    durations_s: Sequence[float],
    fold_of: Mapping[int, int],
    calibrations: Mapping[int, FoldCalibration],
    num_labels: int,
) -> list[ScoredRecording]:
    """Return what the networks say of some rows.

    Parameters
    ----------
    outputs : mapping of int to ndarray ``(windows, outputs)``
        By row.
    rows : sequence of int
    recordings, durations_s : sequence
        Of all rows.
    fold_of : mapping of int to int
    calibrations : mapping of int to FoldCalibration
        By fold.
    num_labels : int
    """
    judged = []
    for row in rows:
        chosen = calibrations[fold_of[row]]
        hearts = chosen.calibration.heart_probability(outputs[row], num_labels)
        withheld = 0 if hearts is None or chosen.heart_from is None else int((hearts < chosen.heart_from).sum())
        scores = chosen.calibration.scores(outputs[row], num_labels).mean(axis=0)
        heart = None if hearts is None else float(hearts.mean())
        judged.append(
            ScoredRecording(
                recordings[row], tuple(scores.tolist()), heart, withheld, len(outputs[row]), durations_s[row]
            )
        )
    return judged


def marked_of(
    repeat: Repeat,
    rhythms: Mapping[int, Sequence[RhythmWindow]],
    recordings: Sequence[Recording],
    calibrations: Mapping[int, FoldCalibration],
    labels: Sequence[str],
) -> AnnotatedWindows:
    """Return the windows whose rhythm is known, with the score of an extrasystole; none for labels without one.

    The score is that of what a window shows; see :func:`without_unshown`.

    Parameters
    ----------
    repeat : Repeat
    rhythms : mapping of int to sequence of RhythmWindow
        By row.
    recordings : sequence of Recording
    calibrations : mapping of int to FoldCalibration
    labels : sequence of str
    """
    place, people = extrastole_place(labels), patients_of(recordings)
    of_windows = without_unshown(calibrations)
    score: list[float] = []
    kinds: list[frozenset[str]] = []
    rows: list[int] = []
    for row in sorted(repeat.windows) if place is not None else ():
        its = of_windows[repeat.fold_of[row]].calibration.scores(repeat.windows[row], len(labels))[:, place]
        known = [window for window in rhythms.get(row, ()) if window.index < len(its)]
        score += [float(its[window.index]) for window in known]
        kinds += [window.kinds for window in known]
        rows += [row] * len(known)
    names = [f"{recordings[row].source}/{recordings[row].path.name}" for row in rows]
    return AnnotatedWindows(np.array(score), kinds, [people[row] for row in rows], names)


def duration_s(num_samples: int) -> float:
    """Return the length of a sound, of so many samples at the picture's rate."""
    return num_samples / HEART.sample_rate

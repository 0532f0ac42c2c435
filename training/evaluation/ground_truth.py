"""What is true of judged recordings, as arrays: which label each has, or which it certainly has not.

A set may tell only a part: a CirCor child without a murmur may have extrasystoles or not. Such a recording says
whether it is a murmur, and nothing of the other labels. Pure; must not read audio.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.labels import NORMAL
from training.data.recording import NON_CARDIAC, Recording
from training.evaluation.scoring import ScoredRecording

__all__ = [
    "IS",
    "IS_NOT",
    "NORMAL",
    "UNTOLD",
    "LabelledScores",
    "Sorted",
    "finding_of",
    "labelled_scores",
    "patients_of",
    "sort_recordings",
]

IS, IS_NOT, UNTOLD = 1, 0, -1
"""What is known of a recording and a label."""


@dataclasses.dataclass(frozen=True)
class Sorted:
    """Recordings by what an evaluation can do with them.

    Attributes
    ----------
    usable : list of Recording
        Hearts with at least one of the bundle's labels, and sounds that are certainly no heart.
    left_out : dict of str to int
        Labels that the bundle does not know, with the number of recordings.
    """

    usable: list[Recording]
    left_out: dict[str, int]


def sort_recordings(recordings: Sequence[Recording], labels: Sequence[str]) -> Sorted:
    """Return which recordings a bundle with these labels can be measured on; each file, or part of one, once.

    Raises
    ------
    DataError
        If there is none.
    """
    usable: dict[tuple[Any, ...], Recording] = {}
    left_out: Counter[str] = Counter()
    for recording in recordings:
        if recording.label == NON_CARDIAC or set(recording.labels) & set(labels):
            usable.setdefault((recording.path.resolve(), recording.start_s, recording.end_s), recording)
        else:
            left_out[" or ".join(recording.labels) or "(no label)"] += 1
    if not usable:
        raise DataError(
            f"the data's labels ({', '.join(sorted(left_out)) or 'none'}) are none of the bundle's"
            f" ({', '.join(labels)})",
            "name the folders after the bundle's labels, or train a bundle on this data",
        )
    return Sorted(list(usable.values()), dict(sorted(left_out.items())))


@dataclasses.dataclass(frozen=True)
class LabelledScores:
    """Judged hearts, or patients, with the truth about them.

    Attributes
    ----------
    labels : tuple of str
    scores : ndarray, shape (n, labels)
    states : ndarray, shape (n, labels), int8
        IS, IS_NOT or UNTOLD.
    truth : ndarray, shape (n,), int
        Number of the label where all labels are told, otherwise UNTOLD.
    patients : list of str
    """

    labels: tuple[str, ...]
    scores: NDArray[np.float64]
    states: NDArray[np.int8]
    truth: NDArray[np.intp]
    patients: list[str]

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.patients)

    def only(self, rows: NDArray[np.intp]) -> LabelledScores:
        """Return some of the rows."""
        patients = [self.patients[row] for row in rows.tolist()]
        return LabelledScores(self.labels, self.scores[rows], self.states[rows], self.truth[rows], patients)

    def certain(self) -> LabelledScores:
        """Return the rows of which all labels are told."""
        return self.only(np.flatnonzero(self.truth != UNTOLD))

    def by_patient(self) -> LabelledScores:
        """Return a row per patient: the mean of the scores, and what any recording shows.

        A patient has a label if any recording has it, and has not if all certainly have not; normal is turned round.
        The truth of several classes is not told, for a patient may have several labels.
        """
        rows: dict[str, list[int]] = defaultdict(list)
        for row, patient in enumerate(self.patients):
            rows[patient].append(row)
        scores = np.array([self.scores[held].mean(axis=0) for held in rows.values()]).reshape(-1, len(self.labels))
        states = np.array([self._of_patient(self.states[held]) for held in rows.values()], np.int8)
        return LabelledScores(
            self.labels,
            scores,
            states.reshape(-1, len(self.labels)),
            np.full(len(rows), UNTOLD, np.intp),
            list(rows),
        )

    def _of_patient(self, states: NDArray[np.int8]) -> list[int]:
        """Return what is known of a patient, label by label."""
        known = []
        for label, column in zip(self.labels, states.T, strict=True):
            settles, otherwise = (IS_NOT, IS) if label == NORMAL else (IS, IS_NOT)
            known.append(settles if settles in column else otherwise if (column == otherwise).all() else UNTOLD)
        return known


def labelled_scores(judged: Sequence[ScoredRecording], labels: tuple[str, ...]) -> LabelledScores:
    """Return the judged hearts with their truth."""
    recordings = [its.recording for its in judged]
    part = _partially_labelled_sets(recordings, labels)
    states = np.array([[_state(its, label) for label in labels] for its in recordings], np.int8)
    truth = [UNTOLD if its.source in part or its.label not in labels else labels.index(its.label) for its in recordings]
    return LabelledScores(
        labels=labels,
        scores=np.array([its.scores for its in judged]).reshape(-1, len(labels)),
        states=states.reshape(-1, len(labels)),
        truth=np.array(truth, np.intp),
        patients=patients_of(recordings),
    )


def _partially_labelled_sets(recordings: Sequence[Recording], labels: Sequence[str]) -> set[str]:
    """Return the sets whose certain recordings would give a wrong picture of several classes.

    That is where some recordings are partly labelled, and the others have all the same label.
    """
    certain: dict[str, set[str]] = defaultdict(set)
    for recording in recordings:
        if recording.label in labels:
            certain[recording.source].add(str(recording.label))
    partly = {recording.source for recording in recordings if len(recording.labels) > 1}
    return {source for source in partly if len(certain[source]) < 2}  # two labels make a contrast


def _state(recording: Recording, label: str) -> int:
    """Return what is known of a recording and a label."""
    if recording.label == label:
        return IS
    return UNTOLD if label in recording.labels else IS_NOT


def patients_of(recordings: Sequence[Recording]) -> list[str]:
    """Return the patient of each recording; one that is not known is taken for somebody else each time."""
    return [its.patient or f"unknown/{number}" for number, its in enumerate(recordings)]


def finding_of(labels: Sequence[str]) -> str:
    """Return the label that tables of one label are about: murmur, or else the first that is not normal."""
    if "murmur" in labels:
        return "murmur"
    return next((label for label in labels if label != NORMAL), labels[0])

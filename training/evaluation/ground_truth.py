"""The ground truth of scored recordings as arrays: which labels each certainly has, or certainly does not.

A set may be partially labelled: a CirCor child without a murmur may have extrasystoles or not. Such a recording is
ground truth for murmur, and unknown for the other labels. Pure; must not read audio.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC, NORMAL
from training.data.recording import Recording
from training.evaluation.scoring import ScoredRecording

__all__ = [
    "IS",
    "IS_NOT",
    "UNKNOWN",
    "LabelledScores",
    "Selection",
    "finding_label",
    "labelled_scores",
    "patients_of",
    "select_recordings",
]

IS, IS_NOT, UNKNOWN = 1, 0, -1
"""Of a recording and a label; UNKNOWN also stands for a class index."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """The recordings that a bundle can be evaluated on, and what is left out.

    Attributes
    ----------
    usable : list of Recording
        Hearts with at least one of the bundle's labels, and non-cardiac sounds.
    left_out : dict of str to int
        Labels that the bundle does not know, with the number of recordings.
    """

    usable: list[Recording]
    left_out: dict[str, int]


def select_recordings(recordings: Sequence[Recording], labels: Sequence[str]) -> Selection:
    """Return the recordings that a bundle with these labels can be evaluated on; each file, or part of one, once.

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
    return Selection(list(usable.values()), dict(sorted(left_out.items())))


@dataclasses.dataclass(frozen=True)
class LabelledScores:
    """Scores of heart recordings, or patients, with their ground truth.

    Attributes
    ----------
    labels : tuple of str
    scores : ndarray, shape (n, labels)
    states : ndarray, shape (n, labels), int8
        IS, IS_NOT or UNKNOWN.
    ground_truth : ndarray, shape (n,), int
        Class index for recordings of fully labelled sets, otherwise UNKNOWN.
    patients : list of str
    """

    labels: tuple[str, ...]
    scores: NDArray[np.float64]
    states: NDArray[np.int8]
    ground_truth: NDArray[np.intp]
    patients: list[str]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.patients)

    def only(self, rows: NDArray[np.intp]) -> LabelledScores:
        """Return some of the rows."""
        patients = [self.patients[row] for row in rows.tolist()]
        return LabelledScores(self.labels, self.scores[rows], self.states[rows], self.ground_truth[rows], patients)

    def certain(self) -> LabelledScores:
        """Return the rows whose class is known."""
        return self.only(np.flatnonzero(self.ground_truth != UNKNOWN))

    def by_patient(self) -> LabelledScores:
        """Return a row per patient: the mean of the scores, and the labels of all recordings together.

        A patient has a label if any recording has it, and has not if all certainly have not; for normal it is the
        other way round. The class is unknown, for a patient may have several labels.
        """
        rows: dict[str, list[int]] = defaultdict(list)
        for row, patient in enumerate(self.patients):
            rows[patient].append(row)
        scores = [self.scores[of_patient].mean(axis=0) for of_patient in rows.values()]
        states = [self._patient_states(self.states[of_patient]) for of_patient in rows.values()]
        return LabelledScores(
            self.labels,
            np.array(scores).reshape(-1, len(self.labels)),
            np.array(states, np.int8).reshape(-1, len(self.labels)),
            np.full(len(rows), UNKNOWN, np.intp),
            list(rows),
        )

    def _patient_states(self, states: NDArray[np.int8]) -> list[int]:
        """Return what is known of a patient, label by label, from ``(recordings, labels)``."""
        known = []
        for label, column in zip(self.labels, states.T, strict=True):
            if_any, if_all = (IS_NOT, IS) if label == NORMAL else (IS, IS_NOT)
            known.append(if_any if if_any in column else if_all if (column == if_all).all() else UNKNOWN)
        return known


def labelled_scores(scored: Sequence[ScoredRecording], labels: tuple[str, ...]) -> LabelledScores:
    """Return the scores of heart recordings with their ground truth."""
    recordings = [row.recording for row in scored]
    partial = _partially_labelled_sets(recordings, labels)
    states = np.array([[_state(recording, label) for label in labels] for recording in recordings], np.int8)
    ground_truth = [
        UNKNOWN if recording.source in partial or recording.label not in labels else labels.index(recording.label)
        for recording in recordings
    ]
    return LabelledScores(
        labels=labels,
        scores=np.array([row.scores for row in scored]).reshape(-1, len(labels)),
        states=states.reshape(-1, len(labels)),
        ground_truth=np.array(ground_truth, np.intp),
        patients=patients_of(recordings),
    )


def _partially_labelled_sets(recordings: Sequence[Recording], labels: Sequence[str]) -> set[str]:
    """Return the sets whose certain recordings would bias multi-class metrics.

    That is where some recordings are partially labelled, and all others have the same label.
    """
    certain: dict[str, set[str]] = defaultdict(set)
    for recording in recordings:
        if recording.label in labels:
            certain[recording.source].add(str(recording.label))
    partial = {recording.source for recording in recordings if len(recording.labels) > 1}
    return {source for source in partial if len(certain[source]) < 2}  # two labels make a contrast


def _state(recording: Recording, label: str) -> int:
    """Return what is known of a recording and a label."""
    if recording.label == label:
        return IS
    return UNKNOWN if label in recording.labels else IS_NOT


def patients_of(recordings: Sequence[Recording]) -> list[str]:
    """Return the patient of each recording; an unknown one counts as a different person each time."""
    return [recording.patient or f"unknown/{index}" for index, recording in enumerate(recordings)]


def finding_label(labels: Sequence[str]) -> str:
    """Return the label that tables of one label are about: murmur, or else the first that is not normal.

    Examples
    --------
    >>> finding_label(["normal", "extrastole", "murmur"])
    'murmur'
    """
    if "murmur" in labels:
        return "murmur"
    return next((label for label in labels if label != NORMAL), labels[0])

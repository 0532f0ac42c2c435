"""Who is held out when: patients that are not known, sets that tell all labels, and the fold of every recording.

Must not look at audio; what a fold is made of is :mod:`training.data.patient_split`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from training.data.patient_split import patient_folds
from training.data.recording import NON_CARDIAC, Recording

__all__ = ["ALWAYS_TRAINING", "PATIENT_CHOICES", "folds_of", "fully_labelled_sets", "with_patients"]

ALWAYS_TRAINING = -1
"""Fold of what is never held out: sounds whose patient, or whose group where they are no heart, is not known."""

PATIENT_CHOICES = ("auto", "file", "none")
"""What becomes of hearts whose patient is not known: refused; each file a patient; never held out."""


def with_patients(recordings: Sequence[Recording], choice: str) -> list[Recording]:
    """Return recordings that may be split, sounds that are no heart as they are.

    Parameters
    ----------
    recordings : sequence of Recording
    choice : {"auto", "file", "none"}
        For hearts whose patient is not known. ``"auto"`` refuses them. ``"file"`` makes each file a patient of its
        own, which is right only where every file is another person. ``"none"`` leaves them: they train, and
        are never held out, so no figure is of them.

    Raises
    ------
    DataError
        If the choice is ``"auto"`` and a patient is not known.
    ValueError
        If the choice is none of these.
    """
    if choice not in PATIENT_CHOICES:
        raise ValueError(f"choice={choice!r} must be one of {', '.join(PATIENT_CHOICES)}")
    unknown = [recording for recording in recordings if _is_nameless(recording)]
    if unknown and choice == "auto":
        raise DataError(
            f"{len(unknown)} recording{'s'[: len(unknown) - 1]} tell{'s'[len(unknown) - 1 :]} no patient, "
            f"such as {unknown[0].path}",
            "put each patient's into a sub-folder, or list them in a manifest.csv; or add --patients file if every "
            "file is another person, or --patients none to train on them and hold none of them out",
        )
    return [_by_file(recording) if choice == "file" else recording for recording in recordings]


def _is_nameless(recording: Recording) -> bool:
    """Return whether it is a heart, and nobody knows whose."""
    return not recording.patient and recording.label != NON_CARDIAC


def _by_file(recording: Recording) -> Recording:
    """Return a recording with its file as the patient, where there is no better one."""
    if not _is_nameless(recording):
        return recording
    path = recording.path
    return dataclasses.replace(recording, patient=f"{recording.source}/{path.parent.name}/{path.name}")


def fully_labelled_sets(recordings: Sequence[Recording], labels: Sequence[str]) -> set[str]:
    """Return the names of the sets that have recordings of every label, of patients who are known.

    Raises
    ------
    DataError
        If there is none.
    """
    certain: dict[str, set[str]] = {}
    partial = {recording.source for recording in recordings if len(recording.labels) > 1}
    for recording in recordings:
        if recording.label is not None and recording.patient:
            certain.setdefault(recording.source, set()).add(recording.label)
    telling = {source for source, known in certain.items() if known >= set(labels)} - partial
    if not telling:
        nameless = any(_is_nameless(recording) for recording in recordings)
        raise DataError(
            f"no data set has recordings of every label ({', '.join(labels)})"
            + (" from patients who are known" if nameless else ""),
            "add one that has, such as PASCAL set B",
        )
    return telling


def folds_of(recordings: Sequence[Recording], telling: set[str], num_folds: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of every recording; sets that tell all, sets that tell a part, and no hearts are each balanced.

    Of the latter two, labels with fewer patients (or groups) than folds are not held out: nothing rests on them.

    Parameters
    ----------
    recordings : sequence of Recording
    telling : set of str
        Names of the sets that tell all labels.
    num_folds : int
    seed : int

    Returns
    -------
    ndarray, shape (recordings,), int
        0 to ``num_folds - 1``, the same for all recordings of a patient, or ``ALWAYS_TRAINING``.

    Raises
    ------
    DataError
        If a label of a set that tells all has fewer patients than there are folds.
    """
    folds = np.full(len(recordings), ALWAYS_TRAINING, np.intp)
    fold_of: dict[str, int] = {}
    known = [row for row, its in enumerate(recordings) if its.patient]
    for kind in Kind:
        of_kind = [recordings[row] for row in known if _kind(recordings[row], telling) == kind]
        new = [recording for recording in of_kind if recording.patient not in fold_of]
        rows = new if kind == Kind.TELLS_ALL else _without_rare(new, num_folds)
        if rows:
            patients = [recording.patient for recording in rows]
            dealt = patient_folds(patients, [_stratum(recording) for recording in rows], num_folds, seed)
            fold_of.update(zip(patients, dealt.tolist(), strict=True))
    folds[known] = [fold_of.get(recordings[row].patient, ALWAYS_TRAINING) for row in known]
    return folds


class Kind(enum.Enum):
    """What is dealt by itself, in this order."""

    TELLS_ALL = enum.auto()
    TELLS_A_PART = enum.auto()
    NO_HEART = enum.auto()


def _kind(recording: Recording, telling: set[str]) -> Kind:
    """Return with what a recording is dealt."""
    if recording.label == NON_CARDIAC:
        return Kind.NO_HEART
    return Kind.TELLS_ALL if recording.source in telling else Kind.TELLS_A_PART


def _stratum(recording: Recording) -> str:
    """Return what folds are balanced by."""
    return "+".join(recording.labels)


def _without_rare(recordings: Sequence[Recording], num_folds: int) -> list[Recording]:
    """Return recordings without the patients of labels that have too few patients for the folds."""
    left = list(recordings)
    while True:
        holders: dict[str, set[str]] = {}
        for recording in left:
            holders.setdefault(_stratum(recording), set()).add(recording.patient)
        rare = {patient for patients in holders.values() if len(patients) < num_folds for patient in patients}
        if not rare:
            return left
        left = [recording for recording in left if recording.patient not in rare]

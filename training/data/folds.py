"""Which recordings are held out in which fold: unknown patients, fully labelled sets, and the fold of every recording.

Must not read audio; the split itself is :mod:`training.data.patient_split`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.patient_split import patient_folds
from training.data.recording import Recording

__all__ = ["ALWAYS_TRAINING", "PATIENT_CHOICES", "folds_of", "fully_labelled_sets", "with_patients"]

ALWAYS_TRAINING = -1
"""Fold of recordings that are never held out: those whose patient, or group for non-cardiac sounds, is not known."""

PATIENT_CHOICES = ("auto", "file", "none")
"""For hearts whose patient is not known: refuse them, take each file for a patient, or never hold them out."""


def with_patients(recordings: Sequence[Recording], choice: str) -> list[Recording]:
    """Return recordings that may be split; non-cardiac sounds unchanged.

    Parameters
    ----------
    recordings : sequence of Recording
    choice : {"auto", "file", "none"}
        For hearts whose patient is not known. ``"auto"`` refuses them. ``"file"`` makes each file a patient of its
        own, which is right only where every file is another person. ``"none"`` keeps them for training: they are never
        held out, so they count in no metric.

    Raises
    ------
    DataError
        If the choice is ``"auto"`` and a patient is not known.
    ValueError
        If the choice is none of these.
    """
    if choice not in PATIENT_CHOICES:
        raise ValueError(f"choice={choice!r} must be one of {', '.join(PATIENT_CHOICES)}")
    unknown = [recording for recording in recordings if _is_unknown(recording)]
    if unknown and choice == "auto":
        raise DataError(
            f"{len(unknown)} recording{'s have' if len(unknown) > 1 else ' has'} no patient, such as {unknown[0].path}",
            "put each patient's into a sub-folder, or list them in a manifest.csv; or add --patients file if every "
            "file is another person, or --patients none to train on them and hold none of them out",
        )
    return [_by_file(recording) if choice == "file" else recording for recording in recordings]


def _is_unknown(recording: Recording) -> bool:
    """Return whether it is a heart of an unknown patient."""
    return not recording.patient and recording.label != NON_CARDIAC


def _by_file(recording: Recording) -> Recording:
    """Return a recording with its file as the patient, where the patient is not known."""
    if not _is_unknown(recording):
        return recording
    path = recording.path
    return dataclasses.replace(recording, patient=f"{recording.source}/{path.parent.name}/{path.name}")


def fully_labelled_sets(recordings: Sequence[Recording], labels: Sequence[str]) -> set[str]:
    """Return the names of the sets that have recordings of every label, of known patients, and no partial label.

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
    full = {source for source, known in certain.items() if known >= set(labels)} - partial
    if not full:
        unknown = any(_is_unknown(recording) for recording in recordings)
        raise DataError(
            f"no data set has recordings of every label ({', '.join(labels)})"
            + (" from patients who are known" if unknown else ""),
            "add one that has, such as PASCAL set B",
        )
    return full


def folds_of(recordings: Sequence[Recording], fully_labelled: set[str], num_folds: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of every recording, each :class:`Stratum` balanced by itself.

    Outside the fully labelled sets, labels with fewer patients (or groups) than folds are not held out: no metric
    depends on them.

    Parameters
    ----------
    recordings : sequence of Recording
    fully_labelled : set of str
        Names of the fully labelled sets.
    num_folds : int
    seed : int

    Returns
    -------
    ndarray, shape (recordings,), int
        0 to ``num_folds - 1``, the same for all recordings of a patient, or ``ALWAYS_TRAINING``.

    Raises
    ------
    DataError
        If a label of a fully labelled set has fewer patients than there are folds.
    """
    folds = np.full(len(recordings), ALWAYS_TRAINING, np.intp)
    fold_of: dict[str, int] = {}
    known = [row for row, recording in enumerate(recordings) if recording.patient]
    for stratum in Stratum:
        members = [recordings[row] for row in known if _stratum(recordings[row], fully_labelled) == stratum]
        new = [recording for recording in members if recording.patient not in fold_of]
        split = new if stratum == Stratum.FULLY_LABELLED else _without_rare_labels(new, num_folds)
        if split:
            patients = [recording.patient for recording in split]
            assigned = patient_folds(patients, [_joint_label(recording) for recording in split], num_folds, seed)
            fold_of.update(zip(patients, assigned.tolist(), strict=True))
    folds[known] = [fold_of.get(recordings[row].patient, ALWAYS_TRAINING) for row in known]
    return folds


class Stratum(enum.Enum):
    """Recordings that are split by themselves, in this order."""

    FULLY_LABELLED = enum.auto()
    PARTIALLY_LABELLED = enum.auto()
    NON_CARDIAC = enum.auto()


def _stratum(recording: Recording, fully_labelled: set[str]) -> Stratum:
    """Return the stratum of a recording."""
    if recording.label == NON_CARDIAC:
        return Stratum.NON_CARDIAC
    return Stratum.FULLY_LABELLED if recording.source in fully_labelled else Stratum.PARTIALLY_LABELLED


def _joint_label(recording: Recording) -> str:
    """Return all labels that a recording may have as one: folds are balanced by it."""
    return "+".join(recording.labels)


def _without_rare_labels(recordings: Sequence[Recording], num_folds: int) -> list[Recording]:
    """Return recordings without the patients of labels that have too few patients for the folds."""
    left = list(recordings)
    while True:
        patients_of: dict[str, set[str]] = {}
        for recording in left:
            patients_of.setdefault(_joint_label(recording), set()).add(recording.patient)
        rare = {patient for patients in patients_of.values() if len(patients) < num_folds for patient in patients}
        if not rare:
            return left
        left = [recording for recording in left if recording.patient not in rare]

"""Splits by patient: no patient, and so no recording, is ever on both sides.

Recordings are split before windows are cut and before anything is augmented. Must not read audio.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.recording import Recording

__all__ = ["patient_folds", "split_validation"]


def patient_folds(patients: Sequence[str], labels: Sequence[str], num_folds: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of every recording, balanced by label as far as whole patients allow.

    Patients are assigned from the one with most recordings to the one with fewest, ties in random order; each goes to
    the fold in which its labels are rarest, so that rare labels are spread over all folds.

    Parameters
    ----------
    patients, labels : sequence of str
        One entry per recording.
    num_folds : int
        2 or more.
    seed : int

    Returns
    -------
    ndarray, shape (recordings,), int
        Fold of each recording, 0 to ``num_folds - 1``.

    Raises
    ------
    ValueError
        If the lengths differ or ``num_folds`` is below 2.
    DataError
        If a label has fewer patients than there are folds.

    Examples
    --------
    >>> patient_folds(["a", "a", "b", "c", "d"], ["normal", "normal", "normal", "murmur", "murmur"], 2, seed=0)
    array([0, 0, 1, 1, 0])
    """
    if len(patients) != len(labels):
        raise ValueError(f"labels of length {len(labels)} must match the {len(patients)} patients")
    if num_folds < 2:
        raise ValueError(f"num_folds={num_folds} must be 2 or more")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for patient, label in zip(patients, labels, strict=True):
        counts[patient][label] += 1
    _check_enough(counts, num_folds)
    total = Counter(labels)
    folds = [Counter[str]() for _ in range(num_folds)]
    fold_of = {}
    order = _shuffled(sorted(counts), np.random.default_rng(seed))
    for patient in sorted(order, key=lambda name: -counts[name].total()):
        crowding = [(_crowding(counts[patient], fold, total), fold.total()) for fold in folds]
        index = crowding.index(min(crowding))
        folds[index] += counts[patient]
        fold_of[patient] = index
    return np.array([fold_of[patient] for patient in patients], np.intp)


def _shuffled(patients: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Return patients in random order; as an array of NumPy strings they would lose a NUL at the end."""
    return [patients[index] for index in rng.permutation(len(patients)).tolist()]


def _crowding(patient: Counter[str], fold: Counter[str], total: Counter[str]) -> float:
    """Return how common a patient's labels already are in a fold; rare labels have more weight."""
    return sum(count / total[label] * fold[label] / total[label] for label, count in patient.items())


def _check_enough(counts: dict[str, Counter[str]], num_folds: int) -> None:
    """Raise where some fold would lack a label."""
    patients = Counter(label for labels in counts.values() for label in labels)
    for label, count in sorted(patients.items()):
        if count < num_folds:
            raise DataError(
                f"{f'the label {label} has' if label else 'there are'} {count} patient{'s'[: count - 1]}, "
                f"too few for {num_folds} folds",
                "add recordings of other patients" + (f", or train with --folds {count}" if count > 1 else ""),
            )


def split_validation(
    recordings: Sequence[Recording], rows: NDArray[np.intp], fraction: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to train on and the rows for validation.

    Patients are stratified by their labels and sets; the fraction of each stratum is rounded to whole patients, so a
    small stratum may have none. Non-cardiac sounds, and hearts whose patient is not known, are always trained on.

    Parameters
    ----------
    recordings : sequence of Recording
    rows : ndarray of int
        Of the recordings to split.
    fraction : float
        0 to below 1.
    seed : int

    Returns
    -------
    tuple of ndarray of int
        Together all the rows, each in the order given.

    Raises
    ------
    ValueError
        If the fraction is out of range.

    Examples
    --------
    >>> from pathlib import Path
    >>> recordings = [Recording(Path(f"{name}.wav"), ("normal",), name, "clinic") for name in "abcd"]
    >>> split_validation(recordings, np.arange(4), fraction=0.25, seed=0)
    (array([0, 1, 3]), array([2]))
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"fraction={fraction} must be from 0 to below 1")
    patients = _sampled(_strata(recordings, rows), fraction, np.random.default_rng(seed))
    validation = np.array([recordings[row].patient in patients for row in rows.tolist()], bool)
    return rows[~validation], rows[validation]


def _strata(recordings: Sequence[Recording], rows: NDArray[np.intp]) -> dict[tuple[str, ...], list[str]]:
    """Return the known patients of every stratum, sorted."""
    labels_of: dict[str, set[str]] = defaultdict(set)
    for row in rows.tolist():
        recording = recordings[row]
        if recording.patient:
            labels_of[recording.patient].add(f"{recording.source}: {'+'.join(recording.labels)}")
    strata: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for patient in sorted(labels_of):
        if not any(labels.endswith(f": {NON_CARDIAC}") for labels in labels_of[patient]):
            strata[tuple(sorted(labels_of[patient]))].append(patient)
    return strata


def _sampled(strata: dict[tuple[str, ...], list[str]], fraction: float, rng: np.random.Generator) -> set[str]:
    """Return the patients for validation."""
    sampled: set[str] = set()
    for stratum in sorted(strata):
        count = math.floor(fraction * len(strata[stratum]) + 0.5)
        sampled.update(_shuffled(strata[stratum], rng)[:count])
    return sampled

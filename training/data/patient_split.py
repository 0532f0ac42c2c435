"""Splits by patient: no patient, and so no recording, is ever on both sides.

Splits are made before windows are cut and before anything is augmented. Must not look at
audio.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from training.data.recording import NON_CARDIAC, Recording

__all__ = ["patient_folds", "split_validation"]


def patient_folds(patients: Sequence[str], labels: Sequence[str], num_folds: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of every recording, balanced by label as far as whole patients allow.

    Patients are dealt out from the largest to the smallest, equals in seeded order; each goes to the fold
    in which its labels are scarcest, so every fold gets its share of the rare ones.

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
        Fold number, 0 to ``num_folds - 1``.

    Raises
    ------
    ValueError
        If the lengths differ or ``num_folds`` is below 2.
    DataError
        If a label has fewer patients than there are folds.
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
    load = [Counter[str]() for _ in range(num_folds)]
    fold_of = {}
    order = np.random.default_rng(seed).permutation(sorted(counts))
    for patient in sorted(order, key=lambda name: -counts[name].total()):
        crowding = [(_crowding(counts[patient], held, total), held.total()) for held in load]
        fold = crowding.index(min(crowding))
        load[fold] += counts[patient]
        fold_of[patient] = fold
    return np.array([fold_of[patient] for patient in patients], np.intp)


def _crowding(patient: Counter[str], held: Counter[str], total: Counter[str]) -> float:
    """Return how well a fold is already stocked with a patient's labels, rare labels weighing more."""
    return sum(number / total[label] * held[label] / total[label] for label, number in patient.items())


def _check_enough(counts: dict[str, Counter[str]], num_folds: int) -> None:
    """Refuse a split in which some fold would lack a label."""
    holders = Counter(label for labels in counts.values() for label in labels)
    for label, number in sorted(holders.items()):
        if number < num_folds:
            raise DataError(
                f"the label {label} has {number} patient{'s'[: number - 1]}, too few for {num_folds} folds",
                "add recordings of other patients" + (f", or train with --folds {number}" if number > 1 else ""),
            )


def split_validation(
    recordings: Sequence[Recording], rows: NDArray[np.intp], share: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to train on and the rows to watch.

    Of each kind of patient (those with the same labels in the same sets) the share is watched, rounded to whole
    patients, so a kind of which there are few is not watched at all. Sounds that are no heart, and hearts whose
    patient is not known, are always trained on.

    Parameters
    ----------
    recordings : sequence of Recording
    rows : ndarray of int
        The recordings of the fit.
    share : float
        0 to below 1.
    seed : int

    Returns
    -------
    tuple of ndarray of int
        Together all the rows, each in the order given.

    Raises
    ------
    ValueError
        If the share is out of range.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share={share} must be from 0 to below 1")
    chosen = _chosen(_kinds(recordings, rows), share, np.random.default_rng(seed))
    watched = np.array([recordings[row].patient in chosen for row in rows.tolist()], bool)
    return rows[~watched], rows[watched]


def _kinds(recordings: Sequence[Recording], rows: NDArray[np.intp]) -> dict[tuple[str, ...], list[str]]:
    """Return the known patients of every kind, sorted."""
    has: dict[str, set[str]] = defaultdict(set)
    for row in rows.tolist():
        recording = recordings[row]
        if recording.patient:
            has[recording.patient].add(f"{recording.source}: {'+'.join(recording.labels)}")
    kinds: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for patient in sorted(has):
        if not any(its.endswith(f": {NON_CARDIAC}") for its in has[patient]):
            kinds[tuple(sorted(has[patient]))].append(patient)
    return kinds


def _chosen(kinds: dict[tuple[str, ...], list[str]], share: float, rng: np.random.Generator) -> set[str]:
    """Return the patients to watch."""
    chosen: set[str] = set()
    for kind in sorted(kinds):
        count = math.floor(share * len(kinds[kind]) + 0.5)
        chosen.update(rng.permutation(kinds[kind])[:count].tolist())
    return chosen

"""Splits by patient: no patient, and so no recording, is ever on both sides.

Splits are made before windows are cut and before anything is augmented. Must not look at
audio.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError

__all__ = ["patient_folds"]


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

"""The inner split: patients of a fit who are never trained on, but tell when the network is best.

By whole patients, before windows are cut and anything is augmented or spliced. Must not look at audio.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.recording import NOT_HEART, Recording

__all__ = ["split_watched"]


def split_watched(
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
        if not any(its.endswith(f": {NOT_HEART}") for its in has[patient]):
            kinds[tuple(sorted(has[patient]))].append(patient)
    return kinds


def _chosen(kinds: dict[tuple[str, ...], list[str]], share: float, rng: np.random.Generator) -> set[str]:
    """Return the patients to watch."""
    chosen: set[str] = set()
    for kind in sorted(kinds):
        count = math.floor(share * len(kinds[kind]) + 0.5)
        chosen.update(rng.permutation(kinds[kind])[:count].tolist())
    return chosen

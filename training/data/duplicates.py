"""The same sound under two names: told by the course of its loudness, whatever its gain, rate or format.

Silence at both ends is left out. A piece cut out of a longer recording is not found.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.recording import NON_CARDIAC, Recording

__all__ = ["THUMBPRINT_PARTS", "Pair", "same_sounds", "sounding_part", "thumbprint"]

THUMBPRINT_PARTS = 128

ALIKE = 0.99
"""Correlation of two thumbprints from which they are one sound. On PASCAL and CirCor together two different
recordings of a length reach 0.966 at most, and the one real pair 1.000. Source: measured on 1249 recordings."""

LENGTHS_APART = 0.02
"""Most by which the lengths of one sound may differ, of the longer."""

SILENT_BELOW = 1e-3
"""Of the peak: what is quieter at either end is left out."""
LOUDNESS_FLOOR = 1e-4
"""Of the peak: about one 16-bit step of a recording at a third of full scale."""

ROWS_AT_ONCE = 512


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """Two recordings that are one sound.

    Attributes
    ----------
    first, second : Recording
    train : bool
        Whether both are trained on.
    """

    first: Recording
    second: Recording
    train: bool

    @property
    def across_patients(self) -> bool:
        """Whether a split may part them, so that training would see what is held out."""
        held_out = self.train and (self.first.label != NON_CARDIAC or self.second.label != NON_CARDIAC)
        same = self.first.patient == self.second.patient and bool(self.first.patient)
        return held_out and not same

    @property
    def across_labels(self) -> bool:
        """Whether the data set contradicts itself."""
        return not set(self.first.labels) & set(self.second.labels)

    def to_json(self) -> dict[str, Any]:
        """Return the pair as plain JSON values."""
        return {
            "first": str(self.first),
            "second": str(self.second),
            "across_patients": self.across_patients,
            "across_labels": self.across_labels,
        }


def sounding_part(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a waveform without the silence at its ends; empty where there is nothing else."""
    level = np.abs(waveform)
    sounding = np.flatnonzero(level > SILENT_BELOW * level.max(initial=0.0))
    return waveform[sounding[0] : sounding[-1] + 1] if len(sounding) else waveform[:0]


def thumbprint(waveform: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the course of a sound's loudness, which tells the sound.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
        As :func:`sounding_part` gives it.

    Returns
    -------
    ndarray, shape (128,), float32, or None
        Mean 0 and length 1, so the product of two is their correlation; None for a sound that is too short or whose
        loudness never changes.
    """
    step = len(waveform) // THUMBPRINT_PARTS
    if not step:
        return None
    level = np.abs(waveform[: step * THUMBPRINT_PARTS])
    means = level.reshape(THUMBPRINT_PARTS, step).mean(axis=1, dtype=np.float64)
    course = np.log(means / level.max() + LOUDNESS_FLOOR)
    course -= course.mean()
    length = float(np.linalg.norm(course))
    return (course / length).astype(np.float32) if length > 1e-3 else None


def same_sounds(thumbprints: Sequence[NDArray[np.float32] | None], seconds: Sequence[float]) -> list[tuple[int, int]]:
    """Return the pairs, smaller index first and in order, that are one sound.

    Parameters
    ----------
    thumbprints : sequence of ndarray, shape (128,), or None
        None is like nothing.
    seconds : sequence of float
        Length of each sound, its silent ends left out.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    if len(thumbprints) != len(seconds):
        raise ValueError(f"seconds of length {len(seconds)} must match the {len(thumbprints)} thumbprints")
    rows = [row for row, course in enumerate(thumbprints) if course is not None]
    if not rows:
        return []
    courses = np.stack([course for course in thumbprints if course is not None])
    lengths = np.array(seconds, np.float64)[rows]
    pairs: list[tuple[int, int]] = []
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(begin, begin + ROWS_AT_ONCE)
        longer = np.maximum(lengths[part, None], lengths)
        alike = courses[part] @ courses.T >= ALIKE
        alike &= np.abs(lengths[part, None] - lengths) <= LENGTHS_APART * longer
        alike &= np.arange(begin, begin + len(alike))[:, None] < np.arange(len(rows))
        pairs += [(rows[begin + int(first)], rows[int(second)]) for first, second in np.argwhere(alike)]
    return pairs

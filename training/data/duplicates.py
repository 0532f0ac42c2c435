"""Duplicates: the same sound under two names, found by its loudness over time, whatever the gain, rate or format.

Silence at both ends is left out. An excerpt of a longer recording is not found.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.labels import NON_CARDIAC
from training.data.recording import Recording

__all__ = ["FINGERPRINT_SIZE", "DuplicatePair", "find_duplicates", "fingerprint", "trim_silence"]

FINGERPRINT_SIZE = 128

MIN_CORRELATION = 0.99
"""Of the fingerprints of the same sound. On PASCAL and CirCor together, different recordings of equal length reach
0.966 at most, and the one real pair 1.000. Source: measured on 1249 recordings."""

MAX_LENGTH_DIFFERENCE = 0.02
"""Of the longer of two copies of the same sound."""

SILENT_BELOW = 1e-3
"""Of the peak: anything quieter at either end is left out."""
LOUDNESS_FLOOR = 1e-4
"""Of the peak: about one 16-bit step of a recording at a third of full scale."""

ROWS_AT_ONCE = 512


@dataclasses.dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two recordings that are the same sound.

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
        """Whether a split may separate them, so that held-out data would leak into training."""
        held_out = self.train and (self.first.label != NON_CARDIAC or self.second.label != NON_CARDIAC)
        same = self.first.patient == self.second.patient and bool(self.first.patient)
        return held_out and not same

    @property
    def across_labels(self) -> bool:
        """Whether their labels contradict each other."""
        return not set(self.first.labels) & set(self.second.labels)

    def to_json(self) -> dict[str, Any]:
        """Return the pair as plain JSON values."""
        return {
            "first": str(self.first),
            "second": str(self.second),
            "across_patients": self.across_patients,
            "across_labels": self.across_labels,
        }


def trim_silence(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a waveform without the silence at its ends; empty where there is nothing else.

    Examples
    --------
    >>> trim_silence(np.array([0, 0, 0.5, 0, -1, 0], np.float32))
    array([ 0.5,  0. , -1. ], dtype=float32)
    """
    level = np.abs(waveform)
    sounding = np.flatnonzero(level > SILENT_BELOW * level.max(initial=0.0))
    return waveform[sounding[0] : sounding[-1] + 1] if len(sounding) else waveform[:0]


def fingerprint(waveform: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the loudness of a sound over time, which identifies it.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
        As :func:`trim_silence` returns it.

    Returns
    -------
    ndarray, shape (128,), float32, or None
        Mean 0 and length 1, so the product of two is their correlation; None for a sound that is too short or whose
        loudness never changes.
    """
    step = len(waveform) // FINGERPRINT_SIZE
    if not step:
        return None
    level = np.abs(waveform[: step * FINGERPRINT_SIZE])
    means = level.reshape(FINGERPRINT_SIZE, step).mean(axis=1, dtype=np.float64)  # (128,)
    loudness = np.log(means / level.max() + LOUDNESS_FLOOR)
    loudness -= loudness.mean()
    length = float(np.linalg.norm(loudness))
    return (loudness / length).astype(np.float32) if length > 1e-3 else None


def find_duplicates(
    fingerprints: Sequence[NDArray[np.float32] | None], seconds: Sequence[float]
) -> list[tuple[int, int]]:
    """Return the pairs of indices that are the same sound, smaller index first and in order.

    Parameters
    ----------
    fingerprints : sequence of ndarray, shape (128,), or None
        None equals nothing.
    seconds : sequence of float
        Length of each sound, without silent ends.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    if len(fingerprints) != len(seconds):
        raise ValueError(f"seconds of length {len(seconds)} must match the {len(fingerprints)} fingerprints")
    rows = [row for row, of_sound in enumerate(fingerprints) if of_sound is not None]
    if not rows:
        return []
    stacked = np.stack([of_sound for of_sound in fingerprints if of_sound is not None])  # (rows, 128)
    lengths = np.array(seconds, np.float64)[rows]
    pairs: list[tuple[int, int]] = []
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(begin, begin + ROWS_AT_ONCE)
        longer = np.maximum(lengths[part, None], lengths)
        same = stacked[part] @ stacked.T >= MIN_CORRELATION  # (part, rows)
        same &= np.abs(lengths[part, None] - lengths) <= MAX_LENGTH_DIFFERENCE * longer
        same &= np.arange(begin, begin + len(same))[:, None] < np.arange(len(rows))
        pairs += [(rows[begin + int(first)], rows[int(second)]) for first, second in np.argwhere(same)]
    return pairs

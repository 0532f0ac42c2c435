"""The shape of one beat in the envelope, and how much sound is like it.

A beat is its first sound, systole and its second sound; the diastole behind is left out, for an early beat cuts it
short. The shape is learnt by folding a window at its rate, and then from each beat that is found. Levels do not
matter, only how the envelope rises and falls. One thread; knows neither seconds nor which peaks are beats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BeatTemplate"]

SHARE = 0.62
"""Of an interval: both sounds and systole, no more of diastole than an early beat leaves."""

LEARNT = 0.15
"""Share of a new beat in the shape."""


class BeatTemplate:
    """What a beat looks like.

    Parameters
    ----------
    heard : ndarray, shape (frames,), float64
        Envelope of a window, natural-log power.
    interval : float
        Between its beats, frames; the window holds two or more.

    Attributes
    ----------
    onset : int
        Frames from the start of the shape to the loudest of its first half, the first sound.
    """

    def __init__(self, heard: NDArray[np.float64], interval: float) -> None:
        bins = round(interval)
        place = (np.arange(len(heard)) * (bins / interval)).astype(np.intp) % bins
        folded = np.bincount(place, heard, bins) / np.bincount(place, minlength=bins)
        length = round(SHARE * interval)
        twice = np.concatenate((folded, folded))
        sums = np.concatenate(((0.0,), np.cumsum(twice)))
        begin = int(np.argmax(sums[length : length + bins] - sums[:bins]))  # the loudest stretch of that length
        self._take(twice[begin : begin + length])
        self.onset = int(np.argmax(self._shape[: length // 2]))

    def __len__(self) -> int:
        """Return its length in frames."""
        return len(self._shape)

    def _take(self, shape: NDArray[np.float64]) -> None:
        """Take a shape, of any level."""
        self._shape = shape - np.add.reduce(shape) / len(shape)
        self._energy = float(np.dot(self._shape, self._shape)) + 1e-9

    def likeness(self, heard: NDArray[np.float64]) -> list[float]:
        """Return how much of the shape is in the envelope at each place where it fits in: 1 for a usual beat.

        Parameters
        ----------
        heard : ndarray, shape (frames,), float64
            At least as long as the shape.
        """
        found: list[float] = (np.correlate(heard, self._shape, "valid") / self._energy).tolist()
        return found

    def learn(self, heard: NDArray[np.float64]) -> None:
        """Become more like a beat.

        Parameters
        ----------
        heard : ndarray, shape (length,), float64
            The envelope at the beat.
        """
        shape = self._shape
        shape += LEARNT * (heard - (np.add.reduce(heard) / len(heard)) - shape)
        self._energy = float(np.dot(shape, shape)) + 1e-9

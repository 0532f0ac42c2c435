"""The shape of one beat in the envelope, and how well sound matches it.

A beat is the first heart sound, systole and the second heart sound; the diastole after it is left out, because an
ectopic beat cuts it short. The template is learnt by folding a window at the heart rate, then from each beat that is
found. Levels do not matter, only how the envelope rises and falls. One thread; knows neither seconds nor which peaks
are beats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.cycles import template_kernel
from monitor.features.compiled.library import library

__all__ = ["BeatTemplate"]

LENGTH = 0.62
"""Length relative to the interval: both sounds and systole, and no more of diastole than an ectopic beat leaves."""

LEARNING_RATE = 0.15
"""Weight of a new beat in the template."""

MIN_ENERGY = 1e-9
"""Added to the energy of the template, so that a flat one matches nothing."""


class BeatTemplate:
    """The envelope of a typical beat.

    Parameters
    ----------
    envelope : ndarray, shape (frames,), float64
        Of a window with two or more beats, natural-log power.
    interval : float
        Between the beats, frames.

    Attributes
    ----------
    onset : int
        Frames from the start of the template to the loudest of its first half, the first heart sound.
    """

    def __init__(self, envelope: NDArray[np.float64], interval: float) -> None:
        bins = round(interval)
        phase = (np.arange(len(envelope)) * (bins / interval)).astype(np.intp) % bins
        folded = np.bincount(phase, envelope, bins) / np.bincount(phase, minlength=bins)  # (bins,)
        length = round(LENGTH * interval)
        twice = np.concatenate((folded, folded))
        sums = np.concatenate(((0.0,), np.cumsum(twice)))
        begin = int(np.argmax(sums[length : length + bins] - sums[:bins]))  # the loudest stretch of that length
        shape = twice[begin : begin + length]
        self._shape = shape - np.add.reduce(shape) / len(shape)
        self._energy = float(np.dot(self._shape, self._shape)) + MIN_ENERGY
        self._kernel = template_kernel(self._shape)
        self.onset = int(np.argmax(self._shape[: length // 2]))

    def __len__(self) -> int:
        """Return the length in frames."""
        return len(self._shape)

    def match(self, envelope: NDArray[np.float64]) -> list[float]:
        """Return how well the envelope matches the template from each frame on: 1 for a usual beat.

        Parameters
        ----------
        envelope : ndarray, shape (frames,), float64
            At least as long as the template.
        """
        clarity: list[float] = (np.correlate(envelope, self._shape, "valid") / self._energy).tolist()
        return clarity

    def peaks(self, envelope: NDArray[np.float64], lowest: float) -> NDArray[np.float64]:
        """Return where the envelope matches the template better than on either side: frame and match of each peak.

        Parameters
        ----------
        envelope : ndarray, shape (frames,), float64
            At least as long as the template.
        lowest : float
            Match above which a peak counts.

        Returns
        -------
        ndarray, shape (peaks, 2), float64
            The frame at which a beat begins, from the first of the envelope, with a fraction: that of the vertex of a
            parabola; and the match there. The next call may reuse the memory.
        """
        if self._kernel is not None and library() is not None:
            return self._kernel.peaks(envelope, self._energy, lowest)
        peaks, clarity = list[tuple[float, float]](), self.match(envelope)
        for index, here in enumerate(clarity[1:-1], 1):
            if here <= lowest:
                continue
            before, after = clarity[index - 1], clarity[index + 1]
            if before < here >= after:
                peaks.append((index + 0.5 * (before - after) / (before - 2.0 * here + after), here))
        return np.array(peaks, np.float64).reshape(-1, 2)

    def learn(self, beat: NDArray[np.float64]) -> None:
        """Move the template towards a beat.

        Parameters
        ----------
        beat : ndarray, shape (length,), float64
            The envelope at the beat.
        """
        if self._kernel is not None and library() is not None:
            self._energy = self._kernel.learn(beat, LEARNING_RATE) + MIN_ENERGY
            return
        shape = self._shape
        shape += LEARNING_RATE * (beat - (np.add.reduce(beat) / len(beat)) - shape)
        self._energy = float(np.dot(shape, shape)) + MIN_ENERGY

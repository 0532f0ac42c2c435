"""How loud the parts of a cardiac cycle are, where a murmur lies among them, and the peaks of a beat, in C."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

__all__ = ["CycleKernel", "TemplateKernel", "TimingKernel", "cycle_kernel", "template_kernel", "timing_kernel"]

NUM_TIMINGS, MAX_VALUES = 3, 64
"""What the buffers in C hold."""
NUM_BANDS = 12
NUM_VALUES = 5 * NUM_BANDS // 2 + 2
Odds = ctypes.c_double * NUM_TIMINGS


class CycleKernel:
    """Measures cycles in an array of frames, which must outlive it and stay where it is.

    Parameters
    ----------
    opened : PyDLL
    held : ndarray, shape (frames, 12), float32
        Contiguous.
    """

    def __init__(self, opened: ctypes.PyDLL, held: NDArray[np.float32]) -> None:
        self._held, self._at = held, address(held)
        self._run = opened.auscult_cycle

    def measure(
        self, diastole: tuple[int, int], systole: tuple[int, int], log_ratio: float, confidence: float
    ) -> NDArray[np.float32]:
        """Return the means of five parts in pairs of bands, and the two numbers that are given.

        Parameters
        ----------
        diastole, systole : tuple of int
            Frame at which each begins, and its end.
        log_ratio, confidence : float
            What stands last.

        Returns
        -------
        ndarray, shape (32,), float32
            The halves of systole first, then the thirds of diastole.
        """
        values = np.empty(NUM_VALUES, np.float32)
        self._run(self._at, *diastole, *systole, log_ratio, confidence, address(values))
        return values


def cycle_kernel(held: NDArray[np.float32]) -> CycleKernel | None:
    """Return the kernel for cycles as :class:`CycleKernel`; None where NumPy must do it."""
    opened = library()
    return None if opened is None or held.shape[1] != NUM_BANDS else CycleKernel(opened, held)


class TimingKernel:
    """Tells where in the cycle a murmur lies; may be used on any thread.

    Parameters
    ----------
    opened : PyDLL
    weights : ndarray, shape (3, parts * pairs + 3), float64
    num_parts, num_pairs : int
        Parts of a cycle and pairs of bands.
    max_confidence : float
        At which the mean confidence of the cycles is clipped.
    """

    def __init__(
        self, opened: ctypes.PyDLL, weights: NDArray[np.float64], num_parts: int, num_pairs: int, max_confidence: float
    ) -> None:
        self._weights = np.ascontiguousarray(weights, np.float64)
        self._settings = (num_parts, num_pairs, max_confidence, address(self._weights))
        self._num_values = num_parts * num_pairs + 2
        self._run = opened.auscult_timing

    def odds(self, cycles: NDArray[np.floating]) -> list[float]:
        """Return the natural log-odds of each timing.

        Parameters
        ----------
        cycles : ndarray, shape (cycles, parts * pairs + 2)
            At least one.

        Raises
        ------
        ValueError
            If a cycle holds another number of values.
        """
        if cycles.ndim != 2 or cycles.shape[1] != self._num_values:
            raise ValueError(f"cycles.shape={cycles.shape} must be (cycles, {self._num_values})")
        cycles = np.ascontiguousarray(cycles, np.float32)
        odds = Odds()
        self._run(address(cycles), len(cycles), *self._settings, ctypes.addressof(odds))
        return odds[:]


def timing_kernel(
    weights: NDArray[np.float64], num_parts: int, num_pairs: int, max_confidence: float
) -> TimingKernel | None:
    """Return the kernel for the timing of murmurs as :class:`TimingKernel`; None where NumPy must do it."""
    opened = library()
    if opened is None or num_parts * num_pairs + 2 > MAX_VALUES:
        return None
    return TimingKernel(opened, weights, num_parts, num_pairs, max_confidence)


class TemplateKernel:
    """Matches envelopes with the shape of a beat, and lets it learn; belongs to one thread.

    Parameters
    ----------
    opened : PyDLL
    shape : ndarray, shape (length,), float64
        Contiguous; it is written to.
    """

    def __init__(self, opened: ctypes.PyDLL, shape: NDArray[np.float64]) -> None:
        self._shape = shape
        self._at, self._length = address(shape), len(shape)
        self._found = np.empty((0, 2))
        self._learn, self._peaks = opened.auscult_learn, opened.auscult_peaks

    def peaks(self, envelope: NDArray[np.float64], energy: float, lowest: float) -> NDArray[np.float64]:
        """Return index, with a fraction, and height of the peaks of the match, ``(peaks, 2)``; the next call reuses it.

        Parameters
        ----------
        envelope : ndarray, shape (frames,), float64
            At least as long as the shape.
        energy : float
            What the products of the two are divided by.
        lowest : float
            Peaks are above this.
        """
        envelope, count = np.ascontiguousarray(envelope, np.float64), len(envelope)
        if count > 2 * len(self._found) - 2:
            self._found = np.empty((count // 2 + 2, 2))
            self._found_at = address(self._found)
        found = self._peaks(address(envelope), count, self._at, self._length, energy, lowest, self._found_at)
        return self._found[:found]

    def learn(self, beat: NDArray[np.float64], rate: float) -> float:
        """Move the shape towards a beat, shape (length,), less its mean; return the sum of the squares of the shape.

        Raises
        ------
        ValueError
            If the beat has another length.
        """
        if len(beat) != self._length:
            raise ValueError(f"len(beat)={len(beat)} must be {self._length}")
        energy: float = self._learn(self._at, self._length, address(np.ascontiguousarray(beat, np.float64)), rate)
        return energy


def template_kernel(shape: NDArray[np.float64]) -> TemplateKernel | None:
    """Return the kernel for the shape of a beat as :class:`TemplateKernel`; None where NumPy must do it."""
    opened = library()
    return None if opened is None else TemplateKernel(opened, shape)

"""How loud the parts of a cardiac cycle are, in C."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

__all__ = ["CycleKernel", "cycle_kernel"]


class CycleKernel:
    """Measures cycles in an array of frames, which must outlive it and stay where it is.

    Parameters
    ----------
    opened : PyDLL
    held : ndarray, shape (frames, bands), float32
        An even number of bands.
    """

    def __init__(self, opened: ctypes.PyDLL, held: NDArray[np.float32]) -> None:
        self._at, self._num_bands = address(held), held.shape[1]
        self._run = opened.auscult_cycle

    def measure(self, edges: tuple[int, int, int, int, int, int, int], values: NDArray[np.float32]) -> None:
        """Write the means of five parts in pairs of bands, ``(5, bands / 2)``, to the beginning of an array.

        Parameters
        ----------
        edges : tuple of int
            Frames at which each third of diastole begins, diastole ends, each half of systole begins, systole ends.
        values : ndarray, shape (5 * bands / 2 or more,), float32
            The halves of systole first.
        """
        self._run(self._at, self._num_bands, *edges, address(values))


def cycle_kernel(held: NDArray[np.float32]) -> CycleKernel | None:
    """Return the kernel for cycles as :class:`CycleKernel`; None where NumPy must do it."""
    opened = library()
    return None if opened is None else CycleKernel(opened, held)

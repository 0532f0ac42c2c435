"""Statistics of raw samples, bin by bin, in C."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

__all__ = ["StatisticsKernel", "statistics_kernel"]


class _Settings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("bin_samples", "capacity")),
        ("full_scale", ctypes.c_float),
        *((name, ctypes.c_double) for name in ("constant_variance", "same_height")),
        ("table", ctypes.c_void_p),
    )


class StatisticsKernel:
    """Fills and sums up the columns of a table, which must outlive it and stay where it is.

    Parameters
    ----------
    opened : PyDLL
    table : ndarray, shape (6, capacity), float64
    bin_samples : int
    thresholds : tuple of float
        Full scale, variance of a constant, height of a flat top.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        table: NDArray[np.float64],
        bin_samples: int,
        thresholds: tuple[float, float, float],
    ) -> None:
        self._totals = (ctypes.c_double * 6)()
        self._settings = _Settings(bin_samples, table.shape[1], *thresholds, address(table))
        self._at, self._to = ctypes.addressof(self._settings), ctypes.addressof(self._totals)
        self._fill, self._sum = opened.auscult_statistics, opened.auscult_statistics_window

    def fill(self, samples: int, count: int, used: int) -> None:
        """Fill ``count`` columns from column ``used`` on, with the bins of the samples at an address, float32."""
        self._fill(self._at, samples, count, used)

    def window(self, first: int, last: int) -> list[float]:
        """Return sum, sum of squares, full, dead, flat near the peak, and peak of some columns."""
        self._sum(self._at, first, last, self._to)
        return self._totals[:]


def statistics_kernel(
    table: NDArray[np.float64], bin_samples: int, thresholds: tuple[float, float, float]
) -> StatisticsKernel | None:
    """Return the kernel for statistics as :class:`StatisticsKernel`; None where NumPy must do it."""
    opened = library()
    return None if opened is None else StatisticsKernel(opened, table, bin_samples, thresholds)

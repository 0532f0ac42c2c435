"""The most likely path through peaks, in C; what it does is in :mod:`monitor.analysis.rhythm.beat_path`."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

__all__ = ["PathKernel", "PathSettings", "path_kernel"]

NUMBERS = (
    *("max_clarity", "min_threshold", "threshold_position", "first", "clarity_weight", "nearest", "farthest", "steps"),
    *("min_pause", "ectopic", "unusual"),
)
RANGES = ("coupling", "both", "usual_both")
"""Names of the settings; a range is a lowest and a highest value."""
MAX_PEAKS = 256
"""Peaks that are remembered."""
PEAK_NUMBERS = 7
"""Numbers of 8 bytes in a peak."""
MAX_BEATS = 32
"""Beats in one call."""


class _Settings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_double) for name in NUMBERS),
        *((name, ctypes.c_double * 2) for name in RANGES),
        ("end_search", ctypes.c_double),
        ("log_likelihoods", ctypes.c_void_p),
    )


class _State(ctypes.Structure):
    _fields_ = (
        ("count", ctypes.c_int64),
        ("settled", ctypes.c_double),
        ("peaks", ctypes.c_double * (MAX_PEAKS * PEAK_NUMBERS)),
    )


class PathSettings:
    """What every path has in common.

    Parameters
    ----------
    numbers : mapping of str to float
        From each name of a number, and ``end_search``, to its value.
    ranges : mapping of str to tuple of float
    log_likelihoods : sequence of float
        ``steps`` for each usual interval, beyond the farthest one.
    """

    def __init__(
        self,
        numbers: Mapping[str, float],
        ranges: Mapping[str, tuple[float, float]],
        log_likelihoods: Sequence[float],
    ) -> None:
        if len(log_likelihoods) <= numbers["farthest"] * numbers["steps"]:
            raise ValueError(f"len(log_likelihoods)={len(log_likelihoods)} does not reach the farthest interval")
        self._table = np.array(log_likelihoods, np.float64)
        self._settings = _Settings(**numbers, log_likelihoods=address(self._table))
        for name, limits in ranges.items():
            setattr(self._settings, name, (ctypes.c_double * 2)(*limits))
        self.address = ctypes.addressof(self._settings)


class PathKernel:
    """Finds the path of one stream; belongs to one thread.

    Parameters
    ----------
    opened : PyDLL
    settings : PathSettings
    """

    def __init__(self, opened: ctypes.PyDLL, settings: PathSettings) -> None:
        self._state = _State(0, -np.inf)
        self._settings, self._beats = settings, np.empty((MAX_BEATS, 3))
        self._at = ctypes.addressof(self._state), settings.address
        self._beats_at = address(self._beats)
        self._add, self._settle = opened.auscult_path_add, opened.auscult_path_settle
        self._highest = opened.auscult_path_highest

    def extend(self, start: float, peaks: NDArray[np.float64], interval: float, background: float) -> None:
        """Take the next peaks, shape (peaks, 2): the position from ``start`` on, and the clarity."""
        if peaks.shape[1:] != (2,):
            raise ValueError(f"peaks.shape={peaks.shape} must be (peaks, 2)")
        values = np.ascontiguousarray(peaks, np.float64)
        self._add(*self._at, address(values), len(values), start, interval, background)

    def settle(self, until: float, interval: float) -> list[list[float]]:
        """Return position, clarity and whether it follows the previous one (1.0 or 0.0), of each beat that is final."""
        beats: list[list[float]] = []
        while True:
            found = self._settle(*self._at, interval, until, MAX_BEATS, self._beats_at)
            beats += self._beats[:found].tolist()
            if found < MAX_BEATS:
                return beats

    def highest_between(self, start: float, end: float) -> float:
        """Return the clarity of the clearest peak between two frames, 0 if there is none."""
        highest: float = self._highest(self._at[0], start, end)
        return highest


def path_kernel(settings: PathSettings) -> PathKernel | None:
    """Return a kernel for one stream as :class:`PathKernel`; None where Python must do it."""
    opened = library()
    return None if opened is None else PathKernel(opened, settings)

"""The frames of a window to input image, heart rate and features of the quality gate, in C: one by one, or all at once.

Each function checks nothing: whoever makes a kernel gives the number of frames, and each call the addresses of so
many, contiguous, float32.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

if TYPE_CHECKING:
    from monitor.features.heart_rate_tables import HeartRateTables

__all__ = [
    "GateKernel",
    "ImageKernel",
    "RateKernel",
    "WindowKernel",
    "gate_kernel",
    "image_kernel",
    "rate_kernel",
    "window_kernel",
]

MAX_FRAMES, MAX_LAGS = 1024, 256
"""What the buffers in C hold."""
FLAT, FOUND, ASKS_TIMBRE = range(3)
"""What the heart rate of a window may be."""


class _ImageSettings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("num_frames", "width", "first_lag", "rhythm_width")),
        *((name, ctypes.c_float) for name in ("dynamic_range", "contrast", "max_deviation")),
        *((name, ctypes.c_void_p) for name in ("starts", "ends")),
    )


class ImageKernel:
    """Builds input images.

    Parameters
    ----------
    opened : PyDLL
    num_frames : int
        Frames in a window.
    width : int
        Frames in a column of levels.
    rhythm : tuple of int
        Shortest lag of the rhythm, and frames that a column of it averages.
    levels : tuple of float
        Dynamic range, contrast, and deviation at which the envelope is clipped.
    starts, ends : ndarray, shape (64,)
        First frame of each column of levels, and end of each column of the rhythm.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        num_frames: int,
        width: int,
        rhythm: tuple[int, int],
        levels: tuple[float, float, float],
        starts: NDArray[np.integer],
        ends: NDArray[np.integer],
    ) -> None:
        self._kept = (starts.astype(np.int32), ends.astype(np.int32))
        self._settings = _ImageSettings(num_frames, width, *rhythm, *levels, *map(address, self._kept))
        self.at = ctypes.addressof(self._settings)
        self._run = opened.auscult_image

    def build(self, log_power: int, envelope: int, image: int) -> None:
        """Write the image at an address, ``(64, 64, 3)`` float32, from log power and envelope at two others."""
        self._run(self.at, log_power, envelope, image)


def image_kernel(
    num_frames: int,
    width: int,
    rhythm: tuple[int, int],
    levels: tuple[float, float, float],
    starts: NDArray[np.integer],
    ends: NDArray[np.integer],
) -> ImageKernel | None:
    """Return the kernel for images as :class:`ImageKernel`; None where NumPy must do it."""
    opened = library()
    if opened is None or not rhythm[1] <= num_frames <= MAX_FRAMES or rhythm[0] > MAX_LAGS:
        return None
    return ImageKernel(opened, num_frames, width, rhythm, levels, starts, ends)


class _RateSettings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("num_frames", "length", "padded", "num_lags", "num_early")),
        *((name, ctypes.c_int32) for name in ("first", "last")),
        ("flat", ctypes.c_float),
        *((name, ctypes.c_double) for name in ("spacing_s", "near_highest", "reach")),
        *((name, ctypes.c_double) for name in ("slow_bpm", "min_slow_periodicity", "max_of_sounds", "max_again")),
        *((name, ctypes.c_double) for name in ("min_fast_bpm", "fastest_bpm", "min_ratio", "min_periodicity")),
        *((name, ctypes.c_void_p) for name in ("filtering", "weighting", "outside")),
        *((name, ctypes.c_void_p) for name in ("filtering_bands", "weighting_bands", "inverse_prior", "late_scale")),
    )


class _RateResult(ctypes.Structure):
    _fields_ = (("periodicity", ctypes.c_double), ("lag", ctypes.c_double))


class RateKernel:
    """Finds the mean beat interval of windows; may be used on any thread.

    Parameters
    ----------
    opened : PyDLL
    tables : HeartRateTables
    slow, octave : tuple of float
        Settings of the search for a slow beat and for one of half the interval, in the order of the C structure.

    Attributes
    ----------
    spacing_s : float
        Seconds in a lag.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        tables: HeartRateTables,
        slow: tuple[float, float, float, float],
        octave: tuple[float, float, float, float],
    ) -> None:
        num_frames = tables.filtering.shape[1]
        filtering, outside, filtering_bands = _banded(tables.filtering)
        weighting, _, weighting_bands = _banded(tables.weighting, outside=0.0)
        self._kept = (
            filtering,
            weighting,
            outside,
            filtering_bands,
            weighting_bands,
            np.array(tables.inverse_prior, np.float64),
            np.array(tables.late_scale, np.float64),
        )
        lengths = (num_frames, tables.length, tables.padded, tables.num_lags, tables.num_early)
        shape = (tables.spacing_s, tables.parameters.near_highest, tables.parameters.reach)
        pointers = [address(array) for array in self._kept]
        self._settings = _RateSettings(
            *lengths, tables.first, tables.last, tables.flat, *shape, *slow, *octave, *pointers
        )
        self.spacing_s: float = tables.spacing_s
        self.at = ctypes.addressof(self._settings)
        self._run = opened.auscult_heart_rate

    def find(self, envelope: int, has_timbre: bool) -> tuple[int, float, float]:
        """Return what was found of the envelope at an address, its periodicity, and the beat interval in lags.

        Parameters
        ----------
        envelope : int
        has_timbre : bool
            Whether it may be left to the timbre to tell a rate from its half.
        """
        result = _RateResult()
        found: int = self._run(self.at, envelope, has_timbre, ctypes.byref(result))
        return found, result.periodicity, result.lag


def _banded(
    matrix: NDArray[np.float32], outside: float | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Return the bands of a matrix whose rows hold one number outside of a band: a fifth of it is left to be read.

    Parameters
    ----------
    matrix : ndarray, shape (rows, columns), float32
    outside : float or None
        That number; None for the one that a row holds most often.

    Returns
    -------
    tuple
        What the bands hold more than that, one after another; that number of each row, ``(rows,)``; begin and end of
        each band, ``(rows, 2)``.
    """
    values, commons, bands = [], [], []
    for row in matrix:
        numbers, counts = np.unique(row, return_counts=True)
        common = numbers[counts.argmax()] if outside is None else np.float32(outside)
        inside = np.flatnonzero(row != common)
        begin, end = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0)
        values.append(row[begin:end] - common)
        commons.append(common)
        bands.append((begin, end))
    return np.concatenate(values), np.array(commons, np.float32), np.array(bands, np.int32)


def rate_kernel(
    tables: HeartRateTables, slow: tuple[float, float, float, float], octave: tuple[float, float, float, float]
) -> RateKernel | None:
    """Return the kernel for heart rates as :class:`RateKernel`; None where NumPy must do it."""
    opened = library()
    if opened is None or tables.filtering.shape[1] > MAX_FRAMES or tables.num_lags > MAX_LAGS:
        return None
    if tables.length > MAX_FRAMES or tables.last + 2 > 2 * MAX_LAGS or tables.num_early > tables.length:
        return None
    return RateKernel(opened, tables, slow, octave)


class _GateSettings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("tilt_first", "tilt_end")),
        ("min_power", ctypes.c_float),
        *((name, ctypes.c_double) for name in ("min_spread", "strong_high_db", "min_correlation")),
        *((name, ctypes.c_double) for name in ("least_tilt", "most_tilt", "most_swing")),
    )


class _GateResult(ctypes.Structure):
    _fields_ = (("tilt", ctypes.c_double), ("swing", ctypes.c_double), ("bumps", ctypes.c_double))


class GateKernel:
    """Computes the features of the quality gate; may be used on any thread.

    Parameters
    ----------
    opened : PyDLL
    tilt : tuple of int
        First bin, and end, of the low bins.
    bumps : tuple of float
        Least power, least spread, decibels of a strong band, least correlation.
    limits : tuple of float
        Least and most tilt, most swing.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        tilt: tuple[int, int],
        bumps: tuple[float, float, float, float],
        limits: tuple[float, float, float],
    ) -> None:
        self._settings = _GateSettings(*tilt, *bumps, *limits)
        self.at = ctypes.addressof(self._settings)
        self._run = opened.auscult_gate

    def features(self, log_power: int, envelope: int, low: int, high: int, count: int) -> tuple[float, float, float]:
        """Return tilt, swing and bumps of ``count`` frames at some addresses, at most :data:`MAX_FRAMES`."""
        result = _GateResult()
        self._run(self.at, log_power, envelope, low, high, count, ctypes.byref(result))
        return result.tilt, result.swing, result.bumps


def gate_kernel(
    tilt: tuple[int, int], bumps: tuple[float, float, float, float], limits: tuple[float, float, float]
) -> GateKernel | None:
    """Return the kernel for the quality gate as :class:`GateKernel`; None where NumPy must do it."""
    opened = library()
    return None if opened is None else GateKernel(opened, tilt, bumps, limits)


class _WindowSettings(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_void_p) for name in ("image", "rate", "gate"))


class WindowKernel:
    """Does in one call what an image, a rate and a gate kernel do; belongs to one thread.

    Parameters
    ----------
    opened : PyDLL
    image : ImageKernel
    rate : RateKernel
        For as many frames.
    gate : GateKernel

    Attributes
    ----------
    spacing_s : float
        As of :class:`RateKernel`.
    """

    def __init__(self, opened: ctypes.PyDLL, image: ImageKernel, rate: RateKernel, gate: GateKernel) -> None:
        self._kept = (image, rate, gate)
        self._settings = _WindowSettings(image.at, rate.at, gate.at)
        self._result = (ctypes.c_double * 5)()
        self.spacing_s: float = rate.spacing_s
        self._at, self._to = ctypes.addressof(self._settings), ctypes.addressof(self._result)
        self._run = opened.auscult_window

    def compute(self, held: int, slot: int, image: int) -> tuple[int, list[float]]:
        """Write the image of the window from a slot on to an address; return what was found of the beat, and numbers.

        The frames are those of a :class:`HeldPlaces` at another address, with as many rows as the image. The numbers
        are periodicity and beat interval in lags, which hold where a beat was found, tilt, swing and bumps.
        """
        found: int = self._run(self._at, held, slot, image, self._to)
        return found, self._result[:]


def window_kernel(image: ImageKernel | None, rate: RateKernel | None, gate: GateKernel | None) -> WindowKernel | None:
    """Return the kernel that joins three as :class:`WindowKernel`; None where one is missing."""
    opened = library()
    if opened is None or image is None or rate is None or gate is None:
        return None
    return WindowKernel(opened, image, rate, gate)

"""The frames of a window to input image, heart rate and features of the quality gate, and outputs to scores, in C.

Each function checks nothing: whoever makes a kernel gives the number of frames, and each call the addresses of so
many, contiguous, float32.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
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
    "ScoreKernel",
    "gate_kernel",
    "image_kernel",
    "rate_kernel",
    "score_kernel",
]

MAX_FRAMES, MAX_LAGS, MAX_LABELS = 1024, 256, 16
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
        self._at = ctypes.addressof(self._settings)
        self._run = opened.auscult_image

    def build(self, log_power: int, envelope: int, image: int) -> None:
        """Write the image at an address, ``(64, 64, 3)`` float32, from log power and envelope at two others."""
        self._run(self._at, log_power, envelope, image)


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
        self._at = ctypes.addressof(self._settings)
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
        found: int = self._run(self._at, envelope, has_timbre, ctypes.byref(result))
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
    """

    def __init__(self, opened: ctypes.PyDLL, tilt: tuple[int, int], bumps: tuple[float, float, float, float]) -> None:
        self._settings = _GateSettings(*tilt, *bumps)
        self._at = ctypes.addressof(self._settings)
        self._run = opened.auscult_gate

    def features(self, log_power: int, envelope: int, low: int, high: int, count: int) -> tuple[float, float, float]:
        """Return tilt, swing and bumps of ``count`` frames at some addresses, at most :data:`MAX_FRAMES`."""
        result = _GateResult()
        self._run(self._at, log_power, envelope, low, high, count, ctypes.byref(result))
        return result.tilt, result.swing, result.bumps


def gate_kernel(tilt: tuple[int, int], bumps: tuple[float, float, float, float]) -> GateKernel | None:
    """Return the kernel for the quality gate as :class:`GateKernel`; None where NumPy must do it."""
    opened = library()
    return None if opened is None else GateKernel(opened, tilt, bumps)


class _ScoreSettings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("num_labels", "has_odds")),
        ("temperature", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ("bias", "given")),
    )


class ScoreKernel:
    """Computes calibrated scores, and the log-odds of a heart; may be used on any thread.

    Parameters
    ----------
    opened : PyDLL
    num_labels, num_outputs : int
        Of the network; more outputs than labels give odds.
    temperature : float
    bias : sequence of float
        One per label, or none.
    given : sequence of sequence of float
        Square, or empty.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        num_labels: int,
        num_outputs: int,
        temperature: float,
        bias: Sequence[float],
        given: Sequence[Sequence[float]],
    ) -> None:
        self._kept = tuple(np.array(values, np.float64) for values in (bias, given))
        pointers = [address(values) if values.size else None for values in self._kept]
        self._has_odds = num_outputs > num_labels
        self._settings = _ScoreSettings(num_labels, self._has_odds, temperature, *pointers)
        self._result = ctypes.c_double * (num_labels + self._has_odds)
        self._at = ctypes.addressof(self._settings)
        self._run = opened.auscult_scores

    def scores_and_odds(self, outputs: int) -> tuple[list[float], float | None]:
        """Return the scores, and the odds where there are any, of the outputs at an address, float32."""
        result = self._result()
        self._run(self._at, outputs, ctypes.addressof(result))
        scores: list[float] = result[:]
        return scores, scores.pop() if self._has_odds else None


def score_kernel(
    num_labels: int,
    num_outputs: int,
    temperature: float,
    bias: Sequence[float],
    given: Sequence[Sequence[float]],
) -> ScoreKernel | None:
    """Return the kernel for scores as :class:`ScoreKernel`; None where Python must do it."""
    opened = library()
    fits = 0 < num_labels <= min(num_outputs, MAX_LABELS)
    if opened is None or not fits or len(bias) not in (0, num_labels) or len(given) not in (0, num_labels):
        return None
    return ScoreKernel(opened, num_labels, num_outputs, temperature, bias, given)

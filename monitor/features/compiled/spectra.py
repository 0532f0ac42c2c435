"""Frames of sound to log power, in C: for the input image, and for the sound bands of the segmentation.

A call takes addresses; whoever makes it has checked that the arrays there are large enough, and keeps them.
"""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

__all__ = ["BandKernel", "FrameKernel", "HeldPlaces", "band_kernel", "frame_kernel"]

SIZES = (256, 512, 1024)
"""Samples in a frame."""
LANES = 8
"""The number of rows is a multiple of this."""


class _Places(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_void_p) for name in ("rows", "envelope", "low", "high"))


class HeldPlaces:
    """Where the frames that a spectrogram holds begin in memory.

    Parameters
    ----------
    rows : ndarray, shape (frames, num_rows), float32
    envelope, low, high : ndarray, shape (frames,), float32

    Attributes
    ----------
    addresses : tuple of int
        Of the four.
    at : int
        Where C finds these.
    """

    __slots__ = ("_places", "addresses", "at")

    def __init__(
        self,
        rows: NDArray[np.float32],
        envelope: NDArray[np.float32],
        low: NDArray[np.float32],
        high: NDArray[np.float32],
    ) -> None:
        self.addresses = (address(rows), address(envelope), address(low), address(high))
        self._places = _Places(*self.addresses)
        self.at = ctypes.addressof(self._places)


class _FrameSettings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("size", "hop")),
        *((name, ctypes.c_int32) for name in ("envelope_first", "envelope_end", "low_first", "low_end", "high_first")),
        *((name, ctypes.c_int32) for name in ("first_bin", "num_rows")),
        ("floor", ctypes.c_float),
        *((name, ctypes.c_void_p) for name in ("taper", "share", "turns")),
    )


class FrameKernel:
    """Computes the frames of the streaming spectrogram.

    Parameters
    ----------
    opened : PyDLL
    taper : ndarray, shape (size,), float32
    share : ndarray, shape (size,), float32, or None
        What is taken off a tapered frame for each unit of its sum.
    hop : int
        Samples between the starts of two frames.
    bands : tuple of int
        First bin and end of the envelope, first bin and end of the low band, first bin of the high one.
    rows : tuple of int
        First bin and number of the rows.
    floor : float
        Added to powers before their logarithm.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        taper: NDArray[np.float32],
        share: NDArray[np.float32] | None,
        hop: int,
        bands: tuple[int, int, int, int, int],
        rows: tuple[int, int],
        floor: float,
    ) -> None:
        self._kept = (taper, share, turns(len(taper)))
        pointers = [None if array is None else address(array) for array in self._kept]
        self._settings = _FrameSettings(len(taper), hop, *bands, *rows, floor, *pointers)
        self._at = ctypes.addressof(self._settings)
        self._run = opened.auscult_frames

    def compute(self, sound: int, end: int, count: int, held: int, slot: int) -> None:
        """Compute ``count`` frames of the sound at an address; they become those from a slot on.

        Then the sound that begins where the next frame does is moved to that address.

        Parameters
        ----------
        sound : int
            Of ``end`` float32.
        end : int
            At least ``(count - 1) * hop + size``.
        count : int
            1 or more.
        held : int
            Of a :class:`HeldPlaces` with room for so many.
        slot : int
        """
        self._run(self._at, sound, end, count, held, slot)


def frame_kernel(
    taper: NDArray[np.float32],
    share: NDArray[np.float32] | None,
    hop: int,
    bands: tuple[int, int, int, int, int],
    rows: tuple[int, int],
    floor: float,
) -> FrameKernel | None:
    """Return the kernel for frames as :class:`FrameKernel`; None where NumPy must do it."""
    opened = library()
    if opened is None or len(taper) not in SIZES or rows[1] % LANES or sum(rows) > len(taper) // 2 + 1:
        return None
    if hop > len(taper):
        return None
    return FrameKernel(opened, taper, share, hop, bands, rows, floor)


class _BandSettings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("size", "hop", "num_bands")),
        *((name, ctypes.c_float) for name in ("floor", "loud")),
        *((name, ctypes.c_void_p) for name in ("taper", "turns", "bins")),
    )


class BandKernel:
    """Computes the frames of the sound bands.

    Parameters
    ----------
    opened : PyDLL
    taper : ndarray, shape (size,), float32
    hop : int
        Samples between the starts of two frames.
    bins : tuple of int
        First bin of each band, and the end of the last.
    floor : float
        Added to powers before their logarithm.
    loud : float
        Log power in a band, from which a frame is loud.

    Attributes
    ----------
    settings_at : int
        Where its settings lie in memory.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        taper: NDArray[np.float32],
        hop: int,
        bins: tuple[int, ...],
        floor: float,
        loud: float,
    ) -> None:
        self._kept = (taper, turns(len(taper)), np.array(bins, np.int32))
        self._settings = _BandSettings(len(taper), hop, len(bins) - 1, floor, loud, *map(address, self._kept))
        self.settings_at = ctypes.addressof(self._settings)
        self._run = opened.auscult_bands

    def compute(self, sound: int, count: int, bands: int) -> int:
        """Compute ``count`` frames of the sound at an address, ``(count, num_bands)`` float32 at another.

        Returns
        -------
        int
            How many of them are loud.
        """
        num_loud: int = self._run(self.settings_at, sound, count, bands)
        return num_loud


def band_kernel(
    taper: NDArray[np.float32], hop: int, bins: tuple[int, ...], floor: float, loud: float
) -> BandKernel | None:
    """Return the kernel for sound bands as :class:`BandKernel`; None where NumPy must do it."""
    opened = library()
    return None if opened is None or len(taper) not in SIZES else BandKernel(opened, taper, hop, bins, floor, loud)


def turns(size: int) -> NDArray[np.float32]:
    """Return cos and -sin of each bin's step, shape (size, 2)."""
    angle = 2.0 * np.pi * np.arange(size) / size
    return np.stack((np.cos(angle), -np.sin(angle)), axis=1).astype(np.float32)

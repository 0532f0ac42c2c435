"""A source that plays a waveform in memory: for programs that bring their own sound, and for tests.

The array is checked and converted to mono float32 once, when the source is created; the
source's thread only cuts it into blocks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.audio.sources.decoding.pcm import CANCELLED, channel_powers
from monitor.audio.sources.paced import PacedSource, split

__all__ = ["ArraySource", "as_mono", "check_sample_rate"]

MAX_CHANNELS = 64
"""More means an array whose axes are swapped."""


class ArraySource(PacedSource):
    """Plays a waveform.

    Parameters
    ----------
    waveform : array_like, shape (samples,) or (samples, channels)
        Real numbers. Full scale is 1 for floats, the limit of the type for integers.
        Channels are averaged. Non-finite samples mean lost sound.
    sample_rate : int
        Hz, 1000 to 192000.
    name : str
        Shown to the user.
    speed : float or None
        Multiple of real time; None for as fast as the readers take it.
    clock : callable
        As in :class:`~monitor.audio.sources.paced.PacedSource`.

    Raises
    ------
    ValueError
        If the array holds no sound, or an argument is out of range.

    Examples
    --------
    >>> source = ArraySource(np.zeros((8000, 2), np.int16), sample_rate=4000, name="stereo")
    >>> source.duration_s, [len(block) for block in source.blocks(3000)]
    (2.0, [3000, 3000, 2000])
    """

    def __init__(
        self,
        waveform: ArrayLike,
        sample_rate: int,
        *,
        name: str = "array",
        speed: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(speed=speed, clock=clock)
        self.sample_rate = check_sample_rate(sample_rate)
        self._waveform = as_mono(waveform)
        self._channels_cancel = _cancel(np.asarray(waveform))
        self.name = name
        self.duration_s = len(self._waveform) / self.sample_rate

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels cancel each other in their mean."""
        return self._channels_cancel

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the waveform in blocks of at most ``block_samples`` samples."""
        return split(self._waveform, block_samples)


def check_sample_rate(sample_rate: int) -> int:
    """Return a sample rate as a plain integer after checking it.

    Raises
    ------
    ValueError
        If it is no whole number from 1000 to 192000 Hz.
    """
    if not 1000 <= sample_rate <= 192_000:
        raise ValueError(f"sample_rate={sample_rate} must be from 1000 to 192000 Hz")
    if sample_rate != int(sample_rate):
        raise ValueError(f"sample_rate={sample_rate} must be a whole number of Hz")
    return int(sample_rate)


def as_mono(waveform: ArrayLike) -> NDArray[np.float32]:
    """Return a waveform as mono float32 with full scale at 1.

    Parameters
    ----------
    waveform : array_like, shape (samples,) or (samples, channels)
        Floats, or integers of any width.

    Returns
    -------
    ndarray, shape (samples,), float32
        A copy.

    Raises
    ------
    ValueError
        If the shape is another, the array is empty, or the numbers are not real.

    Examples
    --------
    >>> as_mono(np.array([[0, 16384], [-32768, 0]], np.int16))
    array([ 0.25, -0.5 ], dtype=float32)
    """
    array = np.asarray(waveform)
    if array.ndim not in (1, 2):
        raise ValueError(f"waveform.shape={array.shape} must be (samples,) or (samples, channels)")
    if array.size == 0:
        raise ValueError(f"waveform.shape={array.shape} must hold at least one sample")
    if array.ndim == 2 and array.shape[1] > MAX_CHANNELS:
        raise ValueError(f"waveform.shape={array.shape} must be (samples, channels); transpose an array of channels")
    scaled = _full_scale_at_one(array)
    if scaled.ndim == 2:
        scaled = scaled.mean(axis=1)  # (samples,)
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, which counts as lost
        return scaled.astype(np.float32)


def _cancel(array: NDArray[Any]) -> bool:
    """Return whether an array has channels that cancel each other."""
    if array.ndim == 1 or array.shape[1] == 1:
        return False
    mixed, apart = channel_powers(array, array.mean(axis=1))
    return mixed < CANCELLED * apart


def _full_scale_at_one(array: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the numbers as floats, integers divided by the limit of their type."""
    if array.dtype.kind == "f":
        return array.astype(np.float64)
    if array.dtype.kind in "iu":
        half = 2.0 ** (8 * array.dtype.itemsize - 1)
        offset = half if array.dtype.kind == "u" else 0.0  # silence of unsigned sound is half scale
        return (array.astype(np.float64) - offset) / half
    raise ValueError(f"waveform.dtype={array.dtype} must be of floats or integers")

"""The waveform of any stretch of a recording, as the lowest and highest sample of equal parts.

A short stretch is read from the file when it is asked for. A long one comes from an overview of the whole recording,
which is read piece by piece while nothing else is to be done (:meth:`SoundBins.work`). One thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.archive.sound_reader import SoundReader
from monitor.archive.timeline import Sound
from monitor.errors import AuscultError

__all__ = ["SoundBins"]

DIRECT_S = 60.0
"""Longest stretch that is read when it is asked for."""
OVERVIEW_BIN_S = 0.1
"""Seconds of a bin of the overview: finer than a dot on the widest screen of more than a minute."""


class SoundBins:
    """Lowest and highest samples of a sound.

    Parameters
    ----------
    sound : Sound or None
        None where there is no sound; nothing is known then.
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    error : str
        Why the sound could not be read the last time; empty where it could.
    """

    def __init__(self, sound: Sound | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._sound, self._clock = sound, clock
        self.error, self._broken = "", False
        rate, samples = (sound.sample_rate, sound.num_samples) if sound else (1, 0)
        self._bin = max(1, round(OVERVIEW_BIN_S * rate))
        bins = -(-samples // self._bin)
        self._low, self._high = (np.full(bins, np.nan, np.float32) for _ in range(2))
        self._reader = None if sound is None else SoundReader(sound)
        self._blocks = iter(()) if sound is None else sound.blocks(block_samples=64 * self._bin)
        self._next, self._rest = 0, np.zeros(0, np.float32)
        self._direct: tuple[tuple[int, int, int], NDArray[np.float32], NDArray[np.float32]] | None = None

    @property
    def complete(self) -> bool:
        """Whether the overview is read to the end."""
        return self._next >= len(self._low) or self._broken

    def work(self, seconds: float) -> None:
        """Read more of the overview, for about some seconds of time."""
        until = self._clock() + seconds
        while not self.complete and self._clock() < until:
            try:
                block = next(self._blocks, None)
            except AuscultError as error:
                self.error, self._broken = error.message, True
                return
            self._add(block)

    def _add(self, block: NDArray[np.float32] | None) -> None:
        """Add a block to the overview; None is the end."""
        waveform = self._rest if block is None else np.concatenate((self._rest, block))
        if block is None:
            whole, self._rest = waveform, waveform[:0]
        else:
            cut = len(waveform) // self._bin * self._bin
            whole, self._rest = waveform[:cut], waveform[cut:]
        if len(whole):
            starts = np.arange(0, len(whole), self._bin)
            stop = self._next + len(starts)
            self._low[self._next : stop] = np.minimum.reduceat(whole, starts)
            self._high[self._next : stop] = np.maximum.reduceat(whole, starts)
            self._next = stop
        if block is None:
            self._next = len(self._low)

    def between(self, start_s: float, end_s: float, bins: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return lowest and highest sample of equal parts of a stretch.

        Returns
        -------
        low, high : ndarray, shape (bins,), float32
            NaN where nothing is known (yet).
        """
        if self._sound is None:
            nothing = np.full(bins, np.nan, np.float32)
            return nothing, nothing
        rate = self._sound.sample_rate
        if end_s - start_s <= DIRECT_S:
            return self._read(round(start_s * rate), round(end_s * rate), bins)
        first, last = start_s * rate / self._bin, end_s * rate / self._bin
        edges = np.minimum(np.floor(first + (last - first) * np.arange(bins + 1) / bins).astype(int), len(self._low))
        low = np.append(self._low, np.float32(np.nan))  # an edge at the very end is allowed
        high = np.append(self._high, np.float32(np.nan))
        return np.fmin.reduceat(low, edges[:-1]), np.fmax.reduceat(high, edges[:-1])

    def _read(self, start: int, end: int, bins: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the parts of a short stretch, from the file."""
        key = (start, end, bins)
        if self._direct is not None and self._direct[0] == key:
            return self._direct[1:]
        low, high = (np.full(bins, np.nan, np.float32) for _ in range(2))
        waveform = self.samples(start, end)
        edges = np.arange(bins) * (end - start) // bins
        edges = edges[edges < len(waveform)]
        if len(edges):
            low[: len(edges)] = np.minimum.reduceat(waveform, edges)
            high[: len(edges)] = np.maximum.reduceat(waveform, edges)
        self._direct = (key, low, high)
        return low, high

    def samples(self, start: int, end: int) -> NDArray[np.float32]:
        """Return samples of the sound; none where it cannot be read, and :attr:`error` says why."""
        if self._reader is None:
            return np.zeros(0, np.float32)
        try:
            waveform = self._reader.read(start, end)
        except AuscultError as error:
            self.error = error.message
            return np.zeros(0, np.float32)
        self.error = ""
        return waveform

    def close(self) -> None:
        """Close the file. Twice is safe."""
        if self._reader is not None:
            self._reader.close()

"""Slower with the pitch kept: waveform-similarity overlap-add (WSOLA), for blocks of any size.

Frames of 60 ms are taken from the sound at the slower pace and overlapped by half; each is moved by up to 15 ms to
where it continues the frame before best, so that periods of a sound join without a break. At speed 1 the sound passes
unchanged. Pure; belongs to one thread.

Source: W. Verhelst and M. Roelands, An overlap-add technique based on waveform similarity (WSOLA) for high quality
time-scale modification of speech, ICASSP 1993.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["TimeStretch"]

FRAME_S = 0.06
"""Long against the period of a first heart sound (10 to 30 ms), short against the interval of S1 and S2 (300 ms)."""
SEARCH_S = 0.015
QUIET = 1e-12
"""Added to energies, so that silence has a similarity of 0."""


class TimeStretch:
    """Makes a sound longer by ``1 / speed``.

    Parameters
    ----------
    sample_rate : int
        Hz.
    speed : float
        Above 0, at most 1.

    Attributes
    ----------
    delay_s : float
        Seconds of the sound that are waited for before a moment is heard; 0 at speed 1.

    Raises
    ------
    ValueError
        If the speed is out of range.

    Examples
    --------
    >>> half = TimeStretch(4000, 0.5)
    >>> sum(len(half.push(np.zeros(400))) for _ in range(100))
    79200
    """

    def __init__(self, sample_rate: int, speed: float) -> None:
        if not 0 < speed <= 1:
            raise ValueError(f"speed={speed:g} must be above 0 and at most 1")
        self._speed = speed
        self._hop = max(2, round(FRAME_S * sample_rate / 2))
        self._search = max(1, round(SEARCH_S * sample_rate))
        self._window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * self._hop) / self._hop)
        self.delay_s = 0.0 if speed == 1 else 2 * (self._hop + self._search) / sample_rate
        self._first = -(self._search + self._hop)  # input sample at the start of the memory
        self._memory = np.zeros(self._search + self._hop)
        self._frame = 0
        self._natural: int | None = None  # where the frame before would go on
        self._tail = np.zeros(self._hop)

    def push(self, waveform: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the samples that these complete.

        Parameters
        ----------
        waveform : ndarray, shape (samples,)

        Returns
        -------
        ndarray, shape (samples,), float64
        """
        if self._speed == 1:
            return np.asarray(waveform, np.float64)
        self._memory = np.concatenate((self._memory, waveform))
        parts = []
        while (nominal := self._nominal(self._frame)) + self._needed <= self._end:
            start = nominal if self._natural is None else self._continuation(nominal, self._natural)
            frame = self._at(start, 2 * self._hop) * self._window
            if self._natural is None:
                frame[: self._hop] = self._at(start, self._hop)  # nothing came before to fade in over
            parts.append(self._tail + frame[: self._hop])
            self._tail = frame[self._hop :]
            self._natural, self._frame = start + self._hop, self._frame + 1
            self._forget(min(self._natural, self._nominal(self._frame) - self._search))
        return np.concatenate(parts) if parts else np.zeros(0)

    def _nominal(self, frame: int) -> int:
        """Return the start of a frame whose middle is where the pace puts it."""
        return round((frame + 1) * self._hop * self._speed) - self._hop

    @property
    def _end(self) -> int:
        """Input sample after the last one known."""
        return self._first + len(self._memory)

    @property
    def _needed(self) -> int:
        """Samples that a frame at its last possible place needs, and the continuation of the one before."""
        return 3 * self._hop + 2 * self._search

    def _at(self, start: int, length: int) -> NDArray[np.float64]:
        """Return a piece of the sound."""
        return self._memory[start - self._first : start - self._first + length]

    def _continuation(self, nominal: int, natural: int) -> int:
        """Return the start, near the nominal one, of the frame that is most like the natural continuation."""
        wanted = self._at(natural, 2 * self._hop)
        around = self._at(nominal - self._search, 2 * self._hop + 2 * self._search)
        size = 1 << (len(around) + len(wanted)).bit_length()
        spectrum = np.fft.rfft(around, size) * np.conj(np.fft.rfft(wanted, size))
        products = np.fft.irfft(spectrum, size)[: 2 * self._search + 1]
        energies = np.concatenate(([0.0], np.cumsum(around**2)))
        energies = energies[2 * self._hop :] - energies[: 2 * self._search + 1]
        likeness = products / np.sqrt(np.maximum(energies, 0.0) + QUIET)
        best = int(likeness.argmax())
        if likeness[self._search] >= likeness[best] * (1 - 1e-9):
            best = self._search  # no better place: keep the pace
        return nominal - self._search + best

    def _forget(self, before: int) -> None:
        """Drop what no later frame needs."""
        drop = max(0, before - self._first)
        self._memory, self._first = self._memory[drop:], self._first + drop

"""One sample rate to another for the ear, with a delay of 16 samples of the slower rate: 4 ms from 4 kHz.

The resampler of the analysis (:mod:`monitor.features.resample`) passes more of the band and keeps aliases lower, for
60 ms up from 4 kHz: too long for somebody who hears the heart while they move the chest piece. Pure; one thread.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interpolator"]

REACH = 16
"""Samples of the slower rate on each side of an output sample."""
KAISER_BETA = 7.0
PASS = 0.85
"""Cut-off (-6 dB) as a part of the slower Nyquist frequency; images are 60 dB down from its 1.0 on."""


class Interpolator:
    """Resamples a waveform that arrives in blocks, by windowed sinc functions.

    Parameters
    ----------
    input_rate, output_rate : int
        Hz, positive. Equal rates pass the samples through.

    Attributes
    ----------
    delay_s : float
        Seconds from a sample's arrival to its output.

    Raises
    ------
    ValueError
        If a rate is not positive.

    Examples
    --------
    >>> up = Interpolator(4000, 48_000)
    >>> up.delay_s, len(up.push(np.zeros(4000, np.float32)))
    (0.004, 47808)
    """

    def __init__(self, input_rate: int, output_rate: int) -> None:
        if input_rate < 1 or output_rate < 1:
            raise ValueError(f"input_rate={input_rate} and output_rate={output_rate} must be positive")
        common = math.gcd(input_rate, output_rate)
        self._up, self._down = output_rate // common, input_rate // common
        self._through = self._up == self._down
        stretch = max(1.0, input_rate / output_rate)  # a lower rate needs a longer filter
        self._half = math.ceil(REACH * stretch)
        self.delay_s = 0.0 if self._through else self._half / input_rate
        self._next = 0  # output sample
        self._first = -(self._half - 1)  # input sample at the start of the memory; silence comes before the sound
        self._memory = np.zeros(self._half - 1)
        self._bank = self._filters(stretch)
        self._spans = np.zeros((0, 2 * self._half), np.intp)

    def push(self, waveform: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the output samples that these complete.

        Parameters
        ----------
        waveform : ndarray, shape (samples,)

        Returns
        -------
        ndarray, shape (samples,), float64
        """
        if self._through:
            return np.asarray(waveform, np.float64)
        self._memory = np.concatenate((self._memory, waveform))
        return self._multiplied() if self._down == 1 else self._between()

    def _multiplied(self) -> NDArray[np.float64]:
        """Return the output samples where every position between two input samples is one: a single matrix product."""
        count = len(self._memory) - 2 * self._half + 1
        if count < 1:
            return np.zeros(0)
        if count > len(self._spans):  # kept, since it costs as much as the product
            self._spans = np.arange(count)[:, None] + np.arange(2 * self._half)
        result: NDArray[np.float64] = (self._memory[self._spans[:count]] @ self._bank.T).ravel()
        self._memory = self._memory[count:]
        return result

    def _between(self) -> NDArray[np.float64]:
        """Return the output samples at any positions."""
        end = self._first + len(self._memory)  # input sample after the last
        # output n lies at input n * down / up, and needs the input up to half samples behind that
        last = ((end - self._half) * self._up - 1) // self._down
        outputs = np.arange(self._next, last + 1)
        if not len(outputs):
            return np.zeros(0)
        whole, phase = np.divmod(outputs * self._down, self._up)
        spans = np.lib.stride_tricks.sliding_window_view(self._memory, 2 * self._half)
        result: NDArray[np.float64] = np.einsum(
            "ij,ij->i", spans[whole - (self._half - 1) - self._first], self._bank[phase]
        )
        self._next = last + 1
        keep = self._next * self._down // self._up - (self._half - 1) - self._first
        self._memory, self._first = self._memory[keep:], self._first + keep
        return result

    def _filters(self, stretch: float) -> NDArray[np.float64]:
        """Return the filter of each position between two input samples, ``(up, 2 * half)``, each of sum 1."""
        if self._through:
            return np.ones((1, 1))
        offsets = np.arange(2 * self._half) - (self._half - 1)
        distance = offsets - np.arange(self._up)[:, None] / self._up  # (up, taps), input samples
        cutoff = PASS / stretch
        inside = np.clip(1.0 - (distance / self._half) ** 2, 0.0, None)
        bank = np.sinc(distance * cutoff) * np.i0(KAISER_BETA * np.sqrt(inside))
        normalized: NDArray[np.float64] = bank / bank.sum(axis=1, keepdims=True)
        return normalized

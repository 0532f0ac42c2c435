"""The energy of QRS complexes, as samples of an electrocardiogram come in.

Band-pass 5 to 15 Hz, slope, square, mean over 0.15 s: what is left are humps where QRS complexes are. All filters have
linear phase, and values stand at the time of the samples that they describe. They are computed on a fixed grid, so
the result is the same bit for bit however the input is cut into blocks.

Source: Pan and Tompkins, IEEE Trans Biomed Eng 32:230 (1985), with filters of linear phase in place of theirs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["QrsEnergy"]

RATE_HZ = 250
"""About what is left after neighbouring samples were averaged; the authors had 200."""
LOW_HZ, HIGH_HZ = 5.0, 15.0
BAND_S, MEAN_S = 0.6, 0.15
"""Length of the band-pass filter, and of the mean: about that of a wide QRS complex."""
SLOPE = np.array((1.0, 2.0, 0.0, -2.0, -1.0)) / 8.0
STEP_S = 0.1
KEPT_S = 12.0
"""Seconds that can be looked back on."""


class QrsEnergy:
    """Band-passed signal and energy of an electrocardiogram.

    Parameters
    ----------
    sample_rate : int
        Hz, at least 1000.

    Attributes
    ----------
    factor : int
        Samples of the input that one value stands for.
    rate_hz : float
        Values per second.
    step : int
        Values that are computed at once.
    end : int
        Number of values so far; a whole number of steps, but at the end of the signal.

    Raises
    ------
    ValueError
        If the rate is too low.

    Notes
    -----
    Used by one thread.
    """

    def __init__(self, sample_rate: int) -> None:
        if sample_rate < 1000:
            raise ValueError(f"sample_rate={sample_rate} must be at least 1000 Hz")
        self.factor = sample_rate // RATE_HZ
        self.rate_hz = sample_rate / self.factor
        self._band = _band_pass(self.rate_hz)
        self._mean = _odd(MEAN_S * self.rate_hz)
        self._reach = len(self._band) // 2 + len(SLOPE) // 2 + self._mean // 2
        self.step, self._kept = round(STEP_S * self.rate_hz), round(KEPT_S * self.rate_hz)
        self._samples: NDArray[np.float64] = np.zeros(0)  # of the input, fewer than make a value
        self._values: NDArray[np.float64] = np.zeros(0)  # with what the filters reach back to
        self._mirrored = False  # whether they begin with the mirror image that stands before the first
        self._first = self.end = 0
        self._filtered = self._energy = np.zeros(0)

    def push(self, waveform: NDArray[np.float32], *, last: bool = False) -> None:
        """Take samples.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Finite.
        last : bool
            Whether the signal ends here. Before its beginning and behind its end stands its mirror image.
        """
        samples: NDArray[np.float64] = np.concatenate((self._samples, waveform))
        whole = len(samples) // self.factor * self.factor
        self._samples = samples[whole:]
        self._values = np.concatenate((self._values, samples[:whole].reshape(-1, self.factor).mean(axis=1)))
        if not self._mirrored and len(self._values) > self._reach:
            self._values = np.concatenate((self._values[self._reach : 0 : -1], self._values))
            self._mirrored = True
        if last and self._mirrored:
            self._values = np.concatenate((self._values, self._values[-2 : -self._reach - 2 : -1]))
        while (ready := len(self._values) - 2 * self._reach) >= (1 if last else self.step):
            self._filter(self._values, min(ready, self.step))

    def energy(self, start: int, end: int) -> NDArray[np.float64]:
        """Return the energy from one value to another, as far as it is kept."""
        return self._energy[max(0, start - self._first) : max(0, end - self._first)]

    def filtered(self, start: int, end: int) -> NDArray[np.float64]:
        """Return the band-passed signal from one value to another, as far as it is kept."""
        return self._filtered[max(0, start - self._first) : max(0, end - self._first)]

    def sample(self, position: float) -> int:
        """Return the sample of the input at the position of a value."""
        return round((position + 0.5) * self.factor - 0.5)

    def _filter(self, values: NDArray[np.float64], count: int) -> None:
        """Add the next values."""
        part = values[: count + 2 * self._reach]
        filtered = np.convolve(part, self._band, "valid")
        slope = np.convolve(filtered, SLOPE, "valid")
        energy = np.convolve(np.square(slope), np.full(self._mean, 1.0 / self._mean), "valid")  # (count,)
        inner = (len(filtered) - count) // 2
        self._energy = np.concatenate((self._energy, energy))[-self._kept :]
        self._filtered = np.concatenate((self._filtered, filtered[inner : inner + count]))[-self._kept :]
        self.end += count
        self._first = self.end - len(self._energy)
        self._values = values[count:]


def _odd(length: float) -> int:
    """Return the nearest odd number, so that a filter has a middle."""
    return 2 * int(length / 2) + 1


def _band_pass(rate_hz: float) -> NDArray[np.float64]:
    """Return a band-pass filter that passes no constant: windowed sines (Hamming)."""
    length = _odd(BAND_S * rate_hz)
    at = np.arange(length) - length // 2
    high, low = (2 * edge / rate_hz * np.sinc(2 * edge / rate_hz * at) for edge in (HIGH_HZ, LOW_HZ))
    window = np.hamming(length)
    taps: NDArray[np.float64] = (high - low) * window
    taps -= window * (taps.sum() / window.sum())
    return taps

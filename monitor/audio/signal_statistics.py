"""Loudness, clipping and drop-outs of the raw sound, at the source's own rate.

They are counted before the sound is resampled: a resampler rounds the flat tops that
clipping leaves and rings around drop-outs, so afterwards neither can be told for sure.

Sound is summed up in bins of 50 ms on a grid that starts at sample 0. A window of 5 s is
then a sum over 100 entries, whatever the sample rate, in constant memory; and however the
sound is cut into blocks the numbers are the same.

Runs on the classifier's thread; must not know about devices, files or networks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.messages import Level

__all__ = ["SignalStatistics", "StreamingStatistics"]

BIN_S = 0.05
"""Seconds of sound behind one entry; half as long costs a third more for each hop."""

LEVEL_BINS = 2
"""Entries behind the level shown: 0.1 s."""

SILENCE_DB = -120.0
"""dB of full scale; the lowest level shown."""

FULL_SCALE = 0.999
"""A 16-bit sample within 32 steps of the end of the scale."""

BEYOND_SCALE = 1.001
"""A peak above this is floating-point sound, which no converter has stopped at 1."""

SAME_HEIGHT = 0.98
"""Flat tops count in bins whose peak reaches this share of the window's."""

FLAT_FROM = 0.05
"""1638 16-bit steps; the round peaks of a softer sound have equal neighbours by rounding alone."""

STEADY = 1e-6
"""Variance against the mean squared; what a constant has is rounding."""


class SignalStatistics(NamedTuple):
    """What the raw samples of a window tell.

    Attributes
    ----------
    rms, peak : float
        Of full scale; the rms without the constant offset.
    clipped : float
        Share of samples, 0 to 1, at full scale or on flat tops.
    dead : float
        Share of the window, 0 to 1, in bins whose value never changes.
    dead_tail_s : float
        Seconds of such bins up to the window's end.
    """

    rms: float
    peak: float
    clipped: float
    dead: float
    dead_tail_s: float


NO_SAMPLES: NDArray[np.float32] = np.zeros(0, np.float32)
NOTHING = SignalStatistics(0.0, 0.0, 0.0, 0.0, 0.0)


class StreamingStatistics:
    """Statistics of a sound that arrives in pieces.

    Parameters
    ----------
    sample_rate : int
        Hz of the raw sound, at least 1000.
    window_s : float
        Seconds in a window, at least 0.1; the bins of the last two windows are always held.

    Raises
    ------
    ValueError
        If a value is out of range.

    Notes
    -----
    Written by one thread, the classifier's.
    """

    def __init__(self, sample_rate: int, window_s: float) -> None:
        if not sample_rate >= 1000:
            raise ValueError(f"sample_rate={sample_rate} must be at least 1000 Hz")
        if not window_s >= LEVEL_BINS * BIN_S:
            raise ValueError(f"window_s={window_s:g} must be at least {LEVEL_BINS * BIN_S:g}")
        self.bin_samples = round(BIN_S * sample_rate)
        self._bin_s = self.bin_samples / sample_rate
        self._kept = 2 * math.ceil(window_s / self._bin_s)
        self._capacity = 2 * self._kept
        # rows: sum, sum of squares, samples at full scale, dead, samples on flat tops, peak
        self._table = np.zeros((6, self._capacity))
        self._ones = np.ones(self._capacity)
        self.clear()

    def clear(self) -> None:
        """Forget everything; the next sample pushed is sample 0."""
        self._tail = NO_SAMPLES
        self._first = 0  # absolute number of the bin in slot 0
        self._used = 0  # slots in use

    @property
    def end_sample(self) -> int:
        """Samples pushed so far."""
        return (self._first + self._used) * self.bin_samples + len(self._tail)

    def push(self, waveform: NDArray[np.float32]) -> None:
        """Take the next samples.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Finite, any number of samples.
        """
        samples = np.concatenate((self._tail, waveform)) if len(self._tail) else waveform
        count, rest = divmod(len(samples), self.bin_samples)
        whole = len(samples) - rest
        bins = samples[:whole].reshape(count, self.bin_samples)
        for start in range(0, count, self._kept):
            self._measure(bins[start : start + self._kept])
        self._tail = samples[whole:].copy() if rest else NO_SAMPLES  # a copy: the sender may use its block again

    def _measure(self, bins: NDArray[np.float32]) -> None:
        """Write the entries of the next bins, at most as many as are kept."""
        if self._used + len(bins) > self._capacity:
            self._make_room()
        held = self._table[:, self._used : self._used + len(bins)]
        exact = bins.astype(np.float64)  # in double precision no offset hides the sound from the sum of squares
        np.add.reduce(exact, axis=1, out=held[0])
        np.multiply(exact, exact, out=exact)
        np.add.reduce(exact, axis=1, out=held[1])
        held[2:5] = 0.0
        height = np.abs(bins)
        peak = np.maximum.reduce(height, axis=1)
        held[5] = peak
        if max(peak.tolist()) >= FULL_SCALE:
            held[2] = np.add.reduce(height >= FULL_SCALE, axis=1)
        top = height == peak[:, np.newaxis]
        if np.count_nonzero(top) > len(bins):  # some sample has an equal: rare in a live sound
            held[3:5] = _flat(top, self.bin_samples * held[1] <= (1.0 + STEADY) * held[0] * held[0])
        self._used += len(bins)

    def _make_room(self) -> None:
        """Move the bins still needed to the front."""
        drop = self._used - self._kept
        self._table[:, : self._kept] = self._table[:, drop : self._used].copy()
        self._first += drop
        self._used -= drop

    def window(self, start_sample: int, end_sample: int) -> SignalStatistics:
        """Return the statistics of the bins that lie wholly inside a window.

        Parameters
        ----------
        start_sample, end_sample : int
            Absolute, at the raw rate, end excluded. What was never pushed, or is no longer
            held, is left out.

        Returns
        -------
        SignalStatistics
            All zero where no whole bin is left.
        """
        first = max(0, -(-start_sample // self.bin_samples) - self._first)
        last = min(self._used, end_sample // self.bin_samples - self._first)
        if last <= first:
            return NOTHING
        held = self._table[:, first:last]
        count = last - first
        samples = count * self.bin_samples
        total, squares, full, dead, flat = (held[:5] @ self._ones[:count]).tolist()
        rms = math.sqrt(max(0.0, squares / samples - (total / samples) ** 2))
        peak = float(np.maximum.reduce(held[5]))
        if flat:  # only where the sound is as high as it gets, and not too faint to tell
            flat = float(held[4] @ (held[5] >= SAME_HEIGHT * peak)) if peak >= FLAT_FROM else 0.0
        clipped = max(full if peak <= BEYOND_SCALE else 0.0, flat) / samples
        return SignalStatistics(rms, peak, clipped, dead / count, self._tail_s(held[3]) if dead else 0.0)

    def _tail_s(self, dead: NDArray[np.float64]) -> float:
        """Return the seconds of dead bins at the end of a window."""
        alive = np.flatnonzero(dead == 0.0)
        return (len(dead) - (int(alive[-1]) + 1 if len(alive) else 0)) * self._bin_s

    def level(self) -> Level:
        """Return how loud the last 0.1 s were."""
        if not self._used:
            return Level(SILENCE_DB, SILENCE_DB, clipped=False)
        rows = self._table[:, max(0, self._used - LEVEL_BINS) : self._used].tolist()
        _, squares, full, _, _, peak = rows
        rms = math.sqrt(sum(squares) / (len(squares) * self.bin_samples))
        return Level(_db(rms), _db(max(peak)), clipped=any(full))


def _flat(top: NDArray[np.bool_], steady: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return which bins are dead, and how many samples of the others lie on flat tops.

    Parameters
    ----------
    top : ndarray, shape (bins, bin_samples), bool
        Samples as high as the highest of their bin, either sign.
    steady : ndarray, shape (bins,), bool
        Bins without variance, so of one sign.
    """
    # a natural peak may fall between two equal samples, hardly between three
    run = top[:, 2:] & top[:, 1:-1] & top[:, :-2]
    flat = np.add.reduce(run, axis=1)
    dead = (flat == run.shape[1]) & steady
    return dead, flat * ~dead


def _db(amplitude: float) -> float:
    """Return an amplitude in dB of full scale, -120 at the lowest."""
    return max(SILENCE_DB, 20.0 * math.log10(max(amplitude, 1e-9)))

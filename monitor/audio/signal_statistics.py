"""Loudness, clipping and drop-outs of the raw sound, at the source's own rate.

They are measured before the sound is resampled: a resampler rounds the flat tops that
clipping leaves and rings around drop-outs, so afterwards neither can be detected reliably.

Sound is summed in bins of 50 ms on a grid that starts at sample 0. A window of 5 s is
then a sum over 100 bins, whatever the sample rate, in constant memory; and however the
sound is cut into blocks, the results are the same.

Runs on the classifier's thread; must not know about devices, files or networks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address
from monitor.features.compiled.statistics import StatisticsKernel, statistics_kernel
from monitor.messages import Level

__all__ = ["SignalStatistics", "StreamingStatistics"]

BIN_S = 0.05
"""Seconds of sound in one bin; half as long costs a third more per hop."""

LEVEL_BINS = 2
"""Bins in the level shown: 0.1 s."""

SILENCE_DB = -120.0
"""dBFS; the lowest level shown."""

FULL_SCALE = 0.999
"""A 16-bit sample within 32 steps of the end of the scale."""

BEYOND_SCALE = 1.001
"""A peak above this is floating-point sound that no converter has limited to 1."""

SAME_HEIGHT = 0.98
"""Flat tops count in bins whose peak reaches this fraction of the window's peak."""

FLAT_FROM = 0.05
"""1638 16-bit steps; the round peaks of a softer sound have equal neighbours by rounding alone."""

CONSTANT_VARIANCE = 1e-6
"""Largest variance, relative to the mean squared, of a constant: rounding errors."""


class SignalStatistics(NamedTuple):
    """Statistics of the raw samples of a window.

    Attributes
    ----------
    rms, peak : float
        Relative to full scale; the rms without the constant offset.
    clipped : float
        Fraction of samples, 0 to 1, at full scale or on flat tops.
    dead : float
        Fraction of the window, 0 to 1, in bins whose value never changes.
    dead_tail_s : float
        Seconds of such bins at the window's end.
    longest_sound_s : float
        Longest stretch in seconds without such bins; infinite where there are none.
    longest_silence_s : float
        Longest stretch in seconds of such bins.
    """

    rms: float
    peak: float
    clipped: float
    dead: float
    dead_tail_s: float
    longest_sound_s: float = math.inf
    longest_silence_s: float = 0.0


ITEM_BYTES = 4
NO_SAMPLES: NDArray[np.float32] = np.zeros(0, np.float32)
EMPTY = SignalStatistics(0.0, 0.0, 0.0, 0.0, 0.0)


class StreamingStatistics:
    """Statistics of a sound that arrives in blocks.

    Parameters
    ----------
    sample_rate : int
        Hz of the raw sound, at least 1000.
    window_s : float
        Seconds in a window, at least 0.1; the bins of the last two windows are always available.

    Raises
    ------
    ValueError
        If a value is out of range.

    Notes
    -----
    Written by one thread, the classifier's.

    Examples
    --------
    >>> statistics = StreamingStatistics(sample_rate=1000, window_s=1.0)
    >>> statistics.push(np.tile(np.array([0.5, 0.0, -0.5, 0.0], np.float32), 250))
    >>> statistics.push(np.zeros(500, np.float32))
    >>> window = statistics.window(500, 1500)
    >>> window.peak, window.dead, window.dead_tail_s
    (0.5, 0.5, 0.5)
    """

    def __init__(self, sample_rate: int, window_s: float) -> None:
        if not sample_rate >= 1000:
            raise ValueError(f"sample_rate={sample_rate} must be at least 1000 Hz")
        if not window_s >= LEVEL_BINS * BIN_S:
            raise ValueError(f"window_s={window_s:g} must be at least {LEVEL_BINS * BIN_S:g}")
        self.bin_samples = round(BIN_S * sample_rate)
        self._bin_s = self.bin_samples / sample_rate
        self._min_bins = 2 * math.ceil(window_s / self._bin_s)  # that are always available
        self._capacity = 2 * self._min_bins
        # rows: sum, sum of squares, samples at full scale, dead, samples on flat tops, peak
        self._table = np.zeros((6, self._capacity))  # (statistics, bins)
        self._ones = np.ones(self._capacity)
        self._kernel = statistics_kernel(self._table, self.bin_samples, (FULL_SCALE, CONSTANT_VARIANCE, SAME_HEIGHT))
        self.clear()

    def clear(self) -> None:
        """Reset; the next sample pushed is sample 0."""
        self._tail = NO_SAMPLES
        self._first = 0  # absolute index of the bin in column 0
        self._used = 0  # columns in use

    @property
    def end_sample(self) -> int:
        """Samples pushed so far."""
        return (self._first + self._used) * self.bin_samples + len(self._tail)

    def push(self, waveform: NDArray[np.float32]) -> None:
        """Add the next samples.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Finite, any number of samples.
        """
        samples = np.concatenate((self._tail, waveform)) if len(self._tail) else waveform
        size = self.bin_samples
        count = len(samples) // size
        if self._kernel is not None:
            samples = np.ascontiguousarray(samples, np.float32)
            self._measure_compiled(self._kernel, address(samples), count)
        else:
            for start in range(0, count, self._min_bins):
                end = min(count, start + self._min_bins)
                self._measure(samples[start * size : end * size].reshape(-1, size))
        # a copy: the caller may reuse its block
        self._tail = samples[count * size :].copy() if count * size < len(samples) else NO_SAMPLES

    def _measure_compiled(self, kernel: StatisticsKernel, samples: int, count: int) -> None:
        """Fill the columns of the next ``count`` bins, of the samples at an address."""
        while self._used + count > self._capacity:
            part = min(count, self._capacity - self._used)
            kernel.fill(samples, part, self._used)
            self._used += part
            count -= part
            samples += ITEM_BYTES * self.bin_samples * part
            self._make_room()
        kernel.fill(samples, count, self._used)
        self._used += count

    def _measure(self, bins: NDArray[np.float32]) -> None:
        """Fill the columns of the next bins, shape (bins, bin_samples), at most ``_min_bins`` of them."""
        if self._used + len(bins) > self._capacity:
            self._make_room()
        columns = self._table[:, self._used : self._used + len(bins)]
        exact = bins.astype(np.float64)  # in double precision no offset hides the sound from the sum of squares
        np.add.reduce(exact, axis=1, out=columns[0])
        np.multiply(exact, exact, out=exact)
        np.add.reduce(exact, axis=1, out=columns[1])
        columns[2:5] = 0.0
        height = np.abs(bins)
        peak = np.maximum.reduce(height, axis=1)  # (bins,)
        columns[5] = peak
        if max(peak.tolist()) >= FULL_SCALE:
            columns[2] = np.add.reduce(height >= FULL_SCALE, axis=1)
        top = height == peak[:, np.newaxis]
        if np.count_nonzero(top) > len(bins):  # two samples are equal: rare in a live sound
            constant = self.bin_samples * columns[1] <= (1.0 + CONSTANT_VARIANCE) * columns[0] * columns[0]
            columns[3:5] = _flat(top, constant)
        self._used += len(bins)

    def _make_room(self) -> None:
        """Move the bins still needed to the front."""
        drop = self._used - self._min_bins
        self._table[:, : self._min_bins] = self._table[:, drop : self._used].copy()
        self._first += drop
        self._used -= drop

    def window(self, start_sample: int, end_sample: int) -> SignalStatistics:
        """Return the statistics of the bins that lie wholly inside a window.

        Parameters
        ----------
        start_sample, end_sample : int
            Absolute, at the raw rate, end excluded. Bins that were never pushed, or are no
            longer available, are left out.

        Returns
        -------
        SignalStatistics
            All zero where no whole bin is left.
        """
        size = self.bin_samples
        first, last = -(-start_sample // size) - self._first, end_sample // size - self._first
        if first < 0:
            first = 0
        if last > self._used:
            last = self._used
        if last <= first:
            return EMPTY
        count = last - first
        samples = count * size
        sums = self._sums if self._kernel is None else self._kernel.window
        total, squares, full, dead, flat, peak = sums(first, last)
        variance = squares / samples - (total / samples) ** 2
        rms = math.sqrt(variance) if variance > 0.0 else 0.0
        clipped = 0.0
        if full or flat:
            if peak < FLAT_FROM:  # too faint to decide
                flat = 0.0
            clipped = max(full if peak <= BEYOND_SCALE else 0.0, flat) / samples
        if not dead:
            return SignalStatistics(rms, peak, clipped, 0.0, 0.0)
        return SignalStatistics(rms, peak, clipped, dead / count, *self._around_dead_bins(self._table[3, first:last]))

    def _sums(self, first: int, last: int) -> list[float]:
        """Return the sums of some columns, flat tops only near the highest peak, and that peak."""
        columns = self._table[:, first:last]
        *totals, flat = (columns[:5] @ self._ones[: last - first]).tolist()
        peak = float(np.maximum.reduce(columns[5]))
        if flat:
            flat = float(columns[4] @ (columns[5] >= SAME_HEIGHT * peak))
        return [*totals, flat, peak]

    def _around_dead_bins(self, dead: NDArray[np.float64]) -> tuple[float, float, float]:
        """Return the seconds of dead bins at a window's end, of the longest sound, and of the longest silence."""
        is_dead = dead > 0.0
        tail = int(np.argmin(is_dead[::-1])) if not is_dead.all() else len(dead)
        return tail * self._bin_s, _longest_between(is_dead) * self._bin_s, _longest_between(~is_dead) * self._bin_s

    def level(self) -> Level:
        """Return the level of the last 0.1 s."""
        if not self._used:
            return Level(SILENCE_DB, SILENCE_DB, clipped=False)
        rows = self._table[:, max(0, self._used - LEVEL_BINS) : self._used].tolist()
        total, squares, full, _, _, peak = rows
        samples = len(squares) * self.bin_samples
        rms = math.sqrt(max(0.0, sum(squares) / samples - (sum(total) / samples) ** 2))
        return Level(_db(rms), _db(max(peak)), clipped=any(full))


def _flat(top: NDArray[np.bool_], constant: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return which bins are dead, and how many samples of the other bins lie on flat tops.

    Parameters
    ----------
    top : ndarray, shape (bins, bin_samples), bool
        Samples as high as the highest of their bin, either sign.
    constant : ndarray, shape (bins,), bool
        Bins without variance, so of one sign.
    """
    # a natural peak may fall between two equal samples, hardly between three
    run = top[:, 2:] & top[:, 1:-1] & top[:, :-2]  # (bins, bin_samples - 2)
    flat = np.add.reduce(run, axis=1)  # (bins,)
    dead = (flat == run.shape[1]) & constant
    return dead, flat * ~dead


def _longest_between(borders: NDArray[np.bool_]) -> int:
    """Return the length of the longest run of elements that are not set."""
    return int(np.diff(np.flatnonzero(borders), prepend=-1, append=len(borders)).max()) - 1


def _db(amplitude: float) -> float:
    """Return an amplitude in dBFS, at least -120."""
    return max(SILENCE_DB, 20.0 * math.log10(max(amplitude, 1e-9)))

"""R peaks of an electrocardiogram, as its samples come in.

A hump of :class:`~monitor.analysis.electrocardiogram.qrs_energy.QrsEnergy` is a QRS complex where it is above a
threshold between the running levels of complexes and of noise. Where none comes for 1.66 times the usual interval, the
largest hump since the last is taken if it is above half of the threshold; within 0.36 s of a complex, one with less
than half of its slope is a T wave. The R peak is the largest deflection of the band-passed signal around the hump,
upwards or downwards.

Source: Pan and Tompkins, IEEE Trans Biomed Eng 32:230 (1985). Other than there, the usual interval is a median, one
hump raises the level of complexes fourfold at most, and the level falls where nothing is found, so that an artifact
does not hide the beats behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.electrocardiogram.qrs_energy import QrsEnergy

__all__ = ["RPeakDetector"]

LEARNING_S = 2.0
"""Seconds from which the first levels are taken."""
REFRACTORY_S = 0.2
"""No two complexes are closer."""
T_WAVE_S, T_WAVE_SLOPE = 0.36, 0.5
MISSED_INTERVALS = 1.66
NUM_INTERVALS = 8
FIRST_INTERVAL_S = 1.0
THRESHOLD = 0.25
"""Fraction of the way from the level of noise to that of complexes."""
RATE, MISSED_RATE = 0.125, 0.25
"""How fast the levels follow a hump, and one that was missed at first."""
MAX_RISE = 4.0
DECAY = 0.5
PEAK_S = 0.1
"""Seconds on either side of a hump within which the R peak is."""


class _Hump(NamedTuple):
    """A local maximum of the energy: its place, its height, and the height of the steepest slope around it."""

    position: int
    height: float
    slope: float


class RPeakDetector:
    """Finds the R peaks of one electrocardiogram without a gap.

    Parameters
    ----------
    sample_rate : int
        Hz, at least 1000.

    Raises
    ------
    ValueError
        If the rate is too low.

    Notes
    -----
    Used by one thread. A peak is found about 0.6 s after it, one that was missed at first when the next beat is
    overdue, the first ones after 2.5 s.

    Examples
    --------
    >>> ecg = np.zeros(40_000, np.float32)
    >>> for beat in range(2000, 40_000, 3200):
    ...     ecg[beat - 80 : beat + 80] += np.hanning(160).astype(np.float32)
    >>> detector = RPeakDetector(4000)
    >>> peaks = detector.push(ecg) + detector.finish()
    >>> len(peaks), max(abs(peak - (2000 + 3200 * index)) for index, peak in enumerate(peaks)) <= 8
    (12, True)
    """

    def __init__(self, sample_rate: int) -> None:
        self._energy = QrsEnergy(sample_rate)
        rate_hz = self._energy.rate_hz
        self._refractory, self._around = round(REFRACTORY_S * rate_hz), round(PEAK_S * rate_hz)
        self._t_wave, self._learning = T_WAVE_S * rate_hz, round(LEARNING_S * rate_hz)
        self._intervals: deque[float] = deque([FIRST_INTERVAL_S * rate_hz], maxlen=NUM_INTERVALS)
        self._piece = sample_rate  # samples taken at once, far fewer than are kept
        self._next = 0  # value that is looked at next
        self._complex_level = self._noise_level = 0.0
        self._learnt = False
        self._last: _Hump | None = None
        self._waited_from = 0
        self._missed: list[_Hump] = []  # humps of noise since the last complex

    def push(self, waveform: NDArray[np.float32]) -> list[int]:
        """Return the R peaks found by the next samples, counted from the first sample, ascending.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Finite.
        """
        found: list[int] = []
        for start in range(0, len(waveform), self._piece):
            self._energy.push(waveform[start : start + self._piece])
            found += self._find(self._energy.end - self._refractory)
        return found

    def finish(self) -> list[int]:
        """Return the last R peaks; nothing may be pushed afterwards."""
        self._energy.push(np.zeros(0, np.float32), last=True)
        return self._find(self._energy.end, last=True)

    def _find(self, end: int, *, last: bool = False) -> list[int]:
        """Return the R peaks up to a value, in whole steps: so they do not depend on how the input was cut."""
        if not self._learnt:
            if end < self._learning and not last:
                return []
            self._learn(self._energy.energy(0, self._learning))
        found: list[int] = []
        step = self._energy.step
        while self._next + step <= end or (last and self._next < end):
            for hump in self._humps(self._next, min(self._next + step, end)):
                self._search_back(hump.position, found)
                self._judge(hump, found)
            self._next += step
            self._search_back(self._next, found)
        return found

    def _learn(self, energy: NDArray[np.float64]) -> None:
        """Take the first levels."""
        self._learnt = True
        if len(energy):
            self._complex_level, self._noise_level = float(energy.max()) / 3.0, float(energy.mean()) / 2.0

    def _humps(self, start: int, end: int) -> Iterator[_Hump]:
        """Yield the maxima of the energy among the values within the refractory time on either side."""
        first = max(0, start - self._refractory)
        energy = self._energy.energy(first, end + self._refractory)
        for index in np.flatnonzero(energy[start - first : end - first] > 0.0) + start - first:
            around = energy[max(0, index - self._refractory) : index + self._refractory + 1]
            if energy[index] == around.max() and int(around.argmax()) == min(index, self._refractory):
                yield self._hump(first + int(index), float(energy[index]))

    def _hump(self, position: int, height: float) -> _Hump:
        """Return a hump with its steepest slope."""
        signal = self._energy.filtered(position - self._around, position + self._around + 1)
        return _Hump(position, height, float(np.abs(np.diff(signal)).max(initial=0.0)))

    def _judge(self, hump: _Hump, found: list[int]) -> None:
        """Take a hump for a complex or for noise."""
        last = self._last
        threshold = self._noise_level + THRESHOLD * (self._complex_level - self._noise_level)
        is_t_wave = (
            last is not None and hump.position - last.position < self._t_wave and hump.slope < T_WAVE_SLOPE * last.slope
        )
        if hump.height > threshold and not is_t_wave:
            self._accept(hump, RATE, found)
            return
        self._noise_level += RATE * (min(hump.height, self._complex_level) - self._noise_level)
        if not is_t_wave:
            self._missed.append(hump)

    def _search_back(self, now: int, found: list[int]) -> None:
        """Where a beat is overdue, take the largest hump since the last complex if it is large enough."""
        while now - self._waited_from > MISSED_INTERVALS * float(np.median(self._intervals)):
            threshold = 0.5 * (self._noise_level + THRESHOLD * (self._complex_level - self._noise_level))
            largest = max(self._missed, key=lambda hump: hump.height, default=None)
            if largest is not None and largest.height > threshold:
                later = [hump for hump in self._missed if hump.position > largest.position]
                self._accept(largest, MISSED_RATE, found)
                self._missed = later
            else:
                self._complex_level *= DECAY
                self._waited_from = now
                return

    def _accept(self, hump: _Hump, rate: float, found: list[int]) -> None:
        """Take a hump for a complex, and add its R peak."""
        height = min(hump.height, MAX_RISE * self._complex_level)
        self._complex_level += rate * (height - self._complex_level)
        if self._last is not None:
            self._intervals.append(hump.position - self._last.position)
        self._last, self._waited_from, self._missed = hump, hump.position, []
        found.append(self._r_peak(hump.position))

    def _r_peak(self, position: int) -> int:
        """Return the sample of the largest deflection around a hump, at the vertex of a parabola."""
        start = max(0, position - self._around)
        size = np.abs(self._energy.filtered(start, position + self._around + 1))
        top = int(size.argmax())
        offset = 0.0
        if 0 < top < len(size) - 1:
            before, here, after = size[top - 1 : top + 2]
            bend = before - 2.0 * here + after
            offset = 0.5 * (before - after) / bend if bend else 0.0
        return max(0, self._energy.sample(start + top + offset))

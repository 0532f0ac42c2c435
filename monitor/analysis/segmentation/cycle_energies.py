"""How loud each part of a cardiac cycle is between its heart sounds: what tells where a murmur lies.

The bands that the segmentation has computed are kept for as long as a cycle may last; when a beat is complete, the
parts of the diastole before it and of its systole are averaged. So a cycle is measured once, and however the sound is
cut into blocks it gives the same. One thread.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.cycles import cycle_kernel
from monitor.features.sound_bands import FRAME_HOP_S, NUM_BANDS, frame_centre_s
from monitor.inference.segmentation.murmur_timing import NUM_PAIRS, NUM_VALUES

__all__ = ["CycleEnergies", "RecentCycles"]

KEPT_FRAMES, HELD_FRAMES = 480, 960
"""At least 6 s stay: a cycle, a systole, the time until a heart sound is decided, and the two seconds of a push."""
AFTER_S1, BEFORE_S2, AFTER_S2, BEFORE_S1 = 5, 4, 4, 4
"""Frames from the middle of a heart sound within which it is heard itself: 62 and 50 ms."""
MIN_SYSTOLE_FRAMES, MIN_DIASTOLE_FRAMES = 4, 6
PARTS = np.array([4, 5, 0, 1, 2])
"""The halves of systole and the thirds of the diastole before it, among the stretches from that diastole on; the
stretch between them is S1."""
PAIRS = np.repeat(np.eye(NUM_PAIRS, dtype=np.float32) / 2, NUM_BANDS // NUM_PAIRS, axis=0)
"""From bands to the means of pairs of them, shape (12, 6)."""
MAX_CYCLES = 64


class CycleEnergies:
    """Measures the cycles of one sound.

    Examples
    --------
    >>> energies = CycleEnergies()
    >>> energies.push(np.zeros((160, 12), np.float32))
    >>> energies.measure(s2_before_s=0.4, s1_s=0.9, s2_s=1.2, confidence=0.9).shape
    (32,)
    """

    def __init__(self) -> None:
        self._held = np.empty((HELD_FRAMES, NUM_BANDS), np.float32)
        self._kernel = cycle_kernel(self._held)
        self.restart(0.0)

    def restart(self, start_s: float) -> None:
        """Begin again at a moment of the sound."""
        self._first = self._count = 0  # number of the first frame that is held, and how many are
        self._start_s = start_s + float(frame_centre_s(0))

    def push(self, bands: NDArray[np.float32]) -> None:
        """Take the next frames, shape (frames, 12)."""
        if len(bands) > KEPT_FRAMES:
            for begin in range(0, len(bands), KEPT_FRAMES):
                self.push(bands[begin : begin + KEPT_FRAMES])
            return
        end = self._count + len(bands)
        if end > HELD_FRAMES:
            self._make_room()
            end = self._count + len(bands)
        self._held[self._count : end] = bands
        self._count = end

    def _make_room(self) -> None:
        """Forget old frames."""
        left = min(KEPT_FRAMES, self._count)
        self._held[:left] = self._held[self._count - left : self._count]
        self._first += self._count - left
        self._count = left

    def measure(self, s2_before_s: float, s1_s: float, s2_s: float, confidence: float) -> NDArray[np.float32] | None:
        """Return how loud the parts of a cycle are.

        Parameters
        ----------
        s2_before_s, s1_s, s2_s : float
            The middles of the heart sounds, seconds of the sound.
        confidence : float
            Of the beat.

        Returns
        -------
        ndarray, shape (32,), float32, or None
            See :data:`monitor.inference.segmentation.murmur_timing.NUM_VALUES`. None where systole or diastole is too
            short to be heard between its sounds, or no longer held.
        """
        start_s, held = self._start_s, self._first
        before = round((s2_before_s - start_s) / FRAME_HOP_S) - held
        first = round((s1_s - start_s) / FRAME_HOP_S) - held
        second = round((s2_s - start_s) / FRAME_HOP_S) - held
        diastole, rest = before + AFTER_S2, first - BEFORE_S1 + 1
        systole, end = first + AFTER_S1, second - BEFORE_S2 + 1
        if rest - diastole < MIN_DIASTOLE_FRAMES or end - systole < MIN_SYSTOLE_FRAMES:
            return None
        if diastole < 0 or end > self._count:
            return None
        log_ratio = math.log((s2_s - s1_s) / (s1_s - s2_before_s))
        if self._kernel is not None:
            return self._kernel.measure((diastole, rest), (systole, end), log_ratio, confidence)
        third, half = (rest - diastole) / 3, (end - systole) // 2
        edges = (diastole, diastole + round(third), diastole + round(2 * third), rest, systole, systole + half, end)
        sums = np.add.reduceat(self._held[diastole:end], np.array(edges[:-1]) - diastole).dot(PAIRS)
        sums /= np.diff(edges)[:, None]
        values = np.empty(NUM_VALUES, np.float32)
        values[:-2] = sums[PARTS].ravel()
        values[-2:] = log_ratio, confidence
        return values


class RecentCycles:
    """The cycles of the last seconds, as they are handed out."""

    def __init__(self) -> None:
        self._at_s: list[float] = []
        self._values = np.empty((2 * MAX_CYCLES, NUM_VALUES), np.float32)

    def push(self, cycles: Iterable[tuple[float, NDArray[np.float32]]]) -> None:
        """Take the next cycles: S1 in seconds, ascending, and what was measured."""
        for at_s, values in cycles:
            if len(self._at_s) == 2 * MAX_CYCLES:
                self._values[:MAX_CYCLES] = self._values[MAX_CYCLES:]
                del self._at_s[:MAX_CYCLES]
            self._values[len(self._at_s)] = values
            self._at_s.append(at_s)

    def clear(self) -> None:
        """Forget every cycle: another sound begins."""
        self._at_s.clear()

    def since(self, start_s: float) -> NDArray[np.float32]:
        """Return the cycles whose S1 came at a moment or later, at most the last 64.

        Parameters
        ----------
        start_s : float

        Returns
        -------
        ndarray, shape (cycles, 32), float32
            A view that stays valid until the next :meth:`push`.
        """
        count = len(self._at_s)
        return self._values[max(bisect.bisect_left(self._at_s, start_s), count - MAX_CYCLES) : count]

"""S1 and S2 as beats, with the durations between them; blank where they are not sure.

A heart sound that is not sure is passed over as if it had not been found. A beat is complete with its S2, or when none
came; each is handed out once, with the first window whose sound it needed no more than. One thread.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.segmentation.cycle_energies import CycleEnergies
from monitor.inference.segmentation.segmenter import CycleModel, CycleSegmenter, HeartSound
from monitor.messages import HeartBeat

__all__ = ["HeartBeats"]

MAX_SYSTOLE_S = 0.7
"""Longest time from S1 to its S2."""
MAX_CYCLE_S = 2.0
"""Longest time between two S1 that follow each other: 30 beats per minute."""
TOLERANCE_S = 1e-6
MAX_BLOCK = 8000
"""Samples taken in one step, 2 s: a cycle is measured while its frames are held."""


class HeartBeats:
    """Finds the beats of one sound.

    Parameters
    ----------
    model : CycleModel
    beside : HeartBeats or None
        Of another sound on the same thread, whose interpreter this one uses too; None for its own.

    Attributes
    ----------
    latest_cycles : list of tuple of (float, ndarray)
        Of the beats that :meth:`until` last returned, those that have been measured: S1 in seconds, and how loud the
        parts of the cycle are; see :class:`~monitor.analysis.segmentation.cycle_energies.CycleEnergies`.
    """

    def __init__(self, model: CycleModel, beside: HeartBeats | None = None) -> None:
        self._segmenter: CycleSegmenter = CycleSegmenter(model, None if beside is None else beside._segmenter)
        self._shown_from = model.shown_from
        self._complete: deque[tuple[float, HeartBeat]] = deque()  # with the seconds of sound that it needed
        self._energies = CycleEnergies()
        self._cycles: deque[tuple[float, float, NDArray[np.float32]]] = deque()  # seconds needed, S1, energies
        self.latest_cycles: list[tuple[float, NDArray[np.float32]]] = []
        self._first: HeartSound | None = None  # an S1 whose S2 may come
        self._s1_s = self._s2_s = -np.inf  # of the beat before

    @property
    def num_samples(self) -> int:
        """Samples pushed so far, at 4000 Hz."""
        return self._segmenter.num_samples

    def push(self, waveform: NDArray[np.float32]) -> None:
        """Take the next samples, shape (samples,), at 4000 Hz."""
        if len(waveform) > MAX_BLOCK:
            for begin in range(0, len(waveform), MAX_BLOCK):
                self.push(waveform[begin : begin + MAX_BLOCK])
            return
        sounds = self._segmenter.push(waveform)
        self._energies.push(self._segmenter.latest_bands)
        self._take(sounds)

    def finish(self) -> None:
        """End the sound."""
        self._take(self._segmenter.finish())
        self._end_beat(np.inf)

    def restart(self) -> None:
        """Begin again: samples were lost before the next one."""
        self._end_beat(np.inf)
        self._s1_s = self._s2_s = -np.inf
        self._segmenter.restart()
        self._energies.restart(self._segmenter.start_s)

    def until(self, end_s: float) -> tuple[HeartBeat, ...]:
        """Return the beats that needed sound up to a moment at most, and were not returned before."""
        beats = []
        while self._complete and self._complete[0][0] <= end_s + TOLERANCE_S:
            beats.append(self._complete.popleft()[1])
        self.latest_cycles = []
        while self._cycles and self._cycles[0][0] <= end_s + TOLERANCE_S:
            self.latest_cycles.append(self._cycles.popleft()[1:])
        return tuple(beats)

    def _take(self, sounds: list[HeartSound]) -> None:
        """Join heart sounds to beats."""
        for sound in sounds:
            if sound.confidence < self._shown_from:
                continue
            if self._first is not None and (sound.is_s1 or sound.at_s - self._first.at_s > MAX_SYSTOLE_S):
                self._end_beat(sound.heard_s)
            if sound.is_s1:
                self._first = sound
            else:
                first, self._first = self._first, None
                self._complete_beat(first, sound, sound.heard_s)
        if self._first is not None and self._segmenter.decided_s - self._first.at_s > MAX_SYSTOLE_S:
            self._end_beat(np.inf)

    def _end_beat(self, heard_s: float) -> None:
        """Complete the beat that has begun, if one has, without its S2.

        Parameters
        ----------
        heard_s : float
            Seconds heard when it is known that none comes, unless so much time has passed that none can.
        """
        first, self._first = self._first, None
        if first is not None:
            latest_s = self._segmenter.heard_s(first.at_s + MAX_SYSTOLE_S)
            self._complete_beat(first, None, min(heard_s, latest_s))

    def _complete_beat(self, first: HeartSound | None, second: HeartSound | None, heard_s: float) -> None:
        """Add a beat."""
        s1_s = None if first is None else first.at_s
        s2_s = None if second is None else second.at_s
        cycle_s = None if s1_s is None or s1_s - self._s1_s > MAX_CYCLE_S else s1_s - self._s1_s
        diastole_s = None if s1_s is None or cycle_s is None or self._s2_s < self._s1_s else s1_s - self._s2_s
        beat = HeartBeat(
            s1_s,
            s2_s,
            min(1.0 if first is None else first.confidence, 1.0 if second is None else second.confidence),
            systole_ms=None if s1_s is None or s2_s is None else (s2_s - s1_s) * 1000,
            diastole_ms=None if diastole_s is None else diastole_s * 1000,
            rate_bpm=None if cycle_s is None else 60 / cycle_s,
        )
        self._complete.append((heard_s, beat))
        if s1_s is not None and s2_s is not None and diastole_s is not None:
            energies = self._energies.measure(self._s2_s, s1_s, s2_s, beat.confidence)
            if energies is not None:
                self._cycles.append((heard_s, s1_s, energies))
        self._s1_s = -np.inf if s1_s is None else s1_s
        self._s2_s = -np.inf if s2_s is None else s2_s

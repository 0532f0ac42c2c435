"""The heart sounds that the network's probabilities stand for: decoded over time, with durations that follow the rate.

Peaks of the probability of S1 and of S2 are candidates. Each is joined with those before it, and a join is worth what
the probabilities of the frames between say, less a price for a systole or a diastole that does not fit the rate: the
best of these paths is the segmentation (a Viterbi decoding of a semi-Markov model whose states last from one candidate
to the next). Usual durations are learnt along each path, so two paths that take S1 for S2 and S2 for S1 compete over
all of the sound, not beat by beat. A candidate is decided :data:`DECIDED_AFTER` frames later, by the path that is then
best, and stays as decided. The result does not depend on how the frames are cut into blocks. One thread; no clock.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.decoder import SETTINGS, decoder_kernel

__all__ = ["LATEST_DECISION", "CycleDecoder", "DecodedSound"]

S1, SYSTOLE, S2, DIASTOLE = range(4)

FRAMES_PER_S = 80.0
DECIDED_AFTER = 6
"""Frames after a candidate until it is decided: 75 ms."""
RIVALS = 3
"""Frames behind a candidate in which another may be the better one."""
RECALLED = 6
"""Candidates that compete when one is decided."""
SMOOTHED = 2
"""Frames on either side of one over which its probability is averaged, to find peaks."""
LOOKED_BACK = 2 * SMOOTHED + RIVALS + 2
"""Frames before the newest in which the next peak may lie, with those around it."""
HALF_SOUND = 4
"""Frames from the middle of a heart sound to its end."""
CENTRED = 6
"""Frames on either side of a peak whose probabilities give its middle."""
MIN_PROBABILITY = 0.1
"""Of a candidate."""
LATEST_DECISION = 2 * CENTRED
"""Frames from the middle of a heart sound after which it is decided at the latest: its peak is at most CENTRED away."""
FLOOR = 1e-4
"""Least probability of a state: a network that is sure and wrong must not rule a path out."""
EVIDENCE = 0.5
"""What a frame counts: neighbours hear much the same sound, so they are not evidence twice."""

MIN_APART = 8
MAX_SYSTOLE, MAX_DIASTOLE, MAX_CYCLE = 56, 152, 176
"""Frames between the middles of two heart sounds: 0.1 s, and 0.7, 1.9 and 2.2 s."""
MIN_CYCLE = 20
MAX_UNHEARD_CYCLES, MAX_DIASTOLES = 1.6, 4.0
"""Usual cycles between two sounds of one name, and usual diastoles between S2 and S1, at most."""
FIRST_CYCLE_S, FIRST_SYSTOLE_S = 0.65, 0.27
MIN_CYCLE_S, MAX_CYCLE_S = 0.25, 2.0
MIN_SYSTOLE_S, MAX_SYSTOLE_S = 0.14, 0.5
MIN_DIASTOLE_S = 0.12
ADAPTATION = 0.25
"""How far the usual durations follow each new one, on a logarithmic scale."""
CYCLE_PRICE, MAX_CYCLE_PRICE = 6.0, 12.0
"""Price of a diastole, or of a cycle, that differs from the usual one by a factor of e; and the most it may be."""
SYSTOLE_PRICE, MAX_SYSTOLE_PRICE = 15.0, 36.0
"""The same for a systole, which varies less."""
UNHEARD_PRICE = 6.0
"""Price of a heart sound that is not heard."""
BREAK_PRICE = 12.0
"""Price of a stretch without beats."""
SAME_AGAIN = 16
"""Frames within which a second S1, or a second S2, is the same sound."""
KEPT_FRAMES, TRIMMED_AT = 256, 512


class DecodedSound(NamedTuple):
    """A heart sound.

    Attributes
    ----------
    is_s1 : bool
        Whether it is S1; else S2.
    frame : float
        Its middle.
    probability : float
        The network's, at its peak.
    margin : float
        By how much its path is better than the best one on which it is no such sound; natural log.
    """

    is_s1: bool
    frame: float
    probability: float
    margin: float


@dataclasses.dataclass(slots=True)
class _Candidate:
    """A possible heart sound, as the end of its best path."""

    frame: int
    is_s1: bool
    probability: float
    worth: float = -math.inf
    above_diastole: float = 0.0  # worth less that of diastole all along until here
    cycle_s: float = FIRST_CYCLE_S
    systole_s: float = FIRST_SYSTOLE_S


class CycleDecoder:
    """Decodes the heart sounds of one stream.

    Attributes
    ----------
    kernel : DecoderKernel or None
        What decodes in C; None where Python does.

    Examples
    --------
    >>> states = np.repeat([0, 1, 2, 3], [9, 15, 8, 32])  # a beat of 0.8 s
    >>> probabilities = np.eye(4, dtype=np.float32)[np.tile(states, 4)] * 0.92 + 0.02
    >>> [(sound.is_s1, round(sound.frame)) for sound in CycleDecoder().push(probabilities)][-4:]
    [(True, 132), (False, 156), (True, 196), (False, 220)]
    """

    def __init__(self) -> None:
        self.kernel = decoder_kernel({name: globals()[name.upper()] for name in SETTINGS})
        self.clear()

    def clear(self) -> None:
        """Forget everything: another sound begins."""
        if self.kernel is not None:
            self.kernel.clear()
        self._first = 0  # frame of the first entry of the sums
        self._logs: list[list[float]] = [[0.0] * 4]  # sums of the log-probabilities of all frames before each
        self._sums: list[list[float]] = [[0.0] * 4]  # sums of the probabilities
        self._newest = np.zeros((1, 2))  # the last of the sums of S1 and S2
        self._next = SMOOTHED + 1  # frame that is looked at next
        self._candidates: list[_Candidate] = []
        self._undecided: deque[_Candidate] = deque()
        self._above_diastole = 0.0  # the best of those forgotten, and of the beginning
        self._last_s1 = self._last_s2 = -SAME_AGAIN

    def push(self, probabilities: NDArray[np.float32]) -> list[DecodedSound]:
        """Return the heart sounds that the next frames decide.

        Parameters
        ----------
        probabilities : ndarray, shape (frames, 4), float32
            S1, systole, S2, diastole.
        """
        if not len(probabilities):
            return []
        if self.kernel is not None:
            found = self.kernel.push(probabilities)
            return [DecodedSound(name == 1.0, frame, probability, margin) for name, frame, probability, margin in found]
        values = probabilities.astype(np.float64)
        logs = EVIDENCE * np.log(np.maximum(values, FLOOR))
        for known, new in ((self._sums, values), (self._logs, logs)):
            new[0] += known[-1]  # then added one by one: the same however the frames are cut
            np.cumsum(new, axis=0, out=new)
            known.extend(new.tolist())
        self._newest = np.concatenate((self._newest[-LOOKED_BACK:], values[:, S1 : S2 + 1 : S2 - S1]))
        searched = self._first + len(self._sums) - 1 - SMOOTHED - RIVALS  # the frames before it are looked at
        decided: list[DecodedSound] = []
        for frame, is_s1, probability in self._peaks(searched):
            decided += self._decide(frame - RIVALS)
            candidate = _Candidate(frame, is_s1, probability)
            self._join(candidate)
            self._candidates.append(candidate)
            self._undecided.append(candidate)
        self._next = max(self._next, searched)
        decided += self._decide(self._next - RIVALS)
        self._trim()
        return decided

    @property
    def decided_frames(self) -> int:
        """Frames up to which heart sounds are decided."""
        return (self._next if self.kernel is None else self.kernel.next_frame) - RIVALS

    def _peaks(self, end: int) -> list[tuple[int, bool, float]]:
        """Return frame, name and probability of the peaks of S1 and S2 before a frame that were not looked at yet."""
        if end <= self._next:
            return []
        width, after = 2 * SMOOTHED + 1, self._first + len(self._sums)
        sums = self._newest[self._next - 1 - SMOOTHED - after : end + 2 + SMOOTHED - after]
        means = (sums[width:] - sums[:-width]) / width  # of the frames from one before the first to one behind the last
        here = means[1:-1]
        peaks = (here > MIN_PROBABILITY) & (here >= means[:-2]) & (here > means[2:])
        return [
            (self._next + offset, name == 0, float(here[offset, name])) for offset, name in np.argwhere(peaks).tolist()
        ]

    def _decide(self, end: int) -> list[DecodedSound]:
        """Return the heart sounds among the candidates before a frame; their rivals are all known."""
        decided = []
        while self._undecided and self._undecided[0].frame < end:
            sound = self._decided(self._undecided.popleft())
            if sound is not None:
                decided.append(sound)
        return decided

    def _join(self, candidate: _Candidate) -> None:
        """Find the best path to a candidate."""
        logs, first, frame = self._logs, self._first, candidate.frame
        state = S1 if candidate.is_s1 else S2
        edge = max(0, frame - HALF_SOUND - first)
        own = logs[frame - first][state] - logs[edge][state]
        above, latest = self._above_diastole, frame - MIN_APART
        for one in self._candidates:
            if one.frame > latest:
                break
            if one.above_diastole > above:
                above = one.above_diastole
        candidate.worth = above + logs[edge][DIASTOLE] + own - BREAK_PRICE
        is_s1, oldest = candidate.is_s1, frame - (MAX_DIASTOLE if candidate.is_s1 else MAX_SYSTOLE)
        for one in self._candidates:
            if one.frame > latest:
                break
            if one.is_s1 == is_s1:
                longest = min(MAX_CYCLE, MAX_UNHEARD_CYCLES * one.cycle_s * FRAMES_PER_S)
                if MIN_CYCLE <= frame - one.frame <= longest:
                    self._follow(candidate, one, frame - one.frame)
            elif one.frame >= oldest:
                self._follow(candidate, one, frame - one.frame)
        candidate.above_diastole = candidate.worth - logs[frame - first][DIASTOLE]

    def _follow(self, candidate: _Candidate, one: _Candidate, apart: int) -> None:
        """Let a candidate follow another, near enough, if that is the best path yet."""
        seconds, cycle_s, systole_s = apart / FRAMES_PER_S, one.cycle_s, one.systole_s
        if one.is_s1 and not candidate.is_s1:
            price = min(SYSTOLE_PRICE * math.log(seconds / systole_s) ** 2, MAX_SYSTOLE_PRICE)
            worth = self._between(one, candidate, SYSTOLE, SYSTOLE, 0)
            systole_s = min(max(systole_s * (seconds / systole_s) ** ADAPTATION, MIN_SYSTOLE_S), MAX_SYSTOLE_S)
        elif candidate.is_s1 and not one.is_s1:
            usual = max(cycle_s - systole_s, MIN_DIASTOLE_S)
            if seconds > MAX_DIASTOLES * usual:
                return
            price = min(CYCLE_PRICE * math.log(seconds / usual) ** 2, MAX_CYCLE_PRICE)
            worth = self._between(one, candidate, DIASTOLE, DIASTOLE, 0)
            cycle_s = min(max(cycle_s * ((systole_s + seconds) / cycle_s) ** ADAPTATION, MIN_CYCLE_S), MAX_CYCLE_S)
        else:
            price = UNHEARD_PRICE + min(CYCLE_PRICE * math.log(seconds / cycle_s) ** 2, MAX_CYCLE_PRICE)
            systole = int(systole_s * FRAMES_PER_S)
            worth = (
                self._between(one, candidate, SYSTOLE, DIASTOLE, systole)
                if one.is_s1
                else self._between(one, candidate, DIASTOLE, SYSTOLE, -systole)
            )
            cycle_s = min(max(cycle_s * (seconds / cycle_s) ** ADAPTATION, MIN_CYCLE_S), MAX_CYCLE_S)
        if one.worth + worth - price > candidate.worth:
            candidate.worth, candidate.cycle_s, candidate.systole_s = one.worth + worth - price, cycle_s, systole_s

    def _between(self, one: _Candidate, other: _Candidate, early: int, late: int, change: int) -> float:
        """Return what the frames between two sounds say for one state, or for two with a change after so many frames.

        A negative number of frames counts from the end.
        """
        logs, first = self._logs, self._first
        begin, end = one.frame - first, other.frame - first
        half = min(HALF_SOUND, (end - begin) // 2)
        left, right = begin + half, end - half
        middle = min(right, left + change) if change >= 0 else max(left, right + change)
        one_state, other_state = (S1 if one.is_s1 else S2), (S1 if other.is_s1 else S2)
        return (
            logs[left][one_state]
            - logs[begin][one_state]
            + logs[middle][early]
            - logs[left][early]
            + logs[right][late]
            - logs[middle][late]
            + logs[end][other_state]
            - logs[right][other_state]
        )

    def _decided(self, candidate: _Candidate) -> DecodedSound | None:
        """Return a candidate as a heart sound, if its path is the best a moment later and it is not one again."""
        frame, index = candidate.frame, candidate.frame - self._first + DECIDED_AFTER
        own = self._worth_at(candidate, index)
        above = self._above_diastole
        for one in self._candidates:
            if one.frame >= frame - MAX_CYCLE:
                break
            above = max(above, one.above_diastole)
        margin = own - above - self._logs[index][DIASTOLE]
        for one in self._candidates[-RECALLED:]:
            if one.frame < frame - MAX_CYCLE:  # it counts as forgotten, whether or not it already is
                continue
            ahead = own - self._worth_at(one, index)
            if one is not candidate and ahead <= 0:
                return None
            if ahead < margin and (one.is_s1 != candidate.is_s1 or frame - one.frame > HALF_SOUND):
                margin = ahead
        same_before = self._last_s1 if candidate.is_s1 else self._last_s2
        if frame - same_before < SAME_AGAIN or frame - max(self._last_s1, self._last_s2) < MIN_APART:
            return None
        if candidate.is_s1:
            self._last_s1 = frame
        else:
            self._last_s2 = frame
        return DecodedSound(candidate.is_s1, self._centre(candidate), candidate.probability, max(0.0, margin))

    def _worth_at(self, one: _Candidate, index: int) -> float:
        """Return the worth of the path that ends with a candidate, a while later."""
        logs, begin = self._logs, one.frame - self._first
        edge = min(index, begin + HALF_SOUND)
        own, then = (S1, SYSTOLE) if one.is_s1 else (S2, DIASTOLE)
        return one.worth + logs[edge][own] - logs[begin][own] + logs[index][then] - logs[edge][then]

    def _centre(self, candidate: _Candidate) -> float:
        """Return the middle of a heart sound, a frame with a fraction."""
        state = S1 if candidate.is_s1 else S2
        index = candidate.frame - self._first
        begin = max(0, index - CENTRED)
        sums = [row[state] for row in self._sums[begin : index + CENTRED + 2]]
        weight = moment = 0.0
        for position in range(len(sums) - 1):
            probability = sums[position + 1] - sums[position]
            weight += probability
            moment += probability * position
        offset = moment / weight
        return self._first + begin + offset

    def _trim(self) -> None:
        """Forget what no later candidate needs."""
        oldest = self._next - MAX_CYCLE - RIVALS
        while self._candidates and self._candidates[0].frame < oldest:
            self._above_diastole = max(self._above_diastole, self._candidates.pop(0).above_diastole)
        if len(self._sums) > TRIMMED_AT:
            excess = len(self._sums) - KEPT_FRAMES
            del self._sums[:excess], self._logs[:excess]
            self._first += excess

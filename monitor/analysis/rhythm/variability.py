"""Heart rate variability, beat by beat: the intervals from S1 to S1, without those that are not between normal beats.

An interval counts (NN interval) if it is within a fifth of the median of those around it, does not follow one that was
too short (a pause behind an early beat), and touches no ectopic beat that the rhythm tracker detected. Where an S1 is
missing there is no interval. Each interval is settled once those behind it are known, so memory does not grow with the
sound. One thread; knows neither sound nor windows.

Source of the definitions: Task Force of the ESC and NASPE, "Heart rate variability", Circulation 93:1043 (1996). Of the
fifth: the filter that is usual there (an interval that differs by more than 20 % is no NN interval).
"""

from __future__ import annotations

import copy
import math
import statistics
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.messages import HeartBeat, HeartRateVariability

__all__ = ["MAX_EXCLUDED", "MIN_INTERVALS", "BeatIntervals", "variability_of"]

AROUND = 5
"""Intervals on either side whose median is the usual one."""
MIN_AROUND = 3
MAX_DEVIATION = 0.2
SETTLED_AFTER_S = 12.0
"""Seconds behind an interval after which no ectopic beat at its ends can still be detected."""
SAME_BEAT_S = 0.2
"""The rhythm tracker's place of a beat is within this of the middle of its S1."""
MAX_CYCLE_S = 2.0
CONTIGUOUS_S = 0.005
"""Two intervals follow each other if one ends where the other begins."""

MIN_INTERVALS = 20
"""Fewer say nothing of the variation: the standard error of SDNN from 20 intervals is a sixth of it."""
MIN_DIFFERENCES = 15
MAX_EXCLUDED = 0.2
"""Share of the intervals; where more had to be left out, the rest is not trusted either."""
NN50_S = 0.05


class _Interval(NamedTuple):
    """From one S1 to the next; without a length where none was found between."""

    end_s: float
    length_s: float | None


class BeatIntervals:
    """Collects the NN intervals of one sound.

    Examples
    --------
    >>> beats = [HeartBeat(0.8 * n, None, 0.9, rate_bpm=75.0 if n else None) for n in range(40)]
    >>> intervals = BeatIntervals()
    >>> intervals.push(beats, early_s=())
    >>> found = intervals.result()
    >>> found.num_intervals, round(found.mean_rr_ms), round(found.sdnn_ms)
    (39, 800, 0)
    """

    def __init__(self) -> None:
        self._pending: deque[_Interval] = deque()
        self._before: deque[float] = deque(maxlen=AROUND)  # lengths of the settled ones
        self._early_s: tuple[float, ...] = ()
        self._last_s1_s: float | None = None
        self._settled = _Totals()

    def push(self, beats: Iterable[HeartBeat], early_s: Sequence[float]) -> None:
        """Take the next beats.

        Parameters
        ----------
        beats : iterable of HeartBeat
            In their order; those without S1 say nothing.
        early_s : sequence of float
            Where the ectopic beats of the last half minute are, seconds.
        """
        for beat in beats:
            if beat.s1_s is None:
                continue
            if beat.rate_bpm is not None:
                self._pending.append(_Interval(beat.s1_s, 60.0 / beat.rate_bpm))
            elif self._last_s1_s is not None:
                self._pending.append(_Interval(beat.s1_s, None))
            self._last_s1_s = beat.s1_s
        self._remember(early_s)
        while len(self._pending) > AROUND and self._pending[-1].end_s - self._pending[0].end_s > SETTLED_AFTER_S:
            self._settle(self._settled, self._pending, self._before)

    @property
    def settled(self) -> HeartRateVariability | None:
        """The variability of the intervals that are settled, those of the last seconds left out; None of none."""
        return self._settled.result()

    def result(self, beats: Iterable[HeartBeat] = ()) -> HeartRateVariability | None:
        """Return the variability of all intervals so far; None where there is none.

        Parameters
        ----------
        beats : iterable of HeartBeat
            The last ones, where the sound has ended.
        """
        if beats := tuple(beats):
            ended = copy.deepcopy(self)
            ended.push(beats, ())
            return ended.result()
        totals, pending, before = copy.copy(self._settled), deque(self._pending), self._before.copy()
        while pending:
            self._settle(totals, pending, before)
        return totals.result()

    def _remember(self, early_s: Sequence[float]) -> None:
        """Remember ectopic beats as long as an interval that is not settled may touch them."""
        first_s = self._pending[0].end_s - MAX_CYCLE_S - SAME_BEAT_S if self._pending else -math.inf
        if early_s or self._early_s:
            self._early_s = tuple(sorted(at_s for at_s in {*self._early_s, *early_s} if at_s >= first_s))

    def _settle(self, totals: _Totals, pending: deque[_Interval], before: deque[float]) -> None:
        """Decide the oldest interval."""
        interval = pending.popleft()
        end_s, length_s = interval
        if length_s is None:
            totals.exclude(was_short=False)
            before.clear()
            return
        behind: list[float] = []
        for later in pending:
            if later.length_s is None or len(behind) == AROUND:
                break
            behind.append(later.length_s)
        around = [*before, length_s, *behind]
        before.append(length_s)
        ratio = length_s / statistics.median(around)
        touches = any(min(abs(end_s - at_s), abs(end_s - length_s - at_s)) <= SAME_BEAT_S for at_s in self._early_s)
        if abs(ratio - 1.0) > MAX_DEVIATION or len(around) <= MIN_AROUND or touches or totals.was_short:
            totals.exclude(was_short=ratio < 1.0 - MAX_DEVIATION)
        else:
            totals.add(interval.end_s, length_s)


class _Totals:
    """Sums of NN intervals; the variance by Welford's method."""

    def __init__(self) -> None:
        self.was_short = False  # the interval before was too short
        self._num = self._excluded = self._num_differences = self._nn50 = 0
        self._mean_s = self._squares = self._duration_s = self._difference_squares = 0.0
        self._last: tuple[float, float] | None = None  # end and length of the interval before, if it counts

    def exclude(self, *, was_short: bool) -> None:
        """Leave out an interval."""
        self._excluded += 1
        self._last, self.was_short = None, was_short

    def add(self, end_s: float, length_s: float) -> None:
        """Count an NN interval."""
        self._num += 1
        self._duration_s += length_s
        delta = length_s - self._mean_s
        self._mean_s += delta / self._num
        self._squares += delta * (length_s - self._mean_s)
        if self._last is not None and abs(end_s - length_s - self._last[0]) <= CONTIGUOUS_S:
            difference = length_s - self._last[1]
            self._num_differences += 1
            self._difference_squares += difference * difference
            self._nn50 += abs(difference) > NN50_S
        self._last, self.was_short = (end_s, length_s), False

    def result(self) -> HeartRateVariability | None:
        """Return the metrics, None where there is no interval."""
        every = self._num + self._excluded
        if not every:
            return None
        counts = self._num, self._excluded, self._duration_s
        if self._num < MIN_INTERVALS or self._excluded > MAX_EXCLUDED * every:
            return HeartRateVariability(*counts)
        known = self._num_differences >= MIN_DIFFERENCES
        return HeartRateVariability(
            *counts,
            mean_rr_ms=1000.0 * self._mean_s,
            sdnn_ms=1000.0 * math.sqrt(self._squares / (self._num - 1)),
            rmssd_ms=1000.0 * math.sqrt(self._difference_squares / self._num_differences) if known else None,
            pnn50=self._nn50 / self._num_differences if known else None,
        )


def variability_of(beats: Iterable[HeartBeat], early_s: Sequence[float]) -> HeartRateVariability | None:
    """Return the variability of a sound whose beats are all known; None where no two beats follow each other.

    Parameters
    ----------
    beats : iterable of HeartBeat
        In their order.
    early_s : sequence of float
        Where its ectopic beats are, seconds.
    """
    intervals = BeatIntervals()
    intervals.push((), early_s)
    for beat in beats:
        intervals.push((beat,), early_s)
    return intervals.result()

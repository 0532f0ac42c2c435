"""Beats and their intervals, followed across windows for the last half minute.

A window of 5 s shows an early beat badly when it lies near an edge, and cannot tell what is usual when it holds four
beats. Here the envelope of window after window is one stretch of sound, of which every second is looked at once: it is
compared with the shape of one beat (:mod:`monitor.analysis.rhythm.beat_template`), the peaks of this comparison are candidates for beats
(:mod:`monitor.analysis.rhythm.beat_path` chooses), and intervals are judged against those before (:mod:`monitor.analysis.rhythm.ectopic`).

Seconds begin at places that depend on the position in the source alone, never on the hop, so the same beats are found
at any hop that divides a second. Positions are whole frames from the start of the source, and a part of a frame;
nothing is added up. One thread, the classifier's; no clock; must not know about devices, files or networks.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.rhythm.beat_path import Beat, BeatPath
from monitor.analysis.rhythm.beat_template import BeatTemplate
from monitor.analysis.rhythm.ectopic import PREMATURE_FROM, EctopicDetector, log_odds_of
from monitor.features.heart_rate import heart_rate
from monitor.messages import NO_RHYTHM, EctopicBeat, EctopicBeats

__all__ = ["HORIZON_S", "NONE_HEARD", "BeatTracker"]

HORIZON_S = 30.0
"""How far back beats are remembered."""

STEP_S = 1.0
"""Sound is looked at in pieces of this length."""

HEARD_S = 10.0
"""Sound that is kept, for learning the shape of a beat that is decided on only now."""

LEAST_CLARITY = 0.3
"""Fainter peaks are no candidates."""

LEARNT = 0.15
"""Share of a new interval in the usual one."""
LEARNT_FROM = 0.5
"""Clarity of a beat from which the shape is learnt from it."""
REGULAR_WITHIN = 0.22
"""Deviation of intervals that the usual one is learnt from."""

SEARCH_FROM = 0.78
"""Confidence of a rate from which beats are looked for, below the one from which a rate is shown: beats that breathing
moves are plain one by one."""

OTHER_RATE = math.log(1.3)
OTHER_RATE_STEPS = 3
"""A shown rate so far from the followed one, so many steps on end, begins anew: that was half or double of the true
one."""

SETTLED_AFTER = 2.5
"""Intervals after which a beat is final."""

FEWEST_INTERVALS = 8
FOLLOWABLE_DEVIATION = 0.12
"""Mean deviation of the intervals from which on the rhythm is not plain enough."""
RATE_SHOWN, SURE_OF_RATE, MOST_SURE = 3, 4, 12
"""A step whose window shows a heart rate adds three, any other takes one: where fewer than a quarter show one, nothing
is said, for noise has beats too."""
LONGEST_SILENCE = 4.0
"""Intervals without a beat after which the shape is learnt anew."""

PARTS = 1024
MOST_DEVIATION = 0.33
"""Of an interval: a longer one is a missed beat, and counts no more than this."""

NONE_HEARD = -1.5
"""Evidence of half a minute of followed beats of which none came early; less for less."""


class BeatTracker:
    """The beats of a sound, and those that came early.

    Parameters
    ----------
    frame_hop_s : float
        Seconds between two values of an envelope.
    judge : EctopicDetector or None
        What says which beats came early; None for a new one.

    Notes
    -----
    Written by one thread, the classifier's.
    """

    def __init__(self, frame_hop_s: float = 0.025, judge: EctopicDetector | None = None) -> None:
        self._frame_s = frame_hop_s
        self._step = round(STEP_S / frame_hop_s)
        self._judge = judge or EctopicDetector()
        self._shape: BeatTemplate | None = None
        self._onset, self._learnt_at, self._last_beat = 0, 0, 0.0
        self._end = self._done = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._beats: deque[float] = deque()  # where they begin, s
        self._followed: deque[tuple[float, int, int]] = deque()  # where an interval begins, s; its length; deviation
        self._length = self._varied = 0  # sums of those, in parts of a frame and of an interval: whole, so exact
        self._early: deque[EctopicBeat] = deque()
        self._judge.clear()
        self._result = NO_RHYTHM
        self._sure = 0
        self._begin(0)

    @property
    def result(self) -> EctopicBeats:
        """What the last call returned."""
        return self._result

    def push(self, envelope: NDArray[np.float32], start_s: float, bpm: float | None) -> EctopicBeats:
        """Take a window that is fit to be judged; what it shares with the one before is not looked at again.

        Parameters
        ----------
        envelope : ndarray, shape (frames,), float32
            Natural log of the power from 20 to 200 Hz, finite; always the same number of frames.
        start_s : float
            Where the window begins in the source, seconds.
        bpm : float or None
            Its heart rate, where that is sure enough to be shown.

        Returns
        -------
        EctopicBeats
        """
        start, size = round(start_s / self._frame_s), len(envelope)
        if start < self._start:
            self.clear()  # the source was sent back
        if not self._start <= start <= self._end:
            self._begin(start)
        if self._done and start + size < self._done + self._step:
            return self._result  # nothing to look at yet, and the next window holds the same frames
        fresh = start + size - self._end
        if fresh <= 0:
            return self._result
        self._append(envelope[size - fresh :])
        # the ends of steps lie where windows end that begin on a whole step
        step_end = self._done + self._step if self._done else self._first_step(start, size)
        while step_end <= self._end:
            self._look(step_end, size, bpm)
            self._done = step_end
            step_end += self._step
            self._result = self._summed_up(self._done * self._frame_s)
        return self._result

    def lose(self, until_s: float) -> EctopicBeats:
        """Take note of a window that could not be judged: time passes, and beats grow old.

        Parameters
        ----------
        until_s : float
            Where it ends in the source, seconds.
        """
        if self._beats and self._beats[0] < until_s - HORIZON_S:
            self._result = self._summed_up(until_s)
        return self._result

    def _begin(self, start: int) -> None:
        """Begin a new stretch of sound at a frame."""
        self._start = self._end = start
        self._done = 0  # frame up to which this stretch has been looked at; 0 where it has not
        self._sound = np.zeros(2 * round(HEARD_S / self._frame_s))
        self._first = start  # frame in the first place of it
        self._unlearn()

    def _unlearn(self) -> None:
        """Forget the shape of a beat; what comes next follows nothing."""
        self._shape = None
        self._other_rate = 0
        self._path = BeatPath(1.0)
        self._looked = self._start

    def _first_step(self, start: int, size: int) -> int:
        """Return the end of the first step of a stretch: no sooner than a whole window was heard."""
        return start + size + (-start) % self._step

    def _append(self, fresh: NDArray[np.float32]) -> None:
        """Take the next frames, and let go of the oldest when there is no more room."""
        used = self._end - self._first
        if used + len(fresh) > len(self._sound):
            kept = min(used, len(self._sound) // 2)
            self._sound[:kept] = self._sound[used - kept : used].copy()
            self._first, used = self._end - kept, kept
        self._sound[used : used + len(fresh)] = fresh
        self._end += len(fresh)

    def _heard(self, start: int, end: int) -> NDArray[np.float64]:
        """Return frames by their numbers."""
        return self._sound[start - self._first : end - self._first]

    def _look(self, end: int, size: int, bpm: float | None) -> None:
        """Find the beats up to a frame, with all that was heard before."""
        self._sure = max(0, self._sure - 1) if bpm is None else min(MOST_SURE, self._sure + RATE_SHOWN)
        if self._shape is None:
            self._search(end, size)
        elif bpm is not None:
            interval = 60.0 / (bpm * self._frame_s)
            other = abs(math.log(interval / self._path.interval)) > OTHER_RATE
            self._other_rate = self._other_rate + 1 if other else 0
            if self._other_rate >= OTHER_RATE_STEPS:
                self._learn_anew(end, size, interval)
        if self._shape is None:
            return
        self._find_peaks(end)
        self._settle(end)
        if end - max(self._last_beat, self._learnt_at) > LONGEST_SILENCE * self._path.interval + 2 * self._step:
            self._unlearn()

    def _search(self, end: int, size: int) -> None:
        """Learn the shape of a beat from the last window, if it is periodic at all."""
        rate = heart_rate(self._heard(end - size, end).astype(np.float32), self._frame_s, SEARCH_FROM)
        if rate.bpm is not None:
            self._learn_anew(end, size, 60.0 / (rate.bpm * self._frame_s))

    def _learn_anew(self, end: int, size: int, interval: float) -> None:
        """Learn the shape of a beat by folding the last window at an interval."""
        newest = self._looked
        self._unlearn()
        self._path = BeatPath(interval)
        self._shape = BeatTemplate(self._heard(end - size, end), interval)
        self._onset = self._shape.onset
        self._looked = max(end - size, newest)
        self._learnt_at, self._last_beat = end - size, float(end - size)

    def _find_peaks(self, end: int) -> None:
        """Give the path the peaks of the comparison that are new."""
        shape, start = self._shape, max(self._looked - 1, self._first)
        if shape is None or end - start < len(shape) + 2:
            return
        likeness = shape.likeness(self._heard(start, end))
        for place, here in enumerate(likeness[1:-1], 1):
            if here > LEAST_CLARITY and likeness[place - 1] < here >= likeness[place + 1]:
                before, after = likeness[place - 1], likeness[place + 1]
                beside = 0.5 * (before - after) / (before - 2.0 * here + after)
                self._path.add(start + place + beside, here)
        self._looked = start + len(likeness) - 1

    def _settle(self, end: int) -> None:
        """Take the beats that are now final."""
        path, length = self._path, 0 if self._shape is None else len(self._shape)
        for beat in path.settle(end - length - SETTLED_AFTER * path.interval):
            interval = beat.position - self._last_beat
            candidate = self._judge.add(beat, path)
            if beat.fuse_score and self._judge.deviation < REGULAR_WITHIN:
                path.learn_beside(self._last_beat, beat.position)
                path.interval += LEARNT * (interval - path.interval)
                self._learn_from(beat)
            self._last_beat = beat.position
            if beat.fuse_score:
                self._follow(round(interval * PARTS), round(min(self._judge.deviation, MOST_DEVIATION) * PARTS))
            self._beats.append(self._time_of(beat.position))
            if candidate is not None:
                odds = log_odds_of(candidate)
                found = EctopicBeat(self._time_of(candidate.position), candidate.share, candidate.pause, odds)
                self._early.append(found)

    def _learn_from(self, beat: Beat) -> None:
        """Bring the shape nearer to a clear beat."""
        place, shape = round(beat.position), self._shape
        if shape is None or beat.clarity < LEARNT_FROM or place < self._first:
            return
        shape.learn(self._heard(place, place + len(shape)))

    def _time_of(self, position: float) -> float:
        """Return where the first sound of a beat begins, seconds of the source."""
        return max(0.0, (position + self._onset) * self._frame_s)

    def _summed_up(self, now_s: float) -> EctopicBeats:
        """Return what is known of the last half minute."""
        oldest_s, beats, ectopic, followed = now_s - HORIZON_S, self._beats, self._early, self._followed
        while beats and beats[0] < oldest_s:
            beats.popleft()
        while ectopic and ectopic[0].at_s < oldest_s:
            ectopic.popleft()
        while followed and followed[0][0] < oldest_s:
            _, length, varied = followed.popleft()
            self._length -= length
            self._varied -= varied
        count, tracked_s = len(followed), self._length / PARTS * self._frame_s
        plain = count >= FEWEST_INTERVALS and self._varied <= FOLLOWABLE_DEVIATION * PARTS * count
        if not plain or self._sure < SURE_OF_RATE:
            return EctopicBeats(tracked_s, count, tuple(beats))
        evidence = max([NONE_HEARD * min(1.0, tracked_s / HORIZON_S), *[its.log_odds for its in ectopic]])
        detected = tuple([its for its in ectopic if its.log_odds > PREMATURE_FROM])
        return EctopicBeats(tracked_s, count, tuple(beats), detected, True, evidence)

    def _follow(self, length: int, varied: int) -> None:
        """Count the interval that the last beat begins."""
        self._followed.append((self._beats[-1], length, varied))
        self._length += length
        self._varied += varied

"""Beats and the intervals between them, tracked across windows over the last half minute.

A window of 5 s shows an ectopic beat poorly when it lies near an edge, and four beats do not say which interval is
usual. Here the envelopes of successive windows are joined, and each second of the envelope is processed once: matched
with a template of one beat (:mod:`monitor.analysis.rhythm.beat_template`); the peaks of the match are candidates for
beats (:mod:`monitor.analysis.rhythm.beat_path` chooses); their intervals are compared with those before
(:mod:`monitor.analysis.rhythm.ectopic`).

Steps begin at positions that depend on the source alone, never on the hop, so the same beats are found at any hop that
divides a second. Positions are frames from the start of the source, with a fraction; no rounding accumulates. One
thread, the classifier's; no clock; must not know about devices, files or networks.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.rhythm.beat_path import Beat, BeatPath
from monitor.analysis.rhythm.beat_template import BeatTemplate
from monitor.analysis.rhythm.ectopic import MIN_LOG_ODDS, EctopicDetector
from monitor.features.heart_rate import heart_rate
from monitor.messages import NO_RHYTHM, EctopicBeat, EctopicBeats

__all__ = ["HORIZON_S", "REGULAR_EVIDENCE", "BeatTracker"]

HORIZON_S = 30.0
"""Seconds for which beats are remembered."""

STEP_S = 1.0
"""Seconds of sound that are processed at a time."""

ENVELOPE_S = 10.0
"""Seconds of the envelope that are stored, so that the template can learn from a beat that becomes final late."""

MIN_CLARITY = 0.3
"""Fainter peaks are no candidates."""

INTERVAL_RATE = 0.15
"""Learning rate of the usual interval."""
MIN_CLARITY_TO_LEARN = 0.5
"""Clarity of a beat from which the template learns from it."""
MAX_DEVIATION_TO_LEARN = 0.22
"""Relative deviation of an interval up to which the usual one is learnt from it."""

SEARCH_FROM = 0.78
"""Confidence of a heart rate from which beats are searched for. It is below the one from which a rate is shown, because
single beats are clear even where breathing changes the rate."""

OTHER_RATE = math.log(1.3)
OTHER_RATE_STEPS = 3
"""A shown heart rate that differs from the tracked one by this factor, for so many steps in a row, restarts the
tracking: the tracked one was half or double of the true one."""

SETTLED_AFTER = 2.5
"""Intervals after which a beat is final."""

MIN_INTERVALS = 8
MAX_MEAN_DEVIATION = 0.12
"""Number of intervals, and mean deviation, within which a rhythm is regular enough to detect ectopic beats."""
RATE_SHOWN, MIN_RATE_STEPS, MAX_RATE_STEPS = 3, 4, 12
"""A step whose window shows a heart rate adds three, any other subtracts one; below the minimum nothing is detected,
so at least about a quarter of the steps must show a rate: noise has beats too."""
MAX_SILENCE = 4.0
"""Intervals without a beat after which the template is learnt again."""

PARTS = 1024
"""Sums are kept in whole parts of a frame and of an interval, so that they are exact."""
MAX_DEVIATION = 0.33
"""Relative; a longer interval is a missed beat, and counts no more than this."""

REGULAR_EVIDENCE = -1.5
"""Evidence of half a minute of tracked beats without an ectopic one; proportionally less for a shorter time."""


class BeatTracker:
    """Tracks the beats of a sound, and detects ectopic ones.

    Parameters
    ----------
    frame_hop_s : float
        Seconds between two values of an envelope.
    detector : EctopicDetector or None
        None for a new one.

    Notes
    -----
    Written by one thread, the classifier's.

    Examples
    --------
    >>> frames = np.arange(198)
    >>> envelope = (4 * np.exp(-(((frames % 32 - 8) / 2) ** 2))).astype(np.float32)  # a beat every 0.8 s
    >>> [round(at_s, 1) for at_s in BeatTracker().push(envelope, start_s=0.0, bpm=75.0).beat_times_s]
    [1.0, 1.8, 2.6]
    """

    def __init__(self, frame_hop_s: float = 0.025, detector: EctopicDetector | None = None) -> None:
        self._frame_s = frame_hop_s
        self._step = round(STEP_S / frame_hop_s)
        self._detector = detector or EctopicDetector()
        self._template: BeatTemplate | None = None
        self._onset, self._learnt_at, self._last_beat = 0, 0, 0.0
        self._end = self._processed = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._beats: deque[float] = deque()  # onsets, s
        self._intervals: deque[tuple[float, int, int]] = deque()  # onset of the first beat, s; length; deviation
        self._length = self._deviation = 0  # sums of those, in PARTS
        self._ectopic: deque[EctopicBeat] = deque()
        self._detector.clear()
        self._result = NO_RHYTHM
        self._rate_steps = 0
        self._begin(0)

    @property
    def result(self) -> EctopicBeats:
        """The result of the last call."""
        return self._result

    def push(self, envelope: NDArray[np.float32], start_s: float, bpm: float | None) -> EctopicBeats:
        """Take a window that is fit to be judged; frames that it shares with the one before are not processed again.

        Parameters
        ----------
        envelope : ndarray, shape (frames,), float32
            Natural log of the power from 20 to 200 Hz, finite; always the same number of frames.
        start_s : float
            Start of the window, seconds of the source.
        bpm : float or None
            The heart rate of the window, if its confidence is high enough to be shown.

        Returns
        -------
        EctopicBeats
        """
        start, size = round(start_s / self._frame_s), len(envelope)
        if start < self._start:
            self.clear()  # the source was rewound
        if not self._start <= start <= self._end:
            self._begin(start)
        if self._processed and start + size < self._processed + self._step:
            return self._result  # no whole step yet, and the next window holds the same frames
        num_new = start + size - self._end
        if num_new <= 0:
            return self._result
        self._append(envelope[size - num_new :])
        # steps end where windows end that begin on a whole step
        step_end = self._processed + self._step if self._processed else start + size + (-start) % self._step
        while step_end <= self._end:
            self._process(step_end, size, bpm)
            self._processed = step_end
            step_end += self._step
            self._result = self._summary(self._processed * self._frame_s)
        return self._result

    def lose(self, until_s: float) -> EctopicBeats:
        """Take note of a window that could not be judged: time passes, and old beats are forgotten.

        Parameters
        ----------
        until_s : float
            End of the window, seconds of the source.
        """
        if self._beats and self._beats[0] < until_s - HORIZON_S:
            self._result = self._summary(until_s)
        return self._result

    def _begin(self, start: int) -> None:
        """Begin a new stretch of sound at a frame."""
        self._start = self._end = start
        self._processed = 0  # frame up to which this stretch is processed; 0 before its first step
        self._envelope = np.zeros(2 * round(ENVELOPE_S / self._frame_s))
        self._first = start  # frame at index 0 of the stored envelope
        self._reset_template()

    def _reset_template(self) -> None:
        """Forget the template; the next beat follows none."""
        self._template = None
        self._other_rate = 0
        self._path = BeatPath(1.0)
        self._matched = self._start

    def _append(self, envelope: NDArray[np.float32]) -> None:
        """Store the next frames, and drop the oldest when there is no more room."""
        used = self._end - self._first
        if used + len(envelope) > len(self._envelope):
            remaining = min(used, len(self._envelope) // 2)
            self._envelope[:remaining] = self._envelope[used - remaining : used].copy()
            self._first, used = self._end - remaining, remaining
        self._envelope[used : used + len(envelope)] = envelope
        self._end += len(envelope)

    def _frames(self, start: int, end: int) -> NDArray[np.float64]:
        """Return the stored envelope from one frame to another."""
        return self._envelope[start - self._first : end - self._first]

    def _process(self, end: int, size: int, bpm: float | None) -> None:
        """Find the beats up to a frame; ``size`` is the number of frames in a window."""
        steps = self._rate_steps
        self._rate_steps = max(0, steps - 1) if bpm is None else min(MAX_RATE_STEPS, steps + RATE_SHOWN)
        if self._template is None:
            self._search(end, size, bpm)
        elif bpm is not None:
            interval = 60.0 / (bpm * self._frame_s)
            differs = abs(math.log(interval / self._path.interval)) > OTHER_RATE
            self._other_rate = self._other_rate + 1 if differs else 0
            if self._other_rate >= OTHER_RATE_STEPS:
                self._learn_template(end, size, interval)
        if self._template is None:
            return
        self._find_peaks(end)
        self._settle(end)
        if end - max(self._last_beat, self._learnt_at) > MAX_SILENCE * self._path.interval + 2 * self._step:
            self._reset_template()

    def _search(self, end: int, size: int, bpm: float | None) -> None:
        """Learn the template from the last window, if that is periodic enough; a rate that is shown comes first."""
        found = heart_rate(self._frames(end - size, end).astype(np.float32), self._frame_s, SEARCH_FROM).bpm
        if found is None or (bpm is not None and abs(math.log(bpm / found)) > OTHER_RATE):
            found = bpm
        if found is not None:
            self._learn_template(end, size, 60.0 / (found * self._frame_s))

    def _learn_template(self, end: int, size: int, interval: float) -> None:
        """Learn the template again, by folding the last window at an interval."""
        matched = self._matched
        self._reset_template()
        self._path = BeatPath(interval)
        self._template = BeatTemplate(self._frames(end - size, end), interval)
        self._onset = self._template.onset
        self._matched = max(end - size, matched)
        self._learnt_at, self._last_beat = end - size, float(end - size)

    def _find_peaks(self, end: int) -> None:
        """Add the new peaks of the match to the path."""
        template, start = self._template, max(self._matched - 1, self._first)
        if template is None or end - start < len(template) + 2:
            return
        self._path.extend(start, template.peaks(self._frames(start, end), MIN_CLARITY))
        self._matched = end - len(template)

    def _settle(self, end: int) -> None:
        """Take the beats that are now final."""
        path, length = self._path, 0 if self._template is None else len(self._template)
        for beat in path.settle(end - length - SETTLED_AFTER * path.interval):
            interval = beat.position - self._last_beat
            candidate = self._detector.add(beat, path)
            deviation = self._detector.deviation
            if beat.follows_previous and deviation < MAX_DEVIATION_TO_LEARN:
                path.update_background(self._last_beat, beat.position)
                path.interval += INTERVAL_RATE * (interval - path.interval)
                self._learn_from(beat)
            self._last_beat = beat.position
            if beat.follows_previous:
                self._add_interval(round(interval * PARTS), round(min(deviation, MAX_DEVIATION) * PARTS))
            self._beats.append(self._onset_s(beat.position))
            if candidate is not None:
                at_s = self._onset_s(candidate.position)
                ratios = candidate.coupling_ratio, candidate.pause_ratio
                self._ectopic.append(EctopicBeat(at_s, *ratios, candidate.log_odds))

    def _learn_from(self, beat: Beat) -> None:
        """Let the template learn from a clear beat."""
        start, template = round(beat.position), self._template
        if template is None or beat.clarity < MIN_CLARITY_TO_LEARN or start < self._first:
            return
        template.learn(self._frames(start, start + len(template)))

    def _onset_s(self, position: float) -> float:
        """Return the onset of the first heart sound of a beat, seconds of the source."""
        return max(0.0, (position + self._onset) * self._frame_s)

    def _summary(self, now_s: float) -> EctopicBeats:
        """Return what is known about the last half minute."""
        oldest_s, beats, ectopic, intervals = now_s - HORIZON_S, self._beats, self._ectopic, self._intervals
        while beats and beats[0] < oldest_s:
            beats.popleft()
        while ectopic and ectopic[0].at_s < oldest_s:
            ectopic.popleft()
        while intervals and intervals[0][0] < oldest_s:
            _, length, deviation = intervals.popleft()
            self._length -= length
            self._deviation -= deviation
        count, tracked_s = len(intervals), self._length / PARTS * self._frame_s
        regular = count >= MIN_INTERVALS and self._deviation <= MAX_MEAN_DEVIATION * PARTS * count
        if not regular or self._rate_steps < MIN_RATE_STEPS:
            return EctopicBeats(tracked_s, count, tuple(beats))
        evidence = max([REGULAR_EVIDENCE * min(1.0, tracked_s / HORIZON_S), *[beat.log_odds for beat in ectopic]])
        detected = tuple([beat for beat in ectopic if beat.log_odds > MIN_LOG_ODDS])
        return EctopicBeats(tracked_s, count, tuple(beats), detected, True, evidence)

    def _add_interval(self, length: int, deviation: int) -> None:
        """Count an interval that begins at the newest beat stored so far."""
        self._intervals.append((self._beats[-1], length, deviation))
        self._length += length
        self._deviation += deviation

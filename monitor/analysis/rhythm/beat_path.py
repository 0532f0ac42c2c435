"""Which peaks of a matched filter are beats: the most likely path through them, found as they arrive.

Each peak adds a log-likelihood that grows with how well it matches a beat. It may follow an earlier peak at about the
usual interval, at about twice of it (a beat was missed), or at any other interval, each with a log-likelihood. An
ectopic beat and the pause after it are scored together: one by one both intervals are so unlikely that any faint peak
at the usual position would be preferred. A decision is final after two and a half intervals. One thread; knows neither
sound nor seconds.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.beat_path import PathSettings, path_kernel

__all__ = ["BEAT_RADIUS", "Beat", "BeatPath"]

CLARITY_WEIGHT = 8.0
"""Natural log-likelihood per unit of clarity above the threshold between a beat and no beat."""

THRESHOLD_POSITION = 0.5
"""Position of that threshold between the usual peaks beside the beats (mostly second heart sounds) and 1, a beat..."""
MIN_THRESHOLD = 0.55
"""...and a lower bound for it, where there are no such peaks."""
INITIAL_BACKGROUND = 0.4
BACKGROUND_RATE = 0.1
"""Learning rate, per beat, of the clarity of the peaks beside the beats."""

INTERVAL_SPREAD = 0.08
INTERVAL_WEIGHT = 1.3
"""Relative width and weight of the log-likelihood of an interval, of a heavy-tailed (Cauchy) form."""

MISSED_FROM = 1.6
MISSED = -2.0
"""An interval from this ratio on holds a missed beat, which adds this log-likelihood."""

FIRST = -6.0
"""Log-likelihood of a beat that follows none."""

ECTOPIC = -3.0
COUPLING_RATIO = (0.45, 0.87)
MIN_PAUSE_RATIO = 1.03
BOTH_RATIO = (1.5, 2.15)
USUAL_BOTH_RATIO = (1.6, 2.1)
UNUSUAL = -1.0
"""Log-likelihood of an ectopic beat with the pause after it, and the intervals that it may have, relative to the usual
one: before it, after it, both together, and both together without a further UNUSUAL."""

NEAREST, FARTHEST = 0.45, 2.4
"""Smallest and largest interval between two beats, relative to the usual one."""

BEAT_RADIUS = 3.0
"""Frames; a peak nearer to a beat than this belongs to that beat."""

END_SEARCH = 1.6
"""Relative to the usual interval: the path ends in the best of the peaks that are no older than this."""

MAX_CLARITY = 1.3
"""A louder peak is no more likely a beat than one of this clarity."""

MIN_PEAKS = 96
"""Number of the newest peaks that are always stored: more than there are around the last six beats."""

STEPS = 256
"""Steps of the table of log-likelihoods for each usual interval."""


def interval_log_likelihood(ratio: float) -> float:
    """Return the natural log-likelihood of an interval relative to the usual one; 0 for the usual one, else below.

    Examples
    --------
    >>> interval_log_likelihood(1.0), round(interval_log_likelihood(0.7), 2)
    (0.0, -3.53)
    """
    deviation = (ratio - 1.0) / INTERVAL_SPREAD
    return -INTERVAL_WEIGHT * math.log1p(deviation * deviation) + (MISSED if ratio > MISSED_FROM else 0.0)


LOG_LIKELIHOODS = [interval_log_likelihood((step + 0.5) / STEPS) for step in range(math.ceil(FARTHEST * STEPS) + 1)]
SETTINGS = PathSettings(
    {
        "max_clarity": MAX_CLARITY,
        "min_threshold": MIN_THRESHOLD,
        "threshold_position": THRESHOLD_POSITION,
        "first": FIRST,
        "clarity_weight": CLARITY_WEIGHT,
        "nearest": NEAREST,
        "farthest": FARTHEST,
        "steps": STEPS,
        "min_pause": MIN_PAUSE_RATIO,
        "ectopic": ECTOPIC,
        "unusual": UNUSUAL,
        "end_search": END_SEARCH,
    },
    {"coupling": COUPLING_RATIO, "both": BOTH_RATIO, "usual_both": USUAL_BOTH_RATIO},
    LOG_LIKELIHOODS,
)


class Beat(NamedTuple):
    """A detected beat.

    Attributes
    ----------
    position : float
        Frames.
    clarity : float
        How well it matches the usual beat, 1 for a usual one.
    follows_previous : bool
        Whether it follows the beat before it on the path, so that the interval between them is one of the rhythm.
    """

    position: float
    clarity: float
    follows_previous: bool


class _Peak:
    """A peak, the log-likelihood of the best path that ends in it, and the previous peak on that path."""

    __slots__ = ("clarity", "position", "previous", "value")

    def __init__(self, position: float, clarity: float, value: float, previous: _Peak | None) -> None:
        self.position = position
        self.clarity = clarity
        self.value = value
        self.previous = previous


class BeatPath:
    """The most likely beats among peaks that arrive one after another.

    Parameters
    ----------
    interval : float
        The usual interval at first, frames; above 0.

    Attributes
    ----------
    interval : float
        The usual interval now; the caller keeps it up to date.
    background : float
        The usual clarity of the peaks beside the beats, 0 to 1.
    """

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.background = INITIAL_BACKGROUND
        self._peaks: list[_Peak] = []
        self._last: _Peak | None = None
        self._kernel = path_kernel(SETTINGS)

    def extend(self, start: float, peaks: NDArray[np.float64]) -> None:
        """Take the next peaks.

        Parameters
        ----------
        start : float
            Frame that their positions count from.
        peaks : ndarray, shape (peaks, 2), float64
            Position and clarity of each, as in :meth:`add`.
        """
        if self._kernel is not None:
            self._kernel.extend(start, peaks, self.interval, self.background)
            return
        for position, clarity in peaks.tolist():
            self.add(start + position, clarity)

    def add(self, position: float, clarity: float) -> None:
        """Take the next peak.

        Parameters
        ----------
        position : float
            Frames, above that of the last peak.
        clarity : float
            How well it matches a beat: 1 for a usual one, 0 for no match.
        """
        if self._kernel is not None:
            self._kernel.extend(position, np.array([[0.0, clarity]]), self.interval, self.background)
            return
        clarity = min(clarity, MAX_CLARITY)
        threshold = max(MIN_THRESHOLD, THRESHOLD_POSITION + (1.0 - THRESHOLD_POSITION) * self.background)
        max_ectopic = ECTOPIC + CLARITY_WEIGHT * (MAX_CLARITY - threshold)
        per_interval = 1.0 / self.interval
        best, previous = FIRST, None
        later: list[_Peak] = []
        for peak in reversed(self._peaks):  # inlined, because most of the time of beat tracking is spent here
            ratio = (position - peak.position) * per_interval
            if ratio < NEAREST:
                continue
            if ratio > FARTHEST:
                break
            value = peak.value + LOG_LIKELIHOODS[int(ratio * STEPS)]
            if value > best:
                best, previous = value, peak
            if ratio >= MIN_PAUSE_RATIO:
                if BOTH_RATIO[0] <= ratio <= BOTH_RATIO[1] and later and peak.value + max_ectopic > best:
                    best, previous = self._with_ectopic(peak, ratio, later, threshold, (best, previous))
                later.append(peak)
        self._peaks.append(_Peak(position, clarity, best + CLARITY_WEIGHT * (clarity - threshold), previous))
        if len(self._peaks) > 2 * MIN_PEAKS:
            del self._peaks[:-MIN_PEAKS]

    def _with_ectopic(
        self, first: _Peak, ratio: float, later: list[_Peak], threshold: float, best: tuple[float, _Peak | None]
    ) -> tuple[float, _Peak | None]:
        """Return value and end of the path through a peak and the clearest ectopic beat after it, or the best so far.

        Parameters
        ----------
        first : _Peak
        ratio : float
            From ``first`` to the new peak, relative to the usual interval.
        later : list of _Peak
            Between the two.
        threshold : float
        best : tuple of float and _Peak or None
        """
        clearest = None
        for peak in later:
            coupling = (peak.position - first.position) / self.interval
            if COUPLING_RATIO[0] <= coupling <= COUPLING_RATIO[1] and (not clearest or peak.clarity > clearest.clarity):
                clearest = peak
        if clearest is None:
            return best
        usual = USUAL_BOTH_RATIO[0] < ratio < USUAL_BOTH_RATIO[1]
        value = first.value + ECTOPIC + CLARITY_WEIGHT * (clearest.clarity - threshold) + (0.0 if usual else UNUSUAL)
        return (value, _Peak(clearest.position, clearest.clarity, value, first)) if value > best[0] else best

    def settle(self, until: float) -> list[Beat]:
        """Return the beats before a frame that were not yet returned; they are final.

        Parameters
        ----------
        until : float
            Two and a half intervals before the newest frame, so that no later peak changes the path there.
        """
        if self._kernel is not None:
            final = self._kernel.settle(until, self.interval)
            return [Beat(position, clarity, follows > 0.0) for position, clarity, follows in final]
        if not self._peaks:
            return []
        earliest_end = self._peaks[-1].position - END_SEARCH * self.interval
        end: _Peak | None = self._peaks[-1]
        for peak in reversed(self._peaks):
            if peak.position <= earliest_end:
                break
            if end is None or peak.value > end.value:
                end = peak
        last = self._last
        path: list[_Peak] = []
        settled = -math.inf if last is None else last.position
        while end is not None and end.position > settled:
            path.append(end)
            end = end.previous
        follows = last is not None and end is not None and end.position == last.position
        beats = []
        for peak in reversed(path):
            if peak.position > until:
                break
            beats.append(Beat(peak.position, peak.clarity, follows))
            self._last, follows = peak, True
        if beats and self._last is not None:
            self._last.previous = None  # lets go of what is final
        return beats

    def highest_between(self, start: float, end: float) -> float:
        """Return the clarity of the clearest peak between two frames, 0 if there is none."""
        if self._kernel is not None:
            return self._kernel.highest_between(start, end)
        highest = 0.0
        for peak in reversed(self._peaks):
            if peak.position <= start:
                break
            if peak.position < end and peak.clarity > highest:
                highest = peak.clarity
        return highest

    def update_background(self, first: float, second: float) -> None:
        """Learn the clarity of the peaks between two beats that follow each other regularly."""
        highest = self.highest_between(first + BEAT_RADIUS, second - BEAT_RADIUS)
        self.background += BACKGROUND_RATE * (highest - self.background)

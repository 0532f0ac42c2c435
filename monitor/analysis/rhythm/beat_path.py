"""Which of the peaks of a matched filter are beats: the likeliest path through them, found as they come.

Every peak is as sure as it is like a beat, and may follow an earlier one at about the usual interval, at about twice
of it (a beat was missed), or at any other at a price. A beat that comes early and the pause behind it are priced
together: taken one by one both intervals are so unlikely that any faint peak at the usual place would be preferred.
What was decided is final after two and a half beats. Plain floats, one thread; knows neither sound nor seconds.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["BESIDE_FRAMES", "Beat", "BeatPath"]

SURE = 8.0
"""Weight of a peak's clarity above what is between a beat and no beat, in natural-log likelihood."""

BETWEEN = 0.5
"""Where that lies between the peaks beside the beats (the second sound, mostly) and 1, a usual beat..."""
LEAST_BETWEEN = 0.55
"""...and at least here, however silent it is beside the beats."""
BESIDE_AT_FIRST = 0.4
BESIDE_SHARE = 0.1
"""How quickly the height of the peaks beside the beats is learnt, per beat."""

SPREAD = 0.08
WEIGHT = 1.3
"""Of the usual interval; width and weight of the price of another one, of a heavy-tailed (Cauchy) form."""

MISSED_FROM = 1.6
MISSED = -2.0
"""An interval so long holds a missed beat, which has its own price."""

FIRST = -6.0
"""Price of a beat that follows none."""

EARLY = -3.0
EARLY_INTERVAL = (0.45, 0.87)
LEAST_PAUSE = 1.03
BOTH = (1.5, 2.15)
USUALLY_BOTH = (1.6, 2.1)
UNUSUAL = -1.0
"""Price of an early beat with its pause, the intervals that it may have, and those of both together."""

NEAREST, FARTHEST = 0.45, 2.4
"""Of the usual interval, between a beat and the next one."""

BESIDE_FRAMES = 3.0
"""What is nearer to a beat belongs to it."""

LATE = 1.6
"""Of the usual interval: the path ends in the best of the peaks that are no older."""

MOST_CLARITY = 1.3
"""A louder peak is no more a beat than this."""

KEPT_PEAKS = 96
"""At least so many of the newest: more than the last six beats have round them."""


STEPS = 256
"""Of an interval, in the table of prices."""


def price(ratio: float) -> float:
    """Return the price of an interval, as a ratio of the usual one; 0 for the usual one, else negative."""
    off = (ratio - 1.0) / SPREAD
    return -WEIGHT * math.log1p(off * off) + (MISSED if ratio > MISSED_FROM else 0.0)


PRICES = [price((step + 0.5) / STEPS) for step in range(math.ceil(FARTHEST * STEPS) + 1)]


class Beat(NamedTuple):
    """A beat that is decided on.

    Attributes
    ----------
    position : float
        Frames.
    clarity : float
        How much it is like the usual beat, 1 for one that is.
    fuse_score : bool
        Whether the interval from the beat before was followed.
    """

    position: float
    clarity: float
    fuse_score: bool


class _Peak:
    """A peak, the likelihood of the best path that ends in it, and the peak before it on this path."""

    __slots__ = ("before", "clarity", "position", "value")

    def __init__(self, position: float, clarity: float, value: float, before: _Peak | None) -> None:
        self.position = position
        self.clarity = clarity
        self.value = value
        self.before = before


class BeatPath:
    """The likeliest beats among peaks that come one after another.

    Parameters
    ----------
    interval : float
        The usual interval to begin with, frames; above 0.

    Attributes
    ----------
    interval : float
        The usual interval now; to be brought up to date by whoever follows the beats.
    beside : float
        How high the peaks beside the beats usually are, 0 to 1.
    """

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.beside = BESIDE_AT_FIRST
        self._peaks: list[_Peak] = []
        self._last: _Peak | None = None

    def add(self, position: float, clarity: float) -> None:
        """Take the next peak.

        Parameters
        ----------
        position : float
            Frames, above the last one's.
        clarity : float
            How much it is like a beat: 1 for the usual one, 0 for none.
        """
        clarity = min(clarity, MOST_CLARITY)
        between = max(LEAST_BETWEEN, BETWEEN + (1.0 - BETWEEN) * self.beside)
        most_early = EARLY + SURE * (MOST_CLARITY - between)
        per_interval = 1.0 / self.interval
        best, before = FIRST, None
        ectopic: list[_Peak] = []
        for peak in reversed(self._peaks):  # in line, for this is most of what following beats costs
            ratio = (position - peak.position) * per_interval
            if ratio < NEAREST:
                continue
            if ratio > FARTHEST:
                break
            value = peak.value + PRICES[int(ratio * STEPS)]
            if value > best:
                best, before = value, peak
            if ratio >= LEAST_PAUSE:
                if BOTH[0] <= ratio <= BOTH[1] and ectopic and peak.value + most_early > best:
                    best, before = self._with_early(peak, ratio, ectopic, between, (best, before))
                ectopic.append(peak)
        self._peaks.append(_Peak(position, clarity, best + SURE * (clarity - between), before))
        if len(self._peaks) > 2 * KEPT_PEAKS:
            del self._peaks[:-KEPT_PEAKS]

    def _with_early(
        self, first: _Peak, ratio: float, ectopic: list[_Peak], between: float, best: tuple[float, _Peak | None]
    ) -> tuple[float, _Peak | None]:
        """Return likelihood and end of the path by a peak and the clearest early one behind it, or of the best."""
        clearest = None
        for peak in ectopic:
            share = (peak.position - first.position) / self.interval
            if EARLY_INTERVAL[0] <= share <= EARLY_INTERVAL[1] and (not clearest or peak.clarity > clearest.clarity):
                clearest = peak
        if clearest is None:
            return best
        usual = USUALLY_BOTH[0] < ratio < USUALLY_BOTH[1]
        value = first.value + EARLY + SURE * (clearest.clarity - between) + (0.0 if usual else UNUSUAL)
        return (value, _Peak(clearest.position, clearest.clarity, value, first)) if value > best[0] else best

    def settle(self, until: float) -> list[Beat]:
        """Return the beats before a frame that were not yet returned; they are final.

        Parameters
        ----------
        until : float
            Two and a half intervals before the newest frame, so that no later peak changes the path there.
        """
        if not self._peaks:
            return []
        late = self._peaks[-1].position - LATE * self.interval
        peak: _Peak | None = self._peaks[-1]
        for its in reversed(self._peaks):
            if its.position <= late:
                break
            if peak is None or its.value > peak.value:
                peak = its
        last = self._last
        found: list[_Peak] = []
        after = -math.inf if last is None else last.position
        while peak is not None and peak.position > after:
            found.append(peak)
            peak = peak.before
        fuse_score = last is not None and peak is not None and peak.position == last.position
        beats = []
        for its in reversed(found):
            if its.position > until:
                break
            beats.append(Beat(its.position, its.clarity, fuse_score))
            self._last, fuse_score = its, True
        if beats and self._last is not None:
            self._last.before = None  # what is final is let go of
        return beats

    def highest_between(self, start: float, end: float) -> float:
        """Return the clarity of the clearest peak between two frames, 0 where there is none."""
        highest = 0.0
        for peak in reversed(self._peaks):
            if peak.position <= start:
                break
            if peak.position < end and peak.clarity > highest:
                highest = peak.clarity
        return highest

    def learn_beside(self, first: float, second: float) -> None:
        """Take note of the peaks beside two beats that follow each other regularly."""
        highest = self.highest_between(first + BESIDE_FRAMES, second - BESIDE_FRAMES)
        self.beside += BESIDE_SHARE * (highest - self.beside)

"""The beats of the last half minute: S1 and S2 to be ticked, and how long systole and diastole last.

Main thread; must not know about screens.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics

from monitor.dashboard.drawing.state import CycleDurations
from monitor.dashboard.trace import Ticks
from monitor.messages import HeartBeat, WindowEvent

__all__ = ["RecentBeats"]

RECENT_S = 30.0
"""Seconds before the end of the newest window."""


class RecentBeats:
    """Collects the beats of windows, those with a sure S1 or S2.

    Attributes
    ----------
    ticks : tuple of (float, str)
        S1 and S2, seconds of the source, ascending.
    cycle : CycleDurations

    Examples
    --------
    >>> from monitor.messages import Quality, Verdict
    >>> beats = HeartBeat(4.0, 4.3, 0.9, 300.0), HeartBeat(4.8, 5.1, 0.9, 310.0, 500.0)
    >>> verdict = Verdict("uncertain")
    >>> recent = RecentBeats()
    >>> recent.add(WindowEvent(0, 0.5, 5.5, verdict, verdict, Quality(0.9), 75.0, False, False, 1.0, beats=beats))
    >>> recent.ticks
    ((4.0, 'S1'), (4.3, 'S2'), (4.8, 'S1'), (5.1, 'S2'))
    >>> recent.cycle.systole_ms, recent.cycle.num_systoles, recent.cycle.num_diastoles
    (305.0, 2, 1)
    """

    def __init__(self) -> None:
        self._beats: tuple[HeartBeat, ...] = ()
        self._first_s = math.inf
        self.ticks: Ticks = ()
        self.cycle: CycleDurations = CycleDurations()

    def add(self, event: WindowEvent) -> None:
        """Add the beats of a window, and forget those of more than half a minute before its end."""
        self._first_s = min(self._first_s, event.start_s)
        begin_s = event.end_s - RECENT_S
        span_s = event.end_s - max(self._first_s, begin_s)
        beats = tuple(beat for beat in (*self._beats, *event.beats) if any(at_s > begin_s for at_s, _ in beat.sounds))
        if beats == self._beats:
            self.cycle = dataclasses.replace(self.cycle, span_s=span_s)
            return
        self._beats = beats
        self.ticks = tuple(itertools.chain.from_iterable(beat.sounds for beat in beats))
        systoles = [beat.systole_ms for beat in beats if beat.systole_ms is not None]
        diastoles = [beat.diastole_ms for beat in beats if beat.diastole_ms is not None]
        self.cycle = CycleDurations(
            statistics.median(systoles) if systoles else None,
            statistics.median(diastoles) if diastoles else None,
            len(systoles),
            len(diastoles),
            span_s,
        )

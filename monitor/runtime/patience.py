"""Which windows are skipped when the classifier falls behind: the newest one wins.

A window that waited longer than the patience gives way to a newer one that is complete or about to be. Sound that was
delayed on its way arrives in a burst: a classifier that was idle before judges all of it. No thread of its own and no
waiting; belongs to the thread that judges the sound.

Source: docs/decisions/0006.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Callable

from monitor.log import get_logger

__all__ = ["Patience"]

logger = get_logger(__name__)

BURST_S = 2.0
BURST_GRACE_S = 1.0
"""Seconds of sound, and of time. Sound that was delayed arrives in a burst: a classifier that was idle before processes
all of it and skips nothing."""

RECENT_WINDOWS, LATE_WINDOWS = 20, 3
"""A classifier that skipped three of the last twenty windows is overloaded; one or two are tolerated. Sound that was
held up and arrived faster than it sounds is not the classifier's fault: its windows count as skipped, not as late."""


class Patience:
    """Decides which windows of one sound are skipped, and counts them.

    Parameters
    ----------
    patience_s : float
        Wall-clock seconds that a window may wait; see :class:`monitor.runtime.config.MonitorConfig`.
    wall_rate : float
        Samples per second of wall time.
    hop_samples : float
        Samples from one window to the next.
    clock : callable
        Monotonic seconds.
    name : str
        The sound, for the log; empty where there is only one.

    Attributes
    ----------
    skipped : int
        Windows skipped so far.

    Examples
    --------
    >>> patience = Patience(0.25, wall_rate=4000, hop_samples=2000, clock=lambda: 0.0)
    >>> patience.too_late(behind=1500, newer=True), patience.too_late(behind=500, newer=True)
    (True, False)
    """

    def __init__(
        self, patience_s: float, wall_rate: float, hop_samples: float, clock: Callable[[], float], name: str = ""
    ) -> None:
        self._samples = patience_s * wall_rate
        self._wall_rate, self._hop_samples = wall_rate, hop_samples
        self._clock = clock
        self._name = f"{name}: " if name else ""
        self._idle_at = clock()
        self._burst_samples, self._burst_ends = 0.0, -math.inf
        self._late: collections.deque[bool] = collections.deque(maxlen=RECENT_WINDOWS)
        self._skipping = False
        self.skipped = 0

    @property
    def overloaded(self) -> bool:
        """Whether several of the last windows were skipped because the classifier was too slow."""
        return sum(self._late) >= LATE_WINDOWS

    def arrived(self, samples: float) -> None:
        """Note that sound arrived while the classifier was idle; be patient with it if it is a burst.

        Parameters
        ----------
        samples : float
            How much, besides what was waited for.
        """
        self._idle_at = self._clock()
        if self._samples < samples <= BURST_S * self._wall_rate:
            self._burst_samples, self._burst_ends = samples, self._idle_at + BURST_GRACE_S

    def too_late(self, behind: float, *, newer: bool) -> bool:
        """Return whether a window is skipped.

        Parameters
        ----------
        behind : float
            Samples that wait to be read after those that completed it.
        newer : bool
            Whether a newer one is complete already.
        """
        if behind <= self._burst_samples and self._clock() < self._burst_ends:
            return False
        return behind > self._samples and (newer or behind >= self._hop_samples)

    def judge(self) -> None:
        """Count a window that is judged."""
        self._late.append(False)
        self._skipping = False

    def skip(self, index: int, behind: float) -> None:
        """Count a window that is not judged; log the first one in a row."""
        if not self._skipping:
            logger.info("%sskipping windows from %d on: %.2f s behind", self._name, index, behind / self._wall_rate)
        self._skipping = True
        since_idle = (self._clock() - self._idle_at) * self._wall_rate
        self._late.append(behind <= since_idle + self._samples)
        self.skipped += 1

"""Whether the chest piece was moved: a bump, or a window that cannot be judged, after it was asked to another site.

A chest piece that is lifted and put down scrapes and knocks far louder than the heart that it lay on, or hears nothing
for a while. One that lies where it lay gives neither, so its sound is never taken for that of the next site.

Source: docs/decisions/0014 and benchmarks/constants/moved_chest_piece.py. Main thread.
"""

from __future__ import annotations

import math
from collections import deque

from monitor.messages import WindowEvent

__all__ = ["BUMP_DB", "MovementDetector"]

BUMP_DB = 12.0
"""A peak so far above the loudest one of the site before is a bump. Of 418 recordings of a chest piece that lay still,
3 had one in 10 s; with 6 dB, 17 had."""

REFERENCE_S = 10.0
"""Seconds of the site before whose loudest peak counts."""


class MovementDetector:
    """Looks for signs that the chest piece is moved.

    Attributes
    ----------
    moved : bool
        Whether there was a sign since :meth:`ask`.
    """

    def __init__(self) -> None:
        self._peaks: deque[tuple[float, float]] = deque()
        self._asked_s = -math.inf
        self._limit_db: float | None = None
        self._waiting = False
        self.moved = False

    def ask(self, at_s: float) -> None:
        """Begin to look for signs: the chest piece is asked to another site.

        Parameters
        ----------
        at_s : float
            Now, seconds of the sound.
        """
        self._asked_s, self._waiting, self.moved = at_s, True, False
        recent = [peak for when, peak in self._peaks if when > at_s - REFERENCE_S]
        self._limit_db = max(recent) + BUMP_DB if recent else None

    def settle(self) -> None:
        """Look for no more signs, and take the level that is heard from now on as that of the new site."""
        self._waiting = False
        self._peaks.clear()

    def level(self, at_s: float, peak_db: float) -> None:
        """Take the peak of the last tenth of a second, dB of full scale."""
        if not self._waiting:
            self._peaks.append((at_s, peak_db))
            while self._peaks[0][0] < at_s - REFERENCE_S:
                self._peaks.popleft()
        elif at_s > self._asked_s and self._limit_db is not None and peak_db > self._limit_db:
            self.moved = True

    def window(self, event: WindowEvent) -> None:
        """Take a window; one that is withheld is a sign, but not for sound that was lost."""
        if self._waiting and event.end_s > self._asked_s and event.quality.state is not None and not event.gap:
            self.moved = True

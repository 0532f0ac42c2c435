"""Where a person looks: the cursor, the stretch that the screen shows, and the stretch that was selected.

All times are seconds of the sound. Pure state; one thread.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

__all__ = ["ARROW_S", "FINE_S", "PAGE_S", "Navigation", "next_moment", "parse_time"]

ZOOMS_S = (1.0, 2.5, 5.0, 10.0, 20.0, 60.0, 300.0, 900.0)
"""Stretches that a screen shows; the last step is the whole recording."""
FIRST_ZOOM_S = 10.0
ARROW_S, FINE_S, PAGE_S = 5.0, 0.05, 60.0
SAME_S = 1e-3
"""Moments that are nearer are the same."""
TIME = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d*)?)")


def parse_time(text: str) -> float:
    """Return seconds from what a person types: seconds, minutes and seconds, or hours too.

    Raises
    ------
    ValueError
        If it is no time.

    Examples
    --------
    >>> parse_time("83.5"), parse_time("1:23.5"), parse_time("1:00:00")
    (83.5, 83.5, 3600.0)
    """
    match = TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text.strip()!r} is no time: type seconds, m:ss or h:mm:ss")
    hours, minutes, seconds = (float(part or 0.0) for part in match.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


def next_moment(moments: Iterable[float], at_s: float, *, forward: bool) -> float | None:
    """Return the nearest of some moments before or after another; None where there is none.

    Examples
    --------
    >>> next_moment([1.0, 5.0, 9.0], 5.0, forward=True), next_moment([1.0, 5.0], 5.0, forward=False)
    (9.0, 1.0)
    """
    if forward:
        return min((moment for moment in moments if moment > at_s + SAME_S), default=None)
    return max((moment for moment in moments if moment < at_s - SAME_S), default=None)


class Navigation:
    """The cursor on the time axis of a recording.

    Parameters
    ----------
    duration_s : float

    Attributes
    ----------
    at_s : float
        The cursor, from 0 to the duration.
    start_s, span_s : float
        What the screen shows; the cursor lies in it.
    selection : tuple of (float, float), or None

    Examples
    --------
    >>> navigation = Navigation(3600.0)
    >>> navigation.move_to(1800.0)
    >>> navigation.zoom(6)
    >>> navigation.start_s, navigation.end_s
    (0.0, 3600.0)
    """

    def __init__(self, duration_s: float) -> None:
        self.duration_s = duration_s
        self.at_s = self.start_s = 0.0
        self._zoom = ZOOMS_S.index(FIRST_ZOOM_S)
        self._steps = sum(zoom_s < duration_s for zoom_s in ZOOMS_S)
        self._zoom = min(self._zoom, self._steps)
        self._edges: list[float | None] = [None, None]

    @property
    def span_s(self) -> float:
        """Seconds that the screen shows."""
        return ZOOMS_S[self._zoom] if self._zoom < self._steps else max(self.duration_s, ZOOMS_S[0])

    @property
    def span_text(self) -> str:
        """Return how much is shown, seconds; of a length that no key has set, at most two decimals."""
        return f"{round(self.span_s, 2):g} s"

    @property
    def end_s(self) -> float:
        """The end of what the screen shows."""
        return self.start_s + self.span_s

    @property
    def page_s(self) -> float:
        """How far the page keys move: a minute, or the screen where that is longer."""
        return max(PAGE_S, self.span_s)

    def move_to(self, at_s: float) -> None:
        """Move the cursor, within the recording; the screen follows in pages."""
        self.at_s = min(max(0.0, at_s), self.duration_s)
        if not self.start_s <= self.at_s <= self.end_s:
            self.start_s = self._clipped(self.at_s - (0.1 if self.at_s > self.start_s else 0.9) * self.span_s)

    def zoom(self, steps: int) -> None:
        """Show a longer stretch, or a shorter one where ``steps`` is negative; the cursor keeps its place."""
        place = (self.at_s - self.start_s) / self.span_s
        self._zoom = min(max(0, self._zoom + steps), self._steps)
        self.start_s = self._clipped(self.at_s - place * self.span_s)

    def _clipped(self, start_s: float) -> float:
        """Return a start of the screen that shows as much of the recording as fits."""
        return max(0.0, min(start_s, self.duration_s - self.span_s))

    def set_edge(self, index: int) -> None:
        """Begin (0) or end (1) the selected stretch at the cursor; an edge that does not fit to it is forgotten."""
        self._edges[index] = self.at_s
        first, last = self._edges
        if first is not None and last is not None and not last > first:
            self._edges[1 - index] = None

    def select(self, start_s: float, end_s: float) -> None:
        """Select a stretch, within the recording."""
        self._edges = [max(0.0, start_s), min(end_s, self.duration_s)]

    def clear_selection(self) -> None:
        """Select nothing."""
        self._edges = [None, None]

    @property
    def selection(self) -> tuple[float, float] | None:
        """The stretch between two edges; None while one is missing."""
        first, last = self._edges
        return None if first is None or last is None else (first, last)

    @property
    def shown_selection(self) -> tuple[float, float] | None:
        """What the screen shows of it: with one edge, up to the cursor."""
        first, last = self._edges
        if first is None and last is None:
            return None
        start_s, end_s = (self.at_s if edge is None else edge for edge in (first, last))
        return (start_s, end_s) if math.isfinite(start_s) and start_s <= end_s else None

"""The verdict track as plain values: which time span has which label or state.

Pure functions, safe on any thread; must not draw.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from monitor.messages import WindowEvent

__all__ = ["Cell", "Run", "verdict_cells", "verdict_runs"]


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """The time span that a window is drawn over: what it adds to the windows before it.

    Attributes
    ----------
    start_s, end_s : float
        Seconds.
    window : WindowEvent
    """

    start_s: float
    end_s: float
    window: WindowEvent

    @property
    def middle_s(self) -> float:
        """Time of a point for the window, seconds."""
        return (self.start_s + self.end_s) / 2


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """A time span of one label or state.

    Attributes
    ----------
    start_s, end_s : float
    key : str
        The label, the state where there is no label, or ``"gap"``: a window with lost samples.
    """

    start_s: float
    end_s: float
    key: str


def verdict_cells(windows: Sequence[WindowEvent], duration_s: float) -> list[Cell]:
    """Return the time span of each window: all of the first, and of every other what lies after the one before it.

    The window of a looped clip ends where the clip does. Neighbours touch, and none overlaps another.
    """
    ends = [min(window.end_s, duration_s) for window in windows]
    starts = [window.start_s for window in windows[:1]] + ends[:-1]
    return [Cell(*cell) for cell in zip(starts, ends, windows, strict=True)]


def verdict_runs(cells: Sequence[Cell], *, rolling: bool) -> list[Run]:
    """Return the cells with neighbours of the same label or state joined, for the window or the rolling verdicts."""
    joined: list[Run] = []
    for cell in cells:
        key = _key(cell.window, rolling=rolling)
        start_s = joined.pop().start_s if joined and joined[-1].key == key else cell.start_s
        joined.append(Run(start_s, cell.end_s, key))
    return joined


def _key(window: WindowEvent, *, rolling: bool) -> str:
    """Return a label, a state or ``"gap"``; a rolling verdict outlasts a short gap, so it has its own state."""
    if window.gap and not rolling:
        return "gap"
    verdict = window.rolling if rolling else window.verdict
    return verdict.label or verdict.state

"""The verdict track as plain values: which time span has which label or state, and the style of each.

Letters are the dashboard's; colours are chosen for white paper. A pattern and a letter say the same as the colour, so
none of it needs colour vision. Pure functions, safe on any thread; must not draw.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from monitor.dashboard.drawing.glyphs import label_letters
from monitor.messages import WindowEvent

__all__ = ["Cell", "Run", "SegmentStyle", "segment_styles", "verdict_cells", "verdict_runs"]

STATE_COLOURS = {
    "listening": "#dddddd",
    "no-signal": "#b0b0b0",
    "poor-signal": "#d9d29a",
    "uncertain": "#8ecdf2",
    "gap": "#e8505b",
}
NAMED_COLOURS = {"normal": "#0aa37a", "murmur": "#e9a30c", "extrastole": "#b78ad8"}
OTHER_COLOURS = ("#4f86c6", "#d9798f", "#7a9e2e", "#c47f3c", "#6cc3c0")
"""Distinguishable with red-green blindness too, and light enough for black letters.
Source: close to those of M. Okabe and K. Ito, "Color Universal Design" (2008)."""

STATE_HATCHES = {"listening": "", "no-signal": "..", "poor-signal": "xx", "uncertain": "//", "gap": "--"}
LABEL_HATCHES = ("", "\\\\", "oo", "||", "++", "**")
"""Patterns, in matplotlib's letters; the first label, the normal one, has none."""


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


@dataclasses.dataclass(frozen=True, slots=True)
class SegmentStyle:
    """How a label or a state is drawn.

    Attributes
    ----------
    colour : str
        ``#rrggbb``.
    hatch : str
        Pattern, in matplotlib's letters.
    letter : str
        One character, different for each.
    """

    colour: str
    hatch: str
    letter: str


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


def segment_styles(labels: Sequence[str]) -> dict[str, SegmentStyle]:
    """Return the style of each label and each state."""
    letters, others = label_letters(labels), itertools.cycle(OTHER_COLOURS)
    colours = {**STATE_COLOURS, **{label: NAMED_COLOURS.get(label) or next(others) for label in labels}}
    hatches = {**STATE_HATCHES, **dict(zip(labels, itertools.cycle(LABEL_HATCHES), strict=False))}
    return {key: SegmentStyle(colours[key], hatches[key], letters[key]) for key in (*labels, *STATE_HATCHES)}

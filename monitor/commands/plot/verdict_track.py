"""The verdict strip as plain values: which stretch of time has which label or state, and how each one looks.

Letters are the dashboard's; colours are made for white paper. A pattern and a letter say the same as the colour, so
none of it needs colour vision. Pure functions, safe on any thread; must not draw.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from monitor.dashboard.drawing.glyphs import label_letters
from monitor.messages import WindowEvent

__all__ = ["Cell", "Run", "SegmentStyle", "cells", "runs", "segment_styles"]

STATE_COLOURS = {
    "listening": "#dddddd",
    "no-signal": "#b0b0b0",
    "poor-signal": "#d9d29a",
    "uncertain": "#8ecdf2",
    "gap": "#e8505b",
}
NAMED_COLOURS = {"normal": "#0aa37a", "murmur": "#e9a30c", "extrastole": "#b78ad8"}
OTHER_COLOURS = ("#4f86c6", "#d9798f", "#7a9e2e", "#c47f3c", "#6cc3c0")
"""Told apart with red-green blindness too, and light enough for black letters.
Source: near those of M. Okabe and K. Ito, "Color Universal Design" (2008)."""

STATE_HATCHES = {"listening": "", "no-signal": "..", "poor-signal": "xx", "uncertain": "//", "gap": "--"}
LABEL_HATCHES = ("", "\\\\", "oo", "||", "++", "**")
"""Patterns, in matplotlib's letters; the first label, which stands for nothing found, has none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """The stretch that a window is drawn over: what it added to the windows before it.

    Attributes
    ----------
    start_s, end_s : float
        Seconds of the sound heard.
    window : WindowEvent
    """

    start_s: float
    end_s: float
    window: WindowEvent

    @property
    def middle_s(self) -> float:
        """Where a point for the window stands."""
        return (self.start_s + self.end_s) / 2


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one label or state.

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
        Its pattern, in matplotlib's letters.
    letter : str
        One character, different for each.
    """

    colour: str
    hatch: str
    letter: str


def cells(windows: Sequence[WindowEvent], duration_s: float) -> list[Cell]:
    """Return each window's stretch: of the first all of it, of every other from the end of the one before to its own.

    A looped clip's window ends where the clip does. Neighbours touch, and none overlaps another.
    """
    ends = [min(window.end_s, duration_s) for window in windows]
    starts = [window.start_s for window in windows[:1]] + ends[:-1]
    return [Cell(*its) for its in zip(starts, ends, windows, strict=True)]


def runs(found: Sequence[Cell], *, rolling: bool) -> list[Run]:
    """Return the cells with neighbours of one label or state joined, of the raw or of the rolling verdicts."""
    joined: list[Run] = []
    for cell in found:
        key = _key(cell.window, rolling=rolling)
        begins = joined.pop().start_s if joined and joined[-1].key == key else cell.start_s
        joined.append(Run(begins, cell.end_s, key))
    return joined


def _key(window: WindowEvent, *, rolling: bool) -> str:
    """Return a label, a state or gap; the rolling verdict bears with a short gap, so it has its own state."""
    if window.gap and not rolling:
        return "gap"
    verdict = window.rolling if rolling else window.verdict
    return verdict.label or verdict.state


def segment_styles(labels: Sequence[str]) -> dict[str, SegmentStyle]:
    """Return the look of each label and each state."""
    letters, others = label_letters(labels), itertools.cycle(OTHER_COLOURS)
    colours = {**STATE_COLOURS, **{label: NAMED_COLOURS.get(label) or next(others) for label in labels}}
    hatches = {**STATE_HATCHES, **dict(zip(labels, itertools.cycle(LABEL_HATCHES), strict=False))}
    return {key: SegmentStyle(colours[key], hatches[key], letters[key]) for key in (*labels, *STATE_HATCHES)}

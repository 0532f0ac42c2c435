"""How labels and states are drawn on paper.

Letters are the dashboard's; colours are chosen for white paper. A pattern and a letter say the same as the colour, so
none of it needs colour vision. Pure functions, safe on any thread; must not draw.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from monitor.text.letters import label_letters

__all__ = ["SegmentStyle", "segment_styles"]

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


def segment_styles(labels: Sequence[str]) -> dict[str, SegmentStyle]:
    """Return the style of each label and each state."""
    letters, others = label_letters(labels), itertools.cycle(OTHER_COLOURS)
    colours = {**STATE_COLOURS, **{label: NAMED_COLOURS.get(label) or next(others) for label in labels}}
    hatches = {**STATE_HATCHES, **dict(zip(labels, itertools.cycle(LABEL_HATCHES), strict=False))}
    return {key: SegmentStyle(colours[key], hatches[key], letters[key]) for key in (*labels, *STATE_HATCHES)}

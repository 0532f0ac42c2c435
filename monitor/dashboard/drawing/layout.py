"""Where everything stands on a screen of 60x16 and more: columns, and which rows there is room for.

Pure values; safe on any thread.
"""

from __future__ import annotations

import dataclasses

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.state import DashboardState
from monitor.dashboard.drawing.widgets import GUTTER, RIGHT
from monitor.messages import Snapshot

__all__ = ["BIG_WIDTH", "PICTURE_SIZE", "VERDICT_WIDTH", "Area", "Layout", "RowPlan", "plan"]

BIG_WIDTH = 78
"""From here on the label stands in letters three lines high."""
VERDICT_WIDTH, SMALL_VERDICT_WIDTH = 45, 24
"""Columns of the label in big letters and in plain ones; the scores begin behind it."""
MAX_SCORE_WIDTH = 72
PICTURE_SIZE = 64
PICTURE_LINES = 32
RHYTHM_GAP = 10
"""Columns between the two pictures, the second one's marks among them."""
EVENTS_GAP, LEAST_EVENTS, MOST_EVENTS = 3, 26, 56
"""Columns before the list of events, and what it needs and takes."""

BASE_ROWS = 10
"""Two of the header, four of the verdict, history, level, hops, footer; the message comes on top."""

EXTRAS = (
    ("keys", 1, 4),
    ("trace", 2, 4),
    ("axis", 1, 4),
    ("ticks", 1, 4),
    ("health", 1, 4),
    ("trace", 1, 6),
    ("rule", 1, 8),
    ("trace", 1, 8),
    ("title", 1, 10),
    ("trace", 1, 12),
    ("air", 3, 14),
    ("trace", 1, 20),
    ("trace", 2, 28),
)
"""What a taller screen has more, in this order: name, rows, and the least that the picture must keep."""


@dataclasses.dataclass(frozen=True, slots=True)
class RowPlan:
    """How many rows each part gets.

    Attributes
    ----------
    picture, trace, keys, axis, ticks, health, rule, title, air : int
        ``air`` is three empty rows between the parts, or none.
    """

    picture: int = 0
    trace: int = 0
    keys: int = 0
    axis: int = 0
    ticks: int = 0
    health: int = 0
    rule: int = 0
    title: int = 0
    air: int = 0


def plan(height: int, message_rows: int) -> RowPlan:
    """Return the rows of a screen of ``height`` lines whose message takes so many of them."""
    free = height - BASE_ROWS - message_rows
    rows = dict.fromkeys((name for name, _, _ in EXTRAS), 0)
    for name, cost, least in EXTRAS:
        if free - cost < least:
            break  # what comes later waits too, so that a taller screen never has less of anything
        rows[name] += cost
        free -= cost
    return RowPlan(picture=max(0, min(PICTURE_LINES, free)), **rows)


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """Columns of a part."""

    column: int
    width: int


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """What every part of one frame needs to know."""

    snapshot: Snapshot
    width: int
    height: int
    look: TerminalStyle
    note: str
    kind: str
    display: DashboardState

    @property
    def field(self) -> int:
        """Columns that picture, trace, history and level share."""
        return self.width - GUTTER - RIGHT + 1

    @property
    def has_two_pictures(self) -> bool:
        """Whether the rhythm finds room beside the sound."""
        return self.kind == "heart" and self.field >= 2 * PICTURE_SIZE + RHYTHM_GAP

    @property
    def rhythm_column(self) -> int:
        """Where the second picture begins: at the right end, or before the events where they fit behind it."""
        beside = GUTTER + PICTURE_SIZE + RHYTHM_GAP + 1
        fits = self.field >= 2 * PICTURE_SIZE + RHYTHM_GAP + 1 + EVENTS_GAP + LEAST_EVENTS
        return beside if fits else GUTTER + self.field - PICTURE_SIZE

    @property
    def split(self) -> int:
        """The column before the scores: over the second picture where there is one."""
        if self.has_two_pictures:
            return self.rhythm_column - 3
        return VERDICT_WIDTH if self.width >= BIG_WIDTH else SMALL_VERDICT_WIDTH

    @property
    def scores_width(self) -> int:
        """Columns of the scores."""
        return PICTURE_SIZE + 2 if self.has_two_pictures else min(self.width - self.split - 2, MAX_SCORE_WIDTH)

    @property
    def events_beside_pictures(self) -> Area | None:
        """Where the events stand beside the pictures; None where there is no room."""
        last = self.rhythm_column if self.has_two_pictures else GUTTER
        column = last + PICTURE_SIZE + EVENTS_GAP
        return self._area(column, GUTTER + self.field - column)

    @property
    def events_beside_verdict(self) -> Area | None:
        """Where the events stand between label and scores; None where there is no room, or more below."""
        if self.events_beside_pictures is not None:
            return None
        return self._area(VERDICT_WIDTH + 1, self.split - VERDICT_WIDTH - 3)

    @staticmethod
    def _area(column: int, room: int) -> Area | None:
        """Return an area if there is room for events in it."""
        return Area(column, min(room, MOST_EVENTS)) if room >= LEAST_EVENTS else None

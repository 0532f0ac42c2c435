"""Where each part goes on a screen of 60x16 and more: columns, and which rows there is room for.

Pure values; safe on any thread.
"""

from __future__ import annotations

import dataclasses

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.state import EMPTY_STATE, DashboardState
from monitor.dashboard.drawing.widgets import GUTTER, RIGHT
from monitor.messages import Snapshot

__all__ = ["BIG_WIDTH", "IMAGE_SIZE", "VERDICT_WIDTH", "Columns", "Layout", "RowPlan", "plan"]

BIG_WIDTH = 78
"""From this width on the label is written in letters three lines high."""
VERDICT_WIDTH, SMALL_VERDICT_WIDTH = 45, 24
"""Columns of the label in big letters and in plain ones; the scores begin behind it."""
MAX_SCORE_WIDTH = 72
IMAGE_SIZE = 64
IMAGE_LINES = 32
IMAGE_GAP = 10
"""Columns between the two images; the axis labels of the second are among them."""
EVENTS_GAP, MIN_EVENTS, MAX_EVENTS = 3, 26, 56
"""Columns before the list of events, and its smallest and largest width."""

BASE_ROWS = 10
"""Two of the header, four of the verdict, history, level, counters, footer; the message is added to them."""

EXTRAS = (
    ("keys", 1, 4),
    ("trace", 2, 4),
    ("axis", 1, 4),
    ("ticks", 1, 4),
    ("system", 1, 4),
    ("trace", 1, 6),
    ("rule", 1, 8),
    ("trace", 1, 8),
    ("title", 1, 10),
    ("trace", 1, 12),
    ("spacing", 3, 14),
    ("trace", 1, 20),
    ("trace", 2, 28),
)
"""What a taller screen adds, in this order: part, rows, and the rows that the image must keep."""


@dataclasses.dataclass(frozen=True, slots=True)
class RowPlan:
    """How many rows each part gets.

    Attributes
    ----------
    image, trace, keys, axis, ticks, system, rule, title, spacing : int
        ``spacing`` is three empty rows between the parts, or none.
    """

    image: int = 0
    trace: int = 0
    keys: int = 0
    axis: int = 0
    ticks: int = 0
    system: int = 0
    rule: int = 0
    title: int = 0
    spacing: int = 0


def plan(height: int, message_rows: int) -> RowPlan:
    """Return the rows of each part.

    Parameters
    ----------
    height : int
        Lines of the screen.
    message_rows : int
        Lines that the message takes.

    Examples
    --------
    >>> plan(24, 1)
    RowPlan(image=6, trace=3, keys=1, axis=1, ticks=1, system=1, rule=0, title=0, spacing=0)
    """
    free = height - BASE_ROWS - message_rows
    rows = dict.fromkeys((name for name, _, _ in EXTRAS), 0)
    for name, cost, min_image_rows in EXTRAS:
        if free - cost < min_image_rows:
            break  # later parts wait too, so that a taller screen never has less of anything
        rows[name] += cost
        free -= cost
    return RowPlan(image=max(0, min(IMAGE_LINES, free)), **rows)


@dataclasses.dataclass(frozen=True, slots=True)
class Columns:
    """First column and width of a part."""

    column: int
    width: int


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """What is drawn on one screen, and in which columns.

    Attributes
    ----------
    snapshot : Snapshot
    width, height : int
        Of the screen, in cells.
    style : TerminalStyle
    state : DashboardState
    """

    snapshot: Snapshot
    width: int
    height: int
    style: TerminalStyle
    state: DashboardState = EMPTY_STATE

    @property
    def field(self) -> int:
        """Columns that image, trace, history and level share."""
        return self.width - GUTTER - RIGHT + 1

    @property
    def shows_autocorrelation(self) -> bool:
        """Whether there is room for a second image beside the spectrogram."""
        return self.snapshot.start.kind == "heart" and self.field >= 2 * IMAGE_SIZE + IMAGE_GAP

    @property
    def autocorrelation_column(self) -> int:
        """First column of the second image: at the right end, or further left where the events fit behind it."""
        beside = GUTTER + IMAGE_SIZE + IMAGE_GAP + 1
        fits = self.field >= 2 * IMAGE_SIZE + IMAGE_GAP + 1 + EVENTS_GAP + MIN_EVENTS
        return beside if fits else GUTTER + self.field - IMAGE_SIZE

    @property
    def split(self) -> int:
        """The column before the scores: above the second image where there is one."""
        if self.shows_autocorrelation:
            return self.autocorrelation_column - 3
        return VERDICT_WIDTH if self.width >= BIG_WIDTH else SMALL_VERDICT_WIDTH

    @property
    def scores_width(self) -> int:
        """Columns of the scores."""
        return IMAGE_SIZE + 2 if self.shows_autocorrelation else min(self.width - self.split - 2, MAX_SCORE_WIDTH)

    @property
    def events_beside_images(self) -> Columns | None:
        """Columns of the events beside the images; None where there is no room."""
        last = self.autocorrelation_column if self.shows_autocorrelation else GUTTER
        column = last + IMAGE_SIZE + EVENTS_GAP
        return self._events(column, GUTTER + self.field - column)

    @property
    def events_beside_verdict(self) -> Columns | None:
        """Columns of the events between label and scores; None where there is no room, or more beside the images."""
        if self.events_beside_images is not None:
            return None
        return self._events(VERDICT_WIDTH + 1, self.split - VERDICT_WIDTH - 3)

    @staticmethod
    def _events(column: int, room: int) -> Columns | None:
        """Return columns for the events if there is room for them."""
        return Columns(column, min(room, MAX_EVENTS)) if room >= MIN_EVENTS else None

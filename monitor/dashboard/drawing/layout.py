"""Where each part goes on a screen of 60x16 and more: columns, rows, and the time axis that sound and picture share.

Pure values; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import math

from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.state import EMPTY_STATE, DashboardState
from monitor.dashboard.drawing.waveform import TimeAxis, axis_until
from monitor.dashboard.drawing.widgets import GUTTER, RIGHT
from monitor.dashboard.trace import BIN_S
from monitor.messages import Snapshot

__all__ = ["BIG_WIDTH", "IMAGE_LINES", "IMAGE_SIZE", "VERDICT_WIDTH", "Columns", "Layout", "RowPlan", "plan"]

BIG_WIDTH = 78
"""From this width on the label is written in letters three lines high."""
VERDICT_WIDTH, SMALL_VERDICT_WIDTH = 45, 24
"""Columns of the label in big letters and in plain ones; the scores begin behind it."""
MAX_SCORE_WIDTH = 72
IMAGE_SIZE = 64
IMAGE_LINES = 32
MIN_TACHOGRAM_FIELD, MIN_TACHOGRAM_ROWS = 100, 4
"""Columns of the field and rows from which the intervals from beat to beat stand beside the events."""
STEP_S = 0.5
"""The time axis stands still and moves on by at most this."""

BASE_ROWS = 11
"""Two of the header, four of the verdict, three of heart rate and quality, history, footer."""

EXTRAS = (
    ("keys", 1, 4),
    ("events", 1, 4),
    ("trace", 2, 4),
    ("axis", 1, 4),
    ("ticks", 1, 4),
    ("level", 1, 4),
    ("trace", 1, 5),
    ("rule", 1, 6),
    ("events", 1, 6),
    ("trace", 1, 7),
    ("spacing", 2, 8),
    ("events", 2, 9),
    ("trace", 1, 11),
    ("events", 2, 12),
    ("trace", 1, 16),
    ("trace", 1, 20),
    ("events", 2, 22),
    ("trace", 2, 26),
)
"""What a taller screen adds, in this order: part, rows, and the rows that the image must keep."""


@dataclasses.dataclass(frozen=True, slots=True)
class RowPlan:
    """How many rows each part gets.

    Attributes
    ----------
    image, trace, keys, axis, ticks, level, events, rule, spacing : int
        ``spacing`` is two empty rows between the parts, or none.
    """

    image: int = 0
    trace: int = 0
    keys: int = 0
    axis: int = 0
    ticks: int = 0
    level: int = 0
    events: int = 0
    rule: int = 0
    spacing: int = 0


def plan(height: int, message_rows: int) -> RowPlan:
    """Return the rows of each part.

    Parameters
    ----------
    height : int
        Lines of the screen.
    message_rows : int
        Lines of an alert; the image gives them up, so that nothing else moves.

    Examples
    --------
    >>> plan(24, 0)
    RowPlan(image=5, trace=3, keys=1, axis=1, ticks=1, level=1, events=1, rule=0, spacing=0)
    """
    free = height - BASE_ROWS
    rows = dict.fromkeys((name for name, _, _ in EXTRAS), 0)
    for name, cost, min_image_rows in EXTRAS:
        if free - cost < min_image_rows:
            break  # later parts wait too, so that a taller screen never has less of anything
        rows[name] += cost
        free -= cost
    return RowPlan(image=max(0, min(IMAGE_LINES, free) - message_rows), **rows)


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
    def axis(self) -> TimeAxis:
        """The seconds that the field stands for: it moves on with the windows, and the newest sound is on it."""
        start, trace = self.snapshot.start, self.state.trace
        newest_s = self.snapshot.elapsed_s if trace is None else (trace.first_bin + len(trace.low)) * BIN_S
        step_s = start.hop_s / math.ceil(start.hop_s / STEP_S)
        steps = math.ceil((newest_s - start.window_s) / step_s - 1e-6)
        return axis_until(max(0.0, start.window_s + steps * step_s), self.field, self.style)

    @property
    def split(self) -> int:
        """The column before the scores."""
        return VERDICT_WIDTH if self.width >= BIG_WIDTH else SMALL_VERDICT_WIDTH

    @property
    def scores_width(self) -> int:
        """Columns of the scores."""
        return min(self.width - self.split - 2, MAX_SCORE_WIDTH)

    def events(self, rows: int) -> Columns:
        """Return the columns of a list of events of some rows."""
        beside = self.tachogram(rows)
        return Columns(GUTTER, self.field + RIGHT - 2 if beside is None else beside.column - GUTTER - 10)

    def tachogram(self, rows: int) -> Columns | None:
        """Return the columns of the intervals from beat to beat beside the events; None where there is no room."""
        if self.field < MIN_TACHOGRAM_FIELD or rows < MIN_TACHOGRAM_ROWS:
            return None
        width = self.field // 2 - 4
        return Columns(GUTTER + self.field - width, width)

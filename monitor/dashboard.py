"""The dashboard: one frozen snapshot in, one picture of the screen out.

:func:`render` is a pure function and knows no terminal, clock or thread; :mod:`monitor.screen`
shows what it returns. Every number has a fixed column and a fixed width, so nothing moves but
what changed. Labels are told apart by letter as well as by colour. From 60x16 up the whole
dashboard is drawn, below that what matters most
(:mod:`monitor.small_dashboard`).
"""

from __future__ import annotations

import dataclasses
import textwrap

from rich.cells import cell_len

from monitor.frame import Frame, Line, Look, Row
from monitor.graphs import big_letters, clock, fit
from monitor.health import alarm, vital_signs
from monitor.messages import Snapshot
from monitor.panels import (
    AMBER,
    BLUE,
    GUTTER,
    RIGHT,
    YELLOW,
    bar_segments,
    counters_row,
    footer_row,
    history_row,
    level_row,
    message_of,
    rolling_of,
    score_segments,
    verdict_colour,
    verdict_text,
)
from monitor.picture import RHYTHM, SOUND, View, picture_lines, row_marks
from monitor.small_dashboard import small_lines

__all__ = ["render"]

FULL_WIDTH, FULL_HEIGHT = 60, 16
BIG_WIDTH = 78
"""From here on the label stands in letters three lines high."""
VERDICT_WIDTH, SMALL_VERDICT_WIDTH = 45, 24
"""Columns of the label in big letters and in plain ones; the scores begin behind it."""
MAX_SCORE_WIDTH = 72
PICTURE_SIZE = 64
PICTURE_LINES = 32
RHYTHM_GAP = 10
"""Columns between the two pictures, the second one's marks among them."""

LEGEND = {"uncertain": "unsure", "poor-signal": "poor", "no-signal": "silent"}


@dataclasses.dataclass(frozen=True, slots=True)
class _Page:
    """What every part of one frame needs to know."""

    snapshot: Snapshot
    width: int
    height: int
    look: Look
    note: str
    kind: str

    @property
    def field(self) -> int:
        """Columns that picture, history and level share."""
        return self.width - GUTTER - RIGHT + 1

    @property
    def has_two_pictures(self) -> bool:
        """Whether the rhythm finds room beside the sound."""
        return self.kind == "heart" and self.field >= 2 * PICTURE_SIZE + RHYTHM_GAP

    @property
    def split(self) -> int:
        """The column before the scores: over the second picture where there is one."""
        if self.has_two_pictures:
            return GUTTER + self.field - PICTURE_SIZE - 3
        return VERDICT_WIDTH if self.width >= BIG_WIDTH else SMALL_VERDICT_WIDTH

    @property
    def scores_width(self) -> int:
        """Columns of the scores."""
        return PICTURE_SIZE + 2 if self.has_two_pictures else min(self.width - self.split - 2, MAX_SCORE_WIDTH)


def render(
    snapshot: Snapshot,
    width: int,
    height: int,
    *,
    colour: bool = True,
    gradient: bool = True,
    unicode: bool = True,
    note: str = "",
    kind: str = "heart",
) -> Frame:
    """Return the screen that shows a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
    width, height : int
        Cells; the frame has exactly this size. From 20x5 on it says something useful.
    colour : bool
        Whether to use colours at all.
    gradient : bool
        Whether the terminal has 256 colours or more; without them the picture is drawn in shades.
    unicode : bool
        Whether the terminal can show block characters; ASCII otherwise.
    note : str
        A line that the caller wants seen, such as the scene of a demonstration; without one a live input's signs of
        life stand there.
    kind : {"heart", "article"}
        Which front end drew the tensor; see :class:`models.spec.SpectrogramSpec`.

    Returns
    -------
    Frame
        A Rich renderable of ``height`` lines.

    Raises
    ------
    ValueError
        If the screen has no cell.
    """
    if width < 1 or height < 1:
        raise ValueError(f"width={width}, height={height} must be at least 1")
    page = _Page(snapshot, width, height, Look(colour, colour and gradient, unicode), note, kind)
    large = width >= FULL_WIDTH and height >= FULL_HEIGHT
    return Frame(width, tuple(_full(page) if large else small_lines(snapshot, width, height, page.look)))


def _full(page: _Page) -> list[Line]:
    """Return the whole dashboard."""
    room = page.height - 12
    blank = Row(page.width).line()
    has_axis, has_gap, has_title = room >= 10, room >= 12, room >= 14
    air = room >= 18
    message = _message(page)
    lines = min(PICTURE_LINES, room - has_axis - has_gap - has_title - 3 * air - (len(message) - 1))
    rows = [*_header(page), *([blank] if air else []), *_verdict(page), *message, *([blank] if air else [])]
    rows += _pictures(page, lines, has_title, has_axis)
    rows += [blank] if air else []
    rows += [history_row(page.snapshot, page.width, page.look), level_row(page.snapshot.level, page.width, page.look)]
    rows += [counters_row(page.snapshot, page.width, page.look)]
    rows += [blank] * (page.height - len(rows) - 1)
    return [*rows, footer_row(LEGEND, page.width, page.look)]


def _header(page: _Page) -> list[Line]:
    """Return source and time, model and note, and a rule."""
    start, look, width = page.snapshot.start, page.look, page.width
    time = _time_text(page.snapshot)
    source = fit(start.source, max(width - len(time) - GUTTER - 3, 1), unicode=look.unicode)
    first = Row(width).put(1, "auscult", look.ink(dim=True)).put(GUTTER, source, look.ink(bold=True)).right(time)
    said = page.note or vital_signs(page.snapshot)
    note = fit(said, min(cell_len(said), width - 30), unicode=look.unicode)
    settings = _settings_text(page, width - GUTTER - 3 - cell_len(note))
    second = Row(width).put(1, "model", look.ink(dim=True))
    second.put(GUTTER, settings, look.ink(dim=True)).right(note, look.ink(BLUE))
    rule = Row(width).put(1, ("─" if look.unicode else "-") * (width - 2), look.ink(dim=True))
    return [first.line(), second.line(), rule.line()]


def _settings_text(page: _Page, room: int) -> str:
    """Return the model's name and as many of the settings as there is room for."""
    start = page.snapshot.start
    settings = f"{start.window_s:g} s window every {start.hop_s:g} s"
    texts = (f"{start.model}, {settings}, {start.sample_rate} Hz input", f"{start.model}, {settings}", start.model)
    fitting = (text for text in texts if cell_len(text) <= room)
    return fit(next(fitting, start.model), room, unicode=page.look.unicode)


def _time_text(snapshot: Snapshot) -> str:
    """Return position, length and speed, as wide at the end as at the beginning."""
    start = snapshot.start
    speed = "max" if start.speed is None else f"{start.speed:g}x"
    ended = "ended  " if snapshot.finished else ""
    if start.duration_s is None:
        return f"{ended}{clock(snapshot.elapsed_s):>9}  {speed}"
    length = clock(start.duration_s)
    return f"{ended}{clock(snapshot.elapsed_s):>{len(length)}} / {length}  {speed}"


def _verdict(page: _Page) -> list[Line]:
    """Return four rows: the label and how sure it is, beside the scores and the heart rate."""
    style = page.look.ink(verdict_colour(page.snapshot), bold=True)
    scores = score_segments(page.snapshot, page.scores_width, 3, page.look)
    rows = [Row(page.width).put(1, text, style) for text in _label_lines(page, VERDICT_WIDTH - 2)]
    for row, segments in zip(rows, scores, strict=False):
        row.draw(page.split + 1, segments, page.scores_width)
    return [*(row.line() for row in rows), _under_verdict(page)]


def _label_lines(page: _Page, room: int) -> tuple[str, str, str]:
    """Return the label in three lines: in big letters where they can be drawn and fit."""
    text = verdict_text(rolling_of(page.snapshot))
    big = big_letters(text) if page.look.unicode and page.width >= BIG_WIDTH else None
    if big is not None and len(big[0]) <= room:
        return big
    room = min(room, page.split - 2)
    return "", fit(text.upper(), room, unicode=page.look.unicode), ""


def _under_verdict(page: _Page) -> Line:
    """Return how sure the label is, and the heart rate."""
    row, rolling, look = Row(page.width), rolling_of(page.snapshot), page.look
    if rolling.state == "listening":
        start = page.snapshot.start
        room = 24 if page.width >= BIG_WIDTH else 10
        row.draw(1, bar_segments(page.snapshot.elapsed_s / start.window_s, room, AMBER, look), room)
        row.put(0, f" {min(page.snapshot.elapsed_s, start.window_s):4.1f} of {start.window_s:g} s")
    elif rolling.state == "verdict" and rolling.confidence is not None:
        row.put(1, "confidence ", look.ink(dim=True)).put(0, f"{rolling.confidence:4.2f}", look.ink(bold=True))
    else:
        row.put(1, "no label is given", look.ink(dim=True))
    window = page.snapshot.window
    bpm = window.heart_rate_bpm if window else None
    figure = "  - bpm" if bpm is None else f"{bpm:3.0f} bpm"
    row.put(page.split + 3, "heart rate", look.ink(dim=True))
    return row.put(page.split + page.scores_width - 6, figure, look.ink(bold=bpm is not None, dim=bpm is None)).line()


def _message(page: _Page) -> list[Line]:
    """Return what is wrong with a live input, in two lines if need be, or what the newest window was, in one."""
    text, warns = message_of(page.snapshot)
    style = page.look.ink(YELLOW) if warns else page.look.ink(dim=True)
    room = page.width - 2
    texts = [text]
    if cell_len(text) > room and alarm(page.snapshot) is not None:
        first = textwrap.wrap(text, room, max_lines=1, placeholder="")[0]
        texts = [first, text[len(first) :].lstrip()]
    return [Row(page.width).put(1, fit(part, room, unicode=page.look.unicode), style).line() for part in texts]


def _pictures(page: _Page, lines: int, has_title: bool, has_axis: bool) -> list[Line]:
    """Return the network's picture, and the rhythm beside it where there is room."""
    views = [(GUTTER, SOUND)]
    if page.has_two_pictures:
        views.append((GUTTER + page.field - PICTURE_SIZE, RHYTHM))
    rows = [Row(page.width) for _ in range(lines + has_title + has_axis)]
    for column, view in views:
        columns = min(page.field, PICTURE_SIZE)
        if has_title:
            rows[0].put(column, view.title, page.look.ink(dim=True))
        _draw_view(page, rows[has_title : has_title + lines], column, columns, view)
        if has_axis:
            _draw_axis(page, rows[-1], column, columns)
    return [row.line() for row in rows]


def _draw_view(page: _Page, rows: list[Row], column: int, columns: int, view: View) -> None:
    """Draw one channel into rows, with its marks at the left."""
    tensor, look = page.snapshot.tensor, page.look
    drawn: list[Line] = [()] * len(rows)
    if tensor is not None and view.channel < tensor.shape[2]:
        drawn = picture_lines(tensor, view, len(rows), columns, look, page.kind)
    marks = row_marks(view, len(rows)) if page.kind == "heart" else {}
    for number, (row, segments) in enumerate(zip(rows, drawn, strict=True)):
        row.put(column - 8, f"{marks.get(number, ''):>7}", look.ink(dim=True))
        row.draw(column, segments, columns if segments else 0)


def _draw_axis(page: _Page, row: Row, column: int, columns: int) -> None:
    """Write the ends of the time axis under a picture."""
    dim = page.look.ink(dim=True)
    window = page.snapshot.window
    ends = ("", "") if window is None else (f"{window.start_s:.1f} s", f"{window.end_s:.1f} s")
    row.put(column, ends[0], dim).put(column + columns - len(ends[1]), ends[1], dim)

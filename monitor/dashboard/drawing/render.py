"""The dashboard: one frozen snapshot in, one picture of the screen out.

:func:`render` is a pure function and knows no terminal, clock or thread; :mod:`monitor.dashboard.terminal`
shows what it returns. Every number has a fixed column and a fixed width, so nothing moves but
what changed. Labels are told apart by letter as well as by colour. From 60x16 up the whole
dashboard is drawn (:mod:`monitor.dashboard.drawing.layout` says where everything stands), below that what matters
most (:mod:`monitor.dashboard.drawing.compact`).
"""

from __future__ import annotations

import textwrap

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import AMBER, YELLOW, Canvas, Line, Row, TerminalStyle
from monitor.dashboard.drawing.compact import small_lines
from monitor.dashboard.drawing.glyphs import big_letters, fit
from monitor.dashboard.drawing.header import header_rows
from monitor.dashboard.drawing.layout import BIG_WIDTH, VERDICT_WIDTH, Layout, RowPlan, plan
from monitor.dashboard.drawing.spectrogram import draw_events, event_colour, event_text, picture_rows
from monitor.dashboard.drawing.state import NOTHING_MORE, DashboardState
from monitor.dashboard.drawing.status import health_row, help_rows, keys_row
from monitor.dashboard.drawing.waveform import automatic_gain_db, tick_segments, trace_lines
from monitor.dashboard.drawing.widgets import (
    GUTTER,
    bar_segments,
    counters_row,
    early_text,
    footer_row,
    history_row,
    level_row,
    message_of,
    rolling_of,
    score_segments,
    verdict_colour,
    verdict_text,
)
from monitor.messages import Snapshot
from monitor.text.alerts import alarm

__all__ = ["render"]

FULL_WIDTH, FULL_HEIGHT = 60, 16

EARLY_COLUMN, LEAST_SPLIT = 21, 43
"""Where early beats stand behind the confidence, and what room before the scores that takes."""

LEGEND = {"uncertain": "unsure", "poor-signal": "poor", "no-signal": "silent"}


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
    display: DashboardState = NOTHING_MORE,
) -> Canvas:
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
        Which front end drew the tensor; see :class:`monitor.features.spec.SpectrogramSpec`.
    display : DashboardState
        What the drawing thread knows beside the snapshot.

    Returns
    -------
    Canvas
        A Rich renderable of ``height`` lines.

    Raises
    ------
    ValueError
        If the screen has no cell.
    """
    if width < 1 or height < 1:
        raise ValueError(f"width={width}, height={height} must be at least 1")
    layout = Layout(snapshot, width, height, TerminalStyle(colour, colour and gradient, unicode), note, kind, display)
    if width >= FULL_WIDTH and height >= FULL_HEIGHT:
        return Canvas(width, tuple(_full(layout)))
    return Canvas(width, tuple(small_lines(snapshot, width, height, layout.look, display)))


def _full(layout: Layout) -> list[Line]:
    """Return the whole dashboard."""
    message = _message(layout)
    rows = plan(layout.height, len(message))
    top = header_rows(layout)
    below = [keys_row(layout.display.keys, layout.width, layout.look)] if rows.keys else []
    below.append(footer_row(LEGEND, layout.width, layout.look))
    room = layout.height - len(top) - len(below)
    if layout.display.help:
        return [*top, *help_rows(layout.display, room, layout.width, layout.look), *below]
    middle = _middle(layout, rows, message)
    return [*top, *middle, *[Row(layout.width).line()] * (room - len(middle)), *below]


def _middle(layout: Layout, rows: RowPlan, message: list[Line]) -> list[Line]:
    """Return all rows between header and keys."""
    look, width = layout.look, layout.width
    rule = Row(width).put(1, ("─" if look.unicode else "-") * (width - 2), look.ink(dim=True)).line()
    air = [Row(width).line()] if rows.air else []
    lines = [*([rule] if rows.rule else []), *_verdict(layout), *message, *air]
    lines += [*_trace(layout, rows), *picture_rows(layout, rows), *air]
    lines += [history_row(layout.snapshot, width, look), level_row(layout.snapshot.level, width, look)]
    lines.append(counters_row(layout.snapshot, width, look))
    if rows.health:
        lines.append(health_row(layout.snapshot, layout.display.vitals, width, look))
    return lines


def _trace(layout: Layout, plan: RowPlan) -> list[Line]:
    """Return the phonocardiogram: ticks, and the sound below them; empty rows where there is none."""
    trace, look, field = layout.display.trace, layout.look, layout.field
    rows = [Row(layout.width) for _ in range(plan.ticks + plan.trace)]
    if not rows:
        return []
    rows[-1 - plan.trace // 2].put(1, "sound", look.ink(dim=True))
    if trace is not None:
        gain_db = automatic_gain_db(trace.peak) + layout.display.gain_db
        if plan.ticks:
            rows[0].draw(GUTTER, tick_segments(trace, field, look), field)
        for row, line in zip(rows[plan.ticks :], trace_lines(trace, field, plan.trace, gain_db, look), strict=True):
            row.draw(GUTTER, line, field)
        rows[-1 - plan.trace // 2].right(f"{gain_db:+3.0f} dB", look.ink(dim=True))
    return [row.line() for row in rows]


def _verdict(layout: Layout) -> list[Line]:
    """Return four rows: the label and how sure it is, beside the scores and the heart rate."""
    style = layout.look.ink(verdict_colour(layout.snapshot), bold=True)
    scores = score_segments(layout.snapshot, layout.scores_width, 3, layout.look)
    rows = [Row(layout.width).put(1, text, style) for text in _label_lines(layout, VERDICT_WIDTH - 2)]
    if (area := layout.events_beside_verdict) is not None:
        draw_events(layout, rows, area)
    for row, segments in zip(rows, scores, strict=False):
        row.draw(layout.split + 1, segments, layout.scores_width)
    return [*(row.line() for row in rows), _under_verdict(layout)]


def _label_lines(layout: Layout, room: int) -> tuple[str, str, str]:
    """Return the label in three lines: in big letters where they can be drawn and fit."""
    text = verdict_text(rolling_of(layout.snapshot))
    big = big_letters(text) if layout.look.unicode and layout.width >= BIG_WIDTH else None
    if big is not None and len(big[0]) <= room:
        return big
    room = min(room, layout.split - 2)
    return "", fit(text.upper(), room, unicode=layout.look.unicode), ""


def _under_verdict(layout: Layout) -> Line:
    """Return how sure the label is, and the heart rate."""
    row, rolling, look = Row(layout.width), rolling_of(layout.snapshot), layout.look
    if rolling.state == "listening":
        start = layout.snapshot.start
        room = 24 if layout.width >= BIG_WIDTH else 10
        row.draw(1, bar_segments(layout.snapshot.elapsed_s / start.window_s, room, AMBER, look), room)
        row.put(0, f" {min(layout.snapshot.elapsed_s, start.window_s):4.1f} of {start.window_s:g} s")
    elif rolling.state == "verdict" and rolling.confidence is not None:
        row.put(1, "confidence ", look.ink(dim=True)).put(0, f"{rolling.confidence:4.2f}", look.ink(bold=True))
    else:
        row.put(1, "no label is given", look.ink(dim=True))
    window = layout.snapshot.window
    bpm = window.heart_rate_bpm if window else None
    figure = "  - bpm" if bpm is None else f"{bpm:3.0f} bpm"
    if window is not None and rolling.state != "listening" and layout.split >= LEAST_SPLIT:
        heard = bool(window.ectopic.premature)
        row.put(EARLY_COLUMN, early_text(window.ectopic), look.ink(YELLOW) if heard else look.ink(dim=True))
    row.put(layout.split + 3, "heart rate", look.ink(dim=True))
    return row.put(
        layout.split + layout.scores_width - 6, figure, look.ink(bold=bpm is not None, dim=bpm is None)
    ).line()


def _message(layout: Layout) -> list[Line]:
    """Return what is wrong with a live input, in two lines if need be, or what the newest window was, in one."""
    text, warns = message_of(layout.snapshot)
    style = layout.look.ink(YELLOW) if warns else layout.look.ink(dim=True)
    room = layout.width - 2
    texts = [text]
    if cell_len(text) > room and alarm(layout.snapshot) is not None:
        first = textwrap.wrap(text, room, max_lines=1, placeholder="")[0]
        texts = [first, text[len(first) :].lstrip()]
    texts = [fit(part, min(room, cell_len(part)), unicode=layout.look.unicode) for part in texts]
    rows = [Row(layout.width).put(1, part, style) for part in texts]
    _newest_event(layout, rows[-1], room - cell_len(texts[-1]) - 2)
    return [row.line() for row in rows]


def _newest_event(layout: Layout, row: Row, room: int) -> None:
    """Write the newest event at the end of a row where there is no list of them, and room for it."""
    if layout.events_beside_pictures or layout.events_beside_verdict or not layout.display.events:
        return
    newest = layout.display.events[-1]
    text = event_text(newest).lstrip()
    if cell_len(text) <= room:
        style = layout.look.ink(event_colour(layout.snapshot, newest))
        row.right(fit(text, cell_len(text), unicode=layout.look.unicode), style)

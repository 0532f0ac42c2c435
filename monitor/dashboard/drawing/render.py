"""The dashboard: a frozen snapshot in, a canvas of the screen out.

:func:`render` is a pure function and knows no terminal, clock or thread; :mod:`monitor.dashboard.terminal`
shows what it returns. Every number has a fixed column and a fixed width, so only what changed moves. Labels differ
in letter as well as in colour. From 60x16 up the whole dashboard is drawn (:mod:`monitor.dashboard.drawing.layout`
decides where each part goes), below that only what matters most (:mod:`monitor.dashboard.drawing.compact`).
"""

from __future__ import annotations

import dataclasses
import textwrap

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import AMBER, FULL_STYLE, YELLOW, Canvas, Line, Row, TerminalStyle
from monitor.dashboard.drawing.compact import compact_lines
from monitor.dashboard.drawing.glyphs import big_letters, fit
from monitor.dashboard.drawing.header import header_rows
from monitor.dashboard.drawing.layout import BIG_WIDTH, VERDICT_WIDTH, Layout, RowPlan, plan
from monitor.dashboard.drawing.spectrogram import event_colour, event_text, image_rows, put_events
from monitor.dashboard.drawing.state import EMPTY_STATE, DashboardState
from monitor.dashboard.drawing.status import help_rows, keys_row, prompt_row, system_row
from monitor.dashboard.drawing.timeline import review_plan, timeline_rows
from monitor.dashboard.drawing.waveform import automatic_gain_db, tick_segments, ticked, trace_lines
from monitor.dashboard.drawing.widgets import (
    GUTTER,
    bar_segments,
    counters_row,
    ectopic_text,
    footer_row,
    history_row,
    level_row,
    rolling_verdict,
    score_segments,
    status_message,
    verdict_colour,
    verdict_text,
)
from monitor.messages import Snapshot
from monitor.output import printable
from monitor.text.alerts import first_alert
from monitor.text.shown import missing_text, shown_score

__all__ = ["redraw_trace", "render"]

FULL_WIDTH, FULL_HEIGHT = 60, 16
MIN_ECG_HEIGHT, TALL = 20, 34
"""Lines of the screen from which an electrocardiogram is drawn in two rows, and in three."""

ECTOPIC_COLUMN, MIN_SPLIT = 21, 43
"""Column of the early beats, to the right of the label's score, and the room before the scores that they need."""

LEGEND = {"uncertain": "unsure", "poor-signal": "poor", "no-signal": "silent"}


def render(
    snapshot: Snapshot,
    width: int,
    height: int,
    style: TerminalStyle = FULL_STYLE,
    state: DashboardState = EMPTY_STATE,
) -> Canvas:
    """Return the screen for a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
        The note stands in the header; without one the status of a live input stands there.
    width, height : int
        Cells; the canvas has exactly this size. From 20x5 on it shows something useful.
    style : TerminalStyle
        What the terminal can show.
    state : DashboardState
        What the drawing thread adds to the snapshot.

    Returns
    -------
    Canvas
        A Rich renderable of ``height`` lines.

    Raises
    ------
    ValueError
        If width or height is below 1.
    """
    if width < 1 or height < 1:
        raise ValueError(f"width={width}, height={height} must be at least 1")
    layout = Layout(snapshot, width, height, style, state)
    if width >= FULL_WIDTH and height >= FULL_HEIGHT:
        return _full_canvas(layout)
    return Canvas(width, tuple(compact_lines(layout)))


def redraw_trace(canvas: Canvas, snapshot: Snapshot, style: TerminalStyle, state: DashboardState) -> Canvas:
    """Return a screen with another trace; the rest stays. Costs a third of a whole screen.

    Parameters
    ----------
    canvas : Canvas
        From :func:`render`; returned as it is where it has no ``trace_rows``.
    snapshot : Snapshot
    style : TerminalStyle
    state : DashboardState
        With the trace.
    """
    first, ticks, height = canvas.trace_rows
    if not height:
        return canvas
    layout = Layout(snapshot, canvas.width, len(canvas.lines), style, state)
    trace = _trace(layout, ticks, height)
    lines = (*canvas.lines[:first], *trace, *canvas.lines[first + len(trace) :])
    return dataclasses.replace(canvas, lines=lines)


def _full_canvas(layout: Layout) -> Canvas:
    """Return the whole dashboard."""
    message = _message(layout)
    rows = (plan if layout.state.timeline is None else review_plan)(layout.height - _ecg_rows(layout), len(message))
    top = header_rows(layout)
    below = [keys_row(layout.state.keys, layout.width, layout.style)] if rows.keys else []
    below.append(footer_row(LEGEND, layout.width, layout.style))
    if layout.state.prompt:
        below[0] = prompt_row(layout.state.prompt, layout.width, layout.style)
    room = layout.height - len(top) - len(below)
    if layout.state.help:
        help_page = help_rows(layout.state, room, layout.width, layout.style)
        return Canvas(layout.width, (*top, *help_page, *below))
    if layout.state.timeline is not None:
        lines = [*top, *_review_lines(layout, rows, message)]
        return Canvas(layout.width, (*lines, *_blank(layout, len(lines) + len(below)), *below))
    upper = [*top, *_upper_lines(layout, rows, message)]
    trace = _trace(layout, rows.ticks, rows.trace)
    lines = [*upper, *trace, *_lower_lines(layout, rows)]
    filled = (*lines, *_blank(layout, len(lines) + len(below)), *below)
    return Canvas(layout.width, filled, (len(upper), rows.ticks, rows.trace))


def _blank(layout: Layout, used: int) -> list[Line]:
    """Return the empty rows of a screen of which so many are used."""
    return [Row(layout.width).line()] * (layout.height - used)


def _upper_lines(layout: Layout, rows: RowPlan, message: list[Line]) -> list[Line]:
    """Return the rows between header and trace."""
    style, width = layout.style, layout.width
    rule = Row(width).put(1, ("─" if style.unicode else "-") * (width - 2), style.ink(dim=True)).line()
    spacing = [Row(width).line()] if rows.spacing else []
    return [*([rule] if rows.rule else []), *_verdict(layout), *message, *spacing]


def _lower_lines(layout: Layout, rows: RowPlan) -> list[Line]:
    """Return the rows between trace and keys."""
    style, width = layout.style, layout.width
    spacing = [Row(width).line()] if rows.spacing else []
    lines = [*_ecg(layout), *image_rows(layout, rows), *spacing]
    lines += [history_row(layout.snapshot, width, style), level_row(layout.snapshot.level, width, style)]
    lines.append(counters_row(layout.snapshot, width, style))
    if rows.system:
        lines.append(system_row(layout.snapshot, layout.state.stats, width, style))
    return lines


def _review_lines(layout: Layout, rows: RowPlan, message: list[Line]) -> list[Line]:
    """Return all rows between header and keys of a recording that is reviewed."""
    view = layout.state.timeline
    axis = [] if view is None else timeline_rows(layout, view, rows.trace)
    return [*_verdict(layout), *message, *axis, *(image_rows(layout, rows) if rows.image else [])]


def _trace(layout: Layout, ticks: int, height: int) -> list[Line]:
    """Return the phonocardiogram: ticks above the waveform; empty rows without a waveform."""
    trace, style, field = layout.state.trace, layout.style, layout.field
    rows = [Row(layout.width) for _ in range(ticks + height)]
    if not rows:
        return []
    rows[-1 - height // 2].put(1, "sound", style.ink(dim=True))
    if trace is not None:
        gain_db = automatic_gain_db(trace.peak) + layout.state.gain_db
        if ticks:
            rows[0].draw(GUTTER, tick_segments(trace, field, style), field)
        for row, line in zip(rows[ticks:], trace_lines(trace, field, height, gain_db, style), strict=True):
            row.draw(GUTTER, line, field)
        rows[-1 - height // 2].right(f"{gain_db:+3.0f} dB", style.ink(dim=True))
    return [row.line() for row in rows]


def _ecg_rows(layout: Layout) -> int:
    """Return how many rows an electrocardiogram gets: none without one."""
    if layout.state.ecg is None or layout.height < MIN_ECG_HEIGHT:
        return 0
    return 3 if layout.height >= TALL else 2


def _ecg(layout: Layout) -> list[Line]:
    """Return the electrocardiogram, below the sound and on the same time axis, with a tick at each R peak."""
    count, style, field = _ecg_rows(layout), layout.style, layout.field
    if layout.state.ecg is None or not count:
        return []
    trace, rows = layout.state.ecg.centred(), [Row(layout.width) for _ in range(count)]
    lines = trace_lines(trace, field, count, automatic_gain_db(trace.peak), style)
    lines[0] = ticked(lines[0], trace, field, style)
    rows[-1 - count // 2].put(1, "ECG", style.ink(dim=True))
    for row, line in zip(rows, lines, strict=True):
        row.draw(GUTTER, line, field)
    return [row.line() for row in rows]


def _verdict(layout: Layout) -> list[Line]:
    """Return four rows: label and its score on the left, all scores and heart rate on the right."""
    ink = layout.style.ink(verdict_colour(layout.snapshot), bold=True)
    scores = score_segments(layout.snapshot, layout.scores_width, 3, layout.style)
    rows = [Row(layout.width).put(1, text, ink) for text in _label_lines(layout, VERDICT_WIDTH - 2)]
    if (events := layout.events_beside_verdict) is not None:
        put_events(layout, rows, events)
    for row, segments in zip(rows, scores, strict=False):
        row.draw(layout.split + 1, segments, layout.scores_width)
    return [*(row.line() for row in rows), _under_verdict(layout)]


def _label_lines(layout: Layout, room: int) -> tuple[str, str, str]:
    """Return the label in three lines: in big letters where the terminal has them and they fit."""
    text = verdict_text(rolling_verdict(layout.snapshot))
    big = big_letters(text) if layout.style.unicode and layout.width >= BIG_WIDTH else None
    if big is not None and len(big[0]) <= room:
        return big
    room = min(room, layout.split - 2)
    return "", fit(text.upper(), room, unicode=layout.style.unicode), ""


def _under_verdict(layout: Layout) -> Line:
    """Return the label's score, early beats and heart rate; the progress of the first window before it is full."""
    row, rolling, style = Row(layout.width), rolling_verdict(layout.snapshot), layout.style
    score = shown_score(rolling)
    if rolling.state == "listening":
        start = layout.snapshot.start
        room = 24 if layout.width >= BIG_WIDTH else 10
        elapsed_s, site = layout.snapshot.elapsed_s, layout.snapshot.site
        heard_s = min(elapsed_s - (site.at_s if site else 0.0), elapsed_s + layout.state.shift_s)
        row.draw(1, bar_segments(max(0.0, heard_s) / start.window_s, room, AMBER, style), room)
        row.put(0, f" {min(max(0.0, heard_s), start.window_s):4.1f} of {start.window_s:g} s")
    elif rolling.state == "verdict" and score is not None:
        row.put(1, "acoustic score ", style.ink(dim=True)).put(0, f"{score:4.2f}", style.ink(bold=True))
    else:
        row.put(1, missing_text(rolling, layout.snapshot.start.acoustic_thresholds), style.ink(dim=True))
    window = layout.snapshot.window
    bpm = window.heart_rate_bpm if window else None
    rate = "  - bpm" if bpm is None else f"{bpm:3.0f} bpm"
    if window is not None and rolling.state != "listening" and layout.split >= MIN_SPLIT:
        ink = style.ink(YELLOW) if window.ectopic.detected else style.ink(dim=True)
        row.put(ECTOPIC_COLUMN, ectopic_text(window.ectopic), ink)
    row.put(layout.split + 3, "heart rate", style.ink(dim=True))
    return row.put(
        layout.split + layout.scores_width - 6, rate, style.ink(bold=bpm is not None, dim=bpm is None)
    ).line()


def _message(layout: Layout) -> list[Line]:
    """Return the message: an alert, in two lines if necessary, or one line on the newest window."""
    notice = layout.state.notice
    text, warns = (printable(notice), True) if notice else status_message(layout.snapshot)
    ink = layout.style.ink(YELLOW) if warns else layout.style.ink(dim=True)
    room = layout.width - 2
    texts = [text]
    if cell_len(text) > room and (notice or first_alert(layout.snapshot) is not None):
        first = textwrap.wrap(text, room, max_lines=1, placeholder="")[0]
        texts = [first, text[len(first) :].lstrip()]
    texts = [fit(part, min(room, cell_len(part)), unicode=layout.style.unicode) for part in texts]
    rows = [Row(layout.width).put(1, part, ink) for part in texts]
    _newest_event(layout, rows[-1], room - cell_len(texts[-1]) - 2)
    return [row.line() for row in rows]


def _newest_event(layout: Layout, row: Row, room: int) -> None:
    """Write the newest event at the end of a row if no list of events is shown and there is room."""
    if layout.events_beside_images or layout.events_beside_verdict or not layout.state.events:
        return
    newest = layout.state.events[-1]
    text = event_text(newest).lstrip()
    if cell_len(text) <= room:
        ink = layout.style.ink(event_colour(layout.snapshot, newest))
        row.right(fit(text, cell_len(text), unicode=layout.style.unicode), ink)

"""The dashboard: a frozen snapshot in, a canvas of the screen out.

:func:`render` is a pure function and knows no terminal, clock or thread; :mod:`monitor.dashboard.terminal`
shows what it returns. Every number has a fixed column and a fixed width, so only what changed moves. Labels differ
in letter as well as in colour. From 60x16 up the whole dashboard is drawn (:mod:`monitor.dashboard.drawing.layout`
decides where each part goes), below that only what matters most (:mod:`monitor.dashboard.drawing.compact`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from rich.cells import cell_len
from rich.style import Style

from monitor.dashboard.drawing.canvas import (
    AMBER,
    FULL_STYLE,
    RED,
    YELLOW,
    Canvas,
    Line,
    Picture,
    Row,
    TerminalStyle,
)
from monitor.dashboard.drawing.compact import compact_lines
from monitor.dashboard.drawing.glyphs import big_letters, clock, fit, fit_words
from monitor.dashboard.drawing.header import header_rows
from monitor.dashboard.drawing.layout import BIG_WIDTH, VERDICT_WIDTH, Layout, RowPlan, plan
from monitor.dashboard.drawing.spectrogram import image_rows, spectrogram_picture, window_image_rows
from monitor.dashboard.drawing.state import EMPTY_STATE, DashboardState
from monitor.dashboard.drawing.status import details_rows, event_colour, event_rows, help_rows, keys_row, prompt_row
from monitor.dashboard.drawing.timeline import review_plan, timeline_rows
from monitor.dashboard.drawing.vitals import long_advice, vitals_rows
from monitor.dashboard.drawing.waveform import (
    TracePicture,
    automatic_gain_db,
    tick_segments,
    ticked,
    trace_lines,
)
from monitor.dashboard.drawing.widgets import (
    GUTTER,
    bar_segments,
    ectopic_text,
    footer_row,
    headline,
    history_row,
    level_row,
    rolling_verdict,
    score_segments,
    status_message,
    verdict_colour,
    without_quality,
)
from monitor.messages import Snapshot
from monitor.output import printable
from monitor.text.alerts import first_alert, health, input_lost
from monitor.text.label_details import label_details
from monitor.text.shown import sure_texts

__all__ = ["redraw_trace", "render"]

FULL_WIDTH, FULL_HEIGHT = 60, 16
MIN_ECG_HEIGHT, TALL = 20, 34
"""Lines of the screen from which an electrocardiogram is drawn in two rows, and in three."""

ECTOPIC_COLUMN, MIN_SPLIT = 21, 43
"""Column of the early beats of a review, to the right of the label's score, and the room before the scores that they
need."""


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
    reviews = layout.state.timeline is not None
    message = _review_message(layout) if reviews else _message(layout)
    rows = (review_plan if reviews else plan)(layout.height - _ecg_rows(layout), len(message))
    top, below = header_rows(layout), _bottom_lines(layout, rows)
    room = layout.height - len(top) - len(below)
    if layout.state.help:
        labels = layout.snapshot.start.labels
        help_page = help_rows(layout.state, room, layout.width, layout.style, labels)
        return Canvas(layout.width, (*top, *help_page, *below))
    if reviews:
        lines = [*top, *_review_lines(layout, rows, message)]
        return Canvas(layout.width, (*lines, *_blank(layout, len(lines) + len(below)), *below))
    upper = [*top, *_upper_lines(layout, rows, message)]
    if layout.state.details:
        return Canvas(layout.width, (*upper, *details_rows(layout, layout.height - len(upper) - len(below)), *below))
    trace = _trace(layout, rows.ticks, rows.trace)
    lines = [*upper, *trace, *_lower_lines(layout, rows)]
    filled = (*lines, *_blank(layout, len(lines) + len(below)), *below)
    pictures = tuple(_pictures(layout, rows, len(upper))) if layout.style.pictures else ()
    return Canvas(layout.width, filled, (len(upper), rows.ticks, rows.trace), pictures)


def _pictures(layout: Layout, rows: RowPlan, first: int) -> Iterator[Picture]:
    """Yield what is shown sharp: the trace, unless it follows what somebody hears, and the spectrogram.

    Parameters
    ----------
    layout : Layout
    rows : RowPlan
    first : int
        Row of the ticks, or of the trace without them.
    """
    trace, playback = layout.state.trace, layout.snapshot.playback
    heard = playback is not None and playback.state == "playing"
    if rows.trace and trace is not None and len(trace.low) and not heard:
        content = TracePicture(trace, layout.axis, automatic_gain_db(trace.peak) + layout.state.gain_db)
        yield Picture(first + rows.ticks, GUTTER, rows.trace, layout.field, content)
    spectrogram = spectrogram_picture(layout)
    if rows.image > 0 and spectrogram is not None:
        top = first + rows.ticks + rows.trace + _ecg_rows(layout)
        yield Picture(top, GUTTER, rows.image, layout.field, spectrogram)


def _blank(layout: Layout, used: int) -> list[Line]:
    """Return the empty rows of a screen of which so many are used."""
    return [Row(layout.width).line()] * (layout.height - used)


def _bottom_lines(layout: Layout, rows: RowPlan) -> list[Line]:
    """Return the last rows: keys or what is being typed, then the disclaimer and how the program fares."""
    width, style = layout.width, layout.style
    reviews = layout.state.timeline is not None
    fares = ("", False) if reviews else health(layout.snapshot, layout.state.stats.display_p50_ms)
    below = [keys_row(layout.state.keys, width, style)] if rows.keys else []
    below.append(footer_row(width, style, fares, served=layout.snapshot.served, margin=1))
    if layout.state.prompt:
        below[0] = prompt_row(layout.state.prompt, width, style)
    return below


def _upper_lines(layout: Layout, rows: RowPlan, message: list[Line]) -> list[Line]:
    """Return the rows between header and trace: verdict, heart rate and quality, an alert."""
    style, width = layout.style, layout.width
    rule = Row(width).put(1, ("─" if style.unicode else "-") * (width - 2), style.ink(dim=True)).line()
    spacing = [Row(width).line()] if rows.spacing else []
    return [*([rule] if rows.rule else []), *_verdict(layout), *message, *vitals_rows(layout), *spacing]


def _lower_lines(layout: Layout, rows: RowPlan) -> list[Line]:
    """Return the rows between trace and keys."""
    style, width = layout.style, layout.width
    spacing = [Row(width).line()] if rows.spacing else []
    lines = [*_ecg(layout), *image_rows(layout, rows)]
    if rows.level:
        lines.append(level_row(layout.snapshot.level, width, style))
    return [*lines, history_row(layout.snapshot, width, style), *spacing, *event_rows(layout, rows.events)]


def _review_lines(layout: Layout, rows: RowPlan, message: list[Line]) -> list[Line]:
    """Return all rows between header and keys of a recording that is reviewed."""
    view = layout.state.timeline
    axis = [] if view is None else timeline_rows(layout, view, rows.trace)
    return [*_verdict(layout), *message, *axis, *(window_image_rows(layout, rows) if rows.image else [])]


def _trace(layout: Layout, ticks: int, height: int) -> list[Line]:
    """Return the phonocardiogram: ticks above the waveform; why there is none without a waveform."""
    trace, style, field = layout.state.trace, layout.style, layout.field
    rows = [Row(layout.width) for _ in range(ticks + height)]
    if not rows:
        return []
    middle, axis = rows[-1 - height // 2], layout.axis
    middle.put(1, "sound", style.ink(dim=True))
    if trace is not None and len(trace.low):
        gain_db = automatic_gain_db(trace.peak) + layout.state.gain_db
        if ticks:
            rows[0].draw(GUTTER, tick_segments(trace.ticks, axis, style), field)
        for row, line in zip(rows[ticks:], trace_lines(trace, field, height, gain_db, style, axis), strict=True):
            row.draw(GUTTER, line, field)
        middle.right(f"{gain_db:+3.0f} dB", style.ink(dim=True))
    else:
        middle.put(GUTTER + 1, "no sound has arrived yet", style.ink(dim=True))
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
    trace, axis, rows = layout.state.ecg.centred(), layout.axis, [Row(layout.width) for _ in range(count)]
    lines = trace_lines(trace, field, count, automatic_gain_db(trace.peak), style, axis)
    lines[0] = ticked(lines[0], trace, axis, style)
    rows[-1 - count // 2].put(1, "ECG", style.ink(dim=True))
    for row, line in zip(rows, lines, strict=True):
        row.draw(GUTTER, line, field)
    return [row.line() for row in rows]


def _verdict(layout: Layout) -> list[Line]:
    """Return four rows: the label on the left and all scores on the right, then how sure it is or why there is none."""
    ink = layout.style.ink(verdict_colour(layout.snapshot), bold=True)
    scores = score_segments(layout.snapshot, layout.scores_width, 3, layout.style)
    rows = [Row(layout.width).put(1, text, ink) for text in _label_lines(layout, VERDICT_WIDTH - 2)]
    for row, segments in zip(rows, scores, strict=False):
        row.draw(layout.split + 1, segments, layout.scores_width)
    return [*(row.line() for row in rows), _under_verdict(layout)]


def _label_lines(layout: Layout, room: int) -> tuple[str, str, str]:
    """Return the label in three lines: in big letters where the terminal has them and they fit."""
    text = headline(layout.snapshot)
    big = big_letters(text) if layout.style.unicode and layout.width >= BIG_WIDTH else None
    if big is not None and len(big[0]) <= room:
        return big
    room = min(room, layout.split - 2)
    return "", fit(text.upper(), room, unicode=layout.style.unicode), ""


def _under_verdict(layout: Layout) -> Line:
    """Return how sure the label is, or why there is none; the progress of the first window before it is full."""
    row = Row(layout.width)
    reviews = layout.state.timeline is not None
    if rolling_verdict(layout.snapshot).state == "listening":
        _put_progress(layout, row)
    else:
        room = layout.split + 1 if reviews else layout.width - 2
        beside = cell_len(_early_beats(layout)) + 2 if reviews and _early_beats(layout) else 0
        texts = _sure_parts(layout)
        fitting = [parts for parts in texts if sum(cell_len(text) for text, _ in parts) <= room]
        short = (parts for parts in fitting if sum(cell_len(text) for text, _ in parts) <= room - beside)
        row.put(1, "")
        for text, ink in next(short, (fitting or texts[-1:])[0]):
            row.put(0, text, ink)
    return _with_rate(layout, row) if reviews else row.line()


def _sure_parts(layout: Layout) -> list[list[tuple[str, Style]]]:
    """Return how sure the label is, or why there is none, in fewer and fewer words."""
    rolling, style, start = rolling_verdict(layout.snapshot), layout.style, layout.snapshot.start
    if input_lost(layout.snapshot):
        return [[("no label: no sound arrives", style.ink(YELLOW))]]
    texts = sure_texts(rolling, start.acoustic_thresholds)
    said, heard, rest = texts[0].partition("acoustic score ")
    if said or not rest:
        ink = style.ink() if rolling.state == "uncertain" else style.ink(YELLOW)
        return [[(text, ink)] for text in texts[layout.state.timeline is not None :]]
    number, _, more = rest.partition(";")
    strong, dim = style.ink(bold=True), style.ink(dim=True)
    details = ("".join(f"{words}  " for words in label_details(rolling)), strong)
    parts = [[details, (heard, dim), (number, strong)], [details, (number, strong)], [(details[0].rstrip(), strong)]]
    parts += [[(words, strong)] for words in label_details(rolling)]
    needs = [*parts[0], (f";{more}", dim)]
    return [needs, *parts] if more and layout.state.timeline is None else parts


def _put_progress(layout: Layout, row: Row) -> None:
    """Write how much of the first window is heard."""
    start, style = layout.snapshot.start, layout.style
    room = 24 if layout.width >= BIG_WIDTH else 10
    elapsed_s, site = layout.snapshot.elapsed_s, layout.snapshot.site
    heard_s = max(0.0, min(elapsed_s - (site.at_s if site else 0.0), elapsed_s + layout.state.shift_s))
    row.draw(1, bar_segments(heard_s / start.window_s, room, AMBER, style), room)
    row.put(0, f" {min(heard_s, start.window_s):4.1f} of {start.window_s:g} s")


def _with_rate(layout: Layout, row: Row) -> Line:
    """Return the row below the label of a review, with early beats and heart rate."""
    window, style, early = layout.snapshot.window, layout.style, _early_beats(layout)
    bpm = window.heart_rate_bpm if window else None
    column = max(ECTOPIC_COLUMN, row.cells + 2)
    if window is not None and column + cell_len(early) <= layout.split + 2:
        ink = style.ink(YELLOW) if window.ectopic.detected else style.ink(dim=True)
        row.put(column, early, ink)
    row.put(layout.split + 3, "heart rate", style.ink(dim=True))
    rate = "  - bpm" if bpm is None else f"{bpm:3.0f} bpm"
    return row.put(
        layout.split + layout.scores_width - 6, rate, style.ink(bold=bpm is not None, dim=bpm is None)
    ).line()


def _early_beats(layout: Layout) -> str:
    """Return how many early beats there are; empty without any number, or where the screen is too narrow for it."""
    window = layout.snapshot.window
    return "" if window is None or layout.split < MIN_SPLIT else ectopic_text(window.ectopic)


def _message(layout: Layout) -> list[Line]:
    """Return what a person must know now, in two lines if necessary: a notice, an alert; nothing while all is well."""
    text, alert = printable(layout.state.notice), first_alert(layout.snapshot)
    ink = layout.style.ink(AMBER, bold=True)
    if not text and alert is not None:
        text, ink = printable(alert), layout.style.ink(RED, bold=True)
    elif not text:
        text, ink = long_advice(layout), layout.style.ink(YELLOW)
    lines = fit_words(text, layout.width - 2, 2, unicode=layout.style.unicode)
    return [Row(layout.width).put(1, line, ink).line() for line in lines]


def _review_message(layout: Layout) -> list[Line]:
    """Return the message of a review: a notice, or what is said of the window at the cursor, and the newest event.

    It takes a second line only where it does not fit one, also without the number of the quality.
    """
    notice = printable(layout.state.notice)
    text, warns = (notice, True) if notice else status_message(layout.snapshot)
    style, room = layout.style, layout.width - 2
    if cell_len(text) > room:
        text = text if notice else without_quality(text)
    lines = fit_words(text, room, 2, unicode=style.unicode) or [""]
    rows = [Row(layout.width).put(1, line, style.ink(YELLOW) if warns else style.ink(dim=True)) for line in lines]
    if layout.state.events:
        newest = layout.state.events[-1]
        event = f"{clock(newest.at_s)}  {printable(newest.text)}"
        if cell_len(event) <= room - cell_len(lines[-1]) - 2:
            ink = style.ink(event_colour(layout.snapshot, newest))
            rows[-1].right(fit(event, cell_len(event), unicode=style.unicode), ink)
    return [row.line() for row in rows]

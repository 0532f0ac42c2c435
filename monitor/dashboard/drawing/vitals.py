"""Heart rate with its trend, signal quality with the advice, and the intervals from beat to beat.

Every blank says why. Pure functions; safe on any thread.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from rich.segment import Segment

from monitor.dashboard.drawing.canvas import GREEN, RED, TEAL, YELLOW, Line, Row
from monitor.dashboard.drawing.glyphs import big_letters, fit_words, sparkline
from monitor.dashboard.drawing.layout import BIG_WIDTH, Columns, Layout
from monitor.dashboard.drawing.waveform import wave_lines
from monitor.dashboard.drawing.widgets import bar_segments, ectopic_text, score_columns
from monitor.messages import WindowEvent
from monitor.output import printable
from monitor.text.alerts import input_lost
from monitor.text.shown import no_rate_text

__all__ = ["intervals_text", "long_advice", "put_tachogram", "quality_advice", "rate_text", "vitals_rows"]

RATE_COLUMN = 14
"""Of what stands beside three large digits."""
RATE_BIN_S = 5.0
"""Seconds of one heart rate of the trend."""
MIN_RATE_RANGE = 20.0
"""Beats per minute between the lowest and the highest sign of a trend: a steady heart draws a level line."""
WRONG_QUALITY, FAIR_QUALITY = 0.3, 0.6
"""Signal quality below which its bar is red, and yellow."""

ADVICE_ROWS = 2

MIN_INTERVAL_S, MAX_INTERVAL_S = 60.0 / 300.0, 60.0 / 25.0
"""Seconds; no shorter one is of a heart, and a longer one holds a beat that was not found."""
INTERVAL_RANGE = 0.5
"""Of the median interval: how far up and down a tachogram reaches."""


def vitals_rows(layout: Layout) -> list[Line]:
    """Return three rows: heart rate and its trend on the left, quality and advice on the right."""
    rows = [Row(layout.width) for _ in range(3)]
    _put_rate(layout, rows)
    _put_quality(layout, rows)
    return [row.line() for row in rows]


def rate_text(layout: Layout) -> tuple[str, str]:
    """Return the heart rate, empty where there is none, and then why there is none."""
    window = layout.snapshot.window
    if input_lost(layout.snapshot):
        return "", "the device is lost"
    bpm = None if window is None else window.heart_rate_bpm
    return ("" if bpm is None else f"{bpm:.0f}"), no_rate_text(window)


def _put_rate(layout: Layout, rows: list[Row]) -> None:
    """Write heart rate, early beats, trend and range, or why there is none."""
    style, wide = layout.style, layout.width >= BIG_WIDTH
    rate, why = rate_text(layout)
    big = big_letters(f"{rate:>3}") if style.unicode and rate else None
    if not rate:
        rows[0].put(1, "no heart rate yet" if layout.snapshot.window is None else "no heart rate", style.ink(bold=True))
        room = layout.split - 2
        texts = fit_words(why, room, 2 if not layout.state.rates or not wide else 1, unicode=style.unicode)
        for row, text in zip(rows[1:], texts, strict=False):
            row.put(1, text, style.ink(dim=True))
        if wide and layout.state.rates and len(texts) < 2:
            rows[2].put(1, _range_text(layout.state.rates), style.ink(dim=True))
        return
    for row, line in zip(rows, big or (rate, "", ""), strict=True):
        row.put(1, line.rjust(12) if big else line, style.ink(bold=True))
    column, room = (RATE_COLUMN, layout.split - RATE_COLUMN - 1) if big else (len(rate) + 2, layout.split - 7)
    rows[0].put(column, "bpm", style.ink(bold=True))
    window = layout.snapshot.window
    if window is not None and len(early := ectopic_text(window.ectopic)) + 5 <= room:
        rows[0].put(column + 5, early, style.ink(YELLOW) if window.ectopic.detected else style.ink(dim=True))
    rows[1].put(column, _trend(layout, room), style.ink(TEAL))
    text = _range_text(layout.state.rates)
    short = text.removeprefix("heart rate ").partition(" in ")[0]
    ranges = (text, short, short.replace(" to ", "-"))  # never cut: 100 to 110 would be 100 to 11
    rows[2].put(column, next((one for one in ranges if len(one) <= room), ""), style.ink(dim=True))


def _trend(layout: Layout, width: int) -> str:
    """Return the heart rate of the last minutes, the newest at the right; a space where there was none."""
    rates = layout.state.rates
    if not rates:
        return ""
    low, high = min(bpm for _, bpm in rates), max(bpm for _, bpm in rates)
    margin = max(0.0, MIN_RATE_RANGE - (high - low)) / 2
    by_bin = {math.floor(at_s / RATE_BIN_S): bpm for at_s, bpm in rates}
    newest = max(by_bin)
    per_cell = max(1, math.ceil((newest - min(by_bin) + 1) / width))
    values = []
    for cell in range(width - 1, -1, -1):
        last = newest - cell * per_cell
        inside = [by_bin[at] for at in range(last - per_cell + 1, last + 1) if at in by_bin]
        values.append(sum(inside) / len(inside) if inside else None)
    return sparkline(values, low - margin, high + margin, unicode=layout.style.unicode)


def _range_text(rates: tuple[tuple[float, float], ...]) -> str:
    """Return the range of the heart rate, and over how long it was followed."""
    if not rates:
        return "heart rate"
    low, high = (round(pick(bpm for _, bpm in rates)) for pick in (min, max))
    seconds = round((rates[-1][0] - rates[0][0]) + RATE_BIN_S)
    span = f"{seconds} s" if seconds < 60 else f"{round(seconds / 60)} min"
    return f"heart rate {low}{'' if low == high else f' to {high}'} in {span}"


def quality_advice(layout: Layout) -> tuple[str, bool]:
    """Return what to do about the signal, or that nothing needs doing, and whether it is a warning."""
    window, window_s = layout.snapshot.window, layout.snapshot.start.window_s
    if input_lost(layout.snapshot):
        return "no sound arrives", True
    if window is None:
        return f"the first verdict needs {window_s:g} s of sound", False
    short = "; short clip, looped" if window.short else ""
    if window.gap:
        return f"sound was lost here, so no label is given{short}", True
    if window.quality.reason is not None:
        return printable(f"{window.quality.reason}{short}"), True
    return f"good enough to judge{short}", False


def long_advice(layout: Layout) -> str:
    """Return the advice where it has no room beside the heart rate; empty where it has."""
    advice, room = quality_advice(layout)[0], layout.width - layout.split - 4
    return advice if len(fit_words(advice, room, 3)) > ADVICE_ROWS else ""


def _put_quality(layout: Layout, rows: list[Row]) -> None:
    """Write the quality of the newest window as a bar, and the advice below it."""
    style, window = layout.style, layout.snapshot.window
    known: WindowEvent | None = None if window is None or window.gap or input_lost(layout.snapshot) else window
    name_width, bar_width = score_columns(layout.snapshot, layout.scores_width)
    rows[0].put(layout.split + 3, f"{'quality':<{name_width}}"[:name_width], style.ink(dim=True))
    score = 0.0 if known is None else known.quality.score
    colour = RED if score < WRONG_QUALITY else YELLOW if score < FAIR_QUALITY else GREEN
    rows[0].draw(layout.split + name_width + 4, bar_segments(score, bar_width, colour, style), bar_width)
    rows[0].put(0, "    -" if known is None else f" {score:4.2f}", style.ink(dim=known is None))
    advice, warns = quality_advice(layout)
    ink = style.ink(YELLOW) if warns else style.ink(dim=True)
    room = layout.width - layout.split - 4
    for row, text in zip(rows[1:], fit_words(advice, room, ADVICE_ROWS, unicode=style.unicode), strict=False):
        row.put(layout.split + 3, text, ink)


def _intervals(layout: Layout) -> list[tuple[float, float]]:
    """Return the end of each interval between beats that follow each other, and its length, seconds."""
    window = layout.snapshot.window
    if window is None or not window.ectopic.trackable or input_lost(layout.snapshot):
        return []
    pairs = itertools.pairwise(window.ectopic.beat_times_s)
    return [(after, after - before) for before, after in pairs if MIN_INTERVAL_S <= after - before <= MAX_INTERVAL_S]


def intervals_text(layout: Layout) -> str:
    """Return the range of the intervals from beat to beat in words, or why there are none."""
    intervals = [length for _, length in _intervals(layout)]
    if not intervals:
        return "no steady run of beats is followed yet"
    low, high = min(intervals), max(intervals)
    return f"beat to beat: {low:.2f} to {high:.2f} s, {60 / high:.0f} to {60 / low:.0f} bpm"


def put_tachogram(layout: Layout, rows: list[Row], columns: Columns) -> None:
    """Write the intervals from beat to beat of the last half minute: a step for each, as high as it is long."""
    style, intervals = layout.style, _intervals(layout)
    rows[0].put(columns.column, intervals_text(layout), style.ink(dim=True))
    if not intervals or len(rows) < 2:
        return
    median = float(np.median([length for _, length in intervals]))
    dots = columns.width * (2 if style.unicode else 1)
    values = np.full(dots, np.nan, np.float32)
    end_s = intervals[-1][0]
    start_s = min(intervals[0][0] - intervals[0][1], end_s - 1.0)
    for at_s, length in intervals:
        first, last = (math.ceil((edge - start_s) / (end_s - start_s) * dots) for edge in (at_s - length, at_s))
        values[max(0, first) : last] = (length / median - 1.0) / INTERVAL_RANGE
    lines = wave_lines(values, values, np.zeros(dots, bool), columns.width, len(rows) - 1, 0.0, style)
    labels = {1: f"{median * (1 + INTERVAL_RANGE):.1f} s", len(rows) - 1: f"{median * (1 - INTERVAL_RANGE):.1f} s"}
    for index, (row, line) in enumerate(zip(rows[1:], lines, strict=True), 1):
        row.put(columns.column - 7, f"{labels.get(index, ''):>6}", style.ink(dim=True))
        row.draw(columns.column, tuple(Segment(text, style.ink(TEAL)) for text, _, _ in line), columns.width)

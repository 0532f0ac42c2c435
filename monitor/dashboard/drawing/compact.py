"""The dashboard for a screen below 60x16: what matters most, as much of it as there are lines for.

Pure functions; safe on any thread.
"""

from __future__ import annotations

import re

from rich.segment import Segment

from monitor.dashboard.drawing.canvas import RED, YELLOW, Line, Row
from monitor.dashboard.drawing.glyphs import clock, fit, fit_path, fit_words
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.status import details_rows, help_rows, prompt_row
from monitor.dashboard.drawing.timeline import strip_cells
from monitor.dashboard.drawing.vitals import quality_advice, rate_text
from monitor.dashboard.drawing.widgets import (
    footer_row,
    headline,
    history_segments,
    level_segments,
    rolling_verdict,
    score_segments,
    status_message,
    verdict_colour,
    without_quality,
)
from monitor.output import printable
from monitor.text.alerts import first_alert, health
from monitor.text.label_details import with_details
from monitor.text.shown import missing_text, shown_score

__all__ = ["compact_lines"]

BAR_WIDTH = 24
"""Below this width a bar would be too short to read."""
FILE_NAMES = re.compile(r" (?:in|into) \S+\.\w+(?: and \S*\.\w+)?")
"""The files of a notice; the list of events has them too."""


def compact_lines(layout: Layout) -> list[Line]:
    """Return the lines of a small screen.

    Returns
    -------
    list of Line
        As many as the layout is high, the verdict always among them where there are two or more.
    """
    width, style, num_rows = layout.width, layout.style, layout.height - 1
    fares = health(layout.snapshot, layout.state.stats.display_p50_ms)
    footer = footer_row(width, style, fares, served=layout.snapshot.served)
    if layout.state.prompt:
        footer = prompt_row(layout.state.prompt, width, style)
    if layout.state.help and num_rows > 0:
        return [*help_rows(layout.state, num_rows, width, style, layout.snapshot.start.labels), footer]
    if layout.state.details and num_rows > 1:
        return [_verdict_line(layout), *details_rows(layout, num_rows - 1), footer]
    ranked = _ranked_lines(layout)
    by_rank = sorted(range(len(ranked)), key=lambda index: ranked[index][0])
    rows = [ranked[index][1] for index in sorted(by_rank[:num_rows])]
    return [*rows, *[Row(width).line()] * (num_rows - len(rows)), footer]


def _ranked_lines(layout: Layout) -> list[tuple[int, Line]]:
    """Return rank and line of everything that could be shown, top first; the lowest ranks are kept."""
    snapshot, width, style = layout.snapshot, layout.width, layout.style
    bars = score_segments(snapshot, width, 4, style) if width >= BAR_WIDTH else []
    held = layout.state.hold or snapshot.recording is not None or snapshot.session is not None
    return [
        (3 if held else 5, _source_line(layout)),
        (0, _verdict_line(layout)),
        *zip((1, 2), _message_lines(layout), strict=False),
        (4, _heart_rate_line(layout)),
        *((7, _full_width(segments, width)) for segments in bars),
        (6, _full_width(_past(layout), width)),
        (8, _full_width(level_segments(snapshot.level, width, style), width)),
    ]


def _past(layout: Layout) -> list[Segment]:
    """Return the last verdicts; of a recording that is reviewed those of the stretch on the screen."""
    if layout.state.timeline is not None:
        return strip_cells(layout, layout.state.timeline, layout.width).segments()
    return history_segments(layout.snapshot, layout.width, layout.style)


def _source_line(layout: Layout) -> Line:
    """Return source and position, whether it is paused or frozen, and whether it is recorded."""
    start, state, width, snapshot = layout.snapshot.start, layout.state, layout.width, layout.snapshot
    hold = f"{state.hold.upper()} " if state.hold else ""
    recording = "REC " if snapshot.recording is not None or snapshot.session is not None else ""
    time = recording + hold + clock(snapshot.elapsed_s + state.shift_s)
    source = fit_path(start.source, max(width - len(time) - 1, 0), unicode=layout.style.unicode)
    return Row(width).put(0, source).right(time, margin=0).line()


def _verdict_line(layout: Layout) -> Line:
    """Return the label and its acoustic score, or the state and, where it is uncertain and there is room, why."""
    rolling = rolling_verdict(layout.snapshot)
    text, score = headline(layout.snapshot).upper(), shown_score(rolling)
    if rolling.label and score is not None:
        text += f" {score:.2f}"
    if rolling.label and len(with_details(text, rolling)) <= layout.width:
        text = with_details(text, rolling)
    reason = missing_text(rolling, layout.snapshot.start.acoustic_thresholds)
    if rolling.state == "uncertain" and len(text) + len(reason) + 2 <= layout.width:
        text += f"  {reason}"
    text = fit(text, layout.width, unicode=layout.style.unicode)
    return Row(layout.width).put(0, text, layout.style.ink(verdict_colour(layout.snapshot), bold=True)).line()


def _message_lines(layout: Layout) -> list[Line]:
    """Return a notice, the most urgent alert, or what to do about the signal, in up to two lines."""
    notice, alert = printable(layout.state.notice), first_alert(layout.snapshot)
    text, warns = quality_advice(layout)
    if layout.state.timeline is not None:
        text, warns = status_message(layout.snapshot)
        text = without_quality(text)
    ink = layout.style.ink(YELLOW) if warns else layout.style.ink(dim=True)
    short, num_lines = text, 2 if layout.height > 3 else 1
    if notice:
        text, short, ink = notice, FILE_NAMES.sub("", notice), layout.style.ink(YELLOW)
    elif alert:
        text, short = printable(alert), printable(first_alert(layout.snapshot, short=True) or "")
        ink = layout.style.ink(RED)
    text = text if len(fit_words(text, layout.width, num_lines + 1)) <= num_lines else short
    lines = fit_words(text, layout.width, num_lines, unicode=layout.style.unicode)
    return [Row(layout.width).put(0, line, ink).line() for line in lines]


def _heart_rate_line(layout: Layout) -> Line:
    """Return heart rate and quality, or why there is no heart rate."""
    rate, why = rate_text(layout)
    window, style, width = layout.snapshot.window, layout.style, layout.width
    row = Row(width)
    if not rate:
        texts = (f"heart rate: {why}", f"no bpm: {why}")
        text = next((text for text in texts if len(text) <= width), texts[-1])
        return row.put(0, "".join(fit_words(text, width, 1, unicode=style.unicode)), style.ink(dim=True)).line()
    quality = "" if window is None else f"quality {window.quality.score:.2f}"
    row.put(0, f"{rate} bpm", style.ink(bold=True))
    return row.put(0, f"  {quality}" if len(rate) + len(quality) + 6 <= width else "", style.ink(dim=True)).line()


def _full_width(segments: list[Segment], width: int) -> Line:
    """Return a line of segments that are as wide as the screen together."""
    return Row(width).draw(0, segments, width).line()

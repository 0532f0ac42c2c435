"""The first two rows of the dashboard: source, position, model and note.

Pure functions; safe on any thread.
"""

from __future__ import annotations

import dataclasses

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import AMBER, BLUE, Line, Row
from monitor.dashboard.drawing.glyphs import clock, fit, fit_path
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.state import DashboardState
from monitor.dashboard.drawing.widgets import GUTTER
from monitor.messages import Snapshot
from monitor.text.alerts import input_status, playback_status

__all__ = ["header_rows"]


def header_rows(layout: Layout) -> list[Line]:
    """Return two rows: source and position; model, settings and note."""
    start, style, width = layout.snapshot.start, layout.style, layout.width
    time = _time_text(layout.snapshot, layout.state)
    hold = f"{layout.state.hold.upper()}  " if layout.state.hold else ""
    source = fit_path(start.source, max(width - len(hold) - len(time) - GUTTER - 3, 1), unicode=style.unicode)
    first = Row(width).put(1, "auscult", style.ink(dim=True)).put(GUTTER, source, style.ink(bold=True))
    if hold:
        first.put(width - 1 - len(time) - len(hold), hold, style.ink(AMBER, bold=True))
    named = layout.snapshot.note  # in place of the status of the input, but not of site and recordings
    status = input_status(dataclasses.replace(layout.snapshot, device=None) if named else layout.snapshot)
    text = "  ".join(filter(None, (named, status, playback_status(layout.snapshot.playback))))
    note = fit(text, min(cell_len(text), width - 30), unicode=style.unicode)
    settings = _settings_text(layout, width - GUTTER - 3 - cell_len(note))
    second = Row(width).put(1, "model", style.ink(dim=True))
    second.put(GUTTER, settings, style.ink(dim=True)).right(note, style.ink(BLUE))
    return [first.right(time).line(), second.line()]


def _settings_text(layout: Layout, room: int) -> str:
    """Return the model's name and as many settings as fit."""
    start = layout.snapshot.start
    settings = f"{start.window_s:g} s window every {start.hop_s:g} s"
    model = start.model_title
    texts = (f"{model}, {settings}, {start.sample_rate} Hz input", f"{model}, {settings}", model)
    fitting = (text for text in texts if cell_len(text) <= room)
    return fit(next(fitting, model), room, unicode=layout.style.unicode)


def _time_text(snapshot: Snapshot, state: DashboardState) -> str:
    """Return position, length of a recording, and its speed where that is not real time; of constant width."""
    start = snapshot.start
    ended = "ended  " if snapshot.finished else ""
    position = clock(snapshot.elapsed_s + state.shift_s)
    if start.duration_s is None:
        return f"{ended}{position:>9}"
    length = clock(start.duration_s)
    speed = "" if start.speed == 1.0 else "  as fast as it goes" if start.speed is None else f"  {start.speed:g}x speed"
    return f"{ended}{position:>{len(length)}} / {length}{speed}"

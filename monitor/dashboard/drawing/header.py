"""The first rows of the dashboard: what is heard, where it stands, which model judges it.

Pure functions; safe on any thread.
"""

from __future__ import annotations

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import AMBER, BLUE, Line, Row
from monitor.dashboard.drawing.glyphs import clock, fit
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.state import DashboardState
from monitor.dashboard.drawing.widgets import GUTTER
from monitor.messages import Snapshot
from monitor.text.alerts import vital_signs

__all__ = ["header_rows"]


def header_rows(layout: Layout) -> list[Line]:
    """Return two rows: source and time, model and note."""
    start, look, width = layout.snapshot.start, layout.look, layout.width
    time = _time_text(layout.snapshot, layout.display)
    held = f"{layout.display.held.upper()}  " if layout.display.held else ""
    source = fit(start.source, max(width - len(held) - len(time) - GUTTER - 3, 1), unicode=look.unicode)
    first = Row(width).put(1, "auscult", look.ink(dim=True)).put(GUTTER, source, look.ink(bold=True))
    if held:
        first.put(width - 1 - len(time) - len(held), held, look.ink(AMBER, bold=True))
    said = layout.note or vital_signs(layout.snapshot)
    note = fit(said, min(cell_len(said), width - 30), unicode=look.unicode)
    settings = _settings_text(layout, width - GUTTER - 3 - cell_len(note))
    second = Row(width).put(1, "model", look.ink(dim=True))
    second.put(GUTTER, settings, look.ink(dim=True)).right(note, look.ink(BLUE))
    return [first.right(time).line(), second.line()]


def _settings_text(layout: Layout, room: int) -> str:
    """Return the model's name and as many of the settings as there is room for."""
    start = layout.snapshot.start
    settings = f"{start.window_s:g} s window every {start.hop_s:g} s"
    texts = (f"{start.model}, {settings}, {start.sample_rate} Hz input", f"{start.model}, {settings}", start.model)
    fitting = (text for text in texts if cell_len(text) <= room)
    return fit(next(fitting, start.model), room, unicode=layout.look.unicode)


def _time_text(snapshot: Snapshot, display: DashboardState) -> str:
    """Return position, length and speed, as wide at the end as at the beginning."""
    start = snapshot.start
    speed = "max" if start.speed is None else f"{start.speed:g}x"
    ended = "ended  " if snapshot.finished else ""
    position = clock(snapshot.elapsed_s + display.shift_s)
    if start.duration_s is None:
        return f"{ended}{position:>9}  {speed}"
    length = clock(start.duration_s)
    return f"{ended}{position:>{len(length)}} / {length}  {speed}"

"""The last rows of the dashboard: how the program is doing, and what the keys do; and the help over the picture.

Pure functions; safe on any thread.
"""

from __future__ import annotations

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import Line, Row, TerminalStyle
from monitor.dashboard.drawing.glyphs import fit
from monitor.dashboard.drawing.state import DashboardState, Vitals
from monitor.dashboard.drawing.widgets import GUTTER
from monitor.messages import Snapshot

__all__ = ["HELP", "health_row", "help_rows", "keys_row"]

HELP = (
    ("q", "quit; Ctrl+C does the same"),
    ("space", "pause a recording; freeze the picture of a live input"),
    ("m", "mark this moment with its time"),
    ("r", "start or stop recording into a new file in this folder"),
    ("s", "save this picture (SVG) and the last 30 s of sound (WAV)"),
    ("left right", "5 s back or on; what spans the jump is not judged"),
    ("+ -", "the trace higher or lower; nothing else changes"),
    ("?", "this help"),
    ("", ""),
    ("bars", "rolling scores; the upright mark is the newest window's own"),
    ("ticks", "heart sounds heard, first and second alike; x is lost sound"),
    ("history", "a letter to the window, the newest at the right"),
    ("hop", "what judging a window costs"),
    ("screen", "from a window's last sample to the frame with its verdict"),
)
"""What the keys do and what is drawn, for the help."""

BIG = 78
"""From here on the names of the figures are written out."""


def health_row(snapshot: Snapshot, vitals: Vitals, width: int, look: TerminalStyle) -> Line:
    """Return rates, the way from sound to screen, and what the program takes; ``-`` for what cannot be told."""
    device = snapshot.device
    measured = None if device is None else device.measured_rate_hz
    quiet, wide = look.ink(dim=True), width >= BIG
    row = Row(width).put(1, "health", quiet).put(GUTTER, f"{snapshot.start.sample_rate} Hz")
    if wide:
        row.put(0, " real ", quiet).put(0, _figure(measured, 8, 1))
    row.put(0, "  screen p50 " if wide else "  scr ", quiet).put(0, _figure(vitals.screen_p50_ms, 4))
    row.put(0, " p95 " if wide else "/", quiet).put(0, _figure(vitals.screen_p95_ms, 4)).put(0, " ms", quiet)
    row.put(0, " cpu", quiet).put(0, f"{_figure(vitals.cpu_percent, 4)}%")
    return row.put(0, _figure(vitals.memory_mb, 5)).put(0, " MB", quiet).line()


def _figure(value: float | None, width: int, digits: int = 0) -> str:
    """Return a figure in a fixed width."""
    return f"{'-':>{width}}" if value is None else f"{min(value, 10.0**width - 1):{width}.{digits}f}"[:width]


def keys_row(keys: tuple[tuple[str, str], ...], width: int, look: TerminalStyle) -> Line:
    """Return what the keys do, as many as there is room for; an empty row without keys."""
    row = Row(width)
    column = 1
    for key, meaning in keys:
        sign = key if look.unicode else key.replace("←→", "<>")
        end = column + cell_len(sign) + 1 + cell_len(meaning)
        if end >= width:
            break
        row.put(column, sign, look.ink(bold=True)).put(0, f" {meaning}", look.ink(dim=True))
        column = end + 2
    return row.line()


def help_rows(display: DashboardState, height: int, width: int, look: TerminalStyle) -> list[Line]:
    """Return the help in ``height`` rows."""
    rows = [Row(width).put(1, "help: any key goes back", look.ink(bold=True)).line()]
    for key, meaning in HELP:
        if key in ("r", "left right") and not _has(display, key):
            continue
        text = fit(meaning, max(0, width - 14), unicode=look.unicode).rstrip()
        rows.append(Row(width).put(2, key, look.ink(bold=True)).put(13, text).line())
    rows = rows[:height]
    return rows + [Row(width).line()] * (height - len(rows))


def _has(display: DashboardState, key: str) -> bool:
    """Return whether a key does something here."""
    return any(sign == {"left right": "←→"}.get(key, key) for sign, _ in display.keys)

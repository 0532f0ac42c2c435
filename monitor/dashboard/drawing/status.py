"""The last rows of the dashboard, sample rate, latency, CPU, memory and keys, and the help page.

Pure functions; safe on any thread.
"""

from __future__ import annotations

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import AMBER, Line, Row, TerminalStyle
from monitor.dashboard.drawing.glyphs import fit
from monitor.dashboard.drawing.state import DashboardState, RuntimeStats
from monitor.dashboard.drawing.widgets import GUTTER
from monitor.messages import Snapshot

__all__ = ["HELP", "help_rows", "keys_row", "prompt_row", "system_row"]

HELP = (
    ("q", "quit; Ctrl+C does the same"),
    ("space", "pause a recording; freeze the screen of a live input"),
    ("m", "mark this moment in the list of events"),
    ("n", "mark this moment with a line of text; Enter keeps it, Esc does not"),
    ("1 2 3 4", "site AV, PV, TV, MV: the verdict begins anew there"),
    ("r", "start or stop recording into a new file in this folder"),
    ("s", "save the screen (SVG) and the last 30 s of sound (WAV)"),
    ("left right", "seek 5 s; the verdict of the new place is there at once"),
    ("+ -", "display gain of the waveform; the analysis is not affected"),
    ("a", "sound on or off; f: next sound; v V: softer, louder"),
    ("?", "this help"),
    ("", ""),
    ("bars", "acoustic scores, what is heard; the mark is the newest window's"),
    ("ticks", "detected heart sounds, S1 and S2 alike; x is lost sound"),
    ("history", "rolling verdicts, one letter per window, newest at the right"),
    ("compute", "compute time per window, median and 95th percentile"),
    ("system", "nominal and measured sample rate; CPU and memory of this program"),
    ("latency", "from a window's last sample to its verdict on the screen"),
)
"""Keys, and parts of the screen, with what they do or mean."""

WIDE = 78
"""From this width on names are written out."""
LATENCY_COLUMN = GUTTER + 22
"""After the two sample rates."""


def system_row(snapshot: Snapshot, stats: RuntimeStats, width: int, style: TerminalStyle) -> Line:
    """Return sample rate, measured rate of a live input, display latency, CPU and memory; ``-`` for what is unknown."""
    device, quiet, wide = snapshot.device, style.ink(dim=True), width >= WIDE
    row = Row(width).put(1, "system", quiet).put(GUTTER, f"{snapshot.start.sample_rate} Hz")
    if wide and device is not None:
        row.put(0, " real ", quiet).put(0, _number(device.measured_rate_hz, 8, 1))
    row.put(LATENCY_COLUMN if wide else 0, "  latency p50 " if wide else "  lat ", quiet)
    row.put(0, _number(stats.display_p50_ms, 4)).put(0, " p95 " if wide else "/", quiet)
    row.put(0, _number(stats.display_p95_ms, 4)).put(0, " ms", quiet)
    row.put(0, " cpu", quiet).put(0, f"{_number(stats.cpu_percent, 4)}%")
    return row.put(0, _number(stats.memory_mb, 5)).put(0, " MB", quiet).line()


def _number(value: float | None, width: int, digits: int = 0) -> str:
    """Return a number in a fixed width."""
    return f"{'-':>{width}}" if value is None else f"{min(value, 10.0**width - 1):{width}.{digits}f}"[:width]


def keys_row(keys: tuple[tuple[str, str], ...], width: int, style: TerminalStyle) -> Line:
    """Return as many keys as fit, with what they do; an empty row without keys."""
    row = Row(width)
    column = 1
    for key, meaning in keys:
        sign = key if style.unicode else key.replace("←→", "<>")
        end = column + cell_len(sign) + 1 + cell_len(meaning)
        if end >= width:
            break
        row.put(column, sign, style.ink(bold=True)).put(0, f" {meaning}", style.ink(dim=True))
        column = end + 2
    return row.line()


def prompt_row(prompt: str, width: int, style: TerminalStyle) -> Line:
    """Return what is being typed: its end, where there is no room for all of it."""
    room = max(width - 2, 1)
    while cell_len(prompt) > room:
        prompt = prompt[1:]
    return Row(width).put(1 if width > 1 else 0, prompt, style.ink(AMBER, bold=True)).line()


def help_rows(state: DashboardState, height: int, width: int, style: TerminalStyle) -> list[Line]:
    """Return the help page in ``height`` rows."""
    rows = [Row(width).put(1, "help: press any key to return", style.ink(bold=True)).line()]
    for key, meaning in state.help_page or HELP:
        if not state.help_page and key in ("r", "left right", "a") and not _has(state, key):
            continue
        text = fit(meaning, max(0, width - 14), unicode=style.unicode).rstrip()
        rows.append(Row(width).put(2, key, style.ink(bold=True)).put(13, text).line())
    rows = rows[:height]
    return rows + [Row(width).line()] * (height - len(rows))


def _has(state: DashboardState, key: str) -> bool:
    """Return whether a key is available."""
    return any(sign == {"left right": "←→"}.get(key, key) for sign, _ in state.keys)

"""The last rows of the dashboard, events and keys, the help pages, and the details on the program.

Pure functions; safe on any thread.
"""

from __future__ import annotations

import math

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import AMBER, BLUE, RED, YELLOW, Line, Row, TerminalStyle
from monitor.dashboard.drawing.glyphs import clock, fit_words
from monitor.dashboard.drawing.layout import Columns, Layout
from monitor.dashboard.drawing.state import CycleDurations, DashboardState, LoggedEvent
from monitor.dashboard.drawing.vitals import put_tachogram
from monitor.dashboard.drawing.widgets import GUTTER, label_colours
from monitor.messages import Snapshot
from monitor.output import printable
from monitor.text.alerts import input_lost
from monitor.text.letters import label_letters
from monitor.text.variability_text import short_variability

__all__ = ["HELP", "details_rows", "event_rows", "help_rows", "keys_row", "prompt_row"]

HELP = (
    ("q", "quit; Ctrl+C does the same"),
    ("space", "pause a recording; freeze the screen of a live input"),
    ("m", "mark this moment in the list of events"),
    ("n", "mark this moment with a line of text; Enter keeps it, Esc does not"),
    ("1 2 3 4", "site AV, PV, TV, MV: the verdict begins again"),
    ("r", "start or stop recording into a new file in this folder"),
    ("s", "save the screen (SVG) and the last 30 s of sound (WAV)"),
    ("left right", "seek 5 s; the verdict of the new place is there at once"),
    ("+ -", "display gain of the waveform; the analysis is not affected"),
    ("a", "sound on or off; f: next sound; v V: softer, louder"),
    ("d", "details: systole and diastole, delays, what was lost, processor and memory"),
    ("?", "this help"),
    ("", ""),
)
"""Keys with what they do; the words on the screen follow."""

WORDS = (
    ("score", "acoustic score: probability that this is what is heard; the mark on a bar is the newest window alone"),
    ("confidence", "of JSON lines: probability that a recording which sounds like this is annotated so"),
    ("listening", "the first window is not full yet"),
    ("uncertain", "heart sound good enough to judge, but no label is likely enough"),
    ("poor signal", "too poor to judge; what to do stands beside the quality"),
    ("no signal", "silence: the input is muted, unplugged, or does not touch the chest"),
    ("device lost", "no sound arrives; the device is looked for until it is back"),
    ("quality", "of the newest window, 0 to 1; below its limit no label is given"),
    ("heart rate", "only while the rhythm is steady enough to count; a curve of the last minutes"),
    ("picture", "spectrogram of the newest window, below its sound on the same time axis"),
    ("tachogram", "a step for each interval from beat to beat, as high as it is long"),
    ("ticks", "S1 and S2, each only where it is sure; 1 and 2 in little room; beats if the model finds neither"),
    ("systole", "from S1 to S2, and diastole from S2 to the next S1: in the details, medians of half a minute"),
    ("gaps", "sound that was lost, x in the sound; a window with a gap is not judged"),
)

FIGURE_COLUMN = 28
"""Of the figures in the details."""
EVENT_COLOURS = {"gap": RED, "device": YELLOW, "mark": BLUE}
EVENT_COLUMN = 9
"""Of an event's words, behind its time."""


def letters_text(labels: tuple[str, ...]) -> str:
    """Return what each letter of the history stands for.

    Examples
    --------
    >>> letters_text(("normal", "murmur"))
    'n normal, M murmur, . listening, _ no signal, x poor signal, ? uncertain, - gap'
    """
    letters = label_letters(labels)
    names = [*labels, *(name for name in letters if name not in labels)]
    return ", ".join(f"{letters[name]} {name.replace('-', ' ')}" for name in names)


def details_rows(layout: Layout, height: int) -> list[Line]:
    """Return figures on the program in ``height`` rows, as many as fit, and why one is missing; then a tachogram."""
    width, style = layout.width, layout.style
    rows = [
        Row(width).put(
            1 if width > 40 else 0, "details: d closes them" if width >= 24 else "details", style.ink(bold=True)
        )
    ]
    column = FIGURE_COLUMN if width >= 60 else min(20, width // 2)
    room = max(0, width - column - 1)
    for name, text, loud in _figures(layout.snapshot, layout.state, room):
        ink = style.ink(AMBER, bold=True) if loud else style.ink()
        lines = fit_words(text, room, 1, unicode=style.unicode) or [""]
        rows.append(Row(width).put(1 if width > 40 else 0, f"{name} ", style.ink(dim=True)).put(column, lines[0], ink))
    rows = rows[:height]
    if (left := height - len(rows) - 1) >= 3 and layout.field >= 32:
        rows.append(Row(width))
        graph = [Row(width) for _ in range(min(8, left))]
        put_tachogram(layout, graph, Columns(GUTTER, layout.field))
        rows += graph
    rows += [Row(width)] * (height - len(rows))
    return [row.line() for row in rows]


def _figures(snapshot: Snapshot, state: DashboardState, room: int) -> list[tuple[str, str, bool]]:
    """Return name and figure of each detail, the most important first, and whether it tells a loss."""
    stats, start, device = state.stats, snapshot.start, snapshot.device
    not_yet, two = "not measured yet", "median {:.0f} ms, 95th percentile {:.0f} ms"
    shown = stats.display_p50_ms, stats.display_p95_ms
    hop = snapshot.hop_p50_ms, snapshot.hop_p95_ms
    delay = not_yet if None in shown else two.format(*shown)
    if start.speed is None or (snapshot.finished and None in shown):
        delay = "none: the recording is read as fast as it goes" if start.speed is None else not_yet
    compute = not_yet if None in hop else "median {:.1f} ms, 95th percentile {:.1f} ms".format(*hop)
    figures = [
        ("windows skipped", f"{snapshot.skipped}", bool(snapshot.skipped)),
        ("overruns", f"{snapshot.overruns}", bool(snapshot.overruns)),
        ("gaps", f"{snapshot.gaps}", bool(snapshot.gaps)),
        ("windows not written", f"{snapshot.undelivered}", bool(snapshot.undelivered)),
        *((name, text, False) for name, text in _cycle(snapshot, state.cycle, room)),
        ("sample to screen", delay, False),
        ("computing a window", compute, False),
        ("processor", not_yet if stats.cpu_percent is None else f"{stats.cpu_percent:.0f} % of one core", False),
        ("memory", not_yet if stats.memory_mb is None else f"{stats.memory_mb:.0f} MB", False),
        ("sample rate", f"{start.sample_rate} Hz", False),
    ]
    if device is not None:
        rate = device.measured_rate_hz
        figures.append(("sample rate, measured", not_yet if rate is None else f"{rate:.1f} Hz", False))
        counts = (("device reopened", device.reopened), ("overflows", device.overflows), ("held up", device.held_up))
        figures += [(name, f"{count}", bool(count)) for name, count in counts]
    if snapshot.served:
        figures.append(("served on", snapshot.served, False))
    figures.append(("model", printable(start.model_title), False))
    return [*figures, ("window", f"{start.window_s:g} s every {start.hop_s:g} s", False)]


def _cycle(snapshot: Snapshot, cycle: CycleDurations, room: int) -> list[tuple[str, str]]:
    """Return systole, diastole and heart rate variability in words, or why there are none."""
    if input_lost(snapshot):
        return [("systole, diastole", "the device is lost")]
    if not snapshot.start.finds_heart_sounds:
        return [("systole, diastole", "this model does not find S1 and S2")]
    last = f"{math.ceil(cycle.span_s)} s"
    parts = (
        ("systole", cycle.systole_ms, cycle.num_systoles, f"no sure S1 with a sure S2 in the last {last}"),
        ("diastole", cycle.diastole_ms, cycle.num_diastoles, f"no sure S2 before a sure S1 in the last {last}"),
    )
    figures = [
        (name, none if ms is None else f"{ms:.0f} ms, median of {count} beat{'s' * (count != 1)} in {last}")
        for name, ms, count, none in parts
    ]
    return [*figures, ("rate variability", short_variability(snapshot.variability, width=room) or "no beats yet")]


def event_rows(layout: Layout, height: int) -> list[Line]:
    """Return the events, the newest first, and where there is room the intervals from beat to beat beside them."""
    if height < 1:
        return []
    rows, style = [Row(layout.width) for _ in range(height)], layout.style
    columns, beside = layout.events(height), layout.tachogram(height)
    rows[0].put(1, "events", style.ink(dim=True))
    events = list(reversed(layout.state.events))
    if not events:
        rows[0].put(columns.column, "none yet", style.ink(dim=True))
    elif height == 1:
        _put_in_a_row(layout, rows[0], events, columns)
    else:
        _put_list(layout, rows, events, columns)
    if beside is not None:
        put_tachogram(layout, rows, beside)
    return [row.line() for row in rows]


def _put_in_a_row(layout: Layout, row: Row, events: list[LoggedEvent], columns: Columns) -> None:
    """Write as many events beside each other as fit whole; the newest alone may end after a word."""
    used = 0
    for event in events:
        text = f"{clock(event.at_s)} {printable(event.text)}"
        room = columns.width - used
        if cell_len(text) > room:
            if used:
                break
            text = "".join(fit_words(text, room, 1, unicode=layout.style.unicode))
        shown = "".join(fit_words(text, room, 1, unicode=layout.style.unicode))
        row.put(columns.column + used, shown, layout.style.ink(event_colour(layout.snapshot, event)))
        used += cell_len(shown) + 3


def _put_list(layout: Layout, rows: list[Row], events: list[LoggedEvent], columns: Columns) -> None:
    """Write an event after another, with as many lines for each as its words need."""
    at, room = 0, columns.width - EVENT_COLUMN
    for event in events:
        ink = layout.style.ink(event_colour(layout.snapshot, event))
        lines = fit_words(printable(event.text), room, len(rows) - at, unicode=layout.style.unicode) or [""]
        for index, line in enumerate(lines[: len(rows) - at]):
            time = f"{clock(event.at_s):>7}  " if index == 0 else " " * EVENT_COLUMN
            rows[at].put(columns.column, time + line, ink)
            at += 1
        if at >= len(rows):
            return


def event_colour(snapshot: Snapshot, event: LoggedEvent) -> str:
    """Return the colour of an event; empty where it has none."""
    colours = {**label_colours(snapshot.start.labels), **EVENT_COLOURS}
    return colours.get(event.kind, "")


def keys_row(keys: tuple[tuple[str, str], ...], width: int, style: TerminalStyle) -> Line:
    """Return as many keys as fit, with what they do; without keys, how the program is ended."""
    row = Row(width)
    column = 1
    if not keys and width >= 12:
        return row.put(1, "Ctrl+C ends", style.ink(dim=True)).line()
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


def help_rows(
    state: DashboardState, height: int, width: int, style: TerminalStyle, labels: tuple[str, ...] = ()
) -> list[Line]:
    """Return a page of the help in ``height`` rows; pages that do not exist begin again with the first.

    Parameters
    ----------
    state : DashboardState
        Which page, and which keys there are.
    height, width : int
    style : TerminalStyle
    labels : tuple of str
        Whose letters are explained.
    """
    column = 14 if width >= 30 else 3
    entries = state.help_page or (*_available(state), ("history", letters_text(labels)), *WORDS)
    lines: list[tuple[str, str]] = []
    for key, meaning in entries:
        wrapped = fit_words(meaning, width - column - 1, 9, unicode=style.unicode) or [""]
        beside = column > len(key) + 2
        lines += [] if beside else [(key, "")]
        lines += [(key if beside and index == 0 else "", text) for index, text in enumerate(wrapped)]
    room = max(1, height - 1)
    pages = [lines[at : at + room] for at in range(0, len(lines), room)]
    page = (max(1, state.help) - 1) % len(pages)
    title = "help: press any key to return"
    if len(pages) > 1 and not state.help_page:
        title = f"help {page + 1} of {len(pages)}: ? turns the page, any other key returns"
        title = title if len(title) < width - 1 else f"help {page + 1}/{len(pages)}, ? next"
    rows = [Row(width).put(1, title, style.ink(bold=True)).line()]
    for key, text in pages[page]:
        rows.append(Row(width).put(2 if column > 3 else 0, key, style.ink(bold=True)).put(column, text).line())
    rows = rows[:height]
    return rows + [Row(width).line()] * (height - len(rows))


def _available(state: DashboardState) -> list[tuple[str, str]]:
    """Return the keys that this source has, with what they do."""
    signs = dict(state.keys)
    shown = []
    for key, meaning in HELP:
        if key in ("r", "left right", "a") and {"left right": "←→"}.get(key, key) not in signs:
            continue
        if key == "space" and signs.get(key) in ("freeze", "pause"):
            frozen = "freeze the screen; listening and recording go on"
            shown.append((key, frozen if signs[key] == "freeze" else "pause the recording"))
        else:
            shown.append((key, meaning))
    return shown

"""The screen of an examination: a frozen snapshot and the state of the examination in, a canvas out.

From 60x16 up: a row per site, where the chest piece goes in large, how much is collected, the advice, the waveform and
the level. Below that only what matters most. Pure functions; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import textwrap

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import AMBER, GREEN, TEAL, YELLOW, Canvas, Line, Row, TerminalStyle
from monitor.dashboard.drawing.glyphs import big_letters, clock, fit, fit_words
from monitor.dashboard.drawing.header import header_rows
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.state import DashboardState
from monitor.dashboard.drawing.status import keys_row, prompt_row
from monitor.dashboard.drawing.waveform import automatic_gain_db, trace_lines
from monitor.dashboard.drawing.widgets import (
    GUTTER,
    bar_segments,
    footer_row,
    level_row,
    level_segments,
    status_message,
    without_quality,
)
from monitor.messages import SiteResult, Snapshot
from monitor.text.alerts import first_alert
from monitor.text.examination_text import PLACES, VALVES, site_row

__all__ = ["ExamState", "draw_examination"]

FULL_WIDTH, FULL_HEIGHT = 60, 16
BIG_COLUMN = 14
"""Column of the text beside the big letters of a site."""
TRACE_ROWS = 8
BAR_WIDTH = 30
TICK = ("      ▄▀", "▀▄  ▄▀  ", "  ▀▀    ")
"""The big tick."""
MOVE = "move the chest piece there; Enter if it is there already"


@dataclasses.dataclass(frozen=True, slots=True)
class ExamState:
    """What is shown of an examination.

    Attributes
    ----------
    sites : tuple of str
    done : mapping of str to SiteResult
        Of the sites that were left.
    site : str or None
        The one that is due; None once all are done.
    arrived : bool
        Whether the chest piece is there.
    judged_s, good_s : float
        Seconds collected there, and asked for.
    tick : str
        The site that has just been completed, for as long as a big tick is shown; empty otherwise.
    live : bool
        Whether a person moves a chest piece, in place of recordings.
    """

    sites: tuple[str, ...]
    done: dict[str, SiteResult]
    site: str | None
    arrived: bool
    judged_s: float
    good_s: float
    tick: str = ""
    live: bool = True


def draw_examination(
    snapshot: Snapshot, exam: ExamState, width: int, height: int, style: TerminalStyle, state: DashboardState
) -> Canvas:
    """Return the screen.

    Parameters
    ----------
    snapshot : Snapshot
    exam : ExamState
    width, height : int
        Cells; the canvas has exactly this size.
    style : TerminalStyle
    state : DashboardState
        Waveform, keys, and what is being typed.
    """
    layout = Layout(snapshot, width, height, style, state)
    lines = _full(layout, exam) if width >= FULL_WIDTH and height >= FULL_HEIGHT else _compact(layout, exam)
    return Canvas(width, tuple(lines))


def _full(layout: Layout, exam: ExamState) -> list[Line]:
    """Return the whole screen."""
    width, style = layout.width, layout.style
    top = [*header_rows(layout), *(_site_line(layout, exam, site) for site in exam.sites)]
    middle = [*_due(layout, exam), _bar(layout, exam), *_message(layout, exam, 1)]
    level = level_row(layout.snapshot.level, width, style)
    below = [level, _keys(layout), footer_row(width, style)]
    blank = Row(width).line()
    room = layout.height - len(top) - len(middle) - len(below)
    spacing = [blank] if room > 3 else []
    trace = _trace(layout, min(TRACE_ROWS, max(0, room - 2 * len(spacing))))
    rows = [*top, *spacing, *middle, *spacing, *trace]
    return [*rows, *[blank] * (layout.height - len(rows) - len(below)), *below]


def _site_line(layout: Layout, exam: ExamState, site: str) -> Line:
    """Return the row of a site: a tick, a cross or an arrow, and what is known."""
    style = layout.style
    sign, ink = _sign(layout, exam, site)
    result = exam.done.get(site)
    if result is not None:
        text = site_row(result)
    else:
        text = f"{site}  {VALVES[site]:<9}  {_state_word(exam) if site == exam.site else ''}"
    row = Row(layout.width).put(1, sign, style.ink(ink, bold=True))
    return row.put(4, fit(text.rstrip(), layout.width - 5, unicode=style.unicode), style.ink(
        bold=site == exam.site, dim=result is None and site != exam.site)).line()  # fmt: skip


def _sign(layout: Layout, exam: ExamState, site: str) -> tuple[str, str]:
    """Return the sign before a site, and its colour."""
    unicode, result = layout.style.unicode, exam.done.get(site)
    if result is None:
        return (("▶" if unicode else ">"), AMBER) if site == exam.site else (("·" if unicode else "."), "")
    if result.verdict is None:
        return ("✗" if unicode else "x"), YELLOW
    return ("✓" if unicode else "+"), GREEN


def _state_word(exam: ExamState) -> str:
    """Return what happens at the site that is due."""
    return "listening" if exam.arrived else "move the chest piece here" if exam.live else "next"


def _due(layout: Layout, exam: ExamState) -> list[Line]:
    """Return three rows: the site in big letters and where it is, or a big tick."""
    width, style = layout.width, layout.style
    rows = [Row(width) for _ in range(3)]
    if exam.tick:
        ink = style.ink(GREEN, bold=True)
        for row, line in zip(rows, TICK if style.unicode else ("", "  OK", ""), strict=True):
            row.put(1, line, ink)
        rows[0].put(BIG_COLUMN, f"{exam.tick} is done", ink)
    elif exam.site is not None:
        ink = style.ink(AMBER if not exam.arrived else TEAL, bold=True)
        big = big_letters(exam.site) if style.unicode else None
        for row, line in zip(rows, big or ("", exam.site, ""), strict=True):
            row.put(1, line, ink)
    if exam.site is not None:
        first = 1 if exam.tick else 0
        lead = f"next: {exam.site}, " if exam.tick else ""
        text = f"{lead}{VALVES[exam.site]}: {PLACES[exam.site]}"
        lines = textwrap.wrap(text, width - BIG_COLUMN - 1, max_lines=3 - first, placeholder=" ...")
        for row, line in zip(rows[first:], lines, strict=False):
            row.put(BIG_COLUMN, line, style.ink(bold=True))
    return [row.line() for row in rows]


def _bar(layout: Layout, exam: ExamState) -> Line:
    """Return how much usable sound is collected."""
    row, style = Row(layout.width), layout.style
    if exam.site is None:
        return row.line()
    row.draw(1, bar_segments(exam.judged_s / exam.good_s, BAR_WIDTH, GREEN, style), BAR_WIDTH)
    return row.put(0, f" {min(exam.judged_s, exam.good_s):4.1f} of {exam.good_s:g} s usable").line()


def _message(layout: Layout, exam: ExamState, margin: int = 0) -> list[Line]:
    """Return the advice: an alert, then the move that is waited for, then the quality of the newest window.

    It takes two lines where it does not fit one, also without the number of the quality.
    """
    text, warns = _advice(layout.snapshot, exam)
    ink, room = layout.style.ink(YELLOW) if warns else layout.style.ink(dim=True), layout.width - 2 * margin
    text = text if cell_len(text) <= room else without_quality(text)
    lines = fit_words(text, room, 2, unicode=layout.style.unicode) or [""]
    return [Row(layout.width).put(margin, line, ink).line() for line in lines]


def _advice(snapshot: Snapshot, exam: ExamState) -> tuple[str, bool]:
    """Return the message, and whether it is a warning."""
    if first_alert(snapshot) is None and not exam.arrived and exam.live and exam.site is not None:
        return MOVE, True
    return status_message(snapshot)


def _trace(layout: Layout, num_rows: int) -> list[Line]:
    """Return the waveform; empty rows without one."""
    trace, rows = layout.state.trace, [Row(layout.width) for _ in range(num_rows)]
    if trace is not None and rows:
        gain_db = automatic_gain_db(trace.peak) + layout.state.gain_db
        lines = trace_lines(trace, layout.field, num_rows, gain_db, layout.style)
        for row, line in zip(rows, lines, strict=True):
            row.draw(GUTTER, line, layout.field)
    return [row.line() for row in rows]


def _keys(layout: Layout) -> Line:
    """Return the keys, or what is being typed."""
    if layout.state.prompt:
        return prompt_row(layout.state.prompt, layout.width, layout.style)
    return keys_row(layout.state.keys, layout.width, layout.style)


def _compact(layout: Layout, exam: ExamState) -> list[Line]:
    """Return the lines of a small screen: the most important ones, as many as fit, in their order."""
    width, style, snapshot = layout.width, layout.style, layout.snapshot
    place = f"{VALVES[exam.site]}: {PLACES[exam.site]}" if exam.site else ""
    due = f"{exam.site}: {_state_word(exam)}" if exam.site else "all sites are done"
    title = f"{exam.tick} is done; {due}" if exam.tick else due
    ink = style.ink(GREEN if exam.tick else AMBER, bold=True)
    time = clock(snapshot.elapsed_s)
    head = Row(width).put(0, fit(title, max(0, width - len(time) - 1), unicode=style.unicode).rstrip(), ink)
    places = textwrap.wrap(place, max(width, 1)) or [""]
    collected = f" {exam.judged_s:.1f}/{exam.good_s:g} s"
    bar_width = max(0, width - len(collected))
    bar = Row(width).draw(0, bar_segments(exam.judged_s / exam.good_s, bar_width, GREEN, style), bar_width)
    strip = "  ".join(f"{site}{_sign(layout, exam, site)[0]}" for site in exam.sites)
    ranked = [
        (0, head.right(time, margin=0).line()),
        *((2 + index, Row(width).put(0, line).line()) for index, line in enumerate(places)),
        (1, bar.put(0, collected).line()),
        *((4, line) for line in _message(layout, exam)),
        (5, Row(width).put(0, strip).line()),
        (7, Row(width).draw(0, level_segments(snapshot.level, width, style), width).line()),
        (6, _keys(layout)),
    ]
    num_rows = layout.height - 1
    kept = sorted(sorted(range(len(ranked)), key=lambda index: ranked[index][0])[:num_rows])
    rows = [ranked[index][1] for index in kept]
    return [*rows, *[Row(width).line()] * (num_rows - len(rows)), footer_row(width, style)]

"""A ward on the screen: a row for each stream.

Pure functions of frozen snapshots; safe on any thread.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rich.cells import cell_len

from monitor.dashboard.drawing.canvas import BLUE, RED, YELLOW, Canvas, Line, Row, TerminalStyle
from monitor.dashboard.drawing.glyphs import clock, fit
from monitor.dashboard.drawing.widgets import history_segments, rolling_verdict, verdict_colour, verdict_text
from monitor.messages import Snapshot
from monitor.text.alerts import first_alert
from monitor.text.shown import shown_score
from monitor.text.text_lines import DISCLAIMER

__all__ = ["WardRow", "rows_of_a_page", "ward_table"]

NAME, HISTORY = 18, 12
"""Columns of the name and of the history on a screen of 80 columns; a wider one gives them a part of the rest."""
MOST_NAME, MOST_HISTORY = 32, 40
VERDICT, SCORE, RATE = 11, 4, 3
HEAD = "history"
FRAME = 3
"""Lines around the rows: title, names of the columns, footer."""


@dataclasses.dataclass(frozen=True, slots=True)
class WardRow:
    """A stream of the ward.

    Attributes
    ----------
    name : str
    snapshot : Snapshot
    error : str or None
        What ended it early.
    """

    name: str
    snapshot: Snapshot
    error: str | None = None


def rows_of_a_page(num_rows: int, height: int) -> int:
    """Return how many streams a screen shows at once; one line says how many more there are.

    Examples
    --------
    >>> rows_of_a_page(21, 24), rows_of_a_page(22, 24)
    (21, 20)
    """
    room = max(1, height - FRAME)
    return room if num_rows <= room else max(1, room - 1)


def ward_table(
    rows: Sequence[WardRow],
    width: int,
    height: int,
    style: TerminalStyle,
    *,
    first: int = 0,
    keys: bool = False,
    hint: str = "",
    notice: str = "",
) -> Canvas:
    """Return the screen.

    Parameters
    ----------
    rows : sequence of WardRow
        At least one.
    width, height : int
        Cells, at least 1.
    style : TerminalStyle
    first : int
        Index of the first row to show; the last page is full all the same.
    keys : bool
        Whether the terminal has keys, which are named then.
    hint : str
        What keys do besides ending.
    notice : str
        What is wrong with those that follow the run; in place of the model.
    """
    count = rows_of_a_page(len(rows), height)
    first = min(first, len(rows) - min(count, len(rows)))
    shown = rows[first : first + count]
    lines = [_title(rows, width, style, notice), _heads(width, style)]
    lines += [_row(row, width, style) for row in shown]
    if (more := len(rows) - len(shown)) > 0:
        where = "   left and right: other streams" if keys else ""
        lines.append(Row(width).put(1, f"and {more} more{where}", style.ink(dim=True)).line())
    lines = lines[: max(0, height - 1)]
    lines += [Row(width).line()] * (height - 1 - len(lines))
    footer = Row(width).put(1, DISCLAIMER, style.ink(bold=True))
    ends = "  ".join(filter(None, (hint, "q ends"))) if keys else "Ctrl+C ends"
    footer.right(ends, style.ink(dim=True))
    return Canvas(width, (*lines, footer.line()))


def _columns(width: int) -> tuple[int, int]:
    """Return the columns of name and history; below 80 the remark takes those of the history."""
    rest = max(0, width - 80)
    if (history := HISTORY + min(0, width - 80)) < len(HEAD):
        return NAME, 0
    if width < 80:
        return NAME, history
    return min(MOST_NAME, NAME + rest // 4), min(MOST_HISTORY, HISTORY + rest // 3)


def _title(rows: Sequence[WardRow], width: int, style: TerminalStyle, notice: str) -> Line:
    """Return the line with the number of streams, what is wrong or where they are served, and the position."""
    ended = sum(row.snapshot.finished for row in rows)
    skipped = sum(row.snapshot.skipped for row in rows)
    start, served = rows[0].snapshot.start, rows[0].snapshot.served
    text = f"{len(rows)} streams" + (f", {ended} ended" if ended else "")
    row = Row(width).put(1, "auscult", style.ink(dim=True)).put(9, text, style.ink(bold=True))
    left_out = f"   {skipped} skipped" if skipped else ""
    row.put(0, left_out, style.ink(YELLOW))
    position = clock(max(row.snapshot.elapsed_s for row in rows))
    if notice:
        room = max(0, width - 9 - len(text) - len(left_out) - 3 - len(position) - 2)
        row.put(0, f"   {fit(notice, room, unicode=style.unicode)}", style.ink(YELLOW))
    else:
        model = fit(start.model, min(len(start.model), 24), unicode=style.unicode)
        row.put(0, f"   model {model}", style.ink(dim=True))
        used = 9 + len(text) + len(left_out) + 9 + len(model)
        if served and used + 3 + len(served) + 2 + len(position) < width:
            row.put(0, f"   {served}", style.ink(dim=True))
    return row.right(position, style.ink(dim=True)).line()


def _heads(width: int, style: TerminalStyle) -> Line:
    """Return the names of the columns."""
    name, history = _columns(width)
    at = 1 + name + 2
    row = Row(width).put(1, "stream", style.ink(dim=True)).put(at, "rolling verdict", style.ink(dim=True))
    at += VERDICT + 1 + SCORE + 2
    row.put(at, "bpm", style.ink(dim=True))
    at += RATE + 2
    if history:
        row.put(at, HEAD, style.ink(dim=True))
        at += history + 2
    return row.put(at, "remark", style.ink(dim=True)).line()


def _row(stream: WardRow, width: int, style: TerminalStyle) -> Line:
    """Return the row of a stream."""
    name, history = _columns(width)
    snapshot = stream.snapshot
    verdict = rolling_verdict(snapshot)
    window = snapshot.window
    score = shown_score(verdict)
    rate = None if window is None else window.heart_rate_bpm
    row = Row(width).put(1, _short_name(stream.name, name, style), style.ink(bold=True))
    at = 1 + name + 2
    label = fit(verdict_text(verdict), VERDICT, unicode=style.unicode)
    row.put(at, label, style.ink(verdict_colour(snapshot), bold=verdict.label is not None))
    row.put(at + VERDICT + 1, "" if score is None else f"{score:.2f}")
    at += VERDICT + 1 + SCORE + 2
    row.put(at, "" if rate is None else f"{rate:{RATE}.0f}")
    at += RATE + 2
    text, colour = _remark(stream)
    if history:
        row.draw(at, history_segments(snapshot, history, style), history)
        at += history + 2
    return row.put(at, fit(text, max(0, width - 1 - at), unicode=style.unicode), style.ink(colour)).line()


def _short_name(name: str, width: int, style: TerminalStyle) -> str:
    """Return a name in ``width`` cells; of a long one beginning and end, which tell recordings apart."""
    if cell_len(name) <= width:
        return fit(name, width, unicode=style.unicode)
    tail = name[-(width // 2) :]
    return fit(name, width - cell_len(tail), unicode=style.unicode) + fit(tail, cell_len(tail), unicode=style.unicode)


def _remark(stream: WardRow) -> tuple[str, str]:
    """Return what a person should know or do, and its colour."""
    snapshot = stream.snapshot
    if stream.error is not None:
        return stream.error, RED
    if (alert := first_alert(snapshot)) is not None:
        return alert, RED
    if snapshot.finished:
        return "ended", BLUE
    reason = None if snapshot.window is None else snapshot.window.quality.reason
    return reason or "", YELLOW

"""The report as a PDF: two A4 pages for each recording, and a table before them where there are several.

The first page has the verdict and the pictures, the second what a person wrote, how it was judged, and the limits; what
does not fit is counted. Drawn by matplotlib. Must not read recordings itself.
"""

from __future__ import annotations

import datetime
import io
import textwrap
from collections.abc import Sequence
from typing import Any

from monitor._version import __version__
from monitor.commands.report.contents import Chapter
from monitor.commands.report.drawings import Drawings, drawing_settings
from monitor.commands.report.html import SHOWN_DISCLAIMER
from monitor.commands.report.page import entry_texts, legend_text, report_title
from monitor.commands.report.picture import FAINT, INK, MARK, draw
from monitor.commands.report.words import (
    LIMITS,
    SCORE_NOTE,
    clock,
    judged_sentence,
    site_title,
    verdict_reason,
    verdict_text,
    withheld_texts,
)

__all__ = ["pdf"]

A4_INCHES = (8.27, 11.69)
POINTS_PER_INCH = 72
LEFT, RIGHT, TOP, BOTTOM = 0.075, 0.94, 0.955, 0.05
LETTER_WIDTH = 0.56
"""Mean width of a letter, in sizes of the font."""
LINE = 1.42
"""Height of a line, in sizes of the font."""
PLOT_LEFT = 0.125
MAX_FINDINGS = 4
"""Findings on the first page of a recording; there are four sites."""


def pdf(parts: Sequence[tuple[Chapter, Drawings]], made: datetime.datetime) -> bytes:
    """Return the report.

    Parameters
    ----------
    parts : sequence of (Chapter, Drawings)
    made : datetime
        When.
    """
    from matplotlib.backends.backend_pdf import PdfPages

    out = io.BytesIO()
    title = report_title([chapter for chapter, _ in parts])
    facts = {"Title": f"Heart sounds: {title}", "Creator": f"auscult {__version__}", "CreationDate": None}
    with drawing_settings(), PdfPages(out, metadata=facts) as pages:
        if len(parts) > 1:
            for sheet in _tables(title, parts):
                pages.savefig(sheet.figure)
        for chapter, drawn in parts:
            pages.savefig(_pictures(chapter, drawn).figure)
            pages.savefig(_details(chapter, drawn, made).figure)
    return out.getvalue()


class _Sheet:
    """A page that is written from the top down."""

    def __init__(self, heading: str) -> None:
        from matplotlib.figure import Figure

        self.figure: Any = Figure(figsize=A4_INCHES)
        self.y = TOP
        self.figure.text(RIGHT, self.y, SHOWN_DISCLAIMER, color=MARK, fontsize=9, ha="right", va="top", weight="bold")
        self.write("Heart sound report", size=9, colour=FAINT)
        self.write(heading, size=13, weight="bold", room=0.008)

    def write(
        self,
        text: str,
        *,
        size: float = 9.0,
        x: float = LEFT,
        colour: str = "black",
        weight: str = "normal",
        max_lines: int | None = None,
        room: float = 0.0,
    ) -> None:
        """Write text in as many lines as it needs, and leave room below."""
        points = (RIGHT - x) * A4_INCHES[0] * POINTS_PER_INCH
        lines = textwrap.wrap(text, max(8, int(points / (size * LETTER_WIDTH)))) or [""]
        if max_lines is not None and len(lines) > max_lines:
            lines = [*lines[: max_lines - 1], f"{lines[max_lines - 1][:-1]}…"]
        for line in lines:
            self.figure.text(x, self.y, line, fontsize=size, color=colour, va="top", weight=weight)
            self.y -= size * LINE / POINTS_PER_INCH / A4_INCHES[1]
        self.y -= room

    def pair(self, name: str, value: str, *, x: float = LEFT, width: float = 0.15, max_lines: int = 3) -> None:
        """Write a name and its value side by side."""
        self.figure.text(x, self.y, name, fontsize=9, color=FAINT, va="top")
        self.write(value, x=x + width, max_lines=max_lines)

    def has_room(self, lines: float) -> bool:
        """Return whether so many more lines of the usual size fit."""
        return self.y - lines * 9.0 * LINE / POINTS_PER_INCH / A4_INCHES[1] > BOTTOM


def _tables(title: str, parts: Sequence[tuple[Chapter, Drawings]]) -> list[_Sheet]:
    """Return the pages with a row for each finding of every recording."""
    sheets = [_Sheet(title)]
    for chapter, _ in parts:
        if chapter.subject_finding:
            if not sheets[-1].has_room(9):
                sheets.append(_Sheet(title))
            sheets[-1].write(f"Finding: {chapter.subject_finding}", size=12, weight="bold", colour=INK, room=0.006)
        for finding in chapter.findings:
            if not sheets[-1].has_room(7):
                sheets.append(_Sheet(title))
            sheet = sheets[-1]
            where = f"{site_title(finding.site)}, {chapter.started or chapter.name}"
            sheet.write(f"{where}: {verdict_text(finding.verdict)}", size=10, weight="bold", colour=INK)
            sheet.pair("Heart rate", "not found" if finding.bpm is None else f"{finding.bpm:.0f} beats/min")
            sheet.pair("Judged", judged_sentence(finding))
            sheet.pair("Not judged", "; ".join(withheld_texts(finding)) or "nothing was withheld")
            sheet.y -= 0.008
    return sheets


def _pictures(chapter: Chapter, drawn: Drawings) -> _Sheet:
    """Return the page with the verdict and the pictures."""
    sheet = _Sheet(chapter.title)
    if chapter.subject_finding:
        sheet.write(f"Finding: {chapter.subject_finding}", size=13, weight="bold", colour=INK, room=0.006)
    shown = chapter.findings[:MAX_FINDINGS]
    for finding in shown:
        where = f"{site_title(finding.site)}: " if len(chapter.findings) > 1 else ""
        sheet.write(
            where + verdict_text(finding.verdict), size=15 if len(shown) == 1 else 11, weight="bold", colour=INK
        )
        reason = verdict_reason(finding)
        if reason:
            sheet.write(reason, colour=FAINT)
        sheet.pair("Heart rate", "not found" if finding.bpm is None else f"{finding.bpm:.0f} beats/min")
        sheet.pair("Judged", judged_sentence(finding))
        sheet.pair("Not judged", "; ".join(withheld_texts(finding)) or "nothing was withheld", max_lines=2)
        sheet.y -= 0.006
    if len(chapter.findings) > MAX_FINDINGS:
        sheet.write(f"and {len(chapter.findings) - MAX_FINDINGS} more changes of site", colour=FAINT)
    for remark in chapter.remarks[:3]:
        sheet.write(remark, colour=MARK, max_lines=2)
    _draw(sheet, chapter, drawn)
    return sheet


def _draw(sheet: _Sheet, chapter: Chapter, drawn: Drawings) -> None:
    """Draw close-up and whole into the rest of a page."""
    top = sheet.y - 0.01
    space = {"left": PLOT_LEFT, "right": RIGHT}
    whole_height = 0.37 if drawn.whole is not None else 0.2
    if drawn.close_up is not None:
        height = min(0.22, max(0.12, top - BOTTOM - whole_height - 0.17))
        close_up = drawn.close_up
        sheet.y = top
        sheet.write(f"Close-up, {clock(close_up.start_s)} to {clock(close_up.end_s)}", weight="bold", colour=INK)
        edges = {"top": sheet.y - 0.014, "bottom": sheet.y - 0.014 - height}
        draw(sheet.figure, close_up, chapter.timeline, drawn.marked, whole=False, **edges, **space)
        top = edges["bottom"] - 0.05
    sheet.y = top
    sheet.write("The whole recording", weight="bold", colour=INK)
    edges = {"top": sheet.y - 0.014, "bottom": max(BOTTOM + 0.06, sheet.y - 0.014 - whole_height)}
    draw(sheet.figure, drawn.whole, chapter.timeline, drawn.marked, whole=True, **edges, **space)
    sheet.y = edges["bottom"] - 0.042
    legend = legend_text(drawn)
    if legend:
        sheet.write(legend, size=8, colour=FAINT, max_lines=2)


def _details(chapter: Chapter, drawn: Drawings, made: datetime.datetime) -> _Sheet:
    """Return the page with what a person wrote, how it was judged, and the limits."""
    sheet = _Sheet(chapter.title)
    sheet.write("How it was recorded and judged", size=11, weight="bold", colour=INK)
    for name, value in chapter.facts:
        sheet.pair(name, value)
    sheet.y -= 0.01
    sheet.write("Read with care", size=11, weight="bold", colour=INK)
    for limit in (f"{SHOWN_DISCLAIMER}. {SCORE_NOTE}", *LIMITS):
        sheet.write(limit, room=0.003)
    sheet.write(f"Model card: auscult models {chapter.model or ''}".rstrip())
    sheet.write(f"Made {made:%Y-%m-%d %H:%M} by auscult {__version__}.", colour=FAINT, room=0.01)
    entries = entry_texts(chapter.entries)
    if entries:
        sheet.write("Marks, notes and labels", size=11, weight="bold", colour=INK)
    for index, entry in enumerate(entries):
        if not sheet.has_room(4):
            sheet.write(f"and {len(entries) - index} more", colour=FAINT)
            break
        sheet.pair(entry["badge"], f"{entry['when']}  {entry['text']}", width=0.08)
    return sheet

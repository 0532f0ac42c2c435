"""Many recordings as one table: a row for each, written when it has ended.

The widths follow from the names and labels that are known before, so the columns stand in line. Main thread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.commands.progress_bar import RecordingsBar
from monitor.messages import Snapshot, Start, Summary, WindowEvent
from monitor.output import printable
from monitor.text.label_details import label_details
from monitor.text.shown import possible_text
from monitor.views.lines import PlainView

__all__ = ["Table", "TableView"]

STATES = ("no-signal", "poor-signal", "uncertain")
MIN_NAME = 16
"""Characters of a name that are shown however narrow the terminal is."""


class Table:
    """The lines of a table of recordings.

    Parameters
    ----------
    names : sequence of str
        Of the recordings to come.
    labels : sequence of str
        That they may get.
    columns : int or None
        Of the terminal: of a name that is too long for it the beginning is left out, since the file's own name is its
        end. None for whole names.
    possible : str or None
        The label that may be possible where it is not given.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> table = Table(["a.wav", "ward/b.wav"], ["normal", "murmur"], possible="murmur")
    >>> print(table.header())
    file        verdict          confidence  judged  bpm
    >>> print(table.row(Summary("a.wav", 10, 0, 0, Verdict("verdict", "murmur", 0.91), 71.6, judged=9)))
    a.wav       murmur                 0.91    90 %   72
    """

    def __init__(
        self, names: Sequence[str], labels: Sequence[str], columns: int | None = None, possible: str | None = None
    ) -> None:
        remarks = () if possible is None else (possible_text(possible),)
        self._label_width = max(map(len, (*STATES, *map(printable, labels), *remarks)))
        self._name_width = max(len(printable(name)) for name in ("file", *names))
        self._columns = math.inf if columns is None else columns
        if columns is not None:
            room = columns - (len(self._line("", "", "", "", "")) - self._name_width)
            self._name_width = min(self._name_width, max(MIN_NAME, room))

    def header(self) -> str:
        """Return the line with the names of the columns."""
        return self._line("file", "verdict", "confidence", "judged", "bpm")

    def row(self, summary: Summary) -> str:
        """Return the line of a recording: its verdict, how sure that is, the share of windows judged, the heart rate.

        Behind it stands what is known of a murmur, where there is room.

        The confidence is that of the JSON lines and of a scan's table, not the acoustic score that a screen shows.

        Parameters
        ----------
        summary : Summary
        """
        verdict, confidence = summary.verdict, summary.verdict.confidence
        row = self._line(
            self._shortened(summary.source),
            printable(verdict.label or verdict.state) if verdict.possible is None else possible_text(verdict.possible),
            "-" if confidence is None else f"{confidence:.2f}",
            f"{summary.judged / summary.windows:.0%}".replace("%", " %") if summary.windows else "-",
            "-" if summary.heart_rate_bpm is None else f"{summary.heart_rate_bpm:.0f}",
        )
        described = f"{row}  {', '.join(label_details(verdict))}".rstrip()
        return described if len(described) <= self._columns else row

    def lines(self, summaries: Sequence[Summary]) -> list[str]:
        """Return a whole table."""
        return [self.header(), *map(self.row, summaries)]

    def _line(self, name: str, verdict: str, confidence: str, judged: str, rate: str) -> str:
        """Return one line."""
        cells = f"{name:<{self._name_width}}  {verdict:<{self._label_width}}"
        return f"{cells}  {confidence:>10}  {judged:>6}  {rate:>3}"

    def _shortened(self, name: str) -> str:
        """Return a name that fits its column."""
        text = printable(name)
        return text if len(text) <= self._name_width else f"...{text[3 - self._name_width :]}"


class TableView(PlainView):
    """Writes a row per source instead of a line per window, and draws how far it is.

    Parameters
    ----------
    table : Table
    bar : RecordingsBar
    keep_going : bool
        As of :class:`~monitor.views.lines.LineView`.

    Attributes
    ----------
    position : int
        Index of the source among all; set by the command before each.
    """

    def __init__(self, table: Table, bar: RecordingsBar, *, keep_going: bool = False) -> None:
        super().__init__(keep_going=keep_going)
        self._table, self._bar, self._has_header = table, bar, False
        self._duration_s: float | None = None
        self.position = 0

    def begin(self, start: Start) -> None:
        """Write the names of the columns before the first source."""
        self._duration_s = start.duration_s
        if not self._has_header:
            self.write(self._table.header())
        self._has_header = True

    def window(self, event: WindowEvent) -> None:
        """Write nothing: the summary tells of all windows."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Draw how far it is."""
        done = min(1.0, snapshot.elapsed_s / self._duration_s) if self._duration_s else 0.0
        self._bar.show(self.position, done)

    def end(self, summary: Summary) -> None:
        """Write the row, unless the source was broken off: its verdict would be taken for that of the whole."""
        if not self._stopping():
            self.write(self._table.row(summary))

    def write(self, line: str) -> None:
        """Write one line where the bar was."""
        self._bar.clear()
        super().write(line)

    def clear(self) -> None:
        """Take the bar away, before something else is printed."""
        self._bar.clear()

    def close(self) -> None:
        """Take the bar away, and report the lines that could not be written."""
        self._bar.clear()
        super().close()

"""A table that is built once and shown twice: as Markdown (card, report, docs/EVIDENCE.md) or on a terminal.

It formats values and computes none. Pure.
"""

from __future__ import annotations

import dataclasses
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from monitor.output import printable
from training.evaluation.bootstrap import Estimate

if TYPE_CHECKING:
    from rich.table import Table as RichTable

__all__ = [
    "MISSING",
    "Cell",
    "Table",
    "cell_text",
    "estimate_of",
    "label_counts",
    "markdown_text",
]

Cell = str | int | Estimate
"""What a cell may hold; an estimate is shown with its interval."""

MISSING = "-"
"""Shown for a value that does not exist."""

MAX_ONE_LINE_COLUMNS = 4
"""On a terminal a wider table has each interval below its value, so that it fits into 80 columns."""
COLUMN_WIDTH = len("0.00-0.00")


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under a header.

    Attributes
    ----------
    header : tuple of str
        One title per column.
    rows : sequence of sequence of str, int or Estimate
        Each as long as ``header``. A table without rows is shown as nothing.
    title : str
        Above the table; the caller writes it.
    note : str
        Below the table; the caller writes it.

    Examples
    --------
    >>> table = Table(("label", "AUC"), [("murmur", Estimate(0.954, 0.916, 0.981))])
    >>> table.markdown()
    ['| label | AUC |', '|---|---|', '| murmur | 0.954 (0.916 to 0.981) |']
    """

    header: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    note: str = ""

    def markdown(self) -> list[str]:
        """Return the lines of a Markdown table, without title and note; none where there is no row."""
        if not self.rows:
            return []
        lines = [self.header, *([cell_text(cell) for cell in row] for row in self.rows)]
        header, *rows = ("| " + " | ".join(map(markdown_text, line)) + " |" for line in lines)
        return [header, "|" + "---|" * len(self.header), *rows]

    def terminal(self) -> RichTable:
        """Return the table for a console of rich, without title and note."""
        from rich import box
        from rich.markup import escape
        from rich.table import Table as RichTable

        table = RichTable(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
        table.show_edge = table.pad_edge = False
        wide = len(self.header) > MAX_ONE_LINE_COLUMNS
        for index, title in enumerate(self.header):
            heading = (
                textwrap.fill(printable(title), COLUMN_WIDTH, break_long_words=False) if wide else printable(title)
            )
            table.add_column(escape(heading), justify="right" if index else "left", no_wrap=index > 0)
        for row in self.rows:
            table.add_row(
                *(
                    _two_lines(cell) if wide and isinstance(cell, Estimate) else escape(printable(cell_text(cell)))
                    for cell in row
                )
            )
        return table


def markdown_text(text: str) -> str:
    r"""Return text as one line of Markdown in which it opens neither a column, a tag nor a line of its own.

    Examples
    --------
    >>> print(markdown_text("a|b <script>"))
    a\|b &lt;script>
    """
    return printable(text).replace("|", "\\|").replace("<", "&lt;")


def cell_text(cell: Cell, *, signed: bool = False) -> str:
    """Return a cell on one line: a dash for NaN, the value alone where it has no interval.

    Examples
    --------
    >>> cell_text(Estimate(0.923, 0.88, 0.951))
    '0.923 (0.880 to 0.951)'
    >>> cell_text(Estimate(0.01, -0.02, 0.04), signed=True)
    '+0.010 (-0.020 to +0.040)'
    """
    if not isinstance(cell, Estimate):
        return str(cell)
    if not math.isfinite(cell.value):
        return MISSING
    form = "+.3f" if signed else ".3f"
    interval = f" ({cell.low:{form}} to {cell.high:{form}})" if math.isfinite(cell.low) else ""
    return f"{cell.value:{form}}{interval}"


def _two_lines(estimate: Estimate) -> str:
    """Return the value with the interval below it, as rich markup."""
    if not math.isfinite(estimate.low):
        return cell_text(estimate)
    joint = "-" if estimate.low >= 0 else " to "
    return f"{estimate.value:.3f}\n[dim]{estimate.low:.2f}{joint}{estimate.high:.2f}[/dim]"


def estimate_of(values: Mapping[str, float | None] | None) -> Estimate:
    """Return an estimate from the JSON of :meth:`Estimate.to_json`; null and None become NaN."""
    keys = ("value", "low", "high")
    numbers = [(values or {}).get(key) for key in keys]
    return Estimate(*(math.nan if number is None else number for number in numbers))


def label_counts(labels: Mapping[str, int]) -> str:
    """Return the number of recordings of each label, as in ``46 extrastole, 95 murmur``."""
    return ", ".join(f"{count} {label}" for label, count in labels.items())

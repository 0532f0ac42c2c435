"""A table is the same as Markdown and on a terminal."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from training.evaluation.bootstrap import UNDEFINED, Estimate
from training.reports.table import Table, cell_text, estimate_of, label_counts

AUC = Estimate(0.9541, 0.9161, 0.9812)


def on_terminal(table: Table) -> list[str]:
    """Return the lines that a wide terminal shows, without trailing spaces."""
    stream = io.StringIO()
    Console(file=stream, width=120).print(table.terminal())
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_markdown() -> None:
    """Header, rule and rows; an estimate has its interval, a vertical bar does not break the row."""
    table = Table(("label", "count", "AUC"), [("a|b", 7, AUC)])
    assert table.markdown() == ["| label | count | AUC |", "|---|---|---|", "| a\\|b | 7 | 0.954 (0.916 to 0.981) |"]


def test_a_table_without_rows_is_nothing() -> None:
    """A header alone is not shown."""
    assert Table(("label",), []).markdown() == []


def test_a_narrow_table_has_intervals_beside_the_value() -> None:
    """Up to four columns, the terminal shows what Markdown shows."""
    assert on_terminal(Table(("label", "AUC"), [("murmur", AUC)]))[-1] == "murmur  0.954 (0.916 to 0.981)"


def test_a_wide_table_has_intervals_below_the_value() -> None:
    """With five columns the interval is on a line of its own; a negative bound is written with a word."""
    lines = on_terminal(Table(("", "a", "b", "c", "d"), [("x", AUC, Estimate(0.1, -0.2, 0.3), UNDEFINED, "[b]")]))
    assert lines[-2].split() == ["x", "0.954", "0.100", "-", "[b]"]
    assert lines[-1].split() == ["0.92-0.98", "-0.20", "to", "0.30"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("word", "word"),
        (12, "12"),
        (UNDEFINED, "-"),
        (Estimate(1.0, math.nan, math.nan), "1.000"),
        (Estimate(-0.5, -0.75, 0.25), "-0.500 (-0.750 to 0.250)"),
    ],
)
def test_cells(cell: str | int | Estimate, text: str) -> None:
    """Words and counts stand as they are; NaN is a dash; a value without an interval stands alone."""
    assert cell_text(cell) == text


def test_differences_have_a_sign() -> None:
    """Value and bounds of a difference have a plus or a minus."""
    assert cell_text(Estimate(0.5, -0.25, 0.75), signed=True) == "+0.500 (-0.250 to +0.750)"


def test_estimates_come_back_from_json() -> None:
    """What to_json wrote is read back; null is NaN, and so is what is not there."""
    assert estimate_of(Estimate(0.5, 0.25, 0.75).to_json()) == Estimate(0.5, 0.25, 0.75)
    for values in (UNDEFINED.to_json(), None):
        assert math.isnan(estimate_of(values).value)
        assert math.isnan(estimate_of(values).low)


def test_label_counts() -> None:
    """Each label has its number of recordings in front."""
    assert label_counts({"normal": 8, "murmur": 3}) == "8 normal, 3 murmur"


def test_no_cell_opens_a_column_a_tag_or_a_line() -> None:
    """Vertical bars, angle brackets and control characters of a label are escaped, in the header too."""
    table = Table(("<b>", "n"), [("a|b\n\x1b[2J<img>", 7)])
    assert table.markdown() == ["| &lt;b> | n |", "|---|---|", r"| a\|b\n\x1b[2J&lt;img> | 7 |"]
    assert all(line.isprintable() for line in on_terminal(table))

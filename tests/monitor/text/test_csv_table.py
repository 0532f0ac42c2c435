"""A table that a person wrote is read by the names of its columns, and errors name the line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from monitor.errors import AuscultError, DataError
from monitor.text.csv_table import read_table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return where a table goes."""
    return tmp_path / "list.csv"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write(table, separator, ending):
    """Commas, semicolons or tabs, any line ends, a byte order mark, white space, blank and short lines."""
    lines = (("Path", " Patient"), ("a.wav", "p1 "), (" ", ""), ("b.wav",), ("c.wav", "p2", "more"))
    text = ending.join(separator.join(cells) for cells in lines)
    table.write_text(f"\ufeff{text}", encoding="utf-8", newline="")
    names, rows = read_table(table, DataError)
    assert names == ["path", "patient"]
    assert list(rows) == [
        (2, {"path": "a.wav", "patient": "p1"}),
        (4, {"path": "b.wav", "patient": ""}),
        (5, {"path": "c.wav", "patient": "p2"}),
    ]


def test_a_cell_of_two_lines(table):
    """It keeps its line feed, and the next row has the number of its own line."""
    table.write_text('path,patient\n"a\nb.wav",p1\nc.wav,p2\n', encoding="utf-8")
    assert list(read_table(table, DataError)[1]) == [
        (2, {"path": "a\nb.wav", "patient": "p1"}),
        (4, {"path": "c.wav", "patient": "p2"}),
    ]


def test_an_empty_file(table):
    """No columns, no rows."""
    table.touch()
    names, rows = read_table(table, DataError)
    assert (names, list(rows)) == ([], [])


def test_a_quotation_mark_without_an_end(table):
    """One line names where the cell begins, rather than a traceback where csv gives up."""
    rows = "a.wav,p1\n" * (csv.field_size_limit() // 9 + 1)
    table.write_text(f'path,patient\na.wav,p1\n"{rows}', encoding="utf-8")
    with pytest.raises(
        DataError, match=r"list\.csv line 3: cannot be read .*; see whether a quotation mark is missing"
    ):
        list(read_table(table, DataError)[1])


def test_a_file_that_cannot_be_read(table):
    """The reason is the file's own: it is not there, or it is no text."""
    with pytest.raises(AuscultError, match=r"list\.csv cannot be read: No such file"):
        read_table(table, AuscultError)
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"list\.csv: cannot be read as a table; save it as CSV in UTF-8"):
        read_table(table, DataError)
    table.write_text("path\na\0.wav\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2: a NUL character; save it as CSV in UTF-8"):
        list(read_table(table, DataError)[1])

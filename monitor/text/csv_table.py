"""A table that a person wrote, as CSV: columns by their names, rows with the numbers of their lines.

Separated by commas, semicolons or tabs, as spreadsheets write it. Must not know what the columns mean.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from monitor.errors import Kind, cannot_be_read

__all__ = ["read_table"]

SEPARATORS = ",;\t"
SAVE_IT = "save it as CSV in UTF-8"


def read_table(path: Path, kind: type[Kind]) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    r"""Return the names of the columns, in lower case, and the rows with their line numbers, without blank lines.

    Cells have no white space around them, and are empty where a row is short.

    Parameters
    ----------
    path : Path
    kind : type of AuscultError
        What is raised.

    Raises
    ------
    AuscultError
        Of the kind, if the file cannot be read or is no table; for a row, when it is reached.

    Examples
    --------
    >>> import tempfile
    >>> from monitor.errors import DataError
    >>> path = Path(tempfile.mkdtemp(), "list.csv")
    >>> path.write_text("Path;Patient\na.wav; p1\n")
    23
    >>> names, rows = read_table(path, DataError)
    >>> names, list(rows)
    (['path', 'patient'], [(2, {'path': 'a.wav', 'patient': 'p1'})])
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise cannot_be_read(path, error, "name a CSV file", kind) from error
    except UnicodeDecodeError as error:
        raise kind(f"{path}: cannot be read as a table", SAVE_IT) from error
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=head.count))
    rows = _rows(path, reader, kind)
    names = [name.lower() for name in next(rows, (1, []))[1]]
    return names, ((line, _by_name(names, cells)) for line, cells in rows)


def _rows(path: Path, reader: Iterator[list[str]], kind: type[Kind]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, each with the number of the line where it begins."""
    line = 1
    try:
        for cells in reader:
            if any("\0" in cell for cell in cells):
                raise kind(f"{path} line {line}: a NUL character", SAVE_IT)
            if line == 1 or any(cell.strip() for cell in cells):
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1  # type: ignore[attr-defined]
    except csv.Error as error:  # a cell without an end
        raise kind(
            f"{path} line {line}: cannot be read ({error})", "see whether a quotation mark is missing"
        ) from error


def _by_name(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the cells of a row by the names of their columns."""
    return dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=False))

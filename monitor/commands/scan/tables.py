"""A scan as a table: CSV, Parquet or SQLite, one row a file, and one a window where they were asked for.

Nested values get a column each; what has any number of parts (``withheld``, ``early_beats``) is JSON text. Rows pass
one by one, so memory does not grow with the scan.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from monitor.archive.scans.journal_lines import head_of, lines_of
from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError, check_installed, reason_of
from monitor.output import printable

__all__ = ["check_form", "table_paths", "write_tables"]

BATCH_ROWS = 10_000

Columns = dict[str, type]

VARIABILITY: Columns = {
    "intervals": int,
    "excluded": int,
    "duration_s": float,
    "short": bool,
    "mean_rr_ms": float,
    "sdnn_ms": float,
    "rmssd_ms": float,
    "pnn50": float,
}
"""Keys of ``heart_rate_variability``; columns that begin with ``variability_``."""

SQL_TYPES = {str: "TEXT", float: "REAL", int: "INTEGER", bool: "INTEGER"}


def check_form(out: Path) -> None:
    """Check that a form can be written.

    Raises
    ------
    MissingExtraError
        If the package for it is not installed.
    """
    if out.suffix.lower() == ".parquet":
        check_installed("pyarrow", f"-o {out.name}", "archive")


def table_paths(out: Path, *, windows: bool) -> dict[str, Path]:
    """Return the files that are written, by the type of their rows.

    Examples
    --------
    >>> {kind: path.name for kind, path in table_paths(Path("all.csv"), windows=True).items()}
    {'summary': 'all.csv', 'window': 'all.windows.csv'}
    """
    form = out.suffix.lower()
    if form == ".jsonl":
        return {}
    if not windows or form == ".sqlite":
        return {"summary": out}
    return {"summary": out, "window": out.with_name(f"{out.stem}.windows{out.suffix}")}


def write_tables(journal: Path, out: Path, *, windows: bool) -> None:
    """Write the tables of a settled journal, each whole or not at all.

    Parameters
    ----------
    journal : Path
    out : Path
        Its ending is the form; see :func:`table_paths` for where the windows are.
    windows : bool

    Raises
    ------
    AuscultError
        If a file cannot be written.
    """
    labels = tuple((head_of(journal) or {}).get("labels", ()))
    for kind, path in table_paths(out, windows=windows).items():
        try:
            write_atomic(path, _content(journal, kind, path.suffix.lower(), labels, windows=windows))
        except OSError as error:
            reason = reason_of(error, path)
            raise AuscultError(
                f"{path} cannot be written: {reason}", f"the rows are kept in {journal}: then add --resume"
            ) from error


def _content(
    journal: Path, kind: str, form: str, labels: tuple[str, ...], *, windows: bool
) -> Callable[[BinaryIO], object]:
    """Return what writes a table into an open file."""
    columns = COLUMNS[kind](labels)
    if form == ".csv":
        return lambda file: _write_csv(file, columns, _rows(journal, kind, columns))
    if form == ".parquet":
        return lambda file: _write_parquet(file, columns, _rows(journal, kind, columns))
    kinds = ("summary", "window") if windows else ("summary",)
    tables = {name: COLUMNS[name](labels) for name in kinds}
    return lambda file: _write_sqlite(Path(file.name), journal, tables)


def _verdict_columns(labels: tuple[str, ...], prefix: str = "") -> Columns:
    """Return the columns of a verdict."""
    return {
        f"{prefix}state": str,
        f"{prefix}label": str,
        f"{prefix}confidence": float,
        f"{prefix}possible": str,
        f"{prefix}loudness": str,
        f"{prefix}murmur_timing": str,
        **{f"{prefix}score_{label}": float for label in labels},
        **{f"{prefix}acoustic_{label}": float for label in labels},
    }


def _file_columns(labels: tuple[str, ...]) -> Columns:
    """Return the columns of a row."""
    return {
        "source": str,
        "subject": str,
        **_verdict_columns(labels),
        "heart_rate_bpm": float,
        **{f"variability_{name}": kind for name, kind in VARIABILITY.items()},
        "windows": int,
        "judged": int,
        "withheld": str,
        "quality": float,
        "duration_s": float,
        "sample_rate": int,
        "truncated": bool,
        "error": str,
        "skipped": int,
        "overruns": int,
        "undelivered": int,
        "path": str,
        "bytes": int,
        "mtime_ns": int,
        "etag": str,
    }


def _window_columns(labels: tuple[str, ...]) -> Columns:
    """Return the columns of a window."""
    return {
        "source": str,
        "index": int,
        "start_s": float,
        "end_s": float,
        **_verdict_columns(labels),
        **_verdict_columns(labels, "rolling_"),
        "quality": float,
        "quality_reason": str,
        "heart_rate_bpm": float,
        "heart_rate_confidence": float,
        "heart_rate_reason": str,
        "early_beats": str,
        "gap": bool,
        "short": bool,
    }


COLUMNS: dict[str, Callable[[tuple[str, ...]], Columns]] = {"summary": _file_columns, "window": _window_columns}


def _rows(journal: Path, kind: str, columns: Columns) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each row, in the order of the columns."""
    for line in lines_of(journal, kind):
        values = _flat(line)
        yield tuple(values.get(name) for name in columns)


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a line by column."""
    values = dict(line)
    for prefix, verdict in (("", line), ("rolling_", line.get("rolling") or {})):
        for key, column in (("scores", "score"), ("acoustic_scores", "acoustic")):
            values |= {f"{prefix}{column}_{label}": score for label, score in (verdict.get(key) or {}).items()}
        if prefix:
            keys = ("state", "label", "confidence", "possible", "loudness", "murmur_timing")
            values |= {f"{prefix}{key}": verdict.get(key) for key in keys}
    values |= {f"variability_{key}": value for key, value in (line.get("heart_rate_variability") or {}).items()}
    if isinstance(line.get("quality"), dict):
        values |= {"quality": line["quality"]["score"], "quality_reason": line["quality"]["reason"]}
    for key in ("withheld", "early_beats"):
        if line.get(key) is not None:
            values[key] = json.dumps(line[key], separators=(",", ":"))
    if "path" in values:
        values["path"] = printable(values["path"])  # the bytes of a name may be no text
    return values


def _write_csv(file: BinaryIO, columns: Columns, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write a header and the rows; what does not apply is empty, and a truth value is true or false."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in row])
    text.detach()


def _write_parquet(file: BinaryIO, columns: Columns, rows: Iterator[tuple[Any, ...]]) -> None:
    """Write the rows in groups."""
    import pyarrow
    import pyarrow.parquet

    types = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64(), bool: pyarrow.bool_()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
    with pyarrow.parquet.ParquetWriter(file, schema) as writer:
        while batch := list(itertools.islice(rows, BATCH_ROWS)):
            columns_of_batch = zip(zip(*batch, strict=True), schema, strict=True)
            arrays = [pyarrow.array(values, field.type) for values, field in columns_of_batch]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))


def _write_sqlite(path: Path, journal: Path, tables: dict[str, Columns]) -> None:
    """Write the tables ``recordings`` and ``windows``; the file appears once it is complete, so it needs no journal."""
    names = {"summary": "recordings", "window": "windows"}
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        for kind, columns in tables.items():
            fields = ", ".join(f"{_quoted(name)} {SQL_TYPES[type_]}" for name, type_ in columns.items())
            database.execute(f"CREATE TABLE {names[kind]} ({fields})")
            places = ", ".join("?" * len(columns))
            insert = f"INSERT INTO {names[kind]} VALUES ({places})"  # noqa: S608  # a name of ours
            database.executemany(insert, _rows(journal, kind, columns))
            database.execute(f"CREATE INDEX {names[kind]}_source ON {names[kind]} (source)")
        database.execute("COMMIT")


def _quoted(name: str) -> str:
    """Return a name of a column for SQL."""
    return '"' + name.replace('"', '""') + '"'

"""The rows of a scan, read back from every form that it writes: JSON lines, CSV, Parquet, SQLite.

Rows come one by one, as dicts with the keys of JSON lines, so memory does not grow with the scan. Every value that is
counted is checked. Imports pyarrow only to read Parquet; must not write. Safe on any thread.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.archive.scans.journal_lines import head_of, last_rows, unreadable_lines
from monitor.errors import AuscultError, cannot_be_read, check_installed
from monitor.output import printable
from monitor.sessions.event_log import is_written
from monitor.text.text_lines import left_out_text

__all__ = ["ENDINGS", "ScanResult", "is_scan", "read_scan"]

ENDINGS = (".jsonl", ".csv", ".parquet", ".sqlite")
"""Of what a scan writes; the first is the journal itself."""
BATCH_ROWS = 10_000
MISSING: Any = object()
"""Stands for what a row of CSV that ends early does not have."""
MAX_VALUE = 40
"""Characters of a damaged value that are told."""
SCORE, ACOUSTIC = "score_", "acoustic_"
NEXT_STEP = "name a table of recordings that auscult scan has written"

TEXTS = ("source", "subject", "state", "label", "error")
NUMBERS = ("confidence", "heart_rate_bpm", "quality", "duration_s")
COUNTS = ("windows", "judged")
NEEDED = (*TEXTS, *NUMBERS, *COUNTS, "withheld", "truncated")
"""Keys that a row must have; each may be null but ``source`` and the counts."""
DETAILS = ("possible", "loudness", "murmur_timing")
"""Texts that a row may have; scans of earlier versions have not all of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan has written.

    Attributes
    ----------
    path : Path
    labels : tuple of str
        Of the bundle.
    head : mapping or None
        How the scan was made; None where its journal is not there.
    is_running : bool
        Whether a scan is writing it now.
    rows : callable
        Returns an iterator over the rows, with the keys of JSON lines; raises AuscultError at one that is damaged.
    unreadable : int
        Lines of JSON that cannot be read and are left out, such as a last one that was cut off.
    """

    path: Path
    labels: tuple[str, ...]
    head: Mapping[str, Any] | None
    is_running: bool
    rows: Callable[[], Iterator[dict[str, Any]]]
    unreadable: int = 0

    @property
    def remark(self) -> str | None:
        """What is said of the lines that are left out; None where there are none."""
        return left_out_text(self.path, self.unreadable) if self.unreadable else None


def is_scan(path: Path) -> bool:
    """Return whether a file is one that a scan writes, by its name; of a journal, by its first line.

    Examples
    --------
    >>> is_scan(Path("table.csv")), is_scan(Path("heart.wav"))
    (True, False)
    """
    return path.suffix.lower() in ENDINGS or (path.suffix.lower() == ".journal" and head_of(path) is not None)


def read_scan(path: Path) -> ScanResult:
    """Return what a scan has written; its rows are read later, as they are asked for.

    Raises
    ------
    AuscultError
        If it cannot be read or is no scan.
    MissingExtraError
        If the package for Parquet is not installed.
    """
    journal = path.with_name(f"{path.name}.journal")
    form = path.suffix.lower()
    read = {".csv": _open_csv, ".parquet": _open_parquet, ".sqlite": _open_sqlite}.get(form)
    try:
        with open(path, "rb"):
            pass
        if read is None:
            head = head_of(path)
            if head is None or not isinstance(head.get("labels"), list):
                raise AuscultError(f"{path} is no scan", NEXT_STEP)
            labels, rows = tuple(map(str, head["labels"])), _flat_and_whole(path, lambda: last_rows(path))
            is_running = is_written(path)
            unreadable = unreadable_lines(path, is_running=is_running)
            return ScanResult(path, labels, head, is_running, rows, unreadable)
        labels, rows = read(path)
        head = head_of(journal)
        return ScanResult(path, labels, head, is_written(journal), rows)
    except OSError as error:
        hint = f"the scan has not ended: name {journal}" if head_of(journal) is not None else "check its name"
        raise cannot_be_read(path, error, hint, AuscultError) from error


def _open_csv(path: Path) -> tuple[tuple[str, ...], Callable[[], Iterator[dict[str, Any]]]]:
    """Return the labels and the rows of a CSV table."""

    def lines() -> Iterator[dict[str, Any]]:
        with open(path, encoding="utf-8-sig", newline="") as file:
            for values in csv.DictReader(file, restval=MISSING):
                yield {name: value or None for name, value in values.items()}

    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            columns = next(csv.reader(file), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise AuscultError(f"{path} is no scan", NEXT_STEP) from error
    labels = _labels(path, columns)
    return labels, _flat_and_whole(path, lines, labels)


def _open_parquet(path: Path) -> tuple[tuple[str, ...], Callable[[], Iterator[dict[str, Any]]]]:
    """Return the labels and the rows of a Parquet table."""
    check_installed("pyarrow", path.name, "archive")
    import pyarrow.parquet

    try:
        columns = pyarrow.parquet.read_schema(path).names
    except pyarrow.ArrowInvalid as error:
        raise AuscultError(f"{path} is no scan", NEXT_STEP) from error
    labels = _labels(path, columns)

    def lines() -> Iterator[dict[str, Any]]:
        needed = [name for name in columns if name in (*NEEDED, *DETAILS) or name.startswith((SCORE, ACOUSTIC))]
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=needed):
                    yield from batch.to_pylist()
        except pyarrow.ArrowException as error:
            raise ValueError(str(error)) from error

    return labels, _flat_and_whole(path, lines, labels)


def _open_sqlite(path: Path) -> tuple[tuple[str, ...], Callable[[], Iterator[dict[str, Any]]]]:
    """Return the labels and the rows of a database; it is opened for reading only."""

    def lines() -> Iterator[dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT * FROM recordings")
            names = [column[0] for column in rows.description]
            yield dict.fromkeys(names)
            for row in rows:
                yield dict(zip(names, row, strict=True))

    def rows() -> Iterator[dict[str, Any]]:
        found = lines()
        next(found)
        yield from found

    try:
        columns = list(next(lines()))
    except sqlite3.Error as error:
        raise AuscultError(f"{path} is no scan: {printable(str(error))}", NEXT_STEP) from error
    labels = _labels(path, columns)
    return labels, _flat_and_whole(path, rows, labels)


def _labels(path: Path, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the labels that a table has scores of; check that it is one of recordings."""
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise AuscultError(f"{path} is no scan: it has no column {missing[0]}", NEXT_STEP)
    return tuple(name.removeprefix(SCORE) for name in columns if name.startswith(SCORE))


def _flat_and_whole(
    path: Path, lines: Callable[[], Iterator[dict[str, Any]]], labels: Sequence[str] | None = None
) -> Callable[[], Iterator[dict[str, Any]]]:
    """Return what yields the rows, each checked; with labels, those of a table in the form of JSON lines."""

    def rows() -> Iterator[dict[str, Any]]:
        number = 1
        try:
            for values in lines():
                number += 1
                yield _checked(values if labels is None else _nested(values, labels))
        except (KeyError, TypeError, ValueError, sqlite3.Error, csv.Error) as error:
            what = f"no value {error}" if isinstance(error, KeyError) else printable(str(error))
            place = "" if labels is None else f" at row {number}"
            raise AuscultError(f"{path} is damaged{place}: {what}", "scan again, or mend it") from error
        except OSError as error:
            raise AuscultError(f"{path} cannot be read: {error.strerror or error}", "check the disk") from error

    return rows


def _nested(values: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """Return the values of a table's row with the keys and types of JSON lines; absent ones of CSV are None."""
    missing = list(values.values()).count(MISSING)
    if missing:
        raise ValueError(f"it ends after {len(values) - missing} of {len(values)} values")
    row: dict[str, Any] = {name: values[name] for name in TEXTS}
    row |= {name: values[name] for name in DETAILS if values.get(name) is not None}
    row |= {name: _converted(values, name, float, "number") for name in NUMBERS}
    row |= {name: _converted(values, name, int, "whole number") for name in COUNTS}
    uncounted = [name for name in COUNTS if row[name] is None]
    if uncounted:
        raise KeyError(uncounted[0])
    for key, prefix in (("scores", SCORE), ("acoustic_scores", ACOUSTIC)):
        scores = {label: _converted(values, f"{prefix}{label}", float, "number") for label in labels}
        row[key] = None if None in scores.values() else scores
    row["withheld"] = _converted(values, "withheld", json.loads, "JSON object")
    row["truncated"] = values["truncated"] in (True, 1, "true")
    return row


def _converted(values: Mapping[str, Any], name: str, convert: Callable[[Any], Any], what: str) -> Any:
    """Return a value of a table, None where there is none.

    Raises
    ------
    ValueError
        If it is not what stands in that column; it is named with its column.
    """
    value = values.get(name)
    if value is None:
        return None
    try:
        return convert(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is {str(value)[:MAX_VALUE]!r}, no {what}") from error


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose values are what is counted.

    Raises
    ------
    ValueError
        If one is not.
    """
    numbers = [row[name] for name in NUMBERS if row[name] is not None]
    scores = [score for key in ("scores", "acoustic_scores") for score in (row.get(key) or {}).values()]
    withheld = row["withheld"] or {}
    good = (
        isinstance(row["source"], str)
        and all(row.get(name) is None or isinstance(row[name], str) for name in (*TEXTS, *DETAILS))
        and all(isinstance(value, int | float) and math.isfinite(value) for value in (*numbers, *scores))
        and all(isinstance(row[name], int) and row[name] >= 0 for name in COUNTS)
        and isinstance(withheld, dict)
        and all(isinstance(count, int) for count in withheld.values())
    )
    if not good:
        raise ValueError("a value is not what a scan writes")
    return row

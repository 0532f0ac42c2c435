"""Read a manifest: a CSV table with columns ``path,label,patient`` and optionally ``start_s,end_s,source,noisy``.

Paths are relative to the table. Several labels separated by ``|`` mean one of these. Errors name the line. Must not
read audio.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from monitor.text.csv_table import read_table
from training.data.recording import LABELS_AND_PATIENTS, DataSet, Dropped, Recording, folder_name, known_label

__all__ = ["MANIFEST", "read_manifest"]

MANIFEST = "manifest.csv"

REQUIRED = ("path", "label", "patient")
NOISY = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

UNLABELLED = "no label in the manifest"
PARTLY = "partly labelled"


def read_manifest(table: Path) -> DataSet:
    """Return the recordings that a table lists; rows without a label are dropped.

    Raises
    ------
    DataError
        If the table cannot be read, a column is missing, a file does not exist, or a value is not valid.
    """
    name = folder_name(table.parent) if table.name == MANIFEST else table.stem
    recordings, dropped = [], []
    lines: dict[Path, list[tuple[int, Recording]]] = defaultdict(list)
    for line, row in _rows(table):
        try:
            recording = _recording(row, table.parent, name)
        except ValueError as error:
            raise DataError(f"{table} line {line}: {error}", "correct that line") from error
        if not recording.labels:
            dropped.append(Dropped(recording.path, UNLABELLED))
            continue
        recordings.append(recording)
        lines[recording.path].append((line, recording))
    for parts in lines.values():
        _check_parts(table, parts)
    tables = ((table, LABELS_AND_PATIENTS),)
    return DataSet(name, table, tuple(recordings), (), tuple(dropped), _notes(recordings), tables)


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Return the rows with their line numbers; column names in lower case, without blank lines."""
    names, rows = read_table(table, DataError)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        hint = "name PASCAL's folder instead" if "fname" in names else f"its first line must name {', '.join(REQUIRED)}"
        raise DataError(f"{table} line 1: no column {', '.join(missing)}", hint)
    return rows


def _recording(row: dict[str, str], folder: Path, name: str) -> Recording:
    """Return one row's recording.

    Raises
    ------
    ValueError
        If a value is not valid; the caller adds the table and line to the message.
    """
    labels = _labels(row["label"])
    start_s, end_s = _seconds(row, "start_s"), _seconds(row, "end_s")
    if end_s is not None and end_s <= (start_s or 0.0):
        raise ValueError(f"end_s {end_s:g} must be above start_s {start_s or 0:g}")
    if row.get("noisy", "").lower() not in NOISY:
        raise ValueError(f"noisy {row['noisy']!r} must be yes, no or empty")
    source = row.get("source") or name
    return Recording(
        path=_path(row["path"], folder),
        labels=labels,
        patient=f"{name}/{row['patient']}" if row["patient"] else "",
        source=source if len(labels) < 2 else f"{source}, {PARTLY}",
        noisy=NOISY[row.get("noisy", "").lower()],
        start_s=start_s or 0.0,
        end_s=end_s,
    )


def _path(text: str, folder: Path) -> Path:
    """Return the file that a row names."""
    for written in (text, text.replace("\\", "/")):
        if text and (folder / written).is_file():
            return folder / written
    raise ValueError(f"{text or 'an empty path'} is not there")


def _labels(text: str) -> tuple[str, ...]:
    """Return the labels that a recording may have."""
    labels = tuple(dict.fromkeys(known_label(label) for label in text.split("|") if label.strip()))
    if NON_CARDIAC in labels and len(labels) > 1:
        raise ValueError(f"label {text!r} must not combine {NON_CARDIAC} with another label")
    return labels


def _seconds(row: dict[str, str], column: str) -> float | None:
    """Return a time in seconds, None where the cell is empty."""
    text = row.get(column, "")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{column} {text!r} must be seconds from the file's beginning, such as 2.5")
    return seconds


def _check_parts(table: Path, parts: Sequence[tuple[int, Recording]]) -> None:
    """Raise for parts of a file that overlap: the same sound would count twice, or for two patients."""
    ordered = sorted(parts, key=lambda part: part[1].start_s)
    for (first, before), (second, after) in pairwise(ordered):
        if before.end_s is None or after.start_s < before.end_s:
            lines = f"{min(first, second)} and {max(first, second)}"
            raise DataError(f"{table} lines {lines}: parts of {after.path.name} that overlap", "keep one of them")


def _notes(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Return notes on the rows for the report."""
    unknown = sum(not recording.patient and recording.label != NON_CARDIAC for recording in recordings)
    partial = sum(len(recording.labels) > 1 for recording in recordings)
    notes = ["labels and patients are read from the manifest"]
    if unknown:
        notes.append(f"rows without a patient: {unknown}")
    if partial:
        notes.append(f"rows with several possible labels: {partial}; they are trained on, as a data set of their own")
    return tuple(notes)

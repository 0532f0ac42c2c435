"""Whose recording a file is, from a manifest: a CSV table with the columns ``path`` and ``patient``.

The same table as the training side takes; its other columns do not matter here. Paths are relative to the table.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

from monitor.errors import AuscultError, cannot_be_read

__all__ = ["read_subjects"]

REQUIRED = ("path", "patient")


def read_subjects(table: Path) -> dict[str, str]:
    """Return the subject of each file, by its absolute path; rows without one are left out.

    Raises
    ------
    AuscultError
        If the table cannot be read, or a column is missing.
    """
    try:
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise cannot_be_read(table, error, "name a CSV file with --manifest", AuscultError) from error
    except UnicodeDecodeError as error:
        raise AuscultError(f"{table} cannot be read as a table", "save it as CSV in UTF-8") from error
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(), delimiter=";" if first.count(";") > first.count(",") else ",")
    names = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise AuscultError(f"{table} line 1: no column {', '.join(missing)}", "name the columns path and patient")
    path_at, patient_at = (names.index(name) for name in REQUIRED)
    subjects = {}
    for cells in reader:
        if len(cells) > max(path_at, patient_at) and cells[patient_at].strip():
            written = cells[path_at].strip().replace("\\", "/")
            subjects[os.path.abspath(table.parent / written)] = cells[patient_at].strip()
    return subjects

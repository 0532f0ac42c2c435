"""Whose recording a file is, from a manifest: a CSV table with the columns ``path`` and ``patient``.

The same table as the training side takes; its other columns do not matter here. Paths are relative to the table.
"""

from __future__ import annotations

import os
from pathlib import Path

from monitor.errors import AuscultError
from monitor.text.csv_table import read_table

__all__ = ["read_subjects"]

REQUIRED = ("path", "patient")


def read_subjects(table: Path) -> dict[str, str]:
    """Return the subject of each file, by its absolute path; rows without one are left out.

    Raises
    ------
    AuscultError
        If the table cannot be read, a column is missing, or a file has two patients.
    """
    names, rows = read_table(table, AuscultError)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise AuscultError(f"{table} line 1: no column {', '.join(missing)}", "name the columns path and patient")
    subjects: dict[str, str] = {}
    for line, row in rows:
        if not row["patient"]:
            continue
        path = os.path.abspath(table.parent / row["path"].replace("\\", "/"))
        before = subjects.setdefault(path, row["patient"])
        if before != row["patient"]:
            raise AuscultError(
                f"{table} line {line}: {row['path']} is of {row['patient']} here and of {before} above",
                "a scan judges whole files: give each one patient, or none",
            )
    return subjects

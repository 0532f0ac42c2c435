"""Reading the journal of a scan: its head, and the lines of each type.

Must not write; damaged lines count for nothing. Safe on any thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["ROW", "WINDOW", "head_of", "last_rows", "lines_of", "unreadable_lines", "whole_row"]

ROW, WINDOW = b'{"type":"summary"', b'{"type":"window"'
MAX_HEAD_BYTES = 2**16


def head_of(path: Path) -> dict[str, Any] | None:
    """Return the first line of a journal; None where the file is none, or not there."""
    try:
        with open(path, "rb") as file:
            line = file.readline(MAX_HEAD_BYTES)
        head = json.loads(line)
    except (OSError, ValueError, RecursionError):
        return None
    return head if isinstance(head, dict) and head.get("type") == "scan" and line.endswith(b"\n") else None


def lines_of(path: Path, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a type, ``summary`` or ``window``, of a journal that was settled."""
    start = ROW if kind == "summary" else WINDOW
    with open(path, "rb") as file:
        for line in file:
            if line.startswith(start):
                yield json.loads(line)


def last_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the row of each file, of several the last: of a journal in any state, while a scan runs too.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    last: dict[str, int] = {}
    with open(path, "rb") as file:
        for number, line in enumerate(file):
            row = whole_row(line)
            if row is not None:
                last[row["path"]] = number
    with open(path, "rb") as file:
        for number, line in enumerate(file):
            row = whole_row(line)
            if row is not None and last.get(row["path"]) == number:
                yield row


def unreadable_lines(path: Path, *, is_running: bool = False) -> int:
    """Return how many lines after the head are neither a row nor a window.

    Parameters
    ----------
    path : Path
        Of a journal in any state.
    is_running : bool
        Whether a scan is writing it: a last line without its line feed is then one that is being written.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        file.readline()
        return sum(
            whole_row(line) is None and not (line.startswith(WINDOW) and line.endswith(b"}\n"))
            for line in file
            if line.endswith(b"\n") or not is_running
        )


def whole_row(line: bytes) -> dict[str, Any] | None:
    r"""Return a whole row; None for any other line.

    Examples
    --------
    >>> whole_row(b'{"type":"summary","path":"/a.wav"}\n')["path"], whole_row(b'{"type":"summary","pa')
    ('/a.wav', None)
    """
    if not (line.startswith(ROW) and line.endswith(b"}\n")):
        return None
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("path"), str) else None

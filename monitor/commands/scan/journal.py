"""The journal of a scan: a line that says what was scanned and how, then the lines of each file, appended whole.

A file counts once its row is there with its line feed, so whatever ends the program, a file is done or it is not. A row
that comes later replaces the one before it. Once all files are done, the journal is put in their order. Written by one
thread.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from monitor.archive.recordings import Recording
from monitor.archive.scans.journal_lines import ROW, WINDOW, head_of, whole_row
from monitor.atomic_write import write_atomic
from monitor.commands.scan.rows import dump
from monitor.errors import AuscultError, reason_of
from monitor.output import printable
from monitor.sessions.event_log import append, is_written, lock

__all__ = ["Journal"]

SCHEMA = 1


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    """Where the lines of a file are, and of which state of the file they are."""

    start: int
    end: int
    num_bytes: int | None
    mtime_ns: int | None
    etag: str | None
    unread: bool


class Journal:
    """The rows of a scan, on the disk as soon as they are known.

    Parameters
    ----------
    path : Path
    settings : dict
        What decides the results besides the files: they are never mixed with those of other settings.
    resume : bool
        Whether to go on with a journal that is there; otherwise it is replaced.

    Raises
    ------
    AuscultError
        If it cannot be written or is being written by another scan; or, to go on with, is of other settings.
    """

    def __init__(self, path: Path, settings: dict[str, Any], *, resume: bool) -> None:
        self.path = path
        head = {"type": "scan", "schema": SCHEMA, **settings}
        if is_written(path):
            raise _busy(path)
        try:
            if not (resume and path.exists()):
                write_atomic(path, f"{dump(head)}\n")
            self._file = io.FileIO(path, "r+")
        except OSError as error:
            raise _unwritable(path, error) from error
        if not lock(self._file):
            self._file.close()
            raise _busy(path)
        try:
            _check_same(path, head)
            self._entries, end = _read_entries(path)
            self._file.truncate(end)
        except OSError as error:
            self._file.close()
            raise _unwritable(path, error) from error
        except AuscultError:
            self._file.close()
            raise

    def __len__(self) -> int:
        """Return the number of files that have a row."""
        return len(self._entries)

    def has(self, recording: Recording) -> bool:
        """Return whether the row of a file is there, and the file as it was; one that could not be read is not."""
        entry = self._entries.get(recording.path)
        if entry is None or entry.unread or recording.num_bytes is None:
            return False
        there = (entry.num_bytes, entry.mtime_ns, entry.etag)
        return there == (recording.num_bytes, recording.mtime_ns, recording.etag)

    def add(self, recording: Recording, lines: bytes) -> None:
        """Append the lines of a file, all or none.

        Raises
        ------
        AuscultError
            If the disk does not take them.
        """
        start = self._file.seek(0, os.SEEK_END)
        try:
            append(self._file, lines)
        except OSError as error:
            raise AuscultError(
                f"{self.path} cannot be written: {error.strerror or error}",
                "mend that, then add --resume",
            ) from error
        end = start + len(lines)
        self._entries[recording.path] = _Entry(
            start, end, recording.num_bytes, recording.mtime_ns, recording.etag, unread=False
        )

    def close(self) -> None:
        """Flush it to the disk and close it. Twice is safe."""
        if not self._file.closed:
            try:
                os.fsync(self._file.fileno())
            finally:
                self._file.close()

    def settle(self, paths: Iterable[str], subject_of: Callable[[str], str | None]) -> int:
        """Close it, and replace it by one in which each file is there once, in order.

        Parameters
        ----------
        paths : iterable of str
            Of the files, in their order. Rows of other files follow, in the order of the journal.
        subject_of : callable
            From the path of a file to its subject.

        Returns
        -------
        int
            Rows of files that are not among ``paths``.

        Raises
        ------
        AuscultError
            If the disk does not take it; it is then as it was.
        """
        self.close()
        ordered = [path for path in dict.fromkeys(paths) if path in self._entries]
        named = set(ordered)
        others = sorted((entry.start, path) for path, entry in self._entries.items() if path not in named)
        order = [*ordered, *(path for _, path in others)]

        def write(out: BinaryIO) -> None:
            with open(self.path, "rb") as old:
                out.write(old.readline())
                for path in order:
                    entry = self._entries[path]
                    old.seek(entry.start)
                    while old.tell() < entry.end:
                        out.write(_with_subject(old.readline(), subject_of(path)))

        try:
            write_atomic(self.path, write)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return len(others)


def _with_subject(line: bytes, subject: str | None) -> bytes:
    """Return a line, a row with its subject."""
    if not line.startswith(ROW):
        return line
    row = json.loads(line)
    return line if row["subject"] == subject else f"{dump({**row, 'subject': subject})}\n".encode()


def _check_same(path: Path, head: dict[str, Any]) -> None:
    """Refuse a journal of other settings, and name the first that differs."""
    there = head_of(path)
    if there is None:
        raise AuscultError(f"{path} is no scan", "name another file with -o, or add --force to replace it")
    for key, value in head.items():
        if there.get(key) != value:
            raise AuscultError(
                f"{path} was scanned with {key} {printable(str(there.get(key)))}, and this is {printable(str(value))}",
                "use the same, or name another file with -o, or --force instead of --resume to begin again",
            )


def _read_entries(path: Path) -> tuple[dict[str, _Entry], int]:
    """Return where the lines of each file are, and the end of the last whole row; damaged lines count for nothing."""
    entries: dict[str, _Entry] = {}
    with open(path, "rb") as file:
        start = end = position = len(file.readline())
        for line in file:
            position += len(line)
            row = whole_row(line)
            if row is not None:
                unread = row.get("error") is not None and row.get("state") is None
                entries[row["path"]] = _Entry(
                    start, position, row.get("bytes"), row.get("mtime_ns"), row.get("etag"), unread
                )
                end = position
            if row is not None or not (line.startswith(WINDOW) and line.endswith(b"}\n")):
                start = position
    return entries, end


def _busy(path: Path) -> AuscultError:
    """Return the error for a journal that is being written."""
    return AuscultError(f"{path}: another scan is writing it", "wait for it, or name another file with -o")


def _unwritable(path: Path, error: OSError) -> AuscultError:
    """Return the error for a journal that cannot be written."""
    return AuscultError(f"{path} cannot be written: {reason_of(error, path)}", "name another file with -o")

"""Checks of a file before it is decoded; each error is one line with the next step.

Pure except for reading the file; safe on any thread; must not import a decoder.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from monitor.errors import RecordingError
from monitor.output import printable

__all__ = ["EMPTY", "bytes_missing", "check_file", "read_error", "shortfall"]

EMPTY = "is empty (0 bytes)"


def check_file(path: Path) -> None:
    """Refuse a file that cannot be a recording.

    Raises
    ------
    RecordingError
        If the file is missing, a directory, not a regular file, empty, or not readable by this user.
    """
    name, quoted = printable(str(path)), _in_shell(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise RecordingError(f"{name}: is a directory", f"name one of the recordings in it (ls {quoted})")
        if not stat.S_ISREG(status.st_mode):
            raise RecordingError(f"{name}: is not a file", f"pipe the sound in: auscult replay - < {quoted}")
        if status.st_size == 0:
            raise RecordingError(f"{name}: {EMPTY}", "record or copy it again")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise read_error(name, error) from error


def read_error(name: str, error: OSError | ValueError) -> RecordingError:
    """Return an error of the operating system as one line with the next step."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        return RecordingError(f"{name}: no such file", "check the name and the folder")
    if isinstance(error, PermissionError):
        return RecordingError(f"{name}: permission denied", "ask its owner for the right to read it (chmod u+r)")
    reason = (error.strerror or type(error).__name__).lower()
    return RecordingError(f"{name}: cannot be read ({reason})", "check the name and the disk, or copy it again")


def bytes_missing(stated: int, present: int) -> str:
    """Return what is missing of the stated bytes of sound; empty if nothing.

    Examples
    --------
    >>> bytes_missing(100, 60), bytes_missing(100, 100)
    ('40 of 100 bytes of sound are missing', '')
    """
    return f"{stated - max(0, present)} of {stated} bytes of sound are missing" if stated > present else ""


def shortfall(name: str, missing: str) -> RecordingError | None:
    """Return the error of a recording that lacks sound, or None where nothing is missing."""
    if not missing:
        return None
    return RecordingError(f"{name}: damaged or cut short, {missing}", "copy it again; what is there was read")


def _in_shell(path: Path) -> str:
    """Return a name quoted for a shell; a placeholder where it cannot be typed."""
    name = os.fspath(path)
    return shlex.quote(name) if name.isprintable() else "FILE"

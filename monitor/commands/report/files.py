"""Where a report is written: whole or not at all, read by its owner alone, and over nothing that exists unasked."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError, reason_of

__all__ = ["check_free", "write_report"]


def check_free(path: Path, *, force: bool) -> None:
    """Refuse to replace what exists.

    Raises
    ------
    AuscultError
        If it exists and ``force`` is not given, or is a folder.
    """
    if path.is_dir():
        raise AuscultError(f"{path} is a folder", "name a file")
    if os.path.lexists(path) and not force:
        raise AuscultError(f"{path} exists and is not overwritten", "choose another name with -o, or add --force")


def write_report(path: Path, content: bytes, *, force: bool) -> None:
    """Write the report whole or not at all; only its owner may read it.

    Raises
    ------
    AuscultError
        If it exists, or cannot be written.
    """
    check_free(path, force=force)  # another program may have written it meanwhile
    try:
        write_atomic(path, content, private=True)
    except OSError as error:
        reason = reason_of(error, path)
        raise AuscultError(f"{path} cannot be written: {reason}", "name another file or folder with -o") from error

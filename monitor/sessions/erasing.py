"""Erases sessions: on request, or the oldest ones where a limit was asked for.

A folder is renamed before its files are removed, so that a program that is killed meanwhile leaves no half session. One
that is being written is never touched. Copies elsewhere, such as exports, are not found. Main thread.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import shutil
from pathlib import Path

from monitor.errors import AuscultError
from monitor.sessions.overview import is_marked
from monitor.sessions.reader import StoredSession, find_sessions, read_session

__all__ = ["Limit", "erase", "keep_within", "parse_limit"]

LIMIT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>days?|GB|MB)")
BYTES = {"GB": 10**9, "MB": 10**6}


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """How long sessions are kept, or how much room they take.

    Attributes
    ----------
    days : float or None
    size : float or None
        Bytes.
    """

    days: float | None = None
    size: float | None = None


def parse_limit(text: str) -> Limit:
    """Return a limit.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse_limit("30 days"), parse_limit("20 GB")
    (Limit(days=30.0, size=None), Limit(days=None, size=20000000000.0))
    """
    match = LIMIT.fullmatch(text.strip())
    if match is None or not float(match["number"]):
        raise ValueError(f"keep={text!r} must be a number of days, MB or GB above 0")
    number, unit = float(match["number"]), match["unit"]
    return Limit(days=number) if unit.startswith("day") else Limit(size=number * BYTES[unit])


def erase(folder: Path) -> None:
    """Remove a session with all that is in its folder.

    Raises
    ------
    AuscultError
        If it is no session, a program is writing it, or it cannot be removed.
    """
    if read_session(folder).is_running:
        raise AuscultError(f"{folder} is being written by another program", "end that one first")
    if folder.is_symlink():
        raise AuscultError(f"{folder} is a link", "name the folder that it points to")
    folder = folder.resolve()
    going = folder.with_name(f".erased-{os.urandom(6).hex()}")
    try:
        folder.rename(going)
        shutil.rmtree(going)
    except OSError as error:
        raise AuscultError(f"{folder} cannot be erased: {error.strerror or error}", "check its permissions") from error


def keep_within(parent: Path, limit: Limit, now: datetime.datetime) -> list[Path]:
    """Erase the oldest sessions beyond a limit, and return their folders; never one with a mark, note or label.

    Parameters
    ----------
    parent : Path
        Where sessions are kept.
    limit : Limit
    now : datetime
        With its zone. Sessions that began later, because the clock was set back, are not old.

    Raises
    ------
    AuscultError
        If one cannot be erased.
    """
    sessions = find_sessions(parent)
    size = sum(map(_size, sessions)) if limit.size is not None else 0
    erased = []
    for session in sessions:
        too_old = limit.days is not None and now - session.started > datetime.timedelta(days=limit.days)
        too_much = limit.size is not None and size > limit.size
        if not (too_old or too_much) or session.is_running or is_marked(session.events()):
            continue
        size -= _size(session)
        erase(session.folder)
        erased.append(session.folder)
    return erased


def _size(session: StoredSession) -> int:
    """Return the bytes in a session's folder."""
    return sum(path.stat().st_size for path in session.folder.rglob("*") if path.is_file())

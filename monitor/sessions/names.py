"""Names of session folders and of what is in them, and how a new folder is made.

A folder is made in one step that fails where the name is taken, so two programs never share one; a number is added
then. Only its owner may read it. Runs on the main thread.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from monitor.errors import AuscultError, reason_of

__all__ = [
    "ECG_FILE",
    "EVENTS_FILE",
    "FOLDER_NAME",
    "MAX_SUBJECT",
    "SESSION_FILE",
    "SOUND_FILE",
    "check_subject",
    "folder_name",
    "new_folder",
]

SESSION_FILE, EVENTS_FILE, SOUND_FILE, ECG_FILE = "session.json", "events.jsonl", "sound.flac", "ecg.flac"
MAX_SUBJECT = 64
SUBJECT = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_SUBJECT}}}")
FOLDER_NAME = re.compile(r"\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}(_[A-Za-z0-9_-]+)?")
MAX_NUMBER = 1000


def check_subject(subject: str) -> str:
    """Return a subject's code.

    Raises
    ------
    ValueError
        If it is none: 1 to 64 letters, digits, ``_`` and ``-`` of ASCII.

    Examples
    --------
    >>> check_subject("P-017")
    'P-017'
    """
    if not SUBJECT.fullmatch(subject):
        raise ValueError(f"subject={subject!r} must be 1 to {MAX_SUBJECT} letters, digits, _ or -")
    return subject


def folder_name(started: datetime.datetime, subject: str | None = None, site: str | None = None) -> str:
    """Return the name of a session's folder, without a number.

    Examples
    --------
    >>> folder_name(datetime.datetime(2026, 1, 2, 3, 4, 5), "P-017", "AV")
    '2026-01-02_03-04-05_P-017_AV'
    """
    return "_".join([f"{started:%Y-%m-%d_%H-%M-%S}", *filter(None, (subject, site))])


def new_folder(parent: Path, name: str) -> Path:
    """Make a folder that did not exist, and return its path.

    Parameters
    ----------
    parent : Path
        Made as well where it is missing.
    name : str
        A number is added where it is taken.

    Raises
    ------
    AuscultError
        If it cannot be made.
    """
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(1, MAX_NUMBER):
            folder = parent / (name if number == 1 else f"{name}_{number}")
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        reason = reason_of(error, parent)
        raise AuscultError(f"{parent}: no session can be kept there: {reason}", "name another --session-dir") from error
    raise AuscultError(f"{parent / name} is taken {MAX_NUMBER - 1} times", "name another --session-dir")

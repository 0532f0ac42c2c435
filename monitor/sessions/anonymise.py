"""Takes out of a session what says whose it is.

Subject, command line, file names, paths and the texts of notes go, from the folder's name, ``session.json``,
``events.jsonl`` and the tags of its FLAC files. What stays: the sound (a voice in it is not recognised), dates and
times, sites, the device's name, and every result. The folder gets its new name last; a program that is killed meanwhile
can be started again. Main thread.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError
from monitor.sessions.names import EVENTS_FILE, SESSION_FILE, SOUND_FILE, check_subject, folder_name
from monitor.sessions.reader import StoredSession, read_session
from monitor.sessions.session import session_text

__all__ = ["anonymise", "without_tags"]

FLAC = b"fLaC"
LAST_BLOCK = 0x80
COPY_BYTES = 2**20


def anonymise(folder: Path, *, subject: str | None = None, keep_notes: bool = False) -> Path:
    """Anonymise a session, and return its new folder.

    Parameters
    ----------
    folder : Path
    subject : str or None
        Another code in place of the subject; None for none.
    keep_notes : bool
        Whether the texts of notes stay; whoever asks for that has read them.

    Raises
    ------
    ValueError
        If the new subject is no code.
    AuscultError
        If it is no session, is being written, cannot be changed, or holds files of others, which may name anybody.
    """
    if subject is not None:
        check_subject(subject)
    session = read_session(folder)
    folder = folder.resolve()
    if session.is_running:
        raise AuscultError(f"{folder} is being written by another program", "end that one first")
    others = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in (SESSION_FILE, EVENTS_FILE) and path.suffix != ".flac"
    )
    if others:
        raise AuscultError(f"{folder} holds other files: {', '.join(others)}", "move them away first")
    try:
        lines = [_line(line, session, keep_notes) for line in session.events().lines]
        write_atomic(folder / EVENTS_FILE, "".join(f"{line}\n" for line in lines), private=True)
        for sound in folder.glob("*.flac"):
            without_tags(sound)
        write_atomic(folder / SESSION_FILE, session_text(_values(session, subject)), private=True)
        return _renamed(folder, folder_name(session.started, subject, session.site))
    except OSError as error:
        raise AuscultError(f"{folder} cannot be changed: {error.strerror or error}", "check its permissions") from error


def without_tags(path: Path) -> None:
    """Remove every block of a FLAC before the sound but the first, which describes the stream.

    Raises
    ------
    AuscultError
        If it is no FLAC.
    OSError
        If it cannot be read or written.

    Source: RFC 9639, section 8.1.
    """
    with path.open("rb") as file:
        magic, first = file.read(4), file.read(4)
        if not magic and not first:
            return  # nothing was recorded
        if magic != FLAC or len(first) < 4 or first[0] & ~LAST_BLOCK:
            raise AuscultError(f"{path} is no FLAC file", "move it away first")
        stream = file.read(int.from_bytes(first[1:], "big"))
        if first[0] & LAST_BLOCK:
            return
        header = first
        while not header[0] & LAST_BLOCK:
            header = file.read(4)
            if len(header) < 4:
                raise AuscultError(f"{path} is damaged", "move it away first")
            file.seek(int.from_bytes(header[1:], "big"), 1)

        def copy(target: BinaryIO) -> None:
            target.write(FLAC + bytes([first[0] | LAST_BLOCK]) + first[1:] + stream)
            while data := file.read(COPY_BYTES):
                target.write(data)

        write_atomic(path, copy, private=True)


def _values(session: StoredSession, subject: str | None) -> dict[str, Any]:
    """Return the content of ``session.json`` without what says whose it is."""
    values = dict(session.values)
    source = {**values["source"], "name": _source(session)}
    return {**values, "subject": subject, "source": source, "argv": ["auscult", session.kind]}


def _source(session: StoredSession) -> str:
    """Return the name of the source: a device's stays, a file's may name anybody."""
    return "recording" if session.kind == "replay" else session.source


def _line(line: dict[str, Any], session: StoredSession, keep_notes: bool) -> str:
    """Return a line of the events without what says whose it is."""
    changed = dict(line)
    if "source" in changed and changed["type"] != "label":
        changed["source"] = _source(session)
    if changed.get("path") is not None:
        own = changed["type"] == "recording" and Path(changed["path"]).name == SOUND_FILE
        changed["path"] = SOUND_FILE if own else "recording"
    if changed.get("labels") is not None and changed["type"] == "recording":
        changed["labels"] = "recording"
    if changed["type"] in ("note", "edit") and "text" in changed and not keep_notes:
        changed["text"] = ""
    if changed["type"] == "told":
        for name in (session.source if session.kind == "replay" else "", session.folder.name):
            changed["text"] = changed["text"].replace(name, "recording") if name else changed["text"]
    return json.dumps(changed, allow_nan=False, separators=(",", ":"))


def _renamed(folder: Path, name: str) -> Path:
    """Return the folder under its new name; a number is added where that is taken."""
    if folder.name == name:
        return folder
    number = 1
    while (target := folder.with_name(name if number == 1 else f"{name}_{number}")).exists():
        number += 1
    return folder.rename(target)

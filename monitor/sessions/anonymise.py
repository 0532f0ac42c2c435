"""Takes out of a session what says whose it is.

Subject, command line, file names, paths, the texts of notes and labels in a person's own words go, from the folder's
name, ``session.json``, ``events.jsonl`` and the tags of its FLAC files. What stays: the sound (a voice in it is not
recognised), dates and times, sites, the device's name, and every result. The folder gets its new name last; a program
that is killed meanwhile can be started again. Main thread.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, BinaryIO

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError
from monitor.labels import EXTRASTOLE, NON_CARDIAC, NORMAL
from monitor.sessions.names import EVENTS_FILE, SESSION_FILE, SOUND_FILE, check_subject, folder_name
from monitor.sessions.reader import StoredSession, read_session
from monitor.sessions.session import session_text

__all__ = ["anonymise", "without_tags"]

FLAC = b"fLaC"
LAST_BLOCK = 0x80
RECORDING, LABEL = "recording", "label"
"""What stands in place of a file's name, and of a label in a person's own words."""
FIELD_LABELS = frozenset({NORMAL, "murmur", EXTRASTOLE, NON_CARDIAC, "S1", "S2", "systole", "diastole"})
"""Labels that name no one; those of the session's network are kept too."""
KEPT_KEYS = frozenset(
    (
        "type",
        "schema",
        "version",
        "started",
        "ended",
        "subject",
        "site",
        "sites",
        "device",
        "source",
        "sample_rate",
        "samples",
        "lost_samples",
        "model",
        "model_sha256",
        "engine",
        "labels",
        "window_s",
        "hop_s",
        "argv",
        "files",
    )
)
"""Keys of ``session.json`` that stay: another program's may name anybody."""
COPY_BYTES = 2**20


def anonymise(folder: Path, *, subject: str | None = None, keep_notes: bool = False) -> Path:
    """Anonymise a session, and return its new folder.

    Parameters
    ----------
    folder : Path
    subject : str or None
        Another code in place of the subject; None for none.
    keep_notes : bool
        Whether the texts of notes and labels stay; whoever asks for that has read them.

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
        lines = [_line(line, session, subject, keep_notes) for line in session.events().lines]
        for sound in folder.glob("*.flac"):  # one that is damaged is told before a note has lost its text
            without_tags(sound)
        write_atomic(folder / EVENTS_FILE, "".join(f"{line}\n" for line in lines), private=True)
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
    values = {key: value for key, value in session.values.items() if key in KEPT_KEYS}
    source = values.get("source")
    source = {**(source if isinstance(source, dict) else {}), "name": _source(session)}
    return {**values, "subject": subject, "source": source, "argv": ["auscult", session.kind]}


def _source(session: StoredSession) -> str:
    """Return the name of the source: a device's stays, a file's may name anybody."""
    return RECORDING if _is_of_files(session) else session.source


def _is_of_files(session: StoredSession) -> bool:
    """Return whether recordings were played, whose names may name anybody."""
    return session.kind == "replay" or (session.kind == "exam" and session.values.get("device") is None)


def _line(line: dict[str, Any], session: StoredSession, subject: str | None, keep_notes: bool) -> str:
    """Return a line of the events without what says whose it is."""
    changed = dict(line)
    if "source" in changed and changed["type"] != "label":
        changed["source"] = _source(session)
    if "subject" in changed:
        changed["subject"] = subject
    if changed.get("path") is not None:
        own = changed["type"] == "recording" and Path(str(changed["path"])).name == SOUND_FILE
        changed["path"] = SOUND_FILE if own else RECORDING
    if changed.get("labels") is not None and changed["type"] == "recording":
        changed["labels"] = RECORDING
    if not keep_notes:
        _remove_words(changed, session)
    for key in ("text",) if changed["type"] == "told" else ("error",):
        if isinstance(changed.get(key), str):
            changed[key] = _nameless(changed[key], session)
    return json.dumps(changed, allow_nan=False, separators=(",", ":"))


def _remove_words(line: dict[str, Any], session: StoredSession) -> None:
    """Take a person's own words out of a note, a label, or an edit or a deletion of one, which still finds it."""
    if line["type"] in ("note", "edit") and "text" in line:
        line["text"] = ""
    if line["type"] in ("label", "edit") and "label" in line:
        line["label"] = _nameless_label(line["label"], session)
    target = line.get("target")
    if line["type"] in ("edit", "delete") and isinstance(target, dict):
        own_words = {"text": ""} if "text" in target else {}
        label = {"label": _nameless_label(target["label"], session)} if "label" in target else {}
        line["target"] = {**target, **own_words, **label}


def _nameless_label(label: object, session: StoredSession) -> object:
    """Return a label of the field as it is, and one word in place of any other."""
    return label if isinstance(label, str) and (label in FIELD_LABELS or label in session.labels) else LABEL


def _nameless(text: str, session: StoredSession) -> str:
    """Return what a person was told without the names of files and of the subject."""
    for name in (session.source if _is_of_files(session) else "", session.folder.resolve().name):
        text = text.replace(name, RECORDING) if name else text
    words = [RECORDING if "/" in word or "\\" in word else word for word in text.split(" ")]
    if session.subject:
        subject = re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(session.subject)}(?![A-Za-z0-9_-])")
        words = [subject.sub(RECORDING, word) for word in words]
    return " ".join(words)


def _renamed(folder: Path, name: str) -> Path:
    """Return the folder under its new name; a number is added where that is taken."""
    if folder.name == name:
        return folder
    number = 1
    while (target := folder.with_name(name if number == 1 else f"{name}_{number}")).exists():
        number += 1
    return folder.rename(target)

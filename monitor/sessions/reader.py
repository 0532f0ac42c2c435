"""Reads what a session has kept, also where the program was killed while it wrote.

``ended`` and ``samples`` are then None, and a last line of the events that was cut off is left out; so is any other
line that is no JSON object, and each is counted. Safe on any thread; must not write.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from monitor.errors import RecordingError, cannot_be_read
from monitor.log import get_logger
from monitor.sessions.edits import apply_edits
from monitor.sessions.event_log import is_written
from monitor.sessions.names import ECG_FILE, EVENTS_FILE, SESSION_FILE, SOUND_FILE

__all__ = ["Events", "StoredSession", "find_sessions", "read_events", "read_session"]

logger = get_logger(__name__)

MOVE_AWAY = "move it away, or name another session"
MAX_RATE_HZ = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Events:
    """The lines of a session.

    Attributes
    ----------
    lines : tuple of dict
        In the order in which they were written; see docs/formats/session.md.
    damaged : int
        Lines that could not be read.
    """

    lines: tuple[dict[str, Any], ...]
    damaged: int = 0

    def edited(self) -> Events:
        """Return the lines as they count after what a person has edited and deleted."""
        return Events(tuple(apply_edits(self.lines)), self.damaged)

    def of(self, *types: str) -> list[dict[str, Any]]:
        """Return the lines of some types."""
        return [line for line in self.lines if line.get("type") in types]


@dataclasses.dataclass(frozen=True, slots=True)
class StoredSession:
    """What ``session.json`` says, and where the rest is.

    Attributes
    ----------
    folder : Path
    started : datetime
        With its zone.
    ended : datetime or None
        None while it runs, and where the program was killed.
    subject, site : str or None
    kind, source : str
        The command, and the name of the device or file.
    sample_rate : int
        Hz.
    samples : int or None
        Samples in the sound file; None where `ended` is.
    lost_samples : int
        Of them zeros, because they were lost.
    labels : tuple of str
    values : dict
        All of ``session.json``.
    """

    folder: Path
    started: datetime.datetime
    ended: datetime.datetime | None
    subject: str | None
    site: str | None
    kind: str
    source: str
    sample_rate: int
    samples: int | None
    lost_samples: int
    labels: tuple[str, ...]
    values: dict[str, Any]

    @property
    def sound_path(self) -> Path:
        """The sound file; missing where nothing was heard."""
        return self.folder / SOUND_FILE

    @property
    def ecg_path(self) -> Path:
        """The file of the electrocardiogram; missing where there was none."""
        return self.folder / ECG_FILE

    @property
    def events_path(self) -> Path:
        """The file of lines."""
        return self.folder / EVENTS_FILE

    @property
    def is_running(self) -> bool:
        """Whether a program is writing it now; always False on a system without file locks."""
        return self.ended is None and is_written(self.events_path)

    def events(self) -> Events:
        """Return its lines; see :func:`read_events`."""
        return read_events(self.events_path)


def read_session(folder: Path) -> StoredSession:
    """Return a session.

    Parameters
    ----------
    folder : Path
        The session's own folder.

    Raises
    ------
    RecordingError
        If there is no ``session.json``, or it is none.
    """
    path = Path(folder) / SESSION_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        return _stored(Path(folder), values)
    except FileNotFoundError as error:
        raise RecordingError(
            f"{folder} is no session: there is no {SESSION_FILE}", "name a session's folder"
        ) from error
    except OSError as error:
        if Path(folder).is_file():
            raise RecordingError(f"{folder} is no session: it is a file", "name a session's folder") from error
        raise cannot_be_read(path, error, MOVE_AWAY, RecordingError) from error
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise RecordingError(f"{path} is damaged: {_why(error)}", "its sound can still be replayed") from error


def find_sessions(
    parent: Path, left_out: Callable[[RecordingError], None] = lambda error: logger.warning("%s", error)
) -> list[StoredSession]:
    """Return the sessions in a folder, the oldest first; what cannot be read is left out.

    Parameters
    ----------
    parent : Path
        Where sessions are kept, or one session; a folder that does not exist has none.
    left_out : callable
        Called with the reason of each that is left out.
    """
    found = []
    try:
        if _holds_session(parent):
            return [read_session(parent)]
        folders = sorted(path for path in parent.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        left_out(cannot_be_read(parent, error, "check the disk", RecordingError))
        return []
    for folder in folders:
        try:
            if _holds_session(folder):
                found.append(read_session(folder))
        except OSError as error:
            left_out(cannot_be_read(folder, error, "check the disk", RecordingError))
        except RecordingError as error:
            left_out(error)
    return sorted(found, key=lambda session: (session.started.timestamp(), session.folder.name))


def _holds_session(folder: Path) -> bool:
    """Return whether there is a session in a folder; an OSError says why that cannot be known."""
    try:
        return stat.S_ISREG((folder / SESSION_FILE).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def read_events(path: Path) -> Events:
    """Return the lines of ``events.jsonl``; none where there is no such file.

    Raises
    ------
    RecordingError
        If it cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Events(())
    except OSError as error:
        raise cannot_be_read(path, error, MOVE_AWAY, RecordingError) from error
    found = list(_parsed(data))
    lines = tuple(line for line in found if line is not None)
    return Events(lines, len(found) - len(lines))


def _parsed(data: bytes) -> Iterator[dict[str, Any] | None]:
    """Yield each line as an object, None where it is none; a last line without its line feed was cut off."""
    *whole, rest = data.split(b"\n")
    for line in whole:
        try:
            values = json.loads(line, parse_constant=_refuse)
        except (ValueError, RecursionError):
            values = None
        yield values if isinstance(values, dict) and isinstance(values.get("type"), str) else None
    if rest:
        yield None


def _refuse(name: str) -> object:
    """Refuse NaN and infinities, which JSON does not have."""
    raise ValueError(f"{name} is no JSON")


def _stored(folder: Path, values: dict[str, Any]) -> StoredSession:
    """Return a session from the content of its file, which another program, or an earlier version, may have written."""
    if values.get("type", "session") != "session":
        raise ValueError(f"type={values['type']!r} must be 'session'")
    source, sites, ended = values.get("source"), values.get("sites") or [], values["ended"]
    source = source if isinstance(source, dict) else {}
    site = values.get("site")
    sample_rate, samples = int(values["sample_rate"]), values.get("samples")
    if not 1 <= sample_rate <= MAX_RATE_HZ:
        raise ValueError(f"sample_rate={sample_rate} must be from 1 to {MAX_RATE_HZ}")
    return StoredSession(
        folder=folder,
        started=_time(values["started"]),
        ended=None if ended is None else _time(ended),
        subject=_text("subject", values["subject"]),
        site=_text("site", sites[0]["site"] if site is None and sites and not sites[0]["start_s"] else site),
        kind=str(source.get("kind") or "listen"),
        source=str(source.get("name") or values.get("device")),
        sample_rate=sample_rate,
        samples=None if samples is None else max(0, int(samples)),
        lost_samples=int(values["lost_samples"]),
        labels=tuple(map(str, values.get("labels") or ())),
        values=values,
    )


def _text(key: str, value: object) -> str | None:
    """Return a value that is text, or None."""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{key}={value!r} must be text")
    return value


def _why(error: Exception) -> str:
    """Return what is wrong with the content, in words."""
    if isinstance(error, KeyError):
        return f"{error} is missing"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error)


def _time(text: str) -> datetime.datetime:
    """Return a time with its zone; one without is local."""
    time = datetime.datetime.fromisoformat(text)
    return time if time.tzinfo is not None else time.astimezone()

"""A session folder as a timeline: its events are used as they are, also those of a session that ended in a crash."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from monitor.commands.export.spans import find_spans, split_readable
from monitor.commands.export.timeline import Sound, Timeline, open_sound
from monitor.errors import AuscultError, RecordingError
from monitor.output import printable

__all__ = ["read_session"]

SETTINGS = "session.json"
FILES = {"sound": "sound.flac", "events": "events.jsonl"}


def read_session(folder: Path) -> tuple[Timeline, list[str]]:
    """Return a session, and a line for each thing that is missing in it.

    A line that is cut off or damaged is left out. Without its sound, a session lasts up to its last line.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    AuscultError
        If the folder is no session, or its files cannot be read.
    """
    settings = _settings(folder)
    remarks = []
    events = _named(folder, settings, "events")
    lines, unreadable = split_readable(_decoded(events))
    if unreadable:
        remarks.append(f"{events}: {unreadable} {'line' if unreadable == 1 else 'lines'} cannot be read and left out")
    path = _named(folder, settings, "sound")
    sound: Sound | None = None
    try:
        sound = open_sound(path)
    except RecordingError as error:
        remarks.append(str(error))
    start = next((line for line in lines if line["type"] == "start"), {})
    rate = sound.sample_rate if sound else settings.get("sample_rate") or start.get("sample_rate")
    if not isinstance(rate, int) or rate < 1:
        raise AuscultError(f"{printable(str(folder))}: neither its sound nor its sample rate can be read")
    if sound is not None and sound.error is not None:
        remarks.append(str(sound.error))
    num_samples = sound.num_samples if sound else round(rate * _last_s(lines))
    timeline = Timeline(
        name=folder.resolve().name,
        sample_rate=rate,
        num_samples=num_samples,
        sound=sound,
        spans=find_spans(lines, num_samples / rate),
        windows=tuple(line for line in lines if line["type"] == "window"),
        summary=next((line for line in reversed(lines) if line["type"] == "summary"), None),
        start=start,
        session=settings,
        inputs=(folder / SETTINGS, events, path),
    )
    return timeline, remarks


def _settings(folder: Path) -> dict[str, Any]:
    """Return the content of session.json."""
    path = folder / SETTINGS
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise AuscultError(
            f"{printable(str(folder))}: no session, it has no {SETTINGS}", "name a recording in it"
        ) from error
    except OSError as error:
        raise AuscultError(f"{printable(str(path))} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise AuscultError(f"{printable(str(path))} is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("type") != "session":
        raise AuscultError(f"{printable(str(path))} does not describe a session")
    for key in ("started", "ended"):
        if content.get(key) is not None and not _is_time(content[key]):
            raise AuscultError(f"{printable(str(path))}: {key} is no ISO 8601 time: {printable(str(content[key]))}")
    return content


def _is_time(value: object) -> bool:
    """Return whether a value is an ISO 8601 time."""
    try:
        return bool(datetime.datetime.fromisoformat(str(value)))
    except ValueError:
        return False


def _named(folder: Path, settings: dict[str, Any], what: str) -> Path:
    """Return a file of the session; a name that leads out of the folder is not followed."""
    files = settings.get("files")
    name = files.get(what) if isinstance(files, dict) else None
    return folder / (name if isinstance(name, str) and Path(name).name == name else FILES[what])


def _decoded(path: Path) -> list[object]:
    """Return the JSON value of each line, None for one that has none; nothing for a file that is not there."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise AuscultError(f"{printable(str(path))} cannot be read: {error.strerror or error}") from error
    values: list[object] = []
    for line in content.splitlines():
        try:
            values.append(json.loads(line, parse_constant=_refuse))
        except ValueError:
            values.append(None)
    return values


def _refuse(name: str) -> object:
    """Refuse NaN and infinities, which JSON does not have."""
    raise ValueError(f"{name} is no JSON")


def _last_s(lines: list[dict[str, Any]]) -> float:
    """Return the last second that a line speaks of."""
    keys = ("end_s", "at_s")
    return max(
        (float(line[key]) for line in lines for key in keys if isinstance(line.get(key), int | float)), default=0.0
    )

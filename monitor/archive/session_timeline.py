"""A session folder as a timeline: its events are used as they are, also those of a session that ended in a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.archive.spans import find_spans
from monitor.archive.timeline import Sound, Timeline, open_sound
from monitor.errors import RecordingError
from monitor.sessions.edits import apply_edits
from monitor.sessions.names import SESSION_FILE
from monitor.sessions.readable import split_readable
from monitor.sessions.reader import StoredSession, read_session
from monitor.text.text_lines import left_out_text

__all__ = ["session_timeline"]


def session_timeline(folder: Path, *, trust_length: bool = False) -> tuple[Timeline, list[str]]:
    """Return a session, and a line for each thing that is missing in it.

    A line that is cut off or damaged is left out; what a person has edited or deleted later counts as it is now.
    Without its sound, a session lasts up to its last line.

    Parameters
    ----------
    folder : Path
    trust_length : bool
        Whether the sound is as long as ``session.json`` and the file say, where they agree; otherwise it is read once
        to its end.

    Raises
    ------
    RecordingError
        If the folder is no session, or its files cannot be read.
    """
    session = read_session(folder)
    events = session.events()
    readable, unreadable = split_readable(events.lines)
    lines = apply_edits(readable)  # an edit that cannot be read takes nothing away
    unreadable += events.damaged
    remarks = []
    if unreadable:
        remarks.append(left_out_text(session.events_path, unreadable))
    sound: Sound | None = None
    try:
        sound = open_sound(session.sound_path, num_samples=session.samples if trust_length else None)
    except RecordingError as error:
        remarks.append(str(error))
    ecg = _ecg(session, remarks)
    if sound is not None and sound.error is not None:
        remarks.append(str(sound.error))
    rate = sound.sample_rate if sound else session.sample_rate
    num_samples = sound.num_samples if sound else round(rate * _last_s(lines))
    timeline = Timeline(
        name=folder.resolve().name,
        sample_rate=rate,
        num_samples=num_samples,
        sound=sound,
        spans=find_spans(lines, num_samples / rate),
        windows=tuple(line for line in lines if line["type"] == "window"),
        summary=_last(lines, "summary"),
        examination=_last(lines, "examination"),
        start=next((line for line in lines if line["type"] == "start"), {}),
        session=session.values,
        inputs=(folder / SESSION_FILE, session.events_path, session.sound_path, session.ecg_path),
        ecg=ecg,
        entries=tuple(line for line in lines if line["type"] in ("mark", "note", "label")),
        beats=tuple(line for line in lines if line["type"] == "beat"),
    )
    return timeline, remarks


def _ecg(session: StoredSession, remarks: list[str]) -> Sound | None:
    """Return the electrocardiogram of a session, if it has one; what is wrong with it is added to the remarks."""
    if not session.ecg_path.exists():
        return None
    try:
        ecg = open_sound(session.ecg_path)
    except RecordingError as error:
        remarks.append(str(error))
        return None
    if ecg.error is not None:
        remarks.append(str(ecg.error))
    return ecg


def _last(lines: list[dict[str, Any]], kind: str) -> dict[str, Any] | None:
    """Return the last line of a type."""
    return next((line for line in reversed(lines) if line["type"] == kind), None)


def _last_s(lines: list[dict[str, Any]]) -> float:
    """Return the last second that a line speaks of."""
    keys = ("end_s", "at_s")
    return max(
        (float(line[key]) for line in lines for key in keys if isinstance(line.get(key), int | float)), default=0.0
    )

"""Read the sessions that ``auscult listen --session`` keeps: a person's own labels make a data set of them.

Each labelled stretch is a recording of its own, cut where sound was lost inside it; the patient is the session's
subject. All sessions are one data set, wherever they are kept: a subject's code means the same person in each. Must
not read audio; the lengths are those that the sessions state.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from monitor.archive.spans import find_spans
from monitor.errors import RecordingError
from monitor.labels import NON_CARDIAC
from monitor.sessions.labels import Label, labels
from monitor.sessions.names import SESSION_FILE
from monitor.sessions.readable import split_readable
from monitor.sessions.reader import StoredSession, read_session
from training.data.recording import LABELS, DataSet, Dropped, Recording, folder_name, known_label

__all__ = ["HOW_TO_LABEL", "SESSIONS", "is_session", "join_sessions", "read_session_set"]

SESSIONS = "sessions"
"""Name of the data set; recorded in bundles."""
CLASSES = (*LABELS, NON_CARDIAC)

NO_LABEL = "no label"
NO_STRETCH = "no stretch of the session has a label"
LOST = "sound was lost"
CONTRADICTED = "overlaps a stretch with another label"
NO_CLASS = f"is no class of the network ({', '.join(CLASSES)})"
DAMAGED = "damaged, as a session"
HOW_TO_LABEL = "label stretches of them: auscult review SESSION, key l"
NOTE = "labels and subjects are read from the sessions; each labelled stretch is a recording"
MIN_S = 0.001
"""Stretches below that are the rounding of times, which sessions keep in milliseconds."""
MAX_NAMED = 8

Stretch = tuple[float, float]


def is_session(folder: Path) -> bool:
    """Return whether a folder is a session."""
    return (folder / SESSION_FILE).is_file()


def read_session_set(folder: Path) -> DataSet | None:
    """Return the labelled stretches of one session, also of one that was killed; None for any other folder."""
    if not is_session(folder):
        return None
    try:
        session = read_session(folder)
        events = session.events()
    except RecordingError as error:
        return DataSet(SESSIONS, folder, (), (), (Dropped(folder / SESSION_FILE, DAMAGED),), (error.message,))
    lines, _ = split_readable(events.lines)
    end_s = _duration_s(session, lines)
    lost = [(span.start_s, span.end_s) for span in find_spans(lines, end_s) if span.kind == "lost"]
    recordings, dropped = _sort_out(session, labels(lines), lost, end_s)
    tables = ((folder / SESSION_FILE, "the subject of a session"), (session.events_path, "the labels of a session"))
    return DataSet(SESSIONS, folder, tuple(recordings), (), tuple(dropped), (), tables)


def _duration_s(session: StoredSession, lines: Sequence[dict[str, object]]) -> float:
    """Return the length of a session's sound; of one that was killed, up to the last window."""
    if session.samples is not None:
        return session.samples / session.sample_rate
    ends = (line["end_s"] for line in lines if line["type"] == "window")
    return max((end_s for end_s in ends if isinstance(end_s, int | float)), default=0.0)


def _sort_out(
    session: StoredSession, given: Sequence[Label], lost: Sequence[Stretch], end_s: float
) -> tuple[list[Recording], list[Dropped]]:
    """Return the labelled stretches to train on, and what is left out of a session."""
    path, patient = session.sound_path, _patient(session)
    if not given:
        return [], [Dropped(path, NO_STRETCH, 0.0, end_s)]
    recordings, dropped = [], []
    spelt = [label._replace(label=known_label(label.label)) for label in given]
    usable = [label for label in spelt if label.label in CLASSES]
    for start_s, stop_s, label in spelt:
        if label not in CLASSES:
            dropped.append(Dropped(path, f"the label {label!r} {NO_CLASS}", start_s, stop_s))
    for start_s, stop_s, label in _joined(usable):
        if any(one.label != label and one.start_s < stop_s and start_s < one.end_s for one in usable):
            dropped.append(Dropped(path, CONTRADICTED, start_s, stop_s))
            continue
        for part in _without((start_s, stop_s), lost):
            recordings.append(Recording(path, (label,), patient, SESSIONS, None, *part, _site(session, part)))
        dropped += [Dropped(path, LOST, *part) for part in _inside((start_s, stop_s), lost)]
    covered = [(label.start_s, label.end_s) for label in given]
    dropped += [Dropped(path, NO_LABEL, *part) for part in _without((0.0, end_s), covered)]
    return recordings, dropped


def _patient(session: StoredSession) -> str:
    """Return who was recorded; a session without a subject is a patient of its own, by a name that no subject has."""
    return f"{SESSIONS}/{session.subject or f'session {folder_name(session.folder)}'}"


def _site(session: StoredSession, part: Stretch) -> str | None:
    """Return the auscultation site of a stretch; None where it is not known, or changes."""
    sites = [(str(site.get("site")), site.get("start_s")) for site in session.values.get("sites") or []]
    heard: str | None = session.site if not sites else None
    for site, start_s in sites:
        if isinstance(start_s, int | float) and start_s <= part[0]:
            heard = site
        elif isinstance(start_s, int | float) and start_s < part[1] and site != heard:
            return None
    return heard


def _joined(stretches: Iterable[Label]) -> list[Label]:
    """Return stretches in order; those of one label that overlap are one, so that no sound counts twice."""
    joined: list[Label] = []
    newest: dict[str, int] = {}
    for stretch in sorted(stretches):
        index = newest.get(stretch.label)
        if index is not None and stretch.start_s < joined[index].end_s:
            joined[index] = joined[index]._replace(end_s=max(joined[index].end_s, stretch.end_s))
        else:
            newest[stretch.label] = len(joined)
            joined.append(stretch)
    return joined


def _without(whole: Stretch, holes: Iterable[Stretch]) -> list[Stretch]:
    """Return what is left of a stretch."""
    left, position_s = [], whole[0]
    for start_s, end_s in sorted(holes):
        if min(start_s, whole[1]) - position_s > MIN_S:
            left.append((position_s, min(start_s, whole[1])))
        position_s = max(position_s, end_s)
    return [*left, (position_s, whole[1])] if whole[1] - position_s > MIN_S else left


def _inside(whole: Stretch, others: Iterable[Stretch]) -> list[Stretch]:
    """Return the parts of some stretches that lie within another."""
    parts = [(max(start_s, whole[0]), min(end_s, whole[1])) for start_s, end_s in sorted(others)]
    return [part for part in parts if part[1] - part[0] > MIN_S]


def join_sessions(sets: Sequence[DataSet]) -> list[DataSet]:
    """Return some data sets with all sessions joined, each once, at the index of the first."""
    found: dict[Path, DataSet] = {}
    for data_set in sets:
        if data_set.name == SESSIONS:
            found.setdefault(data_set.path.resolve(), data_set)
    joined: list[DataSet] = []
    for data_set in sets:
        if data_set.name != SESSIONS:
            joined.append(data_set)
        elif all(other.name != SESSIONS for other in joined):
            joined.append(_as_one(list(found.values())))
    return joined


def _as_one(parts: Sequence[DataSet]) -> DataSet:
    """Return sessions as one data set, with notes on all of them."""
    recordings = tuple(recording for part in parts for recording in part.recordings)
    dropped = tuple(one for part in parts for one in part.dropped)
    return DataSet(
        SESSIONS,
        _common_folder([part.path for part in parts]),
        recordings,
        (),
        dropped,
        (NOTE, *_minutes(recordings, dropped), *(note for part in parts for note in part.notes)),
        tuple(table for part in parts for table in part.tables),
        _cautions(recordings),
    )


def _common_folder(folders: Sequence[Path]) -> Path:
    """Return the folder that holds all of some folders, as it was named where that is possible."""
    if len({folder.is_absolute() for folder in folders}) > 1:
        folders = [folder.absolute() for folder in folders]
    return Path(os.path.commonpath(folders) or os.curdir)


def _minutes(recordings: Sequence[Recording], dropped: Sequence[Dropped]) -> list[str]:
    """Return how much of the sound is used, and how much of it is whose."""
    used: dict[str, float] = defaultdict(float)
    for recording in recordings:
        used[recording.patient.removeprefix(f"{SESSIONS}/")] += _seconds(recording)
    whole_s = sum(used.values()) + sum(map(_seconds, dropped))
    lines = [f"{_as_minutes(sum(used.values()))} of {_as_minutes(whole_s)} min have a label that is used"]
    named = [f"{subject} {_as_minutes(seconds)}" for subject, seconds in list(used.items())[:MAX_NAMED]]
    more = [f"{len(used) - MAX_NAMED} more"] if len(used) > MAX_NAMED else []
    return [*lines, f"min of each subject: {', '.join([*named, *more])}"] if used else lines


def _seconds(part: Recording | Dropped) -> float:
    """Return the length of a stretch."""
    return 0.0 if part.end_s is None else part.end_s - part.start_s


def _as_minutes(seconds: float) -> str:
    """Return seconds as minutes."""
    return f"{seconds / 60:.2f}"


def _cautions(recordings: Iterable[Recording]) -> tuple[str, ...]:
    """Return what is assumed of hearts in sessions without a subject."""
    patients = {one.patient.removeprefix(f"{SESSIONS}/") for one in recordings if one.label != NON_CARDIAC}
    unknown = sorted(patient for patient in patients if patient.startswith("session "))
    if not unknown or len(patients) < 2:
        return ()
    what = "1 session has" if len(unknown) == 1 else f"{len(unknown)} sessions have"
    return (
        f"{what} no subject, such as {unknown[0].removeprefix('session ')}; each counts as a patient of its own. If "
        "two sessions are of one person, the same heart may be trained on and tested on, and metrics are too good: "
        "listen with --subject CODE",
    )

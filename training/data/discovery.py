"""Find recordings in folders and tables, with their labels and patients.

Recognised are a manifest, CirCor DigiScope, the two sets of the PASCAL challenge, sessions with a person's own labels,
folders of non-cardiac sounds, a folder per label, and a folder that holds several of these. Each reader is a module of
its own. Must not read audio; see :mod:`training.data.audio`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.circor import read_circor
from training.data.label_folders import (
    EVERYDAY_SET,
    NON_CARDIAC_SET,
    has_label_folders,
    read_label_folders,
    read_non_cardiac,
)
from training.data.manifest import MANIFEST, read_manifest
from training.data.pascal import join_pascal, read_pascal
from training.data.recording import (
    LABELS,
    DataSet,
    Dropped,
    Recording,
    audio_files,
    is_audio,
    known_label,
    sub_folders,
)
from training.data.sessions import HOW_TO_LABEL, SESSIONS, join_sessions, read_session_set

__all__ = ["discover", "gate_only_recordings", "labels_of", "read_sets"]

NAMED_TWICE = "named twice"
NOT_UNDERSTOOD = "in a folder that is not understood"


def discover(paths: Iterable[Path]) -> list[Recording]:
    """Return the recordings to train on in some folders or manifests, in a fixed order.

    Raises
    ------
    DataError
        As :func:`read_sets`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("normal/p1/a.wav", "murmur/p2/b.wav"):
    ...         (Path(folder) / name).parent.mkdir(parents=True)
    ...         (Path(folder) / name).touch()
    ...     [(recording.path.name, recording.label) for recording in discover([Path(folder)])]
    [('b.wav', 'murmur'), ('a.wav', 'normal')]
    """
    return [recording for data_set in read_sets(paths) for recording in data_set.recordings]


def gate_only_recordings(paths: Iterable[Path], recordings: Iterable[Recording]) -> list[Recording]:
    """Return the recordings for the quality gate alone: also hearts set aside, but nothing that is trained on.

    Raises
    ------
    DataError
        As :func:`read_sets`.
    """
    trained = {recording.path.resolve() for recording in recordings}
    everything = [one for data_set in read_sets(paths) for one in (*data_set.recordings, *data_set.aside)]
    return [recording for recording in everything if recording.path.resolve() not in trained]


def read_sets(paths: Iterable[Path]) -> list[DataSet]:
    """Return the data sets in some folders or manifests, in a fixed order.

    Parameters
    ----------
    paths : iterable of Path
        Folders, or tables as :mod:`training.data.manifest` reads them.

    Raises
    ------
    DataError
        If one is missing or nothing in it is understood.
    """
    sets = join_pascal([data_set for path in paths for data_set in _read_one(path)])
    return _without_repeats([_with_labels(data_set) for data_set in join_sessions(sets)])


def _read_one(path: Path) -> list[DataSet]:
    """Return the data sets of one folder or manifest."""
    if path.is_file():
        if path.suffix.lower() == ".csv":
            return [_not_empty(read_manifest(path))]
        raise DataError(f"{path}: is neither a folder nor a .csv manifest", "name the folder that holds it")
    if not path.is_dir():
        raise DataError(f"{path}: no such folder", "name a folder of recordings, such as PASCAL's set_b")
    if not os.access(path, os.R_OK | os.X_OK):
        raise DataError(f"{path}: cannot be opened", "ask its owner for the right to read it")
    sets = _read_tree(path) or _listed(read_label_folders(path))
    if any(data_set.recordings or data_set.aside or data_set.name == SESSIONS for data_set in sets):
        return sets
    dropped = [dropped for data_set in sets for dropped in data_set.dropped]
    reason = f" ({len(dropped)} files: {dropped[0].reason})" if dropped else ""
    raise DataError(
        f"{path}: no labelled recordings found{reason}",
        "put them in a folder per label (normal/, murmur/, extrastole/), a sub-folder or file name prefix per patient",
    )


def _read_tree(folder: Path, *, sessions: bool = True) -> list[DataSet]:
    """Return the sets that are recognised by name or table, in a folder or below it; none where there are none.

    In a label's folder the folder says the label, also of sessions.
    """
    if (folder / MANIFEST).is_file():
        return [_not_empty(read_manifest(folder / MANIFEST))]
    single = read_circor(folder) or read_non_cardiac(folder) or (read_session_set(folder) if sessions else None)
    if single is not None:
        return [single]
    here = read_pascal(folder)
    below = {
        sub: _read_tree(sub, sessions=sessions and known_label(sub.name) not in LABELS) for sub in sub_folders(folder)
    }
    if not has_label_folders(folder):
        below |= {sub: _listed(read_label_folders(sub)) for sub in below if not below[sub] and has_label_folders(sub)}
    names = {data_set.name for sets in below.values() for data_set in sets}
    if not here and names <= {NON_CARDIAC_SET, EVERYDAY_SET}:
        return []  # beside label folders, non-cardiac sounds are a label too
    strangers = () if here else tuple(path for path in sorted(folder.iterdir()) if is_audio(path))
    for sub in below:
        below[sub] = below[sub] or _listed(read_label_folders(sub))
        strangers += () if below[sub] else tuple(audio_files(sub))
    sets = [*here, *(data_set for of_sub in below.values() for data_set in of_sub)]
    sets[0] = dataclasses.replace(
        sets[0], dropped=(*sets[0].dropped, *(Dropped(path, NOT_UNDERSTOOD) for path in strangers))
    )
    return sets


def _listed(data_set: DataSet | None) -> list[DataSet]:
    """Return a list of the one, or an empty list."""
    return [] if data_set is None else [data_set]


def _with_labels(data_set: DataSet) -> DataSet:
    """Return a data set, if it is not one of sessions without a stretch that can be used."""
    if data_set.name != SESSIONS or data_set.recordings:
        return data_set
    reasons = ", ".join(dict.fromkeys(dropped.reason for dropped in data_set.dropped))
    raise DataError(f"{data_set.path}: no labelled stretch in the sessions can be used ({reasons})", HOW_TO_LABEL)


def _not_empty(data_set: DataSet) -> DataSet:
    """Return a manifest's set if it has a row that can be used."""
    if not data_set.recordings:
        raise DataError(f"{data_set.path}: lists no labelled recording", "give its rows a path, a label and a patient")
    return data_set


def _without_repeats(sets: Sequence[DataSet]) -> list[DataSet]:
    """Return some sets with each recording once, where it occurs first."""
    seen: set[tuple[Path, float, float | None]] = set()
    result = []
    for data_set in sets:
        unique, dropped = [], list(data_set.dropped)
        for recording in data_set.recordings:
            identity = (recording.path.resolve(), recording.start_s, recording.end_s)
            if identity in seen:
                dropped.append(Dropped(recording.path, NAMED_TWICE))
            else:
                unique.append(recording)
            seen.add(identity)
        result.append(dataclasses.replace(data_set, recordings=tuple(unique), dropped=tuple(dropped)))
    return result


def labels_of(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Return the labels that occur, without non-cardiac; those of the default bundle first and in its order.

    Raises
    ------
    DataError
        If fewer than two labels have a recording.

    Examples
    --------
    >>> labels_of([Recording(Path(f"{label}.wav"), (label,), "", "") for label in ("murmur", "click", "normal")])
    ('normal', 'murmur', 'click')
    """
    present = {label for recording in recordings for label in recording.labels} - {NON_CARDIAC}
    ordered = [label for label in LABELS if label in present] + sorted(present - set(LABELS))
    if len(ordered) < 2:
        raise DataError(
            f"only the label {', '.join(ordered) or '(none)'} was found", "a network needs two labels or more"
        )
    return tuple(ordered)

"""The inventory of data sets: every recording read once, counted by label, with possible problems.

Must not print; :mod:`training.commands.data` does.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.foreign import missing_reader_of_file
from monitor.errors import DataError, RecordingError
from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.audio import decode
from training.data.discovery import labels_of
from training.data.duplicates import DuplicatePair, find_duplicates, fingerprint, trim_silence
from training.data.folds import folds_of, fully_labelled_sets, with_patients
from training.data.left_out import Account, account_for
from training.data.recording import LABELS, DataSet, Recording

__all__ = ["Counts", "Inventory", "RecordingStats", "SetInventory", "recording_stats", "take_inventory"]

FULL_SCALE = 0.999
MAX_AT_FULL_SCALE = 0.01
"""A recording with a larger fraction of its samples at full scale counts as clipped."""

DEFAULT_FOLDS = 5
"""Of ``auscult train``."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RecordingStats:
    """Statistics of the audio of one recording.

    Attributes
    ----------
    sample_rate : int
        Hz.
    seconds : float
    sounding_s : float
        Seconds without the silence at both ends.
    clipped, silent : bool
    missing : str
        What is missing of the sound that the file promises; empty if nothing.
    fingerprint : ndarray or None
        See :func:`training.data.duplicates.fingerprint`.
    """

    sample_rate: int
    seconds: float
    sounding_s: float
    clipped: bool
    silent: bool
    fingerprint: NDArray[np.float32] | None
    missing: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """Counts of recordings of one label of a set, or of the whole set.

    Attributes
    ----------
    recordings, patients, clipped, short : int
        ``short`` recordings are shorter than a window, and will be looped.
    noisy : int or None
        None where the set does not say.
    hours : float
    sample_rates : dict of int to int
        Recordings of each rate in Hz.
    """

    recordings: int
    patients: int
    hours: float
    sample_rates: dict[int, int]
    clipped: int
    short: int
    noisy: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class SetInventory:
    """Counts of one data set, and possible problems.

    Attributes
    ----------
    data_set : DataSet
    labels : dict of str to Counts
        Of recordings to train on, by label; a partial label has all its names, joined by " or ".
    aside : dict of str to Counts
        Of recordings that are not trained on unless asked for.
    whole : Counts
        Of all recordings that can be read.
    unreadable : dict of str to str
        Error by file.
    silent : tuple of str
        Files that are silent from start to end.
    without_patient : int
        Hearts of unknown patients.
    several_labels : tuple of str
        Patients with recordings of several labels.
    dropped : dict of str to tuple of str
        Files by reason.
    truncated : dict of str to str
        What is missing, by recording that is used as far as it decodes.
    foreign : dict of str to tuple of str and str
        What an unreadable file is and needs, and how to get or avoid that, where a package is missing.
    """

    data_set: DataSet
    labels: dict[str, Counts]
    aside: dict[str, Counts]
    whole: Counts
    unreadable: dict[str, str]
    silent: tuple[str, ...]
    without_patient: int
    several_labels: tuple[str, ...]
    dropped: dict[str, tuple[str, ...]]
    truncated: dict[str, str] = dataclasses.field(default_factory=dict)
    foreign: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        data_set = values.pop("data_set")
        values["labels"] = {label: dataclasses.asdict(counts) for label, counts in self.labels.items()}
        values["aside"] = {label: dataclasses.asdict(counts) for label, counts in self.aside.items()}
        values["foreign"] = {path: {"form": form, "next_step": step} for path, (form, step) in self.foreign.items()}
        whole = dataclasses.asdict(values.pop("whole"))
        whole["clipped_share"] = self.whole.clipped / max(1, self.whole.recordings)
        return {
            "set": data_set.name,
            "place": str(data_set.path),
            **whole,
            **values,
            "notes": [*data_set.notes, *data_set.cautions],
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Inventory:
    """Counts of all data sets, and problems of all together.

    Attributes
    ----------
    sets : tuple of SetInventory
    duplicates : tuple of DuplicatePair
    missing_labels : tuple of str
        Labels of the default bundle without a certain recording to train on.
    obstacle : str or None
        Why these recordings cannot be trained on, and the next step; None if they can.
    files : Account or None
        What became of every file; None where the folders were not given.
    """

    sets: tuple[SetInventory, ...]
    duplicates: tuple[DuplicatePair, ...]
    missing_labels: tuple[str, ...]
    obstacle: str | None
    files: Account | None = None

    @property
    def usable(self) -> int:
        """Number of recordings that can be read."""
        return sum(part.whole.recordings for part in self.sets)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "sets": [part.to_json() for part in self.sets],
            "duplicates": [pair.to_json() for pair in self.duplicates],
            "missing_labels": list(self.missing_labels),
            "trainable": self.obstacle is None,
            "obstacle": self.obstacle,
            "files": self.files.to_json() if self.files else None,
        }


def recording_stats(recording: Recording) -> RecordingStats:
    """Return the statistics of a recording.

    Raises
    ------
    RecordingError
        As :func:`training.data.audio.decode`.
    """
    samples, rate, missing = decode(recording.path, recording.start_s, recording.end_s)
    waveform = samples.mean(axis=1)
    trimmed = trim_silence(waveform)
    return RecordingStats(
        sample_rate=rate,
        seconds=len(samples) / rate,
        sounding_s=len(trimmed) / rate,
        clipped=bool((np.abs(samples) >= FULL_SCALE).mean() > MAX_AT_FULL_SCALE),
        silent=not len(trimmed),
        fingerprint=fingerprint(trimmed),
        missing=missing,
    )


def take_inventory(
    sets: Sequence[DataSet],
    patients: str,
    on_step: Callable[[float], None] = lambda loss: None,
    *,
    paths: Sequence[Path] = (),
) -> Inventory:
    """Return the inventory of some data sets; every recording is read once.

    Parameters
    ----------
    sets : sequence of DataSet
    patients : {"auto", "file", "none"}
        What to do with hearts whose patient is not known; see :func:`training.data.folds.with_patients`.
    on_step : callable
        Called after each recording with NaN.
    paths : sequence of Path
        Folders that the sets were read from, whose files are all accounted for.
    """
    if patients == "file":
        sets = [dataclasses.replace(one, recordings=tuple(with_patients(one.recordings, patients))) for one in sets]
    results: dict[Recording, RecordingStats | str] = {}
    for recording in (one for data_set in sets for one in (*data_set.recordings, *data_set.aside)):
        try:
            results[recording] = recording_stats(recording)
        except RecordingError as error:
            results[recording] = error.message
        on_step(float("nan"))
    stats = {recording: result for recording, result in results.items() if isinstance(result, RecordingStats)}
    train = [recording for data_set in sets for recording in data_set.recordings if recording in stats]
    certain = {recording.label for recording in train}
    pairs = find_duplicates([one.fingerprint for one in stats.values()], [one.sounding_s for one in stats.values()])
    order, trained = list(stats), set(train)
    return Inventory(
        sets=tuple(_count_set(data_set, results) for data_set in sets),
        duplicates=tuple(
            DuplicatePair(order[a], order[b], order[a] in trained and order[b] in trained) for a, b in pairs
        ),
        missing_labels=tuple(label for label in LABELS if label not in certain),
        obstacle=_obstacle(train, patients),
        files=account_for(paths, sets) if paths else None,
    )


def _count_set(data_set: DataSet, results: dict[Recording, RecordingStats | str]) -> SetInventory:
    """Return the inventory of one set."""
    stats = {recording: result for recording, result in results.items() if isinstance(result, RecordingStats)}
    everything = (*data_set.recordings, *data_set.aside)
    dropped: dict[str, list[str]] = defaultdict(list)
    for one in data_set.dropped:
        dropped[one.reason].append(str(one))
    unreadable = {one: reason for one in everything if isinstance(reason := results[one], str)}
    forms = {str(one): form for one in unreadable if (form := missing_reader_of_file(str(one.path))) is not None}
    return SetInventory(
        data_set=data_set,
        labels=_count_labels(data_set.recordings, stats),
        aside=_count_labels(data_set.aside, stats),
        whole=_count([recording for recording in everything if recording in stats], stats),
        unreadable={str(one): reason for one, reason in unreadable.items()},
        silent=tuple(str(recording) for recording in everything if recording in stats and stats[recording].silent),
        without_patient=sum(not one.patient and one.label != NON_CARDIAC for one in data_set.recordings),
        several_labels=_several_labels(data_set.recordings),
        dropped={reason: tuple(paths) for reason, paths in dropped.items()},
        truncated={str(one): stats[one].missing for one in everything if one in stats and stats[one].missing},
        foreign=forms,
    )


def _count_labels(recordings: Sequence[Recording], stats: dict[Recording, RecordingStats]) -> dict[str, Counts]:
    """Return the counts of each label, the default bundle's first."""
    groups: dict[tuple[str, ...], list[Recording]] = defaultdict(list)
    for recording in recordings:
        if recording in stats:
            groups[recording.labels].append(recording)
    known = (*LABELS, NON_CARDIAC)
    ordered = sorted(groups, key=lambda labels: (known.index(labels[0]) if labels[0] in known else len(known), labels))
    return {" or ".join(labels): _count(groups[labels], stats) for labels in ordered}


def _count(recordings: Sequence[Recording], stats: dict[Recording, RecordingStats]) -> Counts:
    """Return the counts of some recordings."""
    chosen = [stats[recording] for recording in recordings]
    noisy = [recording.noisy for recording in recordings if recording.noisy is not None]
    return Counts(
        recordings=len(chosen),
        patients=len({recording.patient for recording in recordings} - {""}),
        hours=sum(one.seconds for one in chosen) / 3600,
        sample_rates=dict(sorted(Counter(one.sample_rate for one in chosen).items())),
        clipped=sum(one.clipped for one in chosen),
        short=sum(one.seconds < HEART.window_s for one in chosen),
        noisy=sum(noisy) if noisy else None,
    )


def _several_labels(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Return the patients with recordings of several labels."""
    labels: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for recording in recordings:
        labels[recording.patient].add(recording.labels)
    return tuple(sorted(patient for patient, of_patient in labels.items() if patient and len(of_patient) > 1))


def _obstacle(recordings: Sequence[Recording], patients: str) -> str | None:
    """Return why these recordings cannot be trained on, and the next step."""
    try:
        known = with_patients(recordings, patients)
        folds_of(known, fully_labelled_sets(known, labels_of(known)), DEFAULT_FOLDS, 0)
    except DataError as error:
        return str(error)
    return None

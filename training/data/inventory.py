"""What there is to train on: every recording read once, counted by label, with what may be wrong with it.

Here is what is counted; how it is printed is :mod:`training.commands.data`.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, RecordingError
from monitor.features.spec import HEART
from training.data.audio import read_samples
from training.data.discovery import labels_of
from training.data.duplicates import Pair, same_sounds, sounding_part, thumbprint
from training.data.folds import folds_of, fully_labelled_sets, with_patients
from training.data.recording import LABELS, NON_CARDIAC, DataSet, Recording

__all__ = ["Counts", "Facts", "Inventory", "SetInventory", "look_at", "take_inventory"]

FULL_SCALE = 0.999
MOST_AT_FULL_SCALE = 0.01
"""A recording with a larger share of its samples at full scale counts as clipped."""

USUAL_FOLDS = 5
"""What ``auscult train`` splits into unless told otherwise."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What one recording sounds like.

    Attributes
    ----------
    sample_rate : int
        Hz.
    seconds : float
    sounding_s : float
        Seconds without the silence at both ends.
    clipped, silent : bool
    thumbprint : ndarray or None
        See :func:`training.data.duplicates.thumbprint`.
    """

    sample_rate: int
    seconds: float
    sounding_s: float
    clipped: bool
    silent: bool
    thumbprint: NDArray[np.float32] | None


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """Recordings of one label of a set, or of the whole set.

    Attributes
    ----------
    recordings, patients, clipped, short : int
        ``short`` ones are shorter than a window, and will be looped.
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
    """What one data set holds.

    Attributes
    ----------
    data_set : DataSet
    labels : dict of str to Counts
        What trains, by label; of a partial label all names, joined by " or ".
    aside : dict of str to Counts
        What does not train unless asked for.
    whole : Counts
        All that can be read.
    unreadable : dict of str to str
        File and what is wrong with it.
    silent : tuple of str
        Files in which nothing sounds.
    without_patient : int
        Hearts of which nobody knows whose they are.
    several_labels : tuple of str
        Patients with recordings of several labels.
    dropped : dict of str to tuple of str
        Reason and files.
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

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        data_set = values.pop("data_set")
        values["labels"] = {label: dataclasses.asdict(counts) for label, counts in self.labels.items()}
        values["aside"] = {label: dataclasses.asdict(counts) for label, counts in self.aside.items()}
        whole = dataclasses.asdict(values.pop("whole"))
        whole["clipped_share"] = self.whole.clipped / max(1, self.whole.recordings)
        return {"set": data_set.name, "place": str(data_set.place), **whole, **values, "notes": list(data_set.notes)}


@dataclasses.dataclass(frozen=True, slots=True)
class Inventory:
    """What some data sets hold together.

    Attributes
    ----------
    sets : tuple of SetInventory
    duplicates : tuple of Pair
    missing_labels : tuple of str
        Labels of the default bundle of which no recording that trains is certain.
    obstacle : str or None
        Why a training would refuse these recordings, and the next step; None if it would not.
    """

    sets: tuple[SetInventory, ...]
    duplicates: tuple[Pair, ...]
    missing_labels: tuple[str, ...]
    obstacle: str | None

    @property
    def usable(self) -> int:
        """Recordings that can be read."""
        return sum(held.whole.recordings for held in self.sets)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "sets": [held.to_json() for held in self.sets],
            "duplicates": [pair.to_json() for pair in self.duplicates],
            "missing_labels": list(self.missing_labels),
            "trainable": self.obstacle is None,
            "obstacle": self.obstacle,
        }


def look_at(recording: Recording) -> Facts:
    """Return what a recording sounds like.

    Raises
    ------
    RecordingError
        As :func:`training.data.audio.read_samples`.
    """
    samples, rate = read_samples(recording.path, recording.start_s, recording.end_s)
    waveform = samples.mean(axis=1)
    sounding = sounding_part(waveform)
    return Facts(
        sample_rate=rate,
        seconds=len(samples) / rate,
        sounding_s=len(sounding) / rate,
        clipped=bool((np.abs(samples) >= FULL_SCALE).mean() > MOST_AT_FULL_SCALE),
        silent=not len(sounding),
        thumbprint=thumbprint(sounding),
    )


def take_inventory(
    sets: Sequence[DataSet], patients: str, tick: Callable[[float], None] = lambda loss: None
) -> Inventory:
    """Return what some data sets hold; every recording is read once.

    Parameters
    ----------
    sets : sequence of DataSet
    patients : {"auto", "file", "none"}
        What becomes of hearts whose patient is not known; see :func:`training.data.folds.with_patients`.
    tick : callable
        Called after each recording with NaN.
    """
    if patients == "file":
        sets = [dataclasses.replace(its, recordings=tuple(with_patients(its.recordings, patients))) for its in sets]
    looks: dict[Recording, Facts | str] = {}
    for recording in (its for data_set in sets for its in (*data_set.recordings, *data_set.aside)):
        try:
            looks[recording] = look_at(recording)
        except RecordingError as error:
            looks[recording] = error.message
        tick(float("nan"))
    facts = {recording: its for recording, its in looks.items() if isinstance(its, Facts)}
    train = [recording for data_set in sets for recording in data_set.recordings if recording in facts]
    certain = {recording.label for recording in train}
    pairs = same_sounds([its.thumbprint for its in facts.values()], [its.sounding_s for its in facts.values()])
    order, trained = list(facts), set(train)
    return Inventory(
        sets=tuple(_count_set(data_set, looks) for data_set in sets),
        duplicates=tuple(Pair(order[a], order[b], order[a] in trained and order[b] in trained) for a, b in pairs),
        missing_labels=tuple(label for label in LABELS if label not in certain),
        obstacle=_obstacle(train, patients),
    )


def _count_set(data_set: DataSet, looks: dict[Recording, Facts | str]) -> SetInventory:
    """Return what one set holds."""
    facts = {recording: its for recording, its in looks.items() if isinstance(its, Facts)}
    everything = (*data_set.recordings, *data_set.aside)
    dropped: dict[str, list[str]] = defaultdict(list)
    for one in data_set.dropped:
        dropped[one.reason].append(str(one.path))
    return SetInventory(
        data_set=data_set,
        labels=_count_labels(data_set.recordings, facts),
        aside=_count_labels(data_set.aside, facts),
        whole=_count([recording for recording in everything if recording in facts], facts),
        unreadable={str(its): reason for its in everything if isinstance(reason := looks[its], str)},
        silent=tuple(str(recording) for recording in everything if recording in facts and facts[recording].silent),
        without_patient=sum(not its.patient and its.label != NON_CARDIAC for its in data_set.recordings),
        several_labels=_several_labels(data_set.recordings),
        dropped={reason: tuple(paths) for reason, paths in dropped.items()},
    )


def _count_labels(recordings: Sequence[Recording], facts: dict[Recording, Facts]) -> dict[str, Counts]:
    """Return the counts of each label, the default bundle's first."""
    groups: dict[tuple[str, ...], list[Recording]] = defaultdict(list)
    for recording in recordings:
        if recording in facts:
            groups[recording.labels].append(recording)
    known = (*LABELS, NON_CARDIAC)
    ordered = sorted(groups, key=lambda labels: (known.index(labels[0]) if labels[0] in known else len(known), labels))
    return {" or ".join(labels): _count(groups[labels], facts) for labels in ordered}


def _count(recordings: Sequence[Recording], facts: dict[Recording, Facts]) -> Counts:
    """Return the counts of some recordings."""
    its = [facts[recording] for recording in recordings]
    told = [recording.noisy for recording in recordings if recording.noisy is not None]
    return Counts(
        recordings=len(its),
        patients=len({recording.patient for recording in recordings} - {""}),
        hours=sum(one.seconds for one in its) / 3600,
        sample_rates=dict(sorted(Counter(one.sample_rate for one in its).items())),
        clipped=sum(one.clipped for one in its),
        short=sum(one.seconds < HEART.window_s for one in its),
        noisy=sum(told) if told else None,
    )


def _several_labels(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Return the patients with recordings of several labels."""
    labels: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for recording in recordings:
        labels[recording.patient].add(recording.labels)
    return tuple(sorted(patient for patient, its in labels.items() if patient and len(its) > 1))


def _obstacle(recordings: Sequence[Recording], patients: str) -> str | None:
    """Return why a training would refuse these recordings, and the next step."""
    try:
        named = with_patients(recordings, patients)
        folds_of(named, fully_labelled_sets(named, labels_of(named)), USUAL_FOLDS, 0)
    except DataError as error:
        return str(error)
    return None

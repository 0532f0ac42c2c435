"""Folders as people have them, turned into a list of recordings with label and patient.

Recognised are the PASCAL challenge's set B (label and patient in the file name), CirCor
DigiScope (a table with murmur locations) and a folder per label. A label may be partial:
CirCor tells murmur from no murmur, and says nothing of extrasystoles, so such a recording
carries every label it may have. Must not read audio; see :mod:`training.sounds`.
"""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from models.errors import DataError

__all__ = ["EXTRASTOLE", "LABELS", "NOT_HEART", "Recording", "discover"]

LABELS = ("normal", "murmur", "extrastole")
"""The labels of PASCAL set B, in the order of the default bundle; the spelling is the data set's."""

EXTRASTOLE = "extrastole"

NOT_HEART = "not-heart"
"""Label of sounds that are no heart; trained as an output of its own, never shown as a label."""

NOT_HEART_FOLDERS = ("not-heart", "not_heart", "artifact")

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus")

SET_B = re.compile(
    r"^(?P<label>[a-z]+)_(?P<sub>[a-z]*)_(?P<patient>\d+)_(?P<site>\d{12,14})_?(?P<spot>[A-Z]?)\d*_?\d*\.wav$"
)
"""Set B as the archive names it: normal_noisynormal_125_1306332456645_C.wav. Source: data set, all 461 files."""


CIRCOR_COLUMNS = {"Patient ID", "Additional ID", "Murmur", "Murmur locations"}


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """One file and what is known of it.

    Attributes
    ----------
    path : Path
    labels : tuple of str
        The labels that it may have; one where the truth is known.
    patient : str
        Who was recorded, unique over all sets; recordings of one patient stay together.
    source : str
        Name of the data set.
    noisy : bool or None
        Whether the data set calls it noisy; None where it does not say.
    """

    path: Path
    labels: tuple[str, ...]
    patient: str
    source: str
    noisy: bool | None = None

    @property
    def window_labels(self) -> tuple[str, ...]:
        """The labels that any one window of it may have.

        An extrasystole is heard where it falls: a window of a recording that has some may have none.
        """
        return ("normal", EXTRASTOLE) if self.labels == (EXTRASTOLE,) else self.labels

    @property
    def label(self) -> str | None:
        """The label, where it is certain."""
        return self.labels[0] if len(self.labels) == 1 else None


def discover(folders: Iterable[Path]) -> list[Recording]:
    """Return the recordings under some folders, in a fixed order.

    Raises
    ------
    DataError
        If a folder is missing or holds nothing that is understood.
    """
    found: list[Recording] = []
    for folder in folders:
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder", "name a folder of recordings, such as PASCAL's set_b")
        found += _discover_one(folder)
    return found


def _discover_one(folder: Path) -> list[Recording]:
    """Return the recordings of one folder by the first reading that fits."""
    for reading in (_read_set_b, _read_circor, _read_not_heart, _read_label_folders):
        recordings = reading(folder)
        if recordings:
            return recordings
    raise DataError(
        f"{folder}: no labelled recordings found",
        "put them in a folder per label (normal/, murmur/, extrastole/), a sub-folder or file name prefix per patient",
    )


def _audio_files(folder: Path) -> list[Path]:
    """Return the audio files below a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())


def _read_set_b(folder: Path) -> list[Recording]:
    """Return PASCAL set B; files that carry no label are dropped."""
    recordings = []
    for path in _audio_files(folder):
        match = SET_B.match(path.name)
        if match and match["label"] in LABELS:
            noisy = match["sub"].startswith("noisy")
            recordings.append(Recording(path, (match["label"],), f"pascal-b/{match['patient']}", "PASCAL set B", noisy))
    return recordings


def _read_circor(folder: Path) -> list[Recording]:
    """Return CirCor: murmur where it was heard at that place, otherwise anything but a murmur."""
    table = folder / "training_data.csv"
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or not rows[0].keys() >= CIRCOR_COLUMNS:
        return []
    twins = _circor_twins(rows)
    recordings = []
    for row in rows:
        for path in sorted((folder / "training_data").glob(f"{row['Patient ID']}_*.*")):
            labels = _circor_labels(row, path.stem.split("_")[1])
            if path.suffix.lower() in AUDIO_SUFFIXES and labels:
                patient = f"circor/{twins[row['Patient ID']]}"
                recordings.append(Recording(path, labels, patient, "CirCor DigiScope"))
    return recordings


def _circor_twins(rows: Sequence[dict[str, str]]) -> dict[str, str]:
    """Return one name for each identifier; a child recorded in both campaigns has two of them."""
    names: dict[str, str] = {}
    for row in rows:
        given = [value for value in (row["Patient ID"], row["Additional ID"]) if value not in ("", "nan")]
        same = [value.removesuffix(".0") for value in given]
        for identifier in same:
            names[identifier] = min([*same, names.get(identifier, identifier)])
    return names


def _circor_labels(row: dict[str, str], place: str) -> tuple[str, ...]:
    """Return the labels that a recording at one place may have; none where the data set does not know."""
    if row["Murmur"] == "Absent":
        return ("normal", "extrastole")
    if row["Murmur"] == "Present" and place in row["Murmur locations"].split("+"):
        return ("murmur",)
    return ()


def _read_not_heart(folder: Path) -> list[Recording]:
    """Return a folder of sounds that are no heart; each file stands for itself."""
    if folder.name not in NOT_HEART_FOLDERS:
        return []
    return [
        Recording(path, (NOT_HEART,), f"{folder.name}/{path.stem}", "sounds that are no heart")
        for path in _audio_files(folder)
    ]


def _read_label_folders(folder: Path) -> list[Recording]:
    """Return a folder per label; the patient is a sub-folder, or the file name up to the first underscore."""
    recordings = []
    for sub in sorted(path for path in folder.iterdir() if path.is_dir()):
        label = NOT_HEART if sub.name in NOT_HEART_FOLDERS else sub.name
        for path in _audio_files(sub):
            inside = path.relative_to(sub)
            patient = inside.parts[0] if len(inside.parts) > 1 else path.stem.split("_")[0]
            recordings.append(Recording(path, (label,), f"{folder.name}/{patient}", folder.name))
    return recordings


def labels_of(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Return the labels that stand in a set, the default bundle's first and in its order.

    Raises
    ------
    DataError
        If fewer than two labels have a recording.
    """
    present = {label for recording in recordings for label in recording.labels} - {NOT_HEART}
    ordered = [label for label in LABELS if label in present] + sorted(present - set(LABELS))
    if len(ordered) < 2:
        raise DataError(
            f"only the label {', '.join(ordered) or '(none)'} was found", "a network needs two labels or more"
        )
    return tuple(ordered)

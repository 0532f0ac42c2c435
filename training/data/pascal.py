"""PASCAL CHSC 2011, set A and set B, by the names that its files have in the archives that are about.

Three ways of naming are understood: label and number in the file's name (``normal__103_1305031931979_B.wav``,
``murmur__201108222226.wav``), the number alone in a folder of the organisers' archive
(``Btraining_murmur/Btraining_noisymurmur/162_1307101835989_B.wav``), and the mixture of both that ``set_b.csv``
prints, which is the name of no file. The organisers' test files carry no label. Must not read audio.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

from training.data.recording import EXTRASTOLE, NON_CARDIAC, DataSet, Dropped, Recording, is_audio

__all__ = ["SET_A", "SET_B", "join_pascal", "read_pascal"]

SET_A, SET_B = "PASCAL set A", "PASCAL set B"

HEARD = {"normal": "normal", "murmur": "murmur"}
LABEL_WORDS = {
    SET_A: HEARD | {"extrahls": "extrahls", "extrahs": "extrahls", "artifact": NON_CARDIAC},
    SET_B: HEARD | {"extrastole": EXTRASTOLE, "extrasystole": EXTRASTOLE},
}
NOISY_WORDS: dict[str, dict[str, str]] = {SET_A: {}, SET_B: {"noisynormal": "normal", "noisymurmur": "murmur"}}
"""Words of file and folder names. Source: the organisers' archives and the tables of the mirrors."""

NAMES = {
    SET_A: re.compile(r"^(?P<words>[A-Za-z_]*?)(?P<number>201[012]\d{6,8})$"),
    SET_B: re.compile(r"^(?P<words>[A-Za-z_]*?)(?P<number>(?P<patient>\d{1,4})_13\d{11}_?[A-Z]?\d*_?\d*)$"),
}
"""A phone's date and minute; a patient, milliseconds since 1970 and a place. Source: all 124 and 461 files."""

FOLDER = re.compile(r"^(?:(?P<of>[AB])(?:training_|unlabelledtest)|training (?P<part>[AB]) )", re.IGNORECASE)
"""A folder of the organisers' archives: Atraining_murmur, Btraining_noisynormal, Bunlabelledtest, Training B Normal."""

UNLABELLED = "one of the organisers' test files, without a label"
OTHERWISE_NAMED = "not named as PASCAL names its files"

NOTES = {
    SET_A: "only its artifacts train, as sounds that are no heart; its hearts, without patient numbers, are set aside: "
    "merged with another set's they teach a network to know the phone",
    SET_B: "labels and patients are read from the file names",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """What a name tells; the label is empty for the organisers' test files."""

    of: str
    number: str
    label: str
    noisy: bool
    patient: str


def read_pascal(folder: Path) -> list[DataSet]:
    """Return the sets whose files lie directly in a folder; none unless half of its audio is named like PASCAL's."""
    files = sorted(path for path in folder.iterdir() if is_audio(path))
    told = {path: _told_by(path.stem, folder.name) for path in files}
    understood = {path: tells for path, tells in told.items() if tells is not None}
    if not understood or 2 * len(understood) < len(files):
        return []
    strangers = tuple(Dropped(path, OTHERWISE_NAMED) for path in files if path not in understood)
    sets = []
    for name in (SET_A, SET_B):
        of_set = {path: tells for path, tells in understood.items() if tells.of == name}
        if of_set:
            sets.append(_data_set(name, folder, of_set, strangers))
            strangers = ()
    return sets


def _data_set(name: str, folder: Path, told: dict[Path, Told], strangers: tuple[Dropped, ...]) -> DataSet:
    """Return one of the two sets."""
    labelled = [
        Recording(path, (tells.label,), tells.patient, name, tells.noisy if name == SET_B else None)
        for path, tells in told.items()
        if tells.label
    ]
    unlabelled = tuple(Dropped(path, UNLABELLED) for path, tells in told.items() if not tells.label)
    trains = [recording for recording in labelled if name == SET_B or recording.label == NON_CARDIAC]
    aside = [recording for recording in labelled if recording not in trains]
    return DataSet(name, folder, tuple(trains), tuple(aside), (*unlabelled, *strangers), (NOTES[name],))


def _told_by(stem: str, folder: str = "") -> Told | None:
    """Return what a name, and where it has no words the folder's, tells; None for one that is not PASCAL's."""
    for name, pattern in NAMES.items():
        match = pattern.match(stem)
        if match is None:
            continue
        words = _words(match["words"]) or _words(_of_archive(folder, name))
        telling = _label(name, words) if words or stem.startswith("__") else None
        if telling is not None and (name == SET_B or match["words"].endswith("__") or FOLDER.match(folder)):
            patient = f"pascal-b/{match['patient']}" if name == SET_B else ""
            return Told(name, match["number"], *telling, patient)
    return None


def _words(text: str) -> list[str]:
    """Return the words of a name, in small letters."""
    return re.findall("[a-z]+", text.lower())


def _of_archive(folder: str, name: str) -> str:
    """Return a folder's name if it is one of the archive's for this set."""
    match = FOLDER.match(folder)
    return folder if match and name.endswith((match["of"] or match["part"]).upper()) else ""


def _label(name: str, words: Sequence[str]) -> tuple[str, bool] | None:
    """Return the label that words tell, empty for a test file, and whether it is a noisy one; None for other words."""
    part = name[-1].lower()
    fillers = {f"{part}training", "training", part}
    left = [word for word in words if word not in fillers]
    if not left or left == [f"{part}unlabelledtest"]:
        return "", False
    noisy = NOISY_WORDS[name]
    labels = {LABEL_WORDS[name].get(word) or noisy.get(word) for word in left}
    label = labels.pop()
    return None if label is None or labels else (label, any(word in noisy for word in left))


def join_pascal(sets: Sequence[DataSet]) -> list[DataSet]:
    """Return some data sets with the parts of each of the two made one, where the first part stood."""
    joined: list[DataSet] = []
    for data_set in sets:
        if data_set.name not in (SET_A, SET_B):
            joined.append(data_set)
        elif all(data_set.name != other.name for other in joined):
            joined.append(_joined([part for part in sets if part.name == data_set.name]))
    return joined


def _joined(parts: Sequence[DataSet]) -> DataSet:
    """Return the parts of one set, as its folders hold them, as one."""
    place = Path(os.path.commonpath([part.place for part in parts]))
    whole = DataSet(
        parts[0].name,
        place,
        tuple(recording for part in parts for recording in part.recordings),
        tuple(recording for part in parts for recording in part.aside),
        tuple(dropped for part in parts for dropped in part.dropped),
    )
    return dataclasses.replace(whole, notes=(NOTES[whole.name], *_compared_with_table(whole)))


def _compared_with_table(data_set: DataSet) -> list[str]:
    """Return what there is to say of ``set_a.csv`` or ``set_b.csv``, where it stands beside the files."""
    table = f"set_{data_set.name[-1].lower()}.csv"
    beside = (data_set.place / table, data_set.place.parent / table)
    path = next((path for path in beside if path.is_file()), None)
    if path is None:
        return []
    with path.open(newline="", encoding="utf-8", errors="replace") as lines:
        listed = [Path(row.get("fname") or "").stem for row in csv.DictReader(lines)]
    here = [recording.path for recording in (*data_set.recordings, *data_set.aside)]
    here += [dropped.path for dropped in data_set.dropped]
    stems = {path.stem for path in here}
    told = {stem: tells for stem in listed if (tells := _told_by(stem)) is not None and tells.of == data_set.name}
    numbers = {tells.number for path in here if (tells := _told_by(path.stem, path.parent.name)) is not None}
    matched = sum(stem in stems for stem in listed)
    found = sum(tells.number in numbers for tells in told.values())
    note = f"{table} names {len(listed)} files, {found} of them here"
    if matched < found:
        note += f" ({matched} under the very name, the others once Btraining_ is taken away)"
    absent = sum(not tells.label for tells in told.values() if tells.number not in numbers)
    return [note + (f"; {absent} of the others are the organisers' test files" if absent else "")]

"""Read PASCAL CHSC 2011, set A and set B, by the file names of the archives in circulation.

Three ways of naming are understood: label and number in the file's name (``normal__103_1305031931979_B.wav``,
``murmur__201108222226.wav``), the number alone in a folder of the organisers' archive
(``Btraining_murmur/Btraining_noisymurmur/162_1307101835989_B.wav``), and the mixture of both that ``set_b.csv`` lists,
which is the name of no file. The organisers' test files have no label. Must not read audio.

Source: Bentley et al. 2011, "The PASCAL Classifying Heart Sounds Challenge".
"""

from __future__ import annotations

import csv
import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

from monitor.labels import EXTRASTOLE, NON_CARDIAC
from training.data.recording import DataSet, Dropped, Recording, is_audio

__all__ = ["SET_A", "SET_B", "join_pascal", "read_pascal"]

SET_A, SET_B = "PASCAL set A", "PASCAL set B"

COMMON_WORDS = {"normal": "normal", "murmur": "murmur"}
LABEL_WORDS = {
    SET_A: COMMON_WORDS | {"extrahls": "extrahls", "extrahs": "extrahls", "artifact": NON_CARDIAC},
    SET_B: COMMON_WORDS | {"extrastole": EXTRASTOLE, "extrasystole": EXTRASTOLE},
}
NOISY_WORDS: dict[str, dict[str, str]] = {SET_A: {}, SET_B: {"noisynormal": "normal", "noisymurmur": "murmur"}}
"""Words of file and folder names. Source: the organisers' archives and the tables of the mirrors."""

NAMES = {
    SET_A: re.compile(r"^(?P<words>[A-Za-z_]*?)(?P<number>201[012]\d{6,8})$"),
    SET_B: re.compile(r"^(?P<words>[A-Za-z_]*?)(?P<number>(?P<patient>\d{1,4})_13\d{11}_?[A-Z]?\d*_?\d*)$"),
}
"""A phone's date and minute; a patient, milliseconds since 1970 and a site. Source: all 124 and 461 files."""

FOLDER = re.compile(r"^(?:(?P<of>[AB])(?:training_|unlabelledtest)|training (?P<part>[AB]) )", re.IGNORECASE)
"""A folder of the organisers' archives: Atraining_murmur, Btraining_noisynormal, Bunlabelledtest, Training B Normal."""

UNLABELLED = "one of the organisers' test files, without a label"
OTHERWISE_NAMED = "not named as PASCAL names its files"

NOTES = {
    SET_A: "only its artifacts are trained on, as non-cardiac sounds; its hearts, without patient numbers, are set "
    "aside: merged with another set's they teach a network to recognise the phone",
    SET_B: "labels and patients are read from the file names",
}


@dataclasses.dataclass(frozen=True, slots=True)
class ParsedName:
    """What a file name says; the label is empty for the organisers' test files."""

    set_name: str
    number: str
    label: str
    noisy: bool
    patient: str


def read_pascal(folder: Path) -> list[DataSet]:
    """Return the sets whose files lie directly in a folder; none unless half of its audio is named like PASCAL's."""
    files = sorted(path for path in folder.iterdir() if is_audio(path))
    parsed = {path: name for path in files if (name := _parse(path.stem, folder.name)) is not None}
    if not parsed or 2 * len(parsed) < len(files):
        return []
    unparsed = tuple(Dropped(path, OTHERWISE_NAMED) for path in files if path not in parsed)
    sets = []
    for set_name in (SET_A, SET_B):
        of_set = {path: name for path, name in parsed.items() if name.set_name == set_name}
        if of_set:
            sets.append(_data_set(set_name, folder, of_set, unparsed))
            unparsed = ()
    return sets


def _data_set(set_name: str, folder: Path, parsed: dict[Path, ParsedName], unparsed: tuple[Dropped, ...]) -> DataSet:
    """Return one of the two sets."""
    labelled = [
        Recording(path, (name.label,), name.patient, set_name, name.noisy if set_name == SET_B else None)
        for path, name in parsed.items()
        if name.label
    ]
    unlabelled = tuple(Dropped(path, UNLABELLED) for path, name in parsed.items() if not name.label)
    train = [recording for recording in labelled if set_name == SET_B or recording.label == NON_CARDIAC]
    aside = [recording for recording in labelled if recording not in train]
    return DataSet(set_name, folder, tuple(train), tuple(aside), (*unlabelled, *unparsed), (NOTES[set_name],))


def _parse(stem: str, folder: str = "") -> ParsedName | None:
    """Return what a name says, or the folder's name where it has no words; None for one that is not PASCAL's."""
    for set_name, pattern in NAMES.items():
        match = pattern.match(stem)
        if match is None:
            continue
        words = _words(match["words"]) or _words(_archive_folder(folder, set_name))
        label = _label(set_name, words) if words or stem.startswith("__") else None
        if label is not None and (set_name == SET_B or match["words"].endswith("__") or FOLDER.match(folder)):
            patient = f"pascal-b/{match['patient']}" if set_name == SET_B else ""
            return ParsedName(set_name, match["number"], *label, patient)
    return None


def _words(text: str) -> list[str]:
    """Return the words of a name, in lower case."""
    return re.findall("[a-z]+", text.lower())


def _archive_folder(folder: str, set_name: str) -> str:
    """Return a folder's name if it is one of the archive's for this set, else an empty string."""
    match = FOLDER.match(folder)
    return folder if match and set_name.endswith((match["of"] or match["part"]).upper()) else ""


def _label(set_name: str, words: Sequence[str]) -> tuple[str, bool] | None:
    """Return label and noisy from words, an empty label for a test file; None for other words."""
    part = set_name[-1].lower()
    fillers = {f"{part}training", "training", part}
    left = [word for word in words if word not in fillers]
    if not left or left == [f"{part}unlabelledtest"]:
        return "", False
    noisy = NOISY_WORDS[set_name]
    labels = {LABEL_WORDS[set_name].get(word) or noisy.get(word) for word in left}
    label = labels.pop()
    return None if label is None or labels else (label, any(word in noisy for word in left))


def join_pascal(sets: Sequence[DataSet]) -> list[DataSet]:
    """Return some data sets with all parts of set A joined, and of set B, each at the index of its first part."""
    joined: list[DataSet] = []
    for data_set in sets:
        if data_set.name not in (SET_A, SET_B):
            joined.append(data_set)
        elif all(data_set.name != other.name for other in joined):
            joined.append(_joined([part for part in sets if part.name == data_set.name]))
    return joined


def _joined(parts: Sequence[DataSet]) -> DataSet:
    """Return the parts of one set, from several folders, as one."""
    whole = DataSet(
        parts[0].name,
        Path(os.path.commonpath([part.path for part in parts])),
        tuple(recording for part in parts for recording in part.recordings),
        tuple(recording for part in parts for recording in part.aside),
        tuple(dropped for part in parts for dropped in part.dropped),
    )
    table = _table_beside(whole)
    if table is None:
        return dataclasses.replace(whole, notes=(NOTES[whole.name],))
    notes = (NOTES[whole.name], _compared_with_table(whole, table))
    return dataclasses.replace(whole, notes=notes, tables=((table, "compared with the files that are here"),))


def _table_beside(data_set: DataSet) -> Path | None:
    """Return ``set_a.csv`` or ``set_b.csv`` where it lies in or beside the folder."""
    table = f"set_{data_set.name[-1].lower()}.csv"
    return next((path for path in (data_set.path / table, data_set.path.parent / table) if path.is_file()), None)


def _compared_with_table(data_set: DataSet, table: Path) -> str:
    """Return a note on how many of the files that a table lists are here."""
    with table.open(newline="", encoding="utf-8", errors="replace") as lines:
        try:
            listed = [Path(row.get("fname") or "").stem for row in csv.DictReader(lines)]
        except csv.Error:  # a cell without an end
            return f"{table.name} cannot be read as a table"
    here = [recording.path for recording in (*data_set.recordings, *data_set.aside)]
    here += [dropped.path for dropped in data_set.dropped]
    stems = {path.stem for path in here}
    parsed = {stem: name for stem in listed if (name := _parse(stem)) and name.set_name == data_set.name}
    numbers = {name.number for path in here if (name := _parse(path.stem, path.parent.name))}
    exact = sum(stem in stems for stem in listed)
    by_number = sum(name.number in numbers for name in parsed.values())
    note = f"{table.name} lists {len(listed)} files, {by_number} of them here"
    if exact < by_number:
        note += f" ({exact} under exactly that name, the others without Btraining_)"
    absent = sum(not name.label for name in parsed.values() if name.number not in numbers)
    return note + (f"; {absent} of the others are the organisers' test files" if absent else "")

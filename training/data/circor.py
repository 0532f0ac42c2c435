"""CirCor DigiScope 2022: a table of murmur locations and a folder of recordings; some children have two numbers.

Must not read audio.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from monitor.errors import DataError
from monitor.labels import EXTRASTOLE, MURMUR, NORMAL
from training.data.recording import LABELS_AND_PATIENTS, DataSet, Dropped, Recording, audio_files, folder_name

__all__ = ["CIRCOR", "murmur_timings", "read_circor"]

CIRCOR = "CirCor DigiScope"
TABLE, FOLDER = "training_data.csv", "training_data"
GRADE = "Systolic murmur grading"
COLUMNS = {"Patient ID", "Additional ID", "Murmur", "Murmur locations"}
TIMINGS = {"Systolic murmur timing": "systolic", "Diastolic murmur timing": "diastolic"}

UNKNOWN = "murmur unknown"
ELSEWHERE = "no murmur heard at this place of a child who has one"
NOT_LISTED = f"no row in {TABLE}"
GRADES = {"I/VI": False, "II/VI": False, "III/VI": True}
"""Grade of a systolic murmur in the table's own scale, and whether it is loud: III stands for III and more."""

OTHERWISE_NAMED = "not named as CirCor names its files, PATIENT_SITE"

NOTE = (
    "murmur is labelled by auscultation site; a child without one may be normal or have extrasystoles, which are not "
    "labelled; a child with two numbers is one patient"
)


def read_circor(folder: Path) -> DataSet | None:
    """Return CirCor, from the data set's folder or the one with the recordings; None without the table.

    A recording is a murmur where one was heard at that auscultation site; of a child without one it is anything but a
    murmur. A child's murmur has one grade, which its recordings share. Recordings that are not in the table are
    dropped.

    Source: Oliveira et al. 2022, "The CirCor DigiScope Dataset".
    """
    if folder_name(folder) == FOLDER and not (folder / TABLE).is_file():
        folder = folder.parent
    rows = _rows(folder / TABLE)
    if not rows:
        return None
    patient_of = _patients(rows)
    files = _files_by_patient(folder / FOLDER)
    unnamed = files.pop("", [])
    recordings, dropped = [], []
    for row in rows:
        for path in files.pop(row["Patient ID"], []):
            labels, reason = _labels(row, path.stem.split("_")[1])
            patient = f"circor/{patient_of[row['Patient ID']]}"
            if labels:
                loud = GRADES.get(row.get(GRADE, "")) if labels == (MURMUR,) else None
                recordings.append(Recording(path, labels, patient, CIRCOR, loud=loud))
            else:
                dropped.append(Dropped(path, reason, patient=patient))
    dropped += [Dropped(path, NOT_LISTED) for paths in files.values() for path in paths]
    dropped += [Dropped(path, OTHERWISE_NAMED) for path in unnamed]
    tables = ((folder / TABLE, LABELS_AND_PATIENTS),)
    return DataSet(CIRCOR, folder, tuple(recordings), (), tuple(dropped), (NOTE,), tables)


def murmur_timings(recordings: Sequence[Recording]) -> dict[Path, str]:
    """Return where in the cycle the murmur of each recording lies, where the table beside its folder says it.

    Parameters
    ----------
    recordings : sequence of Recording
        Those of other data sets, and those without a murmur, are passed over.

    Returns
    -------
    dict of Path to str
        "systolic", "diastolic" or "systolic and diastolic". The table says it of a child, not of a place on its chest.
    """
    timings: dict[Path, dict[str, str]] = {}
    found = {}
    for recording in recordings:
        table = recording.path.parent.parent / TABLE
        if recording.source != CIRCOR or recording.label != "murmur":
            continue
        if table not in timings:
            timings[table] = {row["Patient ID"]: _timing(row) for row in _rows(table)}
        timing = timings[table].get(recording.path.stem.partition("_")[0], "")
        if timing:
            found[recording.path] = timing
    return found


def _timing(row: dict[str, str]) -> str:
    """Return where in the cycle a child's murmur lies; empty where the table does not say it."""
    return " and ".join(name for column, name in TIMINGS.items() if row.get(column, "nan") not in ("", "nan"))


def _rows(table: Path) -> list[dict[str, str]]:
    """Return the rows of the table; none if it does not exist or has other columns.

    Raises
    ------
    DataError
        If it cannot be read as a table.
    """
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8", errors="replace") as lines:
        try:
            rows = list(csv.DictReader(lines, restval=""))
        except csv.Error as error:  # a cell without an end
            raise DataError(f"{table}: cannot be read as a table ({error})", "copy it again") from error
    return rows if rows and rows[0].keys() >= COLUMNS else []


def _files_by_patient(folder: Path) -> dict[str, list[Path]]:
    """Return the recordings by the number that their names begin with; empty where a name has none."""
    files: dict[str, list[Path]] = defaultdict(list)
    for path in audio_files(folder):
        number, underscore, _ = path.stem.partition("_")
        files[number if underscore else ""].append(path)
    return files


def _patients(rows: Sequence[dict[str, str]]) -> dict[str, str]:
    """Return one name for each number; a child recorded in both campaigns has two numbers."""
    names: dict[str, str] = {}
    for row in rows:
        given = [value for value in (row["Patient ID"], row["Additional ID"]) if value not in ("", "nan")]
        same = [value.removesuffix(".0") for value in given]
        for identifier in same:
            names[identifier] = min([*same, names.get(identifier, identifier)])
    return names


def _labels(row: dict[str, str], site: str) -> tuple[tuple[str, ...], str]:
    """Return the labels that a recording at one auscultation site may have, or none and why."""
    if row["Murmur"] == "Absent":
        return (NORMAL, EXTRASTOLE), ""
    if row["Murmur"] == "Present":
        return ((MURMUR,), "") if site in row["Murmur locations"].split("+") else ((), ELSEWHERE)
    return (), UNKNOWN

"""Read a folder per label, and folders of non-cardiac sounds.

The patient is a sub-folder of the label's folder, or the file name up to the first underscore where that can be a
patient: with a wrong guess, one person would be on both sides of a split. Must not read audio.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from monitor.labels import NON_CARDIAC
from training.data.recording import (
    LABELS,
    DataSet,
    Dropped,
    Recording,
    audio_files,
    folder_name,
    is_audio,
    known_label,
    sub_folders,
)

__all__ = ["EVERYDAY_SET", "NON_CARDIAC_SET", "has_label_folders", "read_label_folders", "read_non_cardiac"]

NON_CARDIAC_SET = "sounds that are no heart"
"""Name of the set of a folder that holds nothing else; recorded in bundles, so it stays as it is."""

EVERYDAY, EVERYDAY_SET = "everyday", "everyday sounds"
"""Name of a folder of everyday sounds, and of its set, which is cited apart."""

NON_PATIENT_WORDS = frozenset(
    {"audio", "ch", "channel", "clip", "copy", "day", "device", "file", "heart", "heartsound", "hs", "left", "mic"}
    | {"murmur", "normal", "note", "part", "pcg", "rec", "record", "recording", "right", "sample", "session", "site"}
    | {"sound", "steth", "stethoscope", "take", "test", "track", "trial", "visit", "voice", "wav", "week", "window"}
)
"""Words that number files, sites or sessions, not people."""

DATE = re.compile(r"^(19|20)\d{2}(-?\d{2}){0,2}$")

MANIKIN_LUNG = re.compile(r"^lung_[FM]_(?P<sound>[A-Z]+)_[A-Z]+$")
"""File names of HLS-CMDS: the manikin's sex, the sound it plays, the site. Many files hold the same sound."""

EVERYDAY_SOUND = re.compile(r"^[a-z_]+__(?P<source>\d+)[A-Z]?$")
"""File names of ESC-10: the kind of sound, the recording that it was cut from, the cut."""

LOOSE = "in no label's folder"


def read_non_cardiac(folder: Path) -> DataSet | None:
    """Return a folder of non-cardiac sounds; None for a folder of another name.

    Each file is a group of its own, but for a manikin's lungs, one sound at several sites, and for everyday sounds,
    several cuts of one recording.
    """
    name = folder_name(folder)
    if name.lower() != EVERYDAY and known_label(name) != NON_CARDIAC:
        return None
    title = EVERYDAY_SET if name.lower() == EVERYDAY else NON_CARDIAC_SET
    recordings = [Recording(path, (NON_CARDIAC,), f"{name}/{_group(path)}", title) for path in audio_files(folder)]
    return DataSet(title, folder, tuple(recordings)) if recordings else None


def _group(path: Path) -> str:
    """Return the group of a non-cardiac file: a split keeps it on one side."""
    manikin, everyday = MANIKIN_LUNG.match(path.stem), EVERYDAY_SOUND.match(path.stem)
    if manikin:
        return f"lung {manikin['sound']}"
    return f"source {everyday['source']}" if everyday else path.stem


def has_label_folders(folder: Path) -> bool:
    """Return whether a sub-folder is named like a label of the default bundle."""
    return any(known_label(sub.name) in LABELS for sub in sub_folders(folder))


def read_label_folders(folder: Path) -> DataSet | None:
    """Return a folder per label; None where no sub-folder holds audio."""
    files = {sub: audio_files(sub) for sub in sub_folders(folder)}
    if not any(files.values()):
        return None
    name = folder_name(folder)
    hearts = [(sub, path) for sub, paths in files.items() for path in paths if known_label(sub.name) != NON_CARDIAC]
    loose_names = [path.stem for sub, path in hearts if path.parent == sub]
    prefixes = _prefixes_are_patients(loose_names)
    recordings = [
        Recording(path, (known_label(sub.name),), _patient(name, sub, path, prefixes=prefixes), name)
        for sub, paths in files.items()
        for path in paths
    ]
    loose = tuple(Dropped(path, LOOSE) for path in sorted(folder.iterdir()) if is_audio(path))
    notes = [_patient_note(len(hearts) - len(loose_names), loose_names, prefixes=prefixes)] if hearts else []
    notes += [f"the folder {sub.name} holds no recordings" for sub, paths in files.items() if not paths]
    return DataSet(name, folder, tuple(recordings), (), loose, tuple(notes))


def _patient(name: str, sub: Path, path: Path, *, prefixes: bool) -> str:
    """Return who was recorded, empty where unknown."""
    inside = path.relative_to(sub)
    if known_label(sub.name) == NON_CARDIAC:
        return f"{name}/{sub.name}/{inside.with_suffix('').as_posix()}"
    if len(inside.parts) > 1:
        return f"{name}/{inside.parts[0]}"
    prefix = _prefix(path.stem) if prefixes else ""
    return f"{name}/{prefix}" if prefix else ""


def _prefix(stem: str) -> str:
    """Return a file name up to the first underscore, empty where it has none."""
    before, underscore, _ = stem.partition("_")
    return before if underscore else ""


def _prefixes_are_patients(stems: Sequence[str]) -> bool:
    """Return whether the prefixes of file names can be patients.

    They can where each has a digit, is no date and does not number files or sites, and where two files or more have
    the same one: a prefix that is different in every file may number files.
    """
    counts = Counter(prefix for prefix in map(_prefix, stems) if prefix)
    return max(counts.values(), default=0) >= 2 and all(_may_be_a_patient(prefix) for prefix in counts)


def _may_be_a_patient(prefix: str) -> bool:
    """Return whether one prefix of a file name can identify a patient."""
    word = re.split(r"[\d\W]", prefix.lower())[0]
    return any(map(str.isdigit, prefix)) and word not in NON_PATIENT_WORDS and not DATE.match(prefix)


def _patient_note(num_in_folders: int, loose_names: Sequence[str], *, prefixes: bool) -> str:
    """Return how patients were identified, so that the user can check it."""
    folders = "by their sub-folders" if num_in_folders else ""
    if loose_names and not prefixes:
        unnamed = f"not identified by the file names, such as {loose_names[0]}"
        return f"patients are identified {folders}, and {unnamed}" if folders else f"patients are {unnamed}"
    examples = sorted({prefix for prefix in map(_prefix, loose_names) if prefix})
    names = f"by the file names up to the first underscore ({', '.join(examples[:3])}, ...)" if prefixes else ""
    return f"patients are identified {' and '.join(filter(None, (folders, names)))}"

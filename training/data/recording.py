"""What is known of a recording and of a data set, before any audio is read.

A recording may be partially labelled: CirCor says whether there is a murmur, and nothing of extrasystoles, so such a
recording carries every label that it may have. Must not read audio; see :mod:`training.data.audio`.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.audio.sources.decoding.endings import RECORD_HEADER, RECORD_SAMPLES, is_left_alone, is_sound_name
from monitor.labels import EXTRASTOLE, NON_CARDIAC, NORMAL

__all__ = [
    "LABELS",
    "LABELS_AND_PATIENTS",
    "DataSet",
    "Dropped",
    "Recording",
    "audio_files",
    "count_by_set",
    "folder_name",
    "is_audio",
    "known_label",
    "leads_back",
    "sub_folders",
]

LABELS = (NORMAL, "murmur", EXTRASTOLE)
"""The labels of PASCAL set B, in the order of the default bundle; the spelling is the data set's."""

ALTERNATIVE_SPELLINGS = {"extrasystole": EXTRASTOLE, "not_heart": NON_CARDIAC, "artifact": NON_CARDIAC}

LABELS_AND_PATIENTS = "labels and patients"
"""What a table is read for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """One file, or a part of one, and what is known of it.

    Attributes
    ----------
    path : Path
    labels : tuple of str
        The labels that it may have; one where its label is certain.
    patient : str
        Who was recorded, unique over all sets; recordings of one patient stay together. Empty where unknown.
    source : str
        Name of the data set.
    noisy : bool or None
        Whether the data set calls it noisy; None where it does not say.
    start_s : float
        Seconds into the file where it begins.
    end_s : float or None
        Seconds into the file where it ends; None for the end of the file.
    site : str or None
        Auscultation site where the data set says it apart from the file's name.
    loud : bool or None
        Whether its murmur is a loud one; None where the data set grades none, or there is none.

    Examples
    --------
    >>> recording = Recording(Path("103_AV.wav"), ("normal", "extrastole"), "clinic/103", "clinic")
    >>> recording.label is None  # one of two
    True
    """

    path: Path
    labels: tuple[str, ...]
    patient: str
    source: str
    noisy: bool | None = None
    start_s: float = 0.0
    end_s: float | None = None
    site: str | None = None
    loud: bool | None = None

    @property
    def window_labels(self) -> tuple[str, ...]:
        """The labels that any one window of it may have.

        A recording with extrasystoles may have windows without one.
        """
        return (NORMAL, EXTRASTOLE) if self.labels == (EXTRASTOLE,) else self.labels

    @property
    def label(self) -> str | None:
        """The label, where it is certain."""
        return self.labels[0] if len(self.labels) == 1 else None

    @property
    def is_part(self) -> bool:
        """Whether it is a part of its file."""
        return self.start_s > 0 or self.end_s is not None

    def __str__(self) -> str:
        """Return the path, and the part of the file."""
        return _with_part(self.path, self.start_s, self.end_s)


def _with_part(path: Path, start_s: float, end_s: float | None) -> str:
    """Return a path, and the part of the file where it is one."""
    if not start_s and end_s is None:
        return str(path)
    return f"{path} from {start_s:g} s" + ("" if end_s is None else f" to {end_s:g} s")


@dataclasses.dataclass(frozen=True, slots=True)
class Dropped:
    """A file, or a part of one, that is not used, and why.

    Attributes
    ----------
    path : Path
    reason : str
        As the report prints it, the same for all files that are dropped for the same reason.
    start_s : float
        Seconds into the file where it begins.
    end_s : float or None
        Seconds into the file where it ends; None for the end of the file.
    patient : str
        Who was recorded, where that is known although a label is not: its heart sounds may be annotated.

    Examples
    --------
    >>> str(Dropped(Path("sound.flac"), "no label", 4.0, 7.5))
    'sound.flac from 4 s to 7.5 s'
    """

    path: Path
    reason: str
    start_s: float = 0.0
    end_s: float | None = None
    patient: str = ""

    def __str__(self) -> str:
        """Return the path, and the part of the file."""
        return _with_part(self.path, self.start_s, self.end_s)


@dataclasses.dataclass(frozen=True, slots=True)
class DataSet:
    """What was understood of one data set.

    Attributes
    ----------
    name : str
        Also the ``source`` of its recordings.
    path : Path
        Folder, or manifest, that it was read from.
    recordings : tuple of Recording
        What a network may be trained on.
    aside : tuple of Recording
        Labelled, but not to be trained on unless asked for; ``notes`` say why.
    dropped : tuple of Dropped
        Audio files without a usable label.
    notes : tuple of str
        Where labels and patients were read from, and what was unusual.
    tables : tuple of tuple of Path and str
        Files that are no recordings and were read for it, each with what for.
    cautions : tuple of str
        What could make metrics on it too good: a training and an evaluation say it too.
    """

    name: str
    path: Path
    recordings: tuple[Recording, ...]
    aside: tuple[Recording, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[tuple[Path, str], ...] = ()
    cautions: tuple[str, ...] = ()


def count_by_set(recordings: Sequence[Recording], patients: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the counts of each data set as plain JSON values, in order of first appearance.

    Parameters
    ----------
    recordings : sequence of Recording
    patients : sequence of str, or None
        The patient that each recording counts for, empty where it counts for none; None for those of the recordings.

    Returns
    -------
    list of dict
        ``set``, ``recordings``, ``patients`` and ``labels`` with counts; a partial label names all that it may be.

    Examples
    --------
    >>> count_by_set([Recording(Path("a.wav"), ("normal", "extrastole"), "p1", "clinic")])
    [{'set': 'clinic', 'recordings': 1, 'patients': 1, 'labels': {'normal or extrastole': 1}}]
    """
    counted = list(zip(recordings, patients or [recording.patient for recording in recordings], strict=True))
    return [
        {
            "set": source,
            "recordings": sum(recording.source == source for recording in recordings),
            "patients": len({patient for recording, patient in counted if recording.source == source} - {""}),
            "labels": dict(Counter(" or ".join(one.labels) for one in recordings if one.source == source)),
        }
        for source in dict.fromkeys(recording.source for recording in recordings)
    ]


def known_label(name: str) -> str:
    """Return a label as it is spelt here; one that is not known is left as it is, without spaces around it.

    Examples
    --------
    >>> known_label(" Extrasystole"), known_label("artifact"), known_label("S3 gallop")
    ('extrastole', 'not-heart', 'S3 gallop')
    """
    plain = name.strip().lower()
    spelt = ALTERNATIVE_SPELLINGS.get(plain, plain)
    return spelt if spelt in (*LABELS, NON_CARDIAC) else name.strip()


def folder_name(folder: Path) -> str:
    """Return the name of a folder, also of ``.`` and ``..``."""
    return Path(os.path.abspath(folder)).name


def is_audio(path: Path) -> bool:
    """Return whether a path is an audio file by its name; hidden files are not."""
    header = path.with_suffix(RECORD_HEADER) if path.suffix.lower() == RECORD_SAMPLES else None
    beside = (header.name,) if header is not None and header.is_file() else ()
    return is_sound_name(path.name, beside) and not path.name.startswith(".") and path.is_file()


def audio_files(folder: Path) -> list[Path]:
    """Return the audio files below a folder, sorted, without those in hidden folders and leftovers of unpacking.

    Links to folders are followed, but for one that leads back to a folder above.
    """
    found = []
    for parent, subs, names in os.walk(folder, followlinks=True):
        subs[:] = [sub for sub in subs if not is_left_alone(sub) and not leads_back(Path(parent, sub))]
        found += [Path(parent, name) for name in names if not is_left_alone(name)]
    return sorted(path for path in found if is_audio(path))


def sub_folders(folder: Path) -> list[Path]:
    """Return the folders directly in a folder, sorted, without hidden ones and leftovers of unpacking.

    A link that leads back to a folder above is left out, and so is a folder that cannot be opened:
    :mod:`training.data.left_out` names that.
    """
    folders = (path for path in folder.iterdir() if not is_left_alone(path.name) and path.is_dir())
    return sorted(path for path in folders if not leads_back(path) and os.access(path, os.R_OK | os.X_OK))


def leads_back(path: Path) -> bool:
    """Return whether a folder is a link to one above it, below which it would be found again without end."""
    return path.is_symlink() and any(path.samefile(parent) for parent in path.absolute().parents)

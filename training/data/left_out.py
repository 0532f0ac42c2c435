"""Every file below some folders that is not used as a recording: what it is, why it is left out, what it was read for.

Reads names, sizes and first bytes; must not decode audio. What the readers of data sets know better (no label, named
twice) is theirs to say, as ``dropped``.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from monitor.audio.sources.decoding.checks import EMPTY
from monitor.audio.sources.decoding.endings import RECORD_HEADER, RECORD_SAMPLES, SHADOW_FOLDER
from monitor.audio.sources.decoding.foreign import HEAD_BYTES, WFDB_HEADER, form_of_head, missing_reader_of_file
from monitor.sessions.names import ECG_FILE, EVENTS_FILE, SESSION_FILE, SOUND_FILE
from training.data.annotations import annotations_beside
from training.data.recording import DataSet, is_audio
from training.data.sessions import HOW_TO_LABEL, is_session

__all__ = ["Account", "FileGroup", "account_for"]

NO_SOUND = {
    **dict.fromkeys((".csv", ".tsv", ".xls", ".xlsx", ".ods"), "a table that no data set is read from"),
    **dict.fromkeys((".txt", ".md", ".pdf", ".html", ".htm", ".rtf", ".doc", ".docx", ".rst"), "a text"),
    **dict.fromkeys((".json", ".xml", ".yaml", ".yml", ".toml", ".ini", ".log"), "a file of settings or results"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".svg", ".gif", ".bmp", ".tif", ".tiff"), "a picture"),
    **dict.fromkeys((".py", ".ipynb", ".m", ".r", ".sh", ".c", ".js"), "a program"),
    **dict.fromkeys((".npz", ".npy", ".mat", ".pkl", ".h5", ".hdf5", ".parquet", ".sqlite"), "an array or a data base"),
}
"""What files are by their endings; none of these is opened."""
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")

CONTENT = {
    b"RIFF": ".wav",
    b"RF64": ".wav",
    b"fLaC": ".flac",
    b"OggS": ".ogg",
    b"FORM": ".aiff",
    b".snd": ".au",
    b"caff": ".caf",
    b"NIST_1A": ".sph",
    b"Creative Voice File": ".voc",
    b"riff\x2e\x91\xcf\x11": ".w64",
    b"ID3": ".mp3",
}
"""Endings of recordings that can be read, by their first bytes. Source: the formats' specifications."""

SESSION_FILES = (SESSION_FILE, EVENTS_FILE, SOUND_FILE)

SHADOW = "macOS's shadow of another file, no recording"
HIDDEN = "hidden"
NO_FILE = "neither a file nor a folder"
CLOSED_FOLDER = "a folder that cannot be opened"
DEAD_LINK = "a link to what is not there"
NOT_UNDERSTOOD = "a recording without a label, in a folder that is not understood"
LIST_IT = "list it in a manifest"
LABEL_IT = "put it in a folder per label, or list it in a manifest"
OF_DROPPED = "annotations or header of a recording that is left out"
NO_HEADER_NEEDED = "the WFDB header of a recording that is read itself"
ECG_OF_SESSION = "the electrocardiogram of a session"
OF_SESSION = "of a session without a label that is used"
ANNOTATIONS = "heart sounds annotated, of the recording beside it"


@dataclasses.dataclass(frozen=True, slots=True)
class FileGroup:
    """Files of which the same is said.

    Attributes
    ----------
    reason : str
        Why they are left out, or what they were read for.
    files : tuple of str
    next_step : str
        What can be done about the first of them, such as the command that converts it; empty where nothing need be.
    """

    reason: str
    files: tuple[str, ...]
    next_step: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the group as plain JSON values."""
        return {
            "reason": self.reason,
            "count": len(self.files),
            "next_step": self.next_step or None,
            "files": list(self.files),
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """Every file of some data sets and below their folders, once: a recording, dropped, left out, or read beside.

    Attributes
    ----------
    num_files : int
        All of them.
    num_recordings : int
        Files that hold a recording of a data set, those set aside and those that cannot be decoded among them.
    num_dropped : int
        Files that a data set dropped, and says why.
    left_out : tuple of FileGroup
        All others that no data set used, by reason; the largest group first.
    read_beside : tuple of FileGroup
        Tables and annotations, by what they were read for.
    """

    num_files: int
    num_recordings: int
    num_dropped: int
    left_out: tuple[FileGroup, ...]
    read_beside: tuple[FileGroup, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the account as plain JSON values."""
        return {
            "count": self.num_files,
            "recordings": self.num_recordings,
            "dropped": self.num_dropped,
            "left_out": [group.to_json() for group in self.left_out],
            "read_beside": [group.to_json() for group in self.read_beside],
        }


def account_for(paths: Iterable[Path], sets: Sequence[DataSet]) -> Account:
    """Return what became of every file of some data sets.

    Parameters
    ----------
    paths : iterable of Path
        The folders and tables that the sets were read from. All files below the folders count; of a table given by
        itself, only what it lists.
    sets : sequence of DataSet
        Empty where nothing was understood.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "notes.txt").write_text("of last week")
    12
    >>> account_for([folder], []).left_out[0].reason
    'a text (.txt)'
    """
    recordings = {
        _key(one.path): one for data_set in sets for one in (*data_set.recordings, *data_set.aside)
    }  # by file: several may be parts of one
    dropped = {_key(one.path) for data_set in sets for one in data_set.dropped} - recordings.keys()
    annotations = ((annotations_beside(one), ANNOTATIONS) for one in recordings.values())
    tables = (table for data_set in sets for table in data_set.tables)
    beside = {_key(path): (str(path), use) for path, use in (*tables, *annotations) if path is not None}
    accounted = recordings.keys() | dropped | beside.keys()
    found = ((path, os.path.relpath(path, root)) for root in paths for path in _files_below(root))
    others = {key: (path, inside) for path, inside in found if (key := _key(path)) not in accounted}
    known = _Known(
        frozenset(os.path.splitext(key)[0] for key in recordings),
        frozenset(os.path.splitext(key)[0] for key in dropped),
        {os.path.dirname(_key(data_set.path)): data_set.path.name for data_set in sets if data_set.path.is_file()},
    )
    return Account(
        num_files=len(accounted) + len(others),
        num_recordings=len(recordings),
        num_dropped=len(dropped),
        left_out=_grouped((path, *_why(path, inside, known)) for path, inside in others.values()),
        read_beside=_grouped((path, use, "") for path, use in beside.values()),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What the files beside a file say of it.

    Attributes
    ----------
    recordings, dropped : frozenset of str
        Paths of the recordings, and of what a data set dropped, without their endings.
    manifests : dict of str to str
        Names of manifests, by folder.
    """

    recordings: frozenset[str]
    dropped: frozenset[str]
    manifests: dict[str, str]

    def manifest_above(self, path: str) -> str:
        """Return the name of the manifest in a file's folder or above; empty where there is none."""
        folder = os.path.dirname(_key(path))
        while folder not in self.manifests and os.path.dirname(folder) != folder:
            folder = os.path.dirname(folder)
        return self.manifests.get(folder, "")


def _key(path: Path | str) -> str:
    """Return what identifies a file, however it was named."""
    return os.path.abspath(path)


def _files_below(root: Path) -> Iterator[str]:
    """Yield every file below a folder, by its path as the folder was named, sorted; links to folders are followed.

    A folder that cannot be opened is yielded itself, at the end.
    """
    seen: set[str] = set()
    closed: list[str] = []
    for folder, subs, files in os.walk(root, followlinks=True, onerror=lambda error: closed.append(error.filename)):
        real = os.path.realpath(folder)
        if real in seen:  # a link back
            subs.clear()
            continue
        seen.add(real)
        subs.sort()
        yield from (os.path.join(folder, name).removeprefix(f".{os.sep}") for name in sorted(files))
    yield from closed


def _grouped(files: Iterable[tuple[str, str, str]]) -> tuple[FileGroup, ...]:
    """Return files by reason, the largest group first; the next step is the first file's."""
    groups: dict[str, list[str]] = {}
    steps: dict[str, str] = {}
    for path, reason, next_step in files:
        groups.setdefault(reason, []).append(path)
        steps.setdefault(reason, next_step)
    ordered = sorted(groups, key=lambda reason: (-len(groups[reason]), reason))
    return tuple(FileGroup(reason, tuple(groups[reason]), steps[reason]) for reason in ordered)


def _why(path: str, inside: str, known: _Known) -> tuple[str, str]:
    """Return why a file is left out, and what can be done about it; ``inside`` is its path below the folder given."""
    parts = inside.split(os.sep)
    if parts[-1].startswith("._") or SHADOW_FOLDER in parts:
        return SHADOW, ""
    if any(part.startswith(".") and part.strip(".") for part in parts):
        return HIDDEN, ""
    try:
        status = os.stat(path)
    except OSError:
        return DEAD_LINK, ""
    if stat.S_ISDIR(status.st_mode):
        return CLOSED_FOLDER, "ask its owner for the right to read it"
    if not stat.S_ISREG(status.st_mode):
        return NO_FILE, ""
    if not status.st_size:
        return EMPTY.removeprefix("is "), "record or copy it again"
    if parts[-1] == ECG_FILE and is_session(Path(path).parent):
        return ECG_OF_SESSION, ""
    if parts[-1] in SESSION_FILES and is_session(Path(path).parent):
        return OF_SESSION, HOW_TO_LABEL
    stem, ending = os.path.splitext(_key(path))
    ending = ending.lower()
    if ending in (".tsv", ".hea") and stem in known.dropped:
        return OF_DROPPED, ""
    if ending == ".hea" and stem in known.recordings:
        return NO_HEADER_NEEDED, ""
    if ending in NO_SOUND:
        return f"{NO_SOUND[ending]} ({ending})", ""
    if ending in ARCHIVES:
        return f"an archive ({ending})", "unpack it, and name the folder"
    return _by_content(path, ending, known)


def _by_content(path: str, ending: str, known: _Known) -> tuple[str, str]:
    """Return the same for a file that may be a recording."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        return f"cannot be opened ({(error.strerror or 'unknown').lower()})", "ask its owner for the right to read it"
    lacking = missing_reader_of_file(path)
    if lacking is not None:
        return lacking
    if is_audio(Path(path)):
        manifest = known.manifest_above(path)
        return (f"not listed in {manifest}", "") if manifest else (NOT_UNDERSTOOD, LABEL_IT)
    form = form_of_head(head)
    if form is WFDB_HEADER:
        beside = os.path.isfile(f"{os.path.splitext(path)[0]}{RECORD_SAMPLES}")
        return (OF_DROPPED, "") if ending == RECORD_HEADER and beside else (form.what, LIST_IT)
    proper = next((proper for magic, proper in CONTENT.items() if head.startswith(magic)), form and form.ending)
    if proper is not None:
        return "a recording by its content, but not by its name", f"end its name with {proper}"
    return f"no recording that is known ({ending or 'no ending'})", ""

"""The recordings that a command is asked for: files as named, folders with all that is below them.

Inside a folder the order is that of the names, so it is the same in every run. Of the folder of a session only its
sound is a recording: what else lies there was written beside it. Must not read a recording.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator, Sequence

from monitor.audio.sources.decoding.checks import read_error
from monitor.audio.sources.decoding.endings import FOREIGN_ENDINGS, SOUND_ENDINGS, is_left_alone
from monitor.errors import RecordingError
from monitor.output import printable
from monitor.sessions.names import SESSION_FILE, SOUND_FILE

__all__ = ["Found", "Recording", "expand_folders", "find_recordings"]


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """A file to be judged.

    Attributes
    ----------
    source : str
        Its path as given, or below a folder as given.
    path : str
        Absolute; by this a scan knows it again.
    num_bytes, mtime_ns : int or None
        Its size, and when it was changed, in nanoseconds since 1970; None where it is not there.
    error : str or None
        Why it cannot be judged: of a folder that cannot be listed.
    """

    source: str
    path: str
    num_bytes: int | None
    mtime_ns: int | None
    error: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes
    ----------
    recordings : tuple of Recording
    left_alone : Counter of str
        How many files of each other ending lie in the folders.
    """

    recordings: tuple[Recording, ...]
    left_alone: Counter[str]


def find_recordings(paths: Sequence[str]) -> Found:
    """Return the recordings of files and folders.

    A file that is named is taken whatever its name; in folders the ending decides. Hidden files and folders are left
    out, links are followed.

    Parameters
    ----------
    paths : sequence of str

    Raises
    ------
    RecordingError
        If there is none, or none of them is there.
    """
    left_alone: Counter[str] = Counter()
    found: dict[str, Recording] = {}
    for path in paths:
        recordings = _below(path, left_alone, set()) if os.path.isdir(path) else iter([_recording(path)])
        for recording in recordings:
            found.setdefault(recording.path, recording)
    if all(recording.num_bytes is None for recording in found.values()):
        raise _nothing(paths, list(found.values()), left_alone)
    return Found(tuple(found.values()), left_alone)


def expand_folders(paths: Sequence[str]) -> tuple[list[str], list[RecordingError]]:
    """Return some paths with the recordings of each folder in its place, and what is wrong with folders.

    Files stay as they are, whether they are there or not, and as often as they are named.

    Parameters
    ----------
    paths : sequence of str
    """
    files: list[str] = []
    failures: list[RecordingError] = []
    for path in paths:
        if not os.path.isdir(path):
            files.append(path)
            continue
        try:
            found = find_recordings([path]).recordings
        except RecordingError as error:
            failures.append(error)
            continue
        files += [recording.source for recording in found if recording.error is None]
        failures += [RecordingError(recording.error) for recording in found if recording.error is not None]
    return files, failures


def _below(folder: str, left_alone: Counter[str], seen: set[tuple[int, int]]) -> Iterator[Recording]:
    """Yield the recordings below a folder; a folder that cannot be listed is one with an error."""
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:  # a link to a folder above
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        failure = read_error(printable(folder), error)
        yield Recording(folder, os.path.abspath(folder), None, None, str(failure))
        return
    if any(entry.name == SESSION_FILE for entry in entries):
        entries = [entry for entry in entries if entry.name == SOUND_FILE]
    for entry in entries:
        if is_left_alone(entry.name):
            continue
        if entry.is_dir():
            yield from _below(entry.path, left_alone, seen)
            continue
        ending = os.path.splitext(entry.name)[1].lower()
        if ending in SOUND_ENDINGS or ending in FOREIGN_ENDINGS:
            yield _recording(entry.path)
        else:
            left_alone[ending or "no ending"] += 1


def _recording(path: str) -> Recording:
    """Return a file, whether it is there or not."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return Recording(path, os.path.abspath(path), None, None)
    return Recording(path, os.path.abspath(path), status.st_size, status.st_mtime_ns)


def _nothing(paths: Sequence[str], failures: Sequence[Recording], left_alone: Counter[str]) -> RecordingError:
    """Return the error for paths without a recording."""
    if failures:
        first = failures[0]
        return RecordingError(first.error) if first.error else read_error(printable(first.source), FileNotFoundError())
    names = ", ".join(map(printable, paths))
    there = f", only {', '.join(ending for ending, _ in left_alone.most_common(5))}" if left_alone else ""
    return RecordingError(f"{names}: no recording{there}", "name a folder with .wav, .flac, .mp3, ..., or the files")

"""The recordings that a command is asked for: files as named, folders with all that is below them.

An address (``s3://...``) is a file or folder too; :mod:`monitor.archive.remote` lists it.

The order is that of the command line, and inside a folder that of the names, so it is the same in every run. Of the
folder of a session only its sound is a recording: what else lies there was written beside it. Must not read a
recording.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator, Sequence

from monitor.archive.remote import RemoteFile, is_address, list_remote
from monitor.audio.sources.decoding.checks import read_error
from monitor.audio.sources.decoding.endings import is_header_beside, is_left_alone, is_sound_name
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
        Why it cannot be judged: of a folder that cannot be listed, or an address that does not answer.
    etag : str or None
        What a server calls this state of the file, where it says so.
    address : str or None
        Where a remote file is, with all that is needed to read it: never shown, logged or kept. None for a local file.
    """

    source: str
    path: str
    num_bytes: int | None
    mtime_ns: int | None
    error: str | None = None
    etag: str | None = None
    address: str | None = dataclasses.field(default=None, repr=False)


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
        If there is none, or none of them is there, or two cannot be told apart without a secret.
    AuscultError
        If an address needs a package that is not installed.
    """
    left_alone: Counter[str] = Counter()
    found: dict[str, Recording] = {}
    for path in paths:
        for recording in _named(path, left_alone):
            first = found.setdefault(recording.path, recording)
            if first.address != recording.address:
                raise RecordingError(
                    f"{recording.source}: two addresses that differ only in what may be a secret",
                    "give each a scan of its own, with its own -o",
                )
    if not any(_is_there(recording) for recording in found.values()):
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


def _named(path: str, left_alone: Counter[str]) -> Iterator[Recording]:
    """Yield the recordings of a path as given."""
    if is_address(path):
        return (_remote_recording(file) for file in list_remote(path, left_alone))
    return _below(path, left_alone, set()) if os.path.isdir(path) else iter([_recording(path)])


def _remote_recording(file: RemoteFile) -> Recording:
    """Return a file at an address, known again by what may be shown of that."""
    return Recording(file.shown, file.shown, file.num_bytes, file.mtime_ns, file.error, file.etag, file.address)


def _is_there(recording: Recording) -> bool:
    """Return whether a file is there; of a remote one the size may be unknown."""
    return recording.error is None and (recording.num_bytes is not None or recording.address is not None)


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
    names = {entry.name for entry in entries}
    for entry in entries:
        if is_left_alone(entry.name):
            continue
        if entry.is_dir():
            yield from _below(entry.path, left_alone, seen)
            continue
        if is_sound_name(entry.name, names):
            yield _recording(entry.path)
        elif not is_header_beside(entry.name, names):
            ending = os.path.splitext(entry.name)[1].lower()
            left_alone[ending or "no ending"] += 1


def _recording(path: str) -> Recording:
    """Return a file, whether it is there or not."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return Recording(path, os.path.abspath(path), None, None)
    return Recording(path, os.path.abspath(path), status.st_size, status.st_mtime_ns)


def _reason(path: str) -> OSError:
    """Return why nothing is known of a file."""
    try:
        os.stat(path)
    except OSError as error:
        return error
    except ValueError:  # a name with a null byte
        pass
    return FileNotFoundError()


def _nothing(paths: Sequence[str], failures: Sequence[Recording], left_alone: Counter[str]) -> RecordingError:
    """Return the error for paths without a recording."""
    if failures:
        first = failures[0]
        return RecordingError(first.error) if first.error else read_error(printable(first.source), _reason(first.path))
    names = ", ".join(map(printable, paths))
    there = f", only {', '.join(ending for ending, _ in left_alone.most_common(5))}" if left_alone else ""
    return RecordingError(f"{names}: no recording{there}", "name a folder with .wav, .flac, .mp3, ..., or the files")

"""Recordings at an address, as ``s3://bucket/folder``: listed, and copied for as long as they are judged, by fsspec.

An address may hold a password or a signature. It is shown and kept without them, and so are the errors of whatever
package speaks the protocol, without their tracebacks. Imports ``fsspec`` only when there is an address.

A copy is in the folder for temporary files, locked by the process that made it. What a killed process left there is
removed by the next one that makes a copy.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import glob
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from monitor.audio.sources.decoding.endings import is_left_alone, is_sound_name
from monitor.errors import AuscultError, RecordingError, check_installed
from monitor.output import printable
from monitor.sessions.command_words import without_secrets_in
from monitor.sessions.event_log import is_written, lock

__all__ = ["MAX_COPY_BYTES", "RemoteFile", "is_address", "list_remote", "local_copy"]

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
"""At least two letters: one is a drive of Windows."""
PREFIX = "auscult-copy-"
MAX_COPY_BYTES = 8 * 2**30
"""Of one recording; a worker has one copy at a time."""
LEFT_OVER_S = 600.0
"""A copy that no one has locked is left over once nothing was written to it for so long."""


class RemoteFile(NamedTuple):
    """A file at an address.

    Attributes
    ----------
    address : str
        With all that is needed to read it.
    shown : str
        The address without what may be a secret.
    num_bytes, mtime_ns, etag : int, int and str; or None
        Its size, time of change in nanoseconds since 1970, and tag, where known.
    error : str or None
        Why it cannot be read.
    """

    address: str
    shown: str
    num_bytes: int | None = None
    mtime_ns: int | None = None
    etag: str | None = None
    error: str | None = None


def is_address(path: str) -> bool:
    """Return whether a path is the address of something remote.

    Examples
    --------
    >>> is_address("s3://bucket/a.wav"), is_address("C://a.wav"), is_address("a.wav")
    (True, False, False)
    """
    return ADDRESS.match(path) is not None


def list_remote(address: str, left_alone: Counter[str]) -> Iterator[RemoteFile]:
    """Yield the file at an address, or the recordings below it by their names, in the order of these.

    Parameters
    ----------
    address : str
    left_alone : Counter of str
        Counts the endings of other files.

    Raises
    ------
    AuscultError
        If a package is missing.
    """
    shown = without_secrets_in(address)
    try:
        with _readable_errors(shown):
            system, root = _file_system(address)
            about = system.info(root)
            if about.get("type") != "directory" and not root.endswith("/"):
                yield _file(address, about)
                return
            found = {name: about for name, about in system.find(root, detail=True).items() if name != root}
    except RecordingError as error:
        yield RemoteFile(address, shown, error=str(error))
        return
    base, question, secret = address.partition("?")
    for name in sorted(found):
        place = name if is_address(name) else base.rstrip("/") + "/" + name.removeprefix(root).lstrip("/")
        below = place.removeprefix(base).strip("/").split("/")
        if any(map(is_left_alone, below)):
            continue
        if not is_sound_name(below[-1]):  # a WFDB record is two files, and one is copied
            left_alone[os.path.splitext(below[-1])[1].lower() or "no ending"] += 1
            continue
        place += question + secret
        try:
            with _readable_errors(without_secrets_in(place)):
                known = found[name].get("size") is not None
                yield _file(place, found[name] if known else system.info(name))
        except RecordingError as error:
            yield RemoteFile(place, without_secrets_in(place), error=str(error))


@contextlib.contextmanager
def local_copy(address: str) -> Iterator[str]:
    """Return the path of a copy that is there inside the ``with`` block.

    Raises
    ------
    RecordingError
        If it cannot be read, is too large, or there is no room for it.
    AuscultError
        If a package is missing.
    """
    import tempfile

    shown = without_secrets_in(address)
    _remove_left_over()
    ending = os.path.splitext(without_secrets_in(address).partition("?")[0])[1]
    descriptor, path = tempfile.mkstemp(prefix=PREFIX, suffix=ending if ending.isprintable() else "")
    try:
        with os.fdopen(descriptor, "r+b", 0) as copy:
            lock(copy)
            with _readable_errors(shown):
                system, name = _file_system(address)
                with system.open(name, "rb") as remote:
                    _pour(remote, copy, shown)
            yield path
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _pour(remote: Any, copy: Any, shown: str) -> None:
    """Copy a file, block by block, up to the largest size."""
    import tempfile

    while block := remote.read(2**20):
        if copy.tell() + len(block) > MAX_COPY_BYTES:
            raise RecordingError(f"{shown}: larger than {MAX_COPY_BYTES / 2**30:.0f} GiB", "copy it here by hand")
        if shutil.disk_usage(tempfile.gettempdir()).free < len(block):
            raise RecordingError(
                f"{shown}: no room for a copy in {tempfile.gettempdir()}", "set TMPDIR to a folder on a larger disk"
            )
        copy.write(block)


def _file_system(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the name that the file has there."""
    protocol = address.partition("://")[0]
    check_installed("fsspec", f"{protocol}://", "remote")
    import fsspec

    try:
        system, name = fsspec.core.url_to_fs(address)
    except ImportError as error:
        reason = str(error).partition("\n")[0]
        raise AuscultError(
            f"{protocol}:// needs a package that is not installed ({printable(reason)})", "install it with pip"
        ) from None
    return system, str(name)


@contextlib.contextmanager
def _readable_errors(shown: str) -> Iterator[None]:
    """Turn whatever a file system raises into one line without a secret."""
    try:
        yield
    except AuscultError:
        raise
    except FileNotFoundError as error:
        cause = error.__cause__  # fsspec says so too where a web server does not answer, or refuses
        status = getattr(cause, "status", None)
        if status not in (None, 404, 410) or (isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError)):
            raise _unreadable(shown, cause or error) from None
        raise RecordingError(f"{shown}: no such file", "check the name and the folder") from None
    except PermissionError:
        raise RecordingError(f"{shown}: permission denied", "check the keys that the protocol's package uses") from None
    except Exception as error:  # noqa: BLE001  # each package has errors of its own, and they may hold the address
        raise _unreadable(shown, error) from None


def _unreadable(shown: str, error: BaseException) -> RecordingError:
    """Return the error for a file that a file system cannot read, without a secret."""
    reason = printable(" ".join(without_secrets_in(str(error)).split())[:200]) or type(error).__name__
    return RecordingError(f"{shown}: cannot be read ({reason})", "check the address and the connection")


def _file(address: str, about: dict[str, Any]) -> RemoteFile:
    """Return a file with what its file system says of it."""
    size = about.get("size")
    changed = next(
        (about[key] for key in ("LastModified", "last_modified", "mtime", "updated") if about.get(key)), None
    )
    tag = next((about[key] for key in ("ETag", "etag") if about.get(key)), None)
    return RemoteFile(
        address,
        printable(without_secrets_in(address)),
        None if size is None else int(size),
        _nanoseconds(changed),
        None if tag is None else printable(str(tag).strip('"')),
    )


def _nanoseconds(time_of_change: object) -> int | None:
    """Return a time as the file systems give it in nanoseconds since 1970; None where it is none.

    Examples
    --------
    >>> _nanoseconds(1.5), _nanoseconds("1970-01-01T00:00:02+00:00"), _nanoseconds("yesterday")
    (1500000000, 2000000000, None)
    """
    if isinstance(time_of_change, str):
        try:
            time_of_change = datetime.datetime.fromisoformat(time_of_change)
        except ValueError:
            return None
    if isinstance(time_of_change, datetime.datetime):
        if time_of_change.tzinfo is None:
            time_of_change = time_of_change.replace(tzinfo=datetime.UTC)
        time_of_change = time_of_change.timestamp()
    return round(time_of_change * 1e9) if isinstance(time_of_change, int | float) else None


@functools.cache
def _remove_left_over() -> None:
    """Remove copies that killed processes left behind; once in a process."""
    import tempfile

    with tempfile.TemporaryFile() as new:
        now = os.fstat(new.fileno()).st_mtime  # by the clock of that disk
    for path in glob.glob(os.path.join(glob.escape(tempfile.gettempdir()), f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            if now - os.stat(path).st_mtime > LEFT_OVER_S and not is_written(Path(path)):
                os.unlink(path)

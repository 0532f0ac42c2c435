"""A bundle as one file, ``NAME.auscult``: a zip archive of ``bundle.json`` and the files that it names.

An archive comes from elsewhere, and nothing in it is trusted: names are those of the format, so none leads out of the
bundle's folder; entries are regular files, each once, stored or deflated; none is inflated beyond the limit of its name
or beyond what :data:`MAX_RATIO` allows, whatever the archive says of its size. Safe on any thread.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError, BundleError, reason_of
from monitor.inference.bundle import load_bundle
from monitor.inference.bundle_files import MB, NOT_AN_ARCHIVE, is_bundle_file, read_file, size_limit

__all__ = ["SUFFIX", "PackedBundle", "open_pack", "pack_bundle"]

SUFFIX = ".auscult"

MAX_PACK_BYTES = 512 * MB
MAX_ENTRIES = 64
MAX_RATIO = 200
"""Most bytes that a compressed byte may become; in the default bundle it is 7, of ``training_curves.json``."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED, UNIX = 0x1, 3
READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a FIFO must not block
TIME = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same bundle is always the same bytes."""

END = struct.Struct("<4s4H2LH")
"""The record at the end of a zip archive: signature, four counts of disks and entries, size and place of the list."""
END_SIGNATURE, ZIP64_SIGNATURE, ZIP64_BYTES = b"PK\x05\x06", b"PK\x06\x07", 20
MAX_LIST_BYTES = 64 * 1024

ASK_AGAIN = "ask for the file again: auscult models pack NAME"


def pack_bundle(folder: Path, out: Path) -> int:
    """Write a bundle as one file; return how many bytes that has.

    The same bundle always gives the same bytes.

    Parameters
    ----------
    folder : Path
        Of a bundle; it is loaded first, so that only a whole one is packed.
    out : Path
        Is replaced where it exists.

    Raises
    ------
    BundleError
        If the bundle does not load.
    AuscultError
        If the file cannot be written.
    """
    names = ("bundle.json", *sorted(load_bundle(folder).settings["sha256"]))

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name in names:
                entry = zipfile.ZipInfo(name, TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system, entry.external_attr = UNIX, (stat.S_IFREG | 0o644) << 16
                archive.writestr(entry, read_file(folder, name))

    try:
        write_atomic(out, write)
        return out.stat().st_size
    except (OSError, ValueError) as error:
        reason = reason_of(error, out) if isinstance(error, OSError) else _reason(error)
        raise AuscultError(f"{out}: cannot be written ({reason})", "choose another path with -o") from error


class PackedBundle:
    """The files of an opened archive whose list of entries has passed every check.

    Parameters
    ----------
    path : Path
    archive : ZipFile
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        self.names = frozenset(archive.namelist())

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        BundleError
            If the archive has no such file, or it is damaged or larger than its entry or the format says.
        """
        if name not in self.names:
            raise BundleError(f"{self._path}: {name} is missing", ASK_AGAIN)
        entry = self._archive.getinfo(name)
        try:
            with self._archive.open(entry) as file:
                content = file.read(entry.file_size + 1)
        except NOT_AN_ARCHIVE as error:
            raise BundleError(f"{self._path}: {name} cannot be read ({_reason(error)})", ASK_AGAIN) from error
        if len(content) != entry.file_size:
            raise BundleError(f"{self._path}: {name} is not as long as the archive says", ASK_AGAIN)
        return content


@contextmanager
def open_pack(path: Path) -> Iterator[PackedBundle]:
    """Open a packed bundle and check its list of entries; nothing is inflated yet.

    Raises
    ------
    BundleError
        If it is no such file, or holds anything but the files of one bundle.
    """
    try:
        file = open(os.open(path, READ_FLAGS), "rb")  # noqa: SIM115  # closed by the with below
    except OSError as error:
        reason = reason_of(error, path)
        raise BundleError(f"{path}: cannot be read ({reason})", "name a file of auscult models pack") from error
    with file:
        try:
            _check_end(file)
            archive = zipfile.ZipFile(file)
            _check_entries(archive)
        except NOT_AN_ARCHIVE as error:
            raise BundleError(f"{path}: is no packed bundle ({_reason(error)})", ASK_AGAIN) from error
        with archive:
            yield PackedBundle(path, archive)


def _check_end(file: BinaryIO) -> None:
    """Check the sizes of the file and of its list of entries, before that is read into memory.

    Raises
    ------
    ValueError
        If they are none of a packed bundle.
    """
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a regular file")
    if status.st_size > MAX_PACK_BYTES:
        raise ValueError(f"it is larger than {MAX_PACK_BYTES // MB} MB")
    tail_bytes = END.size + ZIP64_BYTES
    if status.st_size < tail_bytes:
        raise ValueError("it is too short")
    file.seek(-tail_bytes, os.SEEK_END)
    tail = file.read(tail_bytes)
    signature, _, _, _, entries, list_bytes, _, _ = END.unpack(tail[ZIP64_BYTES:])
    if signature != END_SIGNATURE or tail.startswith(ZIP64_SIGNATURE):
        raise ValueError("it does not end as auscult models pack ends a file")
    if entries > MAX_ENTRIES or list_bytes > MAX_LIST_BYTES:
        raise ValueError(f"it holds more than {MAX_ENTRIES} files")


def _check_entries(archive: zipfile.ZipFile) -> None:
    """Check every entry of an archive.

    Raises
    ------
    ValueError
        If one is no file of a bundle, or not stored as :func:`pack_bundle` does.
    """
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if "bundle.json" not in names:
        raise ValueError("it holds no bundle.json")
    if len(set(names)) < len(names):
        raise ValueError("it holds a file twice")
    if len(names) > MAX_ENTRIES:
        raise ValueError(f"it holds more than {MAX_ENTRIES} files")
    for entry in entries:
        name, limit = entry.filename, size_limit(entry.filename)
        if name != "bundle.json" and not is_bundle_file(name):
            raise ValueError(f"it holds {name[:60]!a}, which is no file of a bundle")
        if entry.orig_filename != name or stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ValueError(f"{name} is not a regular file")
        if entry.compress_type not in METHODS or entry.flag_bits & ENCRYPTED:
            raise ValueError(f"{name} is compressed in another way, or encrypted")
        if entry.file_size > limit:
            raise ValueError(f"{name} is larger than {limit // MB} MB")
        if entry.file_size > MAX_RATIO * entry.compress_size:
            raise ValueError(f"{name} is compressed more than {MAX_RATIO} times")


def _reason(error: Exception) -> str:
    """Return an error in a few words of one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:200] or type(error).__name__

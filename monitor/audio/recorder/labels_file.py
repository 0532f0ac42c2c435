r"""The marks of a recording as a label track, beside it: ``heart.labels.txt`` beside ``heart.wav``.

One line for each mark: start, end, text, separated by tabs, in seconds of the recording; start and end are the same. It
is what Audacity imports and exports as a label track, and others read.
Source: https://manual.audacityteam.org/man/importing_and_exporting_labels.html

Each mark is handed to the operating system at once, in one write at the end of the file: a killed program loses none.
The file is created with the first mark, and never in place of another. Marks that could not be written are kept and
tried again. Used by the thread that marks; reading its state is safe on any thread. Must not know about sound.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
from pathlib import Path

from monitor.errors import AuscultError
from monitor.log import get_logger

__all__ = ["LabelsFile", "labels_path"]

logger = get_logger(__name__)

TIME_DIGITS = 6
"""A microsecond: every sample up to 192 kHz has a time of its own."""


def labels_path(recording: Path) -> Path:
    """Return where the marks of a recording go.

    Examples
    --------
    >>> labels_path(Path("ward 3/heart.flac")).name
    'heart.labels.txt'
    """
    return recording.with_suffix(".labels.txt")


class LabelsFile:
    r"""Appends marks to a labels file.

    Parameters
    ----------
    path : Path
        A new file; it is created with the first mark.

    Attributes
    ----------
    path : Path
    error : str or None
        Why the marks that wait could not be written.

    Raises
    ------
    AuscultError
        If the file exists: it is never overwritten, and nothing is added to it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     labels = LabelsFile(Path(folder, "heart.labels.txt"))
    ...     labels.add(1.25, "mark 1")
    ...     labels.close()
    ...     labels.path.read_text()
    '1.250000\t1.250000\tmark 1\n'
    """

    def __init__(self, path: Path) -> None:
        if os.path.lexists(path):
            raise AuscultError(f"{path} exists and is not overwritten", "choose another name")
        self.path = path
        self.error: str | None = None
        self._marks: list[tuple[float, str]] = []
        self._written = 0
        self._file: io.FileIO | None = None  # open, so that no other file can get its identity
        self._closed = False

    @property
    def written(self) -> int:
        """Number of marks in the file."""
        return self._written

    @property
    def waiting(self) -> tuple[float, ...]:
        """Times of the marks that could not be written so far, seconds."""
        return tuple(at_s for at_s, _ in self._marks[self._written :])

    def add(self, at_s: float, text: str) -> None:
        """Add a mark, and write it at once; where that fails :attr:`error` says why, and it waits.

        Parameters
        ----------
        at_s : float
            Seconds of the recording.
        text : str
            One line without tabs.
        """
        self._marks.append((at_s, text))
        self._write()

    def write_waiting(self) -> None:
        """Try again to write the marks that wait, if there are any."""
        if self._written < len(self._marks):
            self._write()

    def close(self) -> None:
        """Try a last time, close the file, and remove it if no mark came into it. Twice is safe."""
        if self._closed:
            return
        self.write_waiting()
        self._closed = True
        if self._file is not None:
            remove = self._is_ours() and not self._written
            self._file.close()
            if remove:
                with contextlib.suppress(OSError):
                    self.path.unlink()

    def _write(self) -> None:
        """Write the marks that wait, all or none; every mark where the file has been deleted."""
        try:
            file = self._open()
            lines = [f"{at_s:.{TIME_DIGITS}f}\t{at_s:.{TIME_DIGITS}f}\t{text}\n" for at_s, text in self._marks]
            _append(file, "".join(lines[self._written :]).encode())
        except OSError as error:
            reason = _reason(error, self.path)
            if reason != self.error:
                logger.warning("%s: a mark could not be written (%s); trying again", self.path, error)
            self.error = reason
        else:
            self._written, self.error = len(self._marks), None

    def _open(self) -> io.FileIO:
        """Return the file, created where there is none; refuse another that has taken its name."""
        if self._file is None or not self._is_ours():
            file = io.FileIO(self.path, "x")
            if self._file is not None:
                self._file.close()
            self._file, self._written = file, 0
        return self._file

    def _is_ours(self) -> bool:
        """Return whether the path still names the file that is open."""
        try:
            return self._file is not None and os.path.samestat(os.lstat(self.path), os.fstat(self._file.fileno()))
        except OSError:
            return False


def _append(file: io.FileIO, data: bytes) -> None:
    """Write all bytes at the end, or none."""
    end = file.seek(0, os.SEEK_END)
    try:
        if file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        with contextlib.suppress(OSError):
            file.truncate(end)
        raise


def _reason(error: OSError, path: Path) -> str:
    """Return why a mark could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    if error.errno == errno.EEXIST:
        return f"another file has the name {path.name}"
    if error.errno == errno.ENOENT:
        return "its folder is gone"
    return f"the disk does not accept it ({error.strerror or error})"

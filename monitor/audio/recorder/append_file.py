"""A sound file that is valid after every write: samples at the end, then a header with their number.

The samples are appended first, the header that counts them is written second, each unbuffered. So whenever the
program is killed, the file is valid and ends with the last write. A write that fails changes nothing that counts: the
next one begins at the same position.

python-soundfile is not used for writing: libsndfile buffers up to 4096 samples of a FLAC (a second at
4 kHz), leaves the length unknown until the file is closed, and cannot continue after a full disk.

Used by one thread at a time; must not know about rings.
"""

from __future__ import annotations

import abc
import contextlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import AuscultError, reason_of

if TYPE_CHECKING:  # for the types alone: sessions are listed without NumPy
    from numpy.typing import NDArray

__all__ = ["AppendFile", "SoundWriter", "new_file"]


class SoundWriter(abc.ABC):
    """Writes one channel of sound into a file that is valid after every call."""

    @abc.abstractmethod
    def write(self, waveform: NDArray[Any]) -> None:
        """Add samples, all of them or none.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32

        Raises
        ------
        OSError
            If they could not be written; the file is as it was, and the same call may be tried again.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Complete and close the file. Twice is safe.

        Raises
        ------
        OSError
            If the disk refused the last bytes; the file is closed and valid all the same.
        """


class AppendFile:
    """Appends bytes to a file and keeps a header at the beginning up to date.

    Parameters
    ----------
    file : io.FileIO
        Empty and unbuffered; closed with this object.
    header : bytes
        The header of a file without samples.
    empty : bool
        Whether the file stays empty until the first samples: in some formats a header alone is not valid.

    Attributes
    ----------
    end_byte : int
        Position of the next samples.

    Raises
    ------
    OSError
        If the header cannot be written.
    """

    def __init__(self, file: io.FileIO, header: bytes, *, empty: bool = False) -> None:
        self._file = file
        self._valid_bytes = self.end_byte = len(header)
        self._write_at(0, header)
        if empty:
            self._valid_bytes = file.truncate(0)

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    def append(self, data: bytes | memoryview, header: bytes) -> None:
        """Write ``data`` at the end, then ``header`` over the beginning.

        Raises
        ------
        OSError
            If either failed; the previous content is still valid, and the next call begins at the same position.
        """
        try:
            if self._valid_bytes:
                self._write_at(self.end_byte, data)
                self._write_at(0, header)
            else:
                self._write_at(0, b"".join((header, data)))  # one write: a kill leaves nothing or all of it
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self._valid_bytes)
            raise
        self.end_byte += len(data)
        self._valid_bytes = self.end_byte

    def close(self) -> None:
        """Flush the bytes to the disk and close. Twice is safe.

        Raises
        ------
        OSError
            If the disk refused them; the file is closed all the same.
        """
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _write_at(self, position: int, data: bytes | memoryview) -> None:
        """Write all of ``data`` at a position."""
        self._file.seek(position)
        left = memoryview(data)
        while left:
            written = self._file.write(left)
            if not written:
                raise OSError("nothing was written")
            left = left[written:]


def new_file(path: Path, *, private: bool = False) -> io.FileIO:
    """Return a new, empty file, open for unbuffered writing.

    Parameters
    ----------
    path : Path
    private : bool
        Whether only its owner may read it.

    Raises
    ------
    AuscultError
        If the file exists (it is never overwritten) or cannot be created.
    """
    try:
        return io.FileIO(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600 if private else 0o666))
    except FileExistsError as error:
        raise AuscultError(f"{path} exists and is not overwritten", "choose another name") from error
    except FileNotFoundError as error:
        raise AuscultError(
            f"{path} cannot be created: there is no folder {path.parent}", "create the folder first"
        ) from error
    except OSError as error:
        reason = reason_of(error, path)
        raise AuscultError(f"{path} cannot be created: {reason}", "choose a folder with write permission") from error

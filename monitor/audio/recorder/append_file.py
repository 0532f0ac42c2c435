"""A sound file that is whole after every write: samples behind, then a header that says how many.

The samples go to the end of the file first, the header that counts them second, each in one call that
hands the bytes to the system. So whoever kills the program, and whenever, finds a valid file that ends
with the last write. A write that fails changes nothing that counts: the next one begins at the same place.

python-soundfile is not used for writing: libsndfile holds back up to 4096 samples of a FLAC (a second at
4 kHz), leaves its length unknown until it is closed, and cannot go on after a full disk.

Used by one thread at a time; must not know about rings.
"""

from __future__ import annotations

import abc
import contextlib
import io
import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from monitor.errors import AuscultError

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
    """The bytes of such a file.

    Parameters
    ----------
    file : io.FileIO
        Empty and unbuffered; closed with this object.
    header : bytes
        What opens a file without samples.

    Attributes
    ----------
    end_byte : int
        Where the next samples go.

    Raises
    ------
    OSError
        If the header cannot be written.
    """

    def __init__(self, file: io.FileIO, header: bytes) -> None:
        self._file = file
        self.end_byte = len(header)
        self._write_at(0, header)

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    def append(self, data: bytes | memoryview, header: bytes) -> None:
        """Write ``data`` at the end, then ``header`` over the beginning.

        Raises
        ------
        OSError
            If either failed; what was there before still counts, and the next call begins at the same place.
        """
        try:
            self._write_at(self.end_byte, data)
            self._write_at(0, header)
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self.end_byte)
            raise
        self.end_byte += len(data)

    def close(self) -> None:
        """Hand the bytes to the disk and close. Twice is safe.

        Raises
        ------
        OSError
            If the disk refused them.
        """
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _write_at(self, place: int, data: bytes | memoryview) -> None:
        """Write all of ``data`` from ``place`` on."""
        self._file.seek(place)
        left = memoryview(data)
        while left:
            written = self._file.write(left)
            if not written:
                raise OSError("nothing was written")
            left = left[written:]


def new_file(path: Path) -> io.FileIO:
    """Return a new, empty file, open for unbuffered writing.

    Raises
    ------
    AuscultError
        If there is a file of that name, which is never overwritten, or none can be made.
    """
    try:
        return io.FileIO(path, "x")
    except FileExistsError as error:
        raise AuscultError(f"{path} is there already and is not overwritten", "give another name") from error
    except FileNotFoundError as error:
        raise AuscultError(
            f"{path} cannot be made: there is no folder {path.parent}", "make the folder first"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise AuscultError(f"{path} cannot be made: {reason}", "give a place where you may write") from error

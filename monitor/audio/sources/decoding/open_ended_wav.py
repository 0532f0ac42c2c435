"""A WAV whose header states no length, read to the end of the file.

A recorder that is switched off, or that writes into a pipe, leaves a size of 0;
libsndfile reads such a file as empty. Used by one thread at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.pcm import RawFormat, check_format
from monitor.audio.sources.decoding.wav_header import WAV_MAGICS, only_chunks_follow, read_wav_header, skipper

__all__ = ["OpenEndedWav"]

READ_BYTES = 2**16


class OpenEndedWav:
    """An open WAV without a length.

    Parameters
    ----------
    file : binary file
        At its first sample; closed with this object.
    raw : RawFormat
        The format of the samples.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
    num_samples : int
        Samples per channel, from the size of the file.
    """

    def __init__(self, file: BinaryIO, raw: RawFormat) -> None:
        self._file, self._raw = file, raw
        self._first_byte = file.tell()
        self.sample_rate, self.channels = raw.sample_rate, raw.channels
        self.num_samples: int | None = (os.fstat(file.fileno()).st_size - self._first_byte) // raw.frame_bytes

    @classmethod
    def open(cls, path: Path, name: str) -> Self | None:
        """Return the open file if it is a WAV without a length, else None.

        Raises
        ------
        OSError
            If the file cannot be opened.
        RecordingError
            If its rate or channel count is out of range.
        """
        file = path.open("rb")
        try:
            raw = _open_ended_format(file, name)
        except BaseException:
            file.close()
            raise
        if raw is None:
            file.close()
            return None
        return cls(file, raw)

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from ``start_sample`` on.

        Yields
        ------
        ndarray, shape (samples, channels), float32
            In [-1, 1) for integer formats; floats unchanged.
        """
        size = self._raw.frame_bytes
        self._file.seek(self._first_byte + start_sample * size)
        while len(block := self._raw.decode(self._file.read(max(1, READ_BYTES // size) * size))):
            yield block


def _open_ended_format(file: BinaryIO, name: str) -> RawFormat | None:
    """Return the format of a WAV without a length and seek to its first sample; None for any other file."""
    head = file.read(12)
    if head[:4] not in WAV_MAGICS or head[8:] != b"WAVE":
        return None
    header = read_wav_header(file.read, skipper(file))
    if header is None or not header.zero_size or header.encoding is None:
        return None
    first_byte = file.tell()
    if only_chunks_follow(file):
        return None
    file.seek(first_byte)
    check_format(name, header.sample_rate, header.channels, None)
    return RawFormat(header.sample_rate, header.channels, header.encoding)

"""A WAV whose recorder never wrote how long it is: read to the end of the file.

A recorder that is switched off, or that writes into a pipe, leaves a size of 0;
libsndfile takes that for silence. Used by one thread at a time.
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
from monitor.audio.sources.decoding.wav_header import WAV_MAGICS, holds_nothing_but_chunks, read_wav_header, skipper

__all__ = ["OpenEndedWav"]

READ_BYTES = 2**16


class OpenEndedWav:
    """An open WAV without a length.

    Parameters
    ----------
    file : binary file
        At its first sample; closed with this object.
    form : RawFormat

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
    num_samples : int
        Samples of each channel, by the size of the file.
    """

    def __init__(self, file: BinaryIO, form: RawFormat) -> None:
        self._file, self._form = file, form
        self._first_byte = file.tell()
        self.sample_rate, self.channels = form.sample_rate, form.channels
        self.num_samples: int | None = (os.fstat(file.fileno()).st_size - self._first_byte) // form.frame_bytes

    @classmethod
    def open(cls, path: Path, name: str) -> Self | None:
        """Return the sound of ``path``, or None if it is anything but such a WAV.

        Raises
        ------
        OSError
            If the file cannot be opened.
        RecordingError
            If its rate or channel count is out of range.
        """
        file = path.open("rb")
        try:
            form = _unfinished_form(file, name)
        except BaseException:
            file.close()
            raise
        if form is None:
            file.close()
            return None
        return cls(file, form)

    def __enter__(self) -> Self:
        """Return the sound itself."""
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
            In [-1, 1) for whole numbers; floats as they are.
        """
        size = self._form.frame_bytes
        self._file.seek(self._first_byte + start_sample * size)
        while len(block := self._form.decode(self._file.read(max(1, READ_BYTES // size) * size))):
            yield block


def _unfinished_form(file: BinaryIO, name: str) -> RawFormat | None:
    """Return the form of a WAV that was never finished, and stand at its first sample."""
    head = file.read(12)
    if head[:4] not in WAV_MAGICS or head[8:] != b"WAVE":
        return None
    header = read_wav_header(file.read, skipper(file))
    if header is None or not header.zero_size or header.encoding is None:
        return None
    first_byte = file.tell()
    if holds_nothing_but_chunks(file):
        return None
    file.seek(first_byte)
    check_format(name, header.sample_rate, header.channels, None)
    return RawFormat(header.sample_rate, header.channels, header.encoding)

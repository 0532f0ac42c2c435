"""A WAV of float32 samples that is valid after every write, of any length.

Up to 4 GB it is a RIFF file; room is kept in its header for the sizes of RF64, into which it turns
when it grows beyond. Samples are written as they are: not scaled, not clipped, bit for bit.

Source: Multimedia Programming Interface 1.0 (RIFF WAVE); EBU Tech 3306 (RF64), whose ``JUNK`` chunk of
28 bytes becomes the ``ds64`` chunk.
"""

from __future__ import annotations

import io
import struct
from typing import Any

from numpy.typing import NDArray

from monitor.audio.recorder.append_file import AppendFile, SoundWriter

__all__ = ["WavWriter"]

SAMPLE_BYTES = 4
FLOAT = 3
"""Format tag of IEEE floating point."""
LARGEST_RIFF = 0xFFFF_0000
"""Bytes; sizes just below 2**32 are what recorders write that do not know theirs."""
SAYS_DS64 = 0xFFFF_FFFF
"""Stands for a size that the ``ds64`` chunk holds."""


class WavWriter(SoundWriter):
    """Writes a WAV.

    Parameters
    ----------
    file : io.FileIO
        Empty and unbuffered; closed with this object.
    sample_rate : int
        Hz.
    largest_riff : int
        Bytes from which on the file is an RF64; a test gives fewer.

    Raises
    ------
    OSError
        If the header cannot be written.
    """

    def __init__(self, file: io.FileIO, sample_rate: int, largest_riff: int = LARGEST_RIFF) -> None:
        self._sample_rate = sample_rate
        self._largest_riff = largest_riff
        self._samples = 0
        self._file = AppendFile(file, self._header(0))

    def write(self, waveform: NDArray[Any]) -> None:
        """Add samples, all of them or none; see :meth:`SoundWriter.write`."""
        samples = self._samples + len(waveform)
        self._file.append(waveform.astype("<f4").tobytes(), self._header(samples))
        self._samples = samples

    def close(self) -> None:
        """Close the file. Twice is safe; see :meth:`SoundWriter.close`."""
        self._file.close()

    def _header(self, samples: int) -> bytes:
        """Return the bytes before the first of ``samples`` samples; always as many."""
        data_bytes = samples * SAMPLE_BYTES
        form = struct.pack(
            "<HHIIHHH", FLOAT, 1, self._sample_rate, SAMPLE_BYTES * self._sample_rate, SAMPLE_BYTES, SAMPLE_BYTES * 8, 0
        )
        size = 4 + 3 * 8 + 28 + len(form) + 4 + 8 + data_bytes  # all behind the first eight bytes
        wide = size > self._largest_riff
        sizes = struct.pack("<QQQI", size, data_bytes, samples, 0) if wide else bytes(28)
        return b"".join(
            (
                struct.pack("<4sI4s", b"RF64" if wide else b"RIFF", SAYS_DS64 if wide else size, b"WAVE"),
                struct.pack("<4sI", b"ds64" if wide else b"JUNK", len(sizes)) + sizes,
                struct.pack("<4sI", b"fmt ", len(form)) + form,
                struct.pack("<4sII", b"fact", 4, min(samples, SAYS_DS64)),
                struct.pack("<4sI", b"data", SAYS_DS64 if wide else data_bytes),
            )
        )

"""A WAV of float32 samples that is valid after every write, of any length.

Up to 4 GB it is a RIFF file; the header reserves space for the 64-bit sizes of RF64, which the file becomes when it
grows beyond. Samples are written unchanged: not scaled, not clipped, bit for bit.

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
"""Bytes; sizes just below 2**32 are placeholders of recorders that do not know the length."""
IN_DS64 = 0xFFFF_FFFF
"""Placeholder for a size that is in the ``ds64`` chunk."""


class WavWriter(SoundWriter):
    """Writes a WAV.

    Parameters
    ----------
    file : io.FileIO
        Empty and unbuffered; closed with this object.
    sample_rate : int
        Hz.
    largest_riff : int
        Size in bytes above which the file is an RF64; tests pass a smaller one.

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
        """Return the header for ``samples`` samples; its length is constant."""
        data_bytes = samples * SAMPLE_BYTES
        format_chunk = struct.pack(
            "<HHIIHHH", FLOAT, 1, self._sample_rate, SAMPLE_BYTES * self._sample_rate, SAMPLE_BYTES, SAMPLE_BYTES * 8, 0
        )
        size = 4 + 3 * 8 + 28 + len(format_chunk) + 4 + 8 + data_bytes  # everything after the first eight bytes
        wide = size > self._largest_riff
        sizes = struct.pack("<QQQI", size, data_bytes, samples, 0) if wide else bytes(28)
        return b"".join(
            (
                struct.pack("<4sI4s", b"RF64" if wide else b"RIFF", IN_DS64 if wide else size, b"WAVE"),
                struct.pack("<4sI", b"ds64" if wide else b"JUNK", len(sizes)) + sizes,
                struct.pack("<4sI", b"fmt ", len(format_chunk)) + format_chunk,
                struct.pack("<4sII", b"fact", 4, min(samples, IN_DS64)),
                struct.pack("<4sI", b"data", IN_DS64 if wide else data_bytes),
            )
        )

"""A FLAC of 24-bit samples that is valid, including length and checksum, after every write.

Without samples the file is empty: no program reads a FLAC that is a header alone.

24 bits represent the output of a 16- or 24-bit converter exactly. Not represented: sound beyond full scale, which is
clipped, and float digits below 2**-23 (138 dB below full scale). To keep every bit of any input, record a WAV.

Source: RFC 9639, section 8.2 (stream information).
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.recorder.append_file import AppendFile, SoundWriter
from monitor.audio.recorder.flac_encoder import BITS, MAX_BLOCK, encode_frame

__all__ = ["FlacWriter"]

FULL_SCALE = 2 ** (BITS - 1)
MIN_BLOCK = 16
"""Samples; only the last block of a stream may be smaller, so up to 15 samples wait for the next write."""
UNKNOWN_LENGTH = 2**36
"""From this number of samples on, the header states no length: 17 days at 44.1 kHz."""


class FlacWriter(SoundWriter):
    """Writes a FLAC.

    Parameters
    ----------
    file : io.FileIO
        Empty and unbuffered; closed with this object.
    sample_rate : int
        Hz, below 2**20.

    Raises
    ------
    OSError
        If the header cannot be written.
    """

    def __init__(self, file: io.FileIO, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._samples = 0  # in the file
        self._rest = np.zeros(0, np.int64)  # fewer than a block
        self._checksum = hashlib.md5(usedforsecurity=False)
        self._file = AppendFile(file, self._header(0, self._checksum.digest()), empty=True)

    def write(self, waveform: NDArray[Any]) -> None:
        """Add samples, all of them or none; see :meth:`SoundWriter.write`."""
        samples = np.concatenate((self._rest, _to_int24(waveform)))
        last_block = len(samples) % MAX_BLOCK
        ready = len(samples) - (last_block if last_block < MIN_BLOCK else 0)
        self._append(samples[:ready])
        self._rest = samples[ready:]

    def close(self) -> None:
        """Write the remaining samples and close the file. Twice is safe; see :meth:`SoundWriter.close`."""
        if self._file.closed:
            return
        try:
            self._append(self._rest)
        finally:
            self._file.close()

    def _append(self, samples: NDArray[np.int64]) -> None:
        """Write blocks and a header that counts them."""
        if not len(samples):
            return
        starts = range(0, len(samples), MAX_BLOCK)
        data = b"".join(encode_frame(samples[at : at + MAX_BLOCK], self._samples + at) for at in starts)
        checksum = self._checksum.copy()
        checksum.update(samples.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
        end = self._samples + len(samples)
        self._file.append(data, self._header(end, checksum.digest()))
        self._samples, self._checksum = end, checksum

    def _header(self, samples: int, checksum: bytes) -> bytes:
        """Return the bytes before the first block: block sizes, rate, one channel, bits, length, MD5."""
        length = samples if samples < UNKNOWN_LENGTH else 0
        stream = self._sample_rate << 44 | (BITS - 1) << 36 | length
        blocks = MIN_BLOCK.to_bytes(2, "big") + MAX_BLOCK.to_bytes(2, "big")
        return b"fLaC\x80\x00\x00\x22" + blocks + bytes(6) + stream.to_bytes(8, "big") + checksum


def _to_int24(waveform: NDArray[Any]) -> NDArray[np.int64]:
    """Return samples rounded and clipped to 24-bit integers."""
    scaled = np.rint(waveform.astype(np.float64) * FULL_SCALE)
    integers: NDArray[np.int64] = np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int64)
    return integers

"""Any recording that libsndfile reads, as blocks from start to end.

Imports soundfile, so other modules import this one only when a recording is opened. Reads
forward only: python-soundfile seeks after every read of a seekable file, which makes MP3
decoding depend on the block size and prints decoder warnings to the terminal. Used by one
thread at a time; must not know about rings or pacing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.audio.sources.stderr import discard_native_stderr
from monitor.errors import RecordingError
from monitor.log import get_logger

__all__ = ["Decoder"]

logger = get_logger(__name__)

MAX_BLOCK_SAMPLES = 16_384
MAX_BLOCK_VALUES = 2**19
"""Largest read over all channels: 2 MiB."""

UNKNOWN_FRAMES = 2**62
"""Frame counts from here on are how libsndfile reports an unknown length."""

EXACT_SEEK = ("WAV", "WAVEX", "RF64", "AIFF", "FLAC")
"""Formats where seeking is exact to the sample; others are decoded from the start and discarded up to there."""

NEVER_MP3 = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"FORM")
"""First bytes of files that libsndfile does not try as an MP3, whatever their name."""

MP3_SLACK_SAMPLES = 4096
"""The length of an MP3 is only known to within a few MP3 frames (encoder delay and padding)."""


class _Forward(soundfile.SoundFile):  # type: ignore[misc, unused-ignore]  # soundfile has no types
    """A file that python-soundfile reads without a seek after every read, whatever bytes are in a name."""

    def __init__(self, file: Any) -> None:
        super().__init__(os.fsencode(file) if isinstance(file, str) and os.name == "posix" else file)

    def seekable(self) -> bool:
        """Return False, whatever the file allows."""
        return False


class Decoder:
    """An open recording.

    Parameters
    ----------
    file : str or binary file
        A path, or an open seekable file.
    name : str
        Its name in error messages.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
    num_samples : int or None
        Samples per channel; None where the file does not state it.

    Raises
    ------
    RecordingError
        If libsndfile cannot read the file.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> soundfile.write(file, np.zeros((8, 2)), samplerate=4000, format="WAV")
    >>> _ = file.seek(0)
    >>> with Decoder(file, "zeros") as sound:
    ...     sound.sample_rate, sound.channels, sound.num_samples, [block.shape for block in sound.blocks()]
    (4000, 2, 8, [(8, 2)])
    """

    def __init__(self, file: str | BinaryIO, name: str) -> None:
        self._name = name
        try:
            # libmpg123 writes to standard error; turned away only when libsndfile may try the file as an MP3
            with contextlib.nullcontext() if _first_bytes(file) in NEVER_MP3 else discard_native_stderr():
                self._file = _Forward(file)
        except (soundfile.SoundFileError, TypeError) as error:  # TypeError: a name that ends in .raw
            raise RecordingError(
                f"{name}: not a recording that can be read",
                "give a wav, flac, ogg, mp3 or aiff file, or for headerless audio give its format: "
                "auscult replay - --raw s16le --rate 4000 < FILE",
            ) from error
        self.sample_rate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        frames = int(self._file.frames)
        self.num_samples = frames if frames < UNKNOWN_FRAMES else None

    def __enter__(self) -> Self:
        """Return the decoder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file. Twice is safe."""
        self._file.close()

    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from ``start_sample`` on; call it once.

        Yields
        ------
        ndarray, shape (samples, channels), float32
            In [-1, 1] for integer formats; floats unchanged. Valid until the next block.

        Raises
        ------
        RecordingError
            If the recording is damaged, or ends before the length in its header.
        """
        samples = max(1, min(MAX_BLOCK_SAMPLES, MAX_BLOCK_VALUES // self.channels))
        buffer = np.empty((samples, self.channels), np.float32)
        position = self._seek(start_sample)
        while len(block := self._read(buffer, position)):
            begin = max(0, start_sample - position)
            position += len(block)
            if begin < len(block):
                yield block[begin:]
        if self._is_short(position):
            raise self._damaged(position)
        if self.num_samples is not None and position != self.num_samples:
            logger.info("%s: %d samples decoded, %d in the header", self._name, position, self.num_samples)

    def _seek(self, start_sample: int) -> int:
        """Seek to ``start_sample`` where that is exact; return the new position."""
        if start_sample and self._file.format in EXACT_SEEK:
            try:
                return int(self._file.seek(start_sample))
            except soundfile.SoundFileError as error:
                logger.info("%s: cannot seek (%s); decoding from the start", self._name, error)
        return 0

    def _read(self, buffer: NDArray[np.float32], position: int) -> NDArray[np.float32]:
        """Fill ``buffer``; return the filled part."""
        try:
            block: NDArray[np.float32] = self._file.read(out=buffer)
        except soundfile.SoundFileError as error:
            raise self._damaged(position) from error
        return block

    def _is_short(self, position: int) -> bool:
        """Whether the sound ended too early, in formats whose header is exact enough."""
        slack = {"FLAC": 0, "MP3": MP3_SLACK_SAMPLES + self.sample_rate}.get(self._file.format)
        return slack is not None and self.num_samples is not None and position + slack < self.num_samples

    def _damaged(self, position: int) -> RecordingError:
        """Return the error for sound that ends or breaks at ``position``."""
        whole = f" of {self.num_samples / self.sample_rate:.1f} s" if self.num_samples else ""
        return RecordingError(
            f"{self._name}: damaged or cut short, decoding stops after {position / self.sample_rate:.1f} s{whole}",
            "copy it again; what came before was classified",
        )


def _first_bytes(file: str | BinaryIO) -> bytes:
    """Return the first four bytes of a file, fewer where it is shorter."""
    if isinstance(file, str):
        with open(file, "rb") as opened:
            return opened.read(4)
    head = file.read(4)
    file.seek(0)
    return head

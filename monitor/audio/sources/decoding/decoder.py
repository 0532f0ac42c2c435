"""Any recording that libsndfile reads, as blocks from its start to its end.

Imports soundfile, so the rest imports this module only when a recording is opened. Reads
forward only: python-soundfile seeks after every read of a file that allows it, which
makes MP3 decoding depend on the block size and litters the terminal with decoder
warnings. Used by one thread at a time; must not know about rings or pacing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.errors import RecordingError

__all__ = ["Decoder"]

CHUNK_SAMPLES = 16_384
CHUNK_VALUES = 2**19
"""Most values in one read, 2 MiB, however many channels there are."""

MOST_FRAMES = 2**62
"""More than any file has: libsndfile's way to say that the length is not known."""

EXACT_SEEK = ("WAV", "WAVEX", "RF64", "AIFF", "FLAC")
"""Formats where seeking lands on the very sample; others are decoded and left out up to there."""

NEVER_MP3 = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"FORM")
"""First bytes of files that libsndfile does not try as an MP3, whatever their name."""

MP3_SLACK_SAMPLES = 4096
"""An MP3's length is known to a few of its frames only (encoder delay and padding)."""


class _Forward(soundfile.SoundFile):  # type: ignore[misc, unused-ignore]  # soundfile has no types
    """A file read from start to end, without a seek after every read."""

    def seekable(self) -> bool:
        """Say no, whatever the file allows."""
        return False


class Decoder:
    """An open recording.

    Parameters
    ----------
    file : str or binary file
        A path, or an open seekable file.
    name : str
        What errors call it.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
    num_samples : int or None
        Samples of each channel; None where the file does not say.

    Raises
    ------
    RecordingError
        If it is no recording that libsndfile reads.
    """

    def __init__(self, file: str | BinaryIO, name: str) -> None:
        self._name = name
        try:
            with _without_decoder_warnings(file):
                self._file = _Forward(file)
        except (soundfile.SoundFileError, TypeError) as error:  # TypeError: a name that ends in .raw
            raise RecordingError(
                f"{name}: not a recording that can be read",
                "give a wav, flac, ogg, mp3 or aiff file, or for headerless audio say its form: "
                "auscult replay - --raw s16le --rate 4000 < FILE",
            ) from error
        self.sample_rate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        frames = int(self._file.frames)
        self.num_samples = frames if frames < MOST_FRAMES else None

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
            In [-1, 1] for whole numbers; floats as they are. Valid until the next one.

        Raises
        ------
        RecordingError
            If the recording ends before the length that it promises, or is damaged.
        """
        samples = max(1, min(CHUNK_SAMPLES, CHUNK_VALUES // self.channels))
        buffer = np.empty((samples, self.channels), np.float32)
        position = self._seek(start_sample)
        while len(block := self._read(buffer, position)):
            begin = max(0, start_sample - position)
            position += len(block)
            if begin < len(block):
                yield block[begin:]
        if self._is_short(position):
            raise self._cut(position)

    def _seek(self, start_sample: int) -> int:
        """Go to ``start_sample`` where that is exact; return the position."""
        if start_sample and self._file.format in EXACT_SEEK:
            with contextlib.suppress(soundfile.SoundFileError):  # then it is decoded up to there
                return int(self._file.seek(start_sample))
        return 0

    def _read(self, buffer: NDArray[np.float32], position: int) -> NDArray[np.float32]:
        """Fill ``buffer``; return what was filled."""
        try:
            block: NDArray[np.float32] = self._file.read(out=buffer)
        except soundfile.SoundFileError as error:
            raise self._cut(position) from error
        return block

    def _is_short(self, position: int) -> bool:
        """Whether the end came before the promised one, in formats whose promise is exact enough."""
        slack = {"FLAC": 0, "MP3": MP3_SLACK_SAMPLES + self.sample_rate}.get(self._file.format)
        return slack is not None and self.num_samples is not None and position + slack < self.num_samples

    def _cut(self, position: int) -> RecordingError:
        """Return the error for sound that ends or breaks at ``position``."""
        whole = f" of {self.num_samples / self.sample_rate:.1f} s" if self.num_samples else ""
        return RecordingError(
            f"{self._name}: damaged or cut short, decoding stops after {position / self.sample_rate:.1f} s{whole}",
            "copy it again; what came before was judged",
        )


@contextlib.contextmanager
def _without_decoder_warnings(file: str | BinaryIO) -> Iterator[None]:
    """Keep libmpg123's own lines off the terminal while a possible MP3 is opened.

    It writes to file descriptor 2 and cannot be told not to; the descriptor is turned away
    for the milliseconds of opening, and only when libsndfile may try the file as an MP3.
    """
    if _head(file) in NEVER_MP3:
        yield
        return
    try:
        kept = os.dup(2)
    except OSError:  # there is no such descriptor, so nothing can be littered
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _head(file: str | BinaryIO) -> bytes:
    """Return the first four bytes of a file, fewer where there are not as many."""
    if isinstance(file, str):
        with open(file, "rb") as opened:
            return opened.read(4)
    head = file.read(4)
    file.seek(0)
    return head

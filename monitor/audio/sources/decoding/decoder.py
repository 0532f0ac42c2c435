"""Any recording that libsndfile reads, as blocks from start to end: for files, pipes and training.

Imports soundfile, so other modules import this one only when a recording is opened. Decides
by the bytes alone: libsndfile never sees a name, by whose ending it would decode noise. Reads
forward only: python-soundfile seeks after every read of a seekable file, which makes MP3
decoding depend on the block size. Used by one thread at a time; must not know about rings or pacing.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.audio.sources.decoding.checks import EMPTY
from monitor.audio.sources.decoding.file_layout import find_layout
from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.audio.sources.decoding.pieced_file import PiecedFile
from monitor.errors import RecordingError
from monitor.log import get_logger
from monitor.process.native_stderr import discard_native_stderr

__all__ = ["Decoder"]

logger = get_logger(__name__)

MAX_BLOCK_SAMPLES = 16_384
MAX_BLOCK_VALUES = 2**19
"""Largest read over all channels: 2 MiB."""

UNKNOWN_FRAMES = 2**62
"""Frame counts from here on are how libsndfile reports an unknown length."""

EXACT_SEEK = ("WAV", "WAVEX", "RF64", "AIFF", "FLAC")
"""Formats where seeking is exact to the sample; others are decoded from the start and discarded up to there."""

MAGIC_BYTES = 4
NEVER_MP3 = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"FORM")
"""First bytes of files that libsndfile does not try as an MP3, whatever their name."""

EXACT_LENGTH = ("WAV", "WAVEX", "RF64", "AIFF", "FLAC", "AU", "CAF", "W64", "OGG")
"""Formats that decode to the very number of samples that libsndfile reports; that of an MP3 is an estimate."""


class _Guarded:
    """A file that never raises: in a callback of libsndfile, cffi would print the exception and go on.

    Parameters
    ----------
    file : PiecedFile

    Attributes
    ----------
    error : BaseException or None
        The first one; from then on the file is at its end.
    """

    def __init__(self, file: PiecedFile) -> None:
        self._file = file
        self.error: BaseException | None = None

    def tell(self) -> int:
        """Return the position."""
        return int(self._try(self._file.tell, 0))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; return it."""
        return int(self._try(lambda: self._file.seek(offset, whence), 0))

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes."""
        return bytes(self._try(lambda: self._file.read(count), b""))

    def _try(self, call: Callable[[], Any], otherwise: Any) -> Any:
        """Return what a call returns; otherwise keep its exception."""
        if self.error is None:
            try:
                return call()
            except BaseException as error:  # noqa: BLE001  # raised again by the decoder, also an interrupt
                self.error = error
        return otherwise

    def check(self) -> None:
        """Raise the exception, once."""
        error, self.error = self.error, None
        if error is not None:
            raise error


class _Forward(soundfile.SoundFile):  # type: ignore[misc, unused-ignore]  # soundfile has no types
    """A file that python-soundfile reads without a seek after every read."""

    def __init__(self, file: PiecedFile) -> None:
        self.guarded = _Guarded(file)
        try:
            super().__init__(self.guarded)
        finally:
            self.guarded.check()

    def seekable(self) -> bool:
        """Return False, whatever the file allows."""
        return False


class Decoder(OpenRecording):
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
        Samples per channel that will come; None where the file does not state it.
    missing : str
        What is missing of the sound that the header promises; empty if nothing. Complete once all was decoded.

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
        self._name, self._broken, self._was_read = name, False, False
        self._below = open(file, "rb") if isinstance(file, str) else file  # noqa: SIM115  # closed by close
        self._path = file if isinstance(file, str) else ""
        try:
            layout = find_layout(self._below, name)
            self._head = _first_bytes(self._below)
            parts = layout.parts or (((0, self._below.seek(0, io.SEEK_END)),),)
            self._pieced = [PiecedFile(self._below, part, layout.stated_size) for part in parts]
            self._files = [self._open(part, name) for part in self._pieced]
        except BaseException:
            self._close_below()
            raise
        self.missing = layout.missing
        self.sample_rate = int(self._files[0].samplerate)
        self.channels = int(self._files[0].channels)
        same = [file for file in self._files if (file.samplerate, file.channels) == (self.sample_rate, self.channels)]
        if len(same) < len(self._files):
            self.missing = "another recording of another format follows, and is left out"
            self._files = self._files[:1]
        frames = sum(int(file.frames) for file in self._files)
        self.num_samples = layout.num_samples or (frames if frames < UNKNOWN_FRAMES else None)

    def _open(self, file: PiecedFile, name: str) -> _Forward:
        """Return an open file.

        Raises
        ------
        RecordingError
            If libsndfile cannot read it.
        OSError
            If the file below cannot be read.
        """
        try:
            with self._quiet():
                return _Forward(file)
        except soundfile.SoundFileError as error:
            raise file.error or self._unreadable(name) from error

    def _quiet(self) -> contextlib.AbstractContextManager[None]:
        """Return what keeps libmpg123 off standard error, where libsndfile may try the file as an MP3."""
        return contextlib.nullcontext() if self._head in NEVER_MP3 else discard_native_stderr()

    def _unreadable(self, name: str) -> RecordingError:
        """Return the error for a file that libsndfile cannot read."""
        if not self._head:
            return RecordingError(f"{name}: {EMPTY}", "record or copy it again")
        return RecordingError(
            f"{name}: not a recording that can be read",
            "give a wav, flac, ogg, mp3 or aiff file, or for headerless audio give its format: "
            "auscult replay - --raw s16le --rate 4000 < FILE",
        )

    def close(self) -> None:
        """Close the file. Twice is safe."""
        for file in self._files:
            with self._quiet():
                file.close()
        self._close_below()

    def _close_below(self) -> None:
        """Close the file that was opened here; one that was given stays open."""
        if self._path:
            self._below.close()

    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from ``start_sample`` on; call it once, or again where it :attr:`can_repeat`.

        Yields
        ------
        ndarray, shape (samples, channels), float32
            In [-1, 1] for integer formats; floats unchanged. Valid until the next block.

        Notes
        -----
        Damage ends the sound; :attr:`missing` then says where.
        """
        samples = max(1, min(MAX_BLOCK_SAMPLES, MAX_BLOCK_VALUES // self.channels))
        buffer = np.empty((samples, self.channels), np.float32)
        position = self._seek(start_sample)
        for file in self._files:
            first = position if file is self._files[0] else 0  # in this file
            while len(block := self._read(file, buffer, first)):
                begin = max(0, start_sample - position)
                position, first = position + len(block), first + len(block)
                if begin < len(block):
                    yield block[begin:]
        unread = next((file.error for file in self._pieced if file.error is not None), None)
        if unread is not None:
            self.missing = f"{self._damage(position)}, where the disk cannot be read ({unread.strerror})"
        elif (self._broken and not self._is_complete(position)) or self._is_short(position):
            self.missing = self._damage(position)

    @property
    def can_repeat(self) -> bool:
        """Whether any place can be read again and again: seeking is exact, and no damage was met."""
        return len(self._files) == 1 and self._files[0].format in EXACT_SEEK and not self._broken

    def _seek(self, start_sample: int) -> int:
        """Seek to ``start_sample`` where that is exact; return the new position."""
        repeats, self._was_read = self._was_read, True
        if self.can_repeat and (start_sample or repeats):
            try:
                return int(self._files[0].seek(start_sample))
            except soundfile.SoundFileError as error:
                logger.info("%s: cannot seek (%s); decoding from the start", self._name, error)
        return 0

    def _read(self, file: _Forward, buffer: NDArray[np.float32], first: int) -> NDArray[np.float32]:
        """Fill ``buffer`` from sample ``first`` of a file on; return the filled part, up to damage if there is any."""
        if self._broken:
            return buffer[:0]
        try:
            with self._quiet():
                block: NDArray[np.float32] = file.read(out=buffer)
            file.guarded.check()
        except soundfile.SoundFileError as error:
            logger.info("%s: %s", self._name, error)
            self._broken = True
            return buffer[: max(0, min(len(buffer), file.tell() - first))]
        return block

    def _is_short(self, position: int) -> bool:
        """Whether the sound ended too early, in formats whose header is exact enough."""
        exact = self._files[0].format in EXACT_LENGTH
        return exact and self.num_samples is not None and position < self.num_samples

    def _is_complete(self, position: int) -> bool:
        """Whether all that was promised came before the damage: what follows is a tag, or padding."""
        return len(self._files) == 1 and self._files[0].format in EXACT_LENGTH and position == self.num_samples

    def _damage(self, position: int) -> str:
        """Return what is missing of sound that ends or breaks at ``position``."""
        whole = f" of {self.num_samples / self.sample_rate:.1f} s" if self.num_samples else ""
        return f"decoding stops after {position / self.sample_rate:.1f} s{whole}"


def _first_bytes(file: BinaryIO) -> bytes:
    """Return the first bytes of a file, fewer where it is shorter; the position is then the start."""
    file.seek(0)
    head = file.read(MAGIC_BYTES)
    file.seek(0)
    return head

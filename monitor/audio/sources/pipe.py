"""Sound from standard input: WAV or headerless samples as they arrive, other formats read whole.

A live sender (``arecord ... | auscult replay -``) is heard at once: what has arrived is
passed on, however little it is. Reading waits in slices, so a stop is heeded while
nothing comes (not on Windows, where a pipe cannot be waited for). The header is read
when the source is made, the sound by the source's own thread.
"""

from __future__ import annotations

import io
import os
import select
import threading
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.base import PacedSource
from monitor.audio.sources.decoding.pcm import RawFormat, check_channel, check_format, pick_channel
from monitor.audio.sources.decoding.wav_header import WAV_MAGICS, read_wav_header
from monitor.errors import RecordingError

__all__ = ["PipeSource", "RawFormat"]

NAME = "standard input"

WAIT_MS = 100
"""Longest wait for bytes between two looks at the stop flag."""

READ_BYTES = 2**16
"""Most bytes taken at once: what a pipe holds on Linux."""

MAX_WHOLE_BYTES = 256 * 2**20
"""Largest compressed recording taken from standard input, which has to be held in memory."""

CONTAINERS = (b"fLaC", b"OggS", b"ID3", b"FORM", b"RIFX", b"riff", b"caff", b".snd")


class PipeSource(PacedSource):
    """Sound that arrives on a stream.

    Parameters
    ----------
    stream : binary file
        Usually ``sys.stdin.buffer``; nothing may have been read from it.
    speed : float or None
        Times real time, 0.25 to 64; None for as fast as it arrives.
    channel : int or None
        Which channel is heard, from 1; None for the mean of all.
    raw : RawFormat or None
        The form of headerless samples; None when the stream begins with a header.

    Attributes
    ----------
    name : str
        ``"-"``.
    duration_s : float or None
        As the header promises; None where it does not.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RecordingError
        If no sound can come of the stream; one line with the next step.
    """

    name = "-"

    def __init__(
        self,
        stream: BinaryIO,
        *,
        speed: float | None = 1.0,
        channel: int | None = None,
        raw: RawFormat | None = None,
    ) -> None:
        super().__init__(speed)
        check_channel(channel)
        if stream.isatty():
            raise RecordingError(
                f"{NAME}: is a terminal, not a recording", "pipe one in: auscult replay - < FILE, or name a file"
            )
        self._channel = channel
        self._arriving = _Arriving(stream, self._stopping)
        self._data_bytes: int | None = None
        self._whole: io.BytesIO | None = None
        self._form = raw if raw is not None else self._read_head()
        check_format(NAME, self._form.sample_rate, self._form.channels, channel)
        self.sample_rate = self._form.sample_rate
        if self._data_bytes is not None:
            self.duration_s = self._data_bytes // self._form.frame_bytes / self.sample_rate

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield mono blocks, as they arrive.

        Raises
        ------
        RecordingError
            If nothing comes at all, or a compressed recording is damaged.
        """
        heard = 0
        for block in self._plain_blocks(block_samples) if self._whole is None else self._decoded_blocks(self._whole):
            mono = pick_channel(block, self._channel)
            heard += len(mono)
            for begin in range(0, len(mono), block_samples):
                yield mono[begin : begin + block_samples]
        if heard == 0 and not self._stopping.is_set():
            raise RecordingError(f"{NAME}: holds no samples", "pipe a recording in: auscult replay - < FILE")

    def _plain_blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield what has arrived, ``(samples, channels)``; a part of a sample at the end is left out."""
        size = self._form.frame_bytes
        most = max(1, min(block_samples, READ_BYTES // size)) * size
        left = self._data_bytes
        rest = b""
        while left is None or left > 0:
            data = self._arriving.some(most - len(rest) if left is None else min(most - len(rest), left))
            if not data:
                return
            left = None if left is None else left - len(data)
            rest += data
            whole = len(rest) // size * size
            if whole:
                yield self._form.decode(rest[:whole])
            rest = rest[whole:]

    def _decoded_blocks(self, whole: io.BytesIO) -> Iterator[NDArray[np.float32]]:
        """Yield the sound of a compressed recording, ``(samples, channels)``."""
        from monitor.audio.sources.decoding.decoder import Decoder  # imports soundfile: only when it is needed

        with Decoder(whole, NAME) as sound:
            yield from sound.blocks()

    def _read_head(self) -> RawFormat:
        """Find out what the stream holds; return the form of its samples."""
        head = self._arriving.exactly(12)
        if not head:
            raise RecordingError(f"{NAME}: nothing came", "pipe a recording in: auscult replay - < FILE")
        if head[:4] in WAV_MAGICS and head[8:] == b"WAVE":
            return self._read_wav_head()
        if head.startswith(CONTAINERS) or (head[0] == 0xFF and head[1:2] >= b"\xe0"):
            return self._read_whole(head)
        raise RecordingError(
            f"{NAME}: not a recording that can be recognised",
            "for headerless audio say its form: --raw s16le --rate 4000",
        )

    def _read_wav_head(self) -> RawFormat:
        """Return the form of a WAV and stand at its first sample."""
        header = read_wav_header(self._arriving.exactly, self._arriving.skip)
        if header is None:
            raise RecordingError(f"{NAME}: the WAV ends inside its header", "check the program that sends it")
        check_format(NAME, header.sample_rate, header.channels, self._channel)
        if header.encoding is None:
            raise RecordingError(
                f"{NAME}: the WAV holds a compressed form that cannot be read from a pipe",
                "save it and name the file: auscult replay FILE",
            )
        self._data_bytes = header.data_bytes
        return RawFormat(header.sample_rate, header.channels, header.encoding)

    def _read_whole(self, head: bytes) -> RawFormat:
        """Take a compressed recording into memory; return the form of its samples."""
        from monitor.audio.sources.decoding.decoder import Decoder  # imports soundfile: only when it is needed

        self._whole = io.BytesIO()
        self._whole.write(head)
        while data := self._arriving.some(READ_BYTES):
            self._whole.write(data)
            if self._whole.tell() > MAX_WHOLE_BYTES:
                raise RecordingError(
                    f"{NAME}: more than {MAX_WHOLE_BYTES // 2**20} MiB of a compressed recording",
                    "save it and name the file: auscult replay FILE",
                )
        self._whole.seek(0)
        with Decoder(self._whole, NAME) as sound:
            check_format(NAME, sound.sample_rate, sound.channels, self._channel)
            if sound.num_samples is not None:
                self.duration_s = sound.num_samples / sound.sample_rate
            form = RawFormat(sound.sample_rate, sound.channels, "f32le")
        self._whole.seek(0)
        return form


class _Arriving:
    """Bytes as they come, until the end of the stream or a stop.

    Parameters
    ----------
    stream : binary file
    stopping : Event
        Ends every wait.
    """

    def __init__(self, stream: BinaryIO, stopping: threading.Event) -> None:
        self._stream = stream
        self._stopping = stopping
        self._descriptor = _descriptor_to_wait_for(stream)

    def some(self, most: int) -> bytes:
        """Return at least one and at most ``most`` bytes, what is there; none at the end or when stopped."""
        if self._descriptor is None:
            return b"" if self._stopping.is_set() else bytes(getattr(self._stream, "read1", self._stream.read)(most))
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        while not self._stopping.is_set():
            if waiting.poll(WAIT_MS):
                try:
                    return os.read(self._descriptor, most)
                except BlockingIOError:  # another reader of the same pipe was first
                    continue
                except OSError as error:
                    raise RecordingError(f"{NAME}: cannot be read ({error.strerror})", "check what sends it") from error
        return b""

    def exactly(self, count: int) -> bytes:
        """Return ``count`` bytes, fewer only at the end."""
        parts: list[bytes] = []
        while count and (data := self.some(count)):
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Leave ``count`` bytes out."""
        while count and (data := self.some(min(count, READ_BYTES))):
            count -= len(data)


def _descriptor_to_wait_for(stream: BinaryIO) -> int | None:
    """Return the stream's file descriptor where it can be waited for, else None."""
    if not hasattr(select, "poll"):
        return None
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # made of memory, not of a file
        return None

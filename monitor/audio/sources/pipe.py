"""Standard input as a source: WAV or headerless samples as they arrive, other formats read whole.

Live input (``arecord ... | auscult replay -``) is passed on as soon as it arrives, however
little it is. Reads wait in short slices, so that a stop takes effect while nothing arrives
(not on Windows, where a pipe cannot be polled). The header is read when the source is
created, the sound by the source's own thread.
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

from monitor.audio.sources.decoding.checks import shortfall
from monitor.audio.sources.decoding.foreign import HEAD_BYTES, foreign_form
from monitor.audio.sources.decoding.mp3_frames import MP3_LOOK_BYTES, find_mp3
from monitor.audio.sources.decoding.pcm import (
    ChannelMixer,
    RawFormat,
    check_channel,
    check_ecg_channel,
    check_format,
)
from monitor.audio.sources.decoding.wav_header import WAV_MAGICS, WavHeader, is_chunk_name, read_wav_header
from monitor.audio.sources.paced import PacedSource, split
from monitor.errors import RecordingError

__all__ = ["PipeSource", "RawFormat"]

NAME = "standard input"

WAIT_MS = 100
"""Longest wait for bytes between two checks of the stop flag."""

READ_BYTES = 2**16
"""Largest read: the capacity of a pipe on Linux."""

MAX_WHOLE_BYTES = 256 * 2**20
"""Largest recording other than an uncompressed WAV taken from standard input, which has to be read into memory."""

CONTAINERS = (b"fLaC", b"OggS", b"ID3", b"FORM", b"RIFX", b"riff", b"caff", b".snd", b"Creative", b"NIST_1A")


class PipeSource(PacedSource):
    r"""Plays the sound that arrives on a byte stream.

    Parameters
    ----------
    stream : binary file
        Usually ``sys.stdin.buffer``; nothing may have been read from it.
    speed : float or None
        Multiple of real time, 0.25 to 64; None for as fast as it arrives.
    channel : int or None
        The channel to play, from 1; None for the mean of all.
    raw : RawFormat or None
        The format of headerless samples; None when the stream begins with a header.

    Attributes
    ----------
    name : str
        ``"-"``.
    duration_s : float or None
        From the header; None where the header does not state it.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RecordingError
        If the stream cannot be played; one line with the next step.

    Examples
    --------
    >>> stream = io.BytesIO(b"\x00\x40\x00\xc0")
    >>> source = PipeSource(stream, raw=RawFormat(sample_rate=4000, encoding="s16le"))
    >>> list(source.blocks(100))
    [array([ 0.5, -0.5], dtype=float32)]
    """

    name = "-"
    may_wait = True

    def __init__(
        self,
        stream: BinaryIO,
        *,
        speed: float | None = 1.0,
        channel: int | None = None,
        raw: RawFormat | None = None,
        ecg_channel: int | None = None,
    ) -> None:
        super().__init__(speed)
        check_channel(channel)
        check_ecg_channel(channel, ecg_channel)
        if stream.isatty():
            raise RecordingError(
                f"{NAME}: is a terminal, not a recording", "pipe one in: auscult replay - < FILE, or name a file"
            )
        self._channel, self.ecg_channel = channel, ecg_channel
        self._mixer = ChannelMixer(channel, ecg_channel)
        self._bytes = _StoppableReader(stream, self._stopping)
        self._data_bytes: int | None = None
        self._riff_bytes = 0  # from the first sample to the end that the RIFF header states
        self._header: WavHeader | None = None
        self._compressed: io.BytesIO | None = None
        self._format = raw if raw is not None else self._read_header()
        check_format(NAME, self._format.sample_rate, self._format.channels, channel, ecg_channel)
        self.sample_rate = self._format.sample_rate
        if self._data_bytes is not None:
            self.duration_s = self._data_bytes // self._format.frame_bytes / self.sample_rate

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels read so far cancel each other in their mean."""
        return self._mixer.cancels

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield mono blocks, as they arrive.

        Raises
        ------
        RecordingError
            If the stream holds no samples.
        """
        compressed, num_samples = self._compressed, 0
        for block in self._pcm_blocks(block_samples) if compressed is None else self._decoded_blocks(compressed):
            mono = self._mixer.mix(block)
            num_samples += len(mono)
            yield from split(mono, block_samples)
        if num_samples == 0 and not self._stopping.is_set():
            raise RecordingError(f"{NAME}: holds no samples", "pipe a recording in: auscult replay - < FILE")

    def _pcm_blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield samples as they arrive, ``(samples, channels)``; an incomplete sample at the end is dropped."""
        size = self._format.frame_bytes
        max_bytes = max(1, min(block_samples, READ_BYTES // size)) * size
        left, arrived = self._data_bytes, 0
        rest = b""
        while left is None or left > 0 or (left := self._bytes_behind()) != 0:
            wanted = max_bytes - len(rest)
            data = self._bytes.read_some(wanted if left is None else min(wanted, left))
            if not data:
                if left and not self._stopping.is_set() and arrived not in (self._riff_bytes, self._riff_bytes + 1):
                    self.shortfall = shortfall(NAME, f"{left} of {self._data_bytes} bytes of sound are missing")
                return
            left = None if left is None else left - len(data)
            arrived += len(data)
            rest += data
            whole = len(rest) // size * size
            if whole:
                yield self._format.decode(rest[:whole])
            rest = rest[whole:]

    def _bytes_behind(self) -> int | None:
        """Return the bytes of sound behind the promised end: 0 if there is none, None up to the end of the stream."""
        pad = (self._data_bytes or 0) % 2
        tail = self._bytes.read_exactly(pad + 12)
        behind = tail[pad:]
        if behind[:4] in WAV_MAGICS and behind[8:] == b"WAVE":
            header = read_wav_header(self._bytes.read_exactly, self._bytes.skip)
            if header is not None and _format_of(header) == _format_of(self._header):
                self._data_bytes, self._riff_bytes = header.data_bytes, 0
                return header.data_bytes
            self.shortfall = shortfall(NAME, "another recording of another format follows, and is left out")
            return 0
        if len(behind) < 8 or is_chunk_name(behind[:4]) or behind.startswith(b"ID3"):
            return 0
        while not tail.strip(b"\0"):  # zeros up to the end are padding, not sound
            more = self._bytes.read_some(READ_BYTES)
            if not more or len(tail) > MAX_WHOLE_BYTES:
                return 0
            tail += more
        self._bytes.push_back(tail)
        return None

    def _decoded_blocks(self, compressed: io.BytesIO) -> Iterator[NDArray[np.float32]]:
        """Yield the sound of a compressed recording, ``(samples, channels)``."""
        from monitor.audio.sources.decoding.decoder import Decoder  # imports soundfile: only when it is needed

        with Decoder(compressed, NAME) as sound:
            yield from sound.blocks()
            self.shortfall = shortfall(NAME, sound.missing)

    def _read_header(self) -> RawFormat:
        """Identify the content of the stream; return the format of the samples."""
        head = self._bytes.read_exactly(12)
        if not head:
            raise RecordingError(f"{NAME}: nothing came", "pipe a recording in: auscult replay - < FILE")
        if head[:4] in WAV_MAGICS and head[8:] == b"WAVE":
            return self._read_wav_header(head)
        foreign = foreign_form(head, "FILE")
        if foreign is not None:
            raise RecordingError(f"{NAME}: {foreign[0]}, which cannot be read", foreign[1])
        if head.startswith(CONTAINERS) or (head[0] == 0xFF and head[1:2] >= b"\xe0"):
            return self._read_whole(head)
        head += self._bytes.read_exactly(max(0, HEAD_BYTES - len(head)))
        foreign = foreign_form(head, "FILE")
        if foreign is not None:
            raise RecordingError(f"{NAME}: {foreign[0]}, which cannot be read", foreign[1])
        head += self._bytes.read_exactly(MP3_LOOK_BYTES)
        if find_mp3(io.BytesIO(head), 0) is not None:
            return self._read_whole(head)
        raise RecordingError(
            f"{NAME}: not a recording that can be recognised",
            "for headerless audio give its format: --raw s16le --rate 4000",
        )

    def _read_wav_header(self, head: bytes) -> RawFormat:
        """Return the format of a WAV; the next byte read is the first of the samples."""
        taken = bytearray(head)

        def read(count: int) -> bytes:
            data = self._bytes.read_exactly(min(count, MAX_WHOLE_BYTES))
            taken.extend(data)
            return data

        header = read_wav_header(read, read)
        if header is None or header.encoding is None:  # chunks that cannot be followed, or compressed
            return self._read_whole(bytes(taken))
        check_format(NAME, header.sample_rate, header.channels, self._channel, self.ecg_channel)
        self._header, self._data_bytes = header, header.data_bytes
        self._riff_bytes = 8 + int.from_bytes(head[4:8], "little") - len(taken)
        return RawFormat(header.sample_rate, header.channels, header.encoding)

    def _read_whole(self, head: bytes) -> RawFormat:
        """Read a recording other than an uncompressed WAV into memory; return the format of the decoded samples."""
        from monitor.audio.sources.decoding.decoder import Decoder  # imports soundfile: only when it is needed

        compressed = self._compressed = io.BytesIO()
        compressed.write(head)
        while data := self._bytes.read_some(READ_BYTES):
            compressed.write(data)
            if compressed.tell() > MAX_WHOLE_BYTES:
                raise RecordingError(
                    f"{NAME}: more than {MAX_WHOLE_BYTES // 2**20} MiB of a recording that has to be read whole",
                    "save it and name the file: auscult replay FILE",
                )
        compressed.seek(0)
        with Decoder(compressed, NAME) as sound:
            check_format(NAME, sound.sample_rate, sound.channels, self._channel, self.ecg_channel)
            self.shortfall = shortfall(NAME, sound.missing)
            if sound.num_samples is not None:
                self.duration_s = sound.num_samples / sound.sample_rate
            decoded = RawFormat(sound.sample_rate, sound.channels, "f32le")
        compressed.seek(0)
        return decoded


class _StoppableReader:
    """Reads the bytes of a stream as they arrive, until the end of the stream or a stop.

    Parameters
    ----------
    stream : binary file
    stopping : Event
        Ends every wait.
    """

    def __init__(self, stream: BinaryIO, stopping: threading.Event) -> None:
        self._stream = stream
        self._stopping = stopping
        self._descriptor = _pollable_descriptor(stream)
        self._pushed = b""

    def push_back(self, data: bytes) -> None:
        """Let the next reads return these bytes again."""
        self._pushed = data + self._pushed

    def read_some(self, max_bytes: int) -> bytes:
        """Return the available bytes, 1 to ``max_bytes`` of them; none at the end of the stream or when stopped.

        Raises
        ------
        RecordingError
            If the operating system cannot read the stream.
        """
        if self._pushed:
            data, self._pushed = self._pushed[:max_bytes], self._pushed[max_bytes:]
            return data
        if self._descriptor is None:
            read = getattr(self._stream, "read1", self._stream.read)
            return b"" if self._stopping.is_set() else bytes(read(max_bytes))
        poller = select.poll()
        poller.register(self._descriptor, select.POLLIN)
        while not self._stopping.is_set():
            if poller.poll(WAIT_MS):
                try:
                    return os.read(self._descriptor, max_bytes)
                except BlockingIOError:  # another reader of the same pipe was first
                    continue
                except OSError as error:
                    raise RecordingError(f"{NAME}: cannot be read ({error.strerror})", "check what sends it") from error
        return b""

    def read_exactly(self, count: int) -> bytes:
        """Return ``count`` bytes; fewer only at the end of the stream or when stopped."""
        parts: list[bytes] = []
        while count and (data := self.read_some(count)):
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Read and discard ``count`` bytes."""
        while count and (data := self.read_some(min(count, READ_BYTES))):
            count -= len(data)


def _format_of(header: WavHeader | None) -> tuple[int, int, str | None] | None:
    """Return what must agree for two recordings to be played as one."""
    return None if header is None else (header.sample_rate, header.channels, header.encoding)


def _pollable_descriptor(stream: BinaryIO) -> int | None:
    """Return the stream's file descriptor where it can be polled, else None."""
    if not hasattr(select, "poll"):
        return None
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # in memory, not a file
        return None

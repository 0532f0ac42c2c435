"""The bytes of a connection as blocks of samples, with what was lost or sent twice in between. Pure and incremental.

The first four bytes decide: ``ausc`` begins a frame header (:mod:`monitor.audio.sources.network.frame`), and then all
is framed; anything else is headerless. One decoder for each connection, used by its thread alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.pcm import RawFormat
from monitor.audio.sources.network.frame import HEADER_BYTES, MAGIC, FrameHeader, MalformedError

__all__ = ["SoundDecoder"]

MAX_JUMP_S = 60.0
"""Seconds; a longer jump of the sample numbers, forward or back, is a sender that has begun to count again."""

STRANGERS = (
    (b"RIFF", "a WAV header came", "send headerless samples, such as ffmpeg -f s16le"),
    (b"fLaC", "a FLAC stream came", "send headerless samples, such as ffmpeg -f s16le"),
    (b"OggS", "an Ogg stream came", "send headerless samples, such as ffmpeg -f s16le"),
    (b"GET ", "an HTTP request came", "a WebSocket is connected to, not listened for: ws://"),
    (b"POST", "an HTTP request came", "send samples alone, without HTTP"),
    (b"HEAD", "an HTTP request came", "send samples alone, without HTTP"),
    (b"PUT ", "an HTTP request came", "send samples alone, without HTTP"),
    (b"OPTI", "an HTTP request came", "send samples alone, without HTTP"),
    (b"SSH-", "an SSH greeting came", "send samples alone"),
    (b"\x16\x03", "a TLS greeting came", "raw TCP is not encrypted: send samples alone"),
)
"""How what is surely not samples begins, what it is, and what helps."""


class SoundDecoder:
    """Cuts bytes into blocks of samples.

    Parameters
    ----------
    raw : RawFormat
        The form of headerless samples; the rate and the channels that frames must have.
    messages : bool
        Whether each :meth:`push` is a whole message, so that a sample never spans two.

    Attributes
    ----------
    repeated : int
        Samples that came again, or too late, and were left out.
    lost : int
        Samples that the sender's numbers say never came.

    Examples
    --------
    >>> decoder = SoundDecoder(RawFormat(sample_rate=4000, encoding="s16le"))
    >>> list(decoder.push(bytes([0, 64, 0, 192, 0])))
    [(array([[ 0.5],
           [-0.5]], dtype=float32), False)]
    """

    def __init__(self, raw: RawFormat, *, messages: bool = False) -> None:
        self._raw, self._messages = raw, messages
        self._rest = b""
        self._framed: bool | None = None
        self._next: int | None = None  # the number of the sample that is to come
        self.repeated = 0
        self.lost = 0

    def push(self, data: bytes) -> Iterator[tuple[NDArray[np.float32] | int, bool]]:
        """Yield what the next bytes hold.

        Yields
        ------
        block : ndarray, shape (samples, channels), float32, or int
            Samples, or how many of them were lost.
        interrupted : bool
            Whether sound, no one knows how much, was lost right before the block.

        Raises
        ------
        MalformedError
            If they are no sound in the form that was agreed on. What came before has been yielded.
        """
        self._rest += data
        if self._framed is None and not self._begin():
            return
        yield from self._frames() if self._framed else self._headerless()
        if self._messages and self._rest:
            raise MalformedError(f"a message of {len(data)} bytes ends within a sample or a frame")

    def _begin(self) -> bool:
        """Decide what it is; False while there are too few bytes."""
        if len(self._rest) < len(MAGIC) and not self._messages:
            return False
        for start, what, step in STRANGERS:
            if self._rest.startswith(start):
                raise MalformedError(what, step)
        self._framed = self._rest.startswith(MAGIC)
        return True

    def _headerless(self) -> Iterator[tuple[NDArray[np.float32], bool]]:
        """Yield the complete samples."""
        whole = len(self._rest) // self._raw.frame_bytes * self._raw.frame_bytes
        data, self._rest = self._rest[:whole], self._rest[whole:]
        if data:
            yield self._raw.decode(data), False

    def _frames(self) -> Iterator[tuple[NDArray[np.float32] | int, bool]]:
        """Yield the complete frames."""
        while len(self._rest) >= HEADER_BYTES:
            header = FrameHeader.parse(self._rest)
            self._check(header)
            end = HEADER_BYTES + header.sound_bytes
            if len(self._rest) < end:
                return
            data, self._rest = self._rest[HEADER_BYTES:end], self._rest[end:]
            yield from self._placed(
                header, RawFormat(header.sample_rate, header.channels, header.encoding).decode(data)
            )

    def _check(self, header: FrameHeader) -> None:
        """Refuse a frame of another rate, or of other channels."""
        if header.sample_rate != self._raw.sample_rate:
            raise MalformedError(
                f"its frames have {header.sample_rate} Hz, not {self._raw.sample_rate}",
                f"add rate={header.sample_rate} to the address",
            )
        if header.channels != self._raw.channels:
            raise MalformedError(
                f"its frames have {header.channels} channels, not {self._raw.channels}",
                f"add channels={header.channels} to the address",
            )

    def _placed(
        self, header: FrameHeader, block: NDArray[np.float32]
    ) -> Iterator[tuple[NDArray[np.float32] | int, bool]]:
        """Yield a frame in its place: after what was lost before it, without what has been heard already."""
        expected, interrupted = self._next, False
        ahead = 0 if expected is None else header.first_sample - expected
        if abs(ahead) > MAX_JUMP_S * header.sample_rate:
            ahead, interrupted = 0, True
        if ahead < 0:
            self.repeated += min(-ahead, len(block))
            block = block[-ahead:]
        elif ahead > 0:
            self.lost += ahead
            yield ahead, False
        if len(block):  # not all of it was heard before
            self._next = header.first_sample + max(0, -ahead) + len(block)
            yield block, interrupted

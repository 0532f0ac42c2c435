"""The header of a WAV or AIFF: read from a stream, or compared with the size of the file.

libsndfile silently shortens a truncated file, and reads a recorder's "length not known
yet" (a size of 0) as an empty file; so the chunks are parsed here. Only the small chunks
with the format are read into memory. Pure; safe on any thread.

Source: Multimedia Programming Interface 1.0 (RIFF WAVE), EBU Tech 3306 (RF64), Audio
Interchange File Format 1.3 (AIFF).
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal

__all__ = [
    "AIFF_KINDS",
    "WAV_MAGICS",
    "WavHeader",
    "chunks",
    "is_chunk_name",
    "is_unknown",
    "only_chunks_follow",
    "read_wav_header",
    "skipper",
]

WAV_MAGICS = (b"RIFF", b"RF64", b"BW64")
AIFF_KINDS = (b"AIFF", b"AIFC")
MAX_BODY_BYTES = 256
"""Largest part of a format chunk that is read; such chunks have 16 to 40 bytes."""

MIN_FORMAT_BYTES = 16
"""Size of the shortest valid format chunk."""

PADDED_BYTES = 4
INTEGERS = {1: "u8", 2: "s16le", 3: "s24le", 4: "s32le"}
FLOATS = {4: "f32le", 8: "f64le"}
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE

Read = Callable[[int], bytes]
Skip = Callable[[int], object]


@dataclasses.dataclass(frozen=True, slots=True)
class WavHeader:
    """The header of a WAV.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
    encoding : str or None
        One of :data:`monitor.audio.sources.decoding.pcm.ENCODINGS`; None for a compressed format.
    data_bytes : int or None
        Size of the samples in bytes; None where the recorder did not know it.
    zero_size : bool
        Whether the size was written as 0, as by a recorder that never finished the file.
    format_chunk : bytes
        The body of the format chunk; of plain samples the shortest one, its fields made to agree.
    contradicts : bool
        Whether its fields did not agree: bits of a sample, and bytes of a frame.
    """

    sample_rate: int
    channels: int
    encoding: str | None
    data_bytes: int | None
    zero_size: bool = False
    format_chunk: bytes = dataclasses.field(default=b"", compare=False)
    contradicts: bool = dataclasses.field(default=False, compare=False)


def read_wav_header(read: Read, skip: Skip) -> WavHeader | None:
    """Return the header of a WAV: reads the chunks after ``RIFF....WAVE``, up to the first sample.

    Parameters
    ----------
    read : callable
        Returns as many bytes as asked for; fewer only at the end.
    skip : callable
        Skips as many bytes.

    Returns
    -------
    WavHeader or None
        None when the sound ends before a format chunk and the samples, or something that is no chunk comes first.
    """
    format_chunk, wide_size = b"", 0
    for kind, size, body in chunks(read, skip, "little", (b"fmt ", b"ds64")):
        if kind == b"fmt ":
            format_chunk = body
        elif kind == b"ds64":
            wide_size = int.from_bytes(body[8:16], "little")
        elif kind == b"data":
            data_bytes = wide_size if wide_size and size == 0xFFFF_FFFF else size
            return _header(format_chunk, data_bytes) if len(format_chunk) >= MIN_FORMAT_BYTES else None
    return None


def _header(format_chunk: bytes, size: int) -> WavHeader:
    """Return the header for a format chunk of at least 16 bytes and the size of the samples.

    Where bits and bytes disagree the bits decide, as in libsndfile; without bits the bytes do.
    """
    tag, channels, frame_bytes, bits = (int.from_bytes(format_chunk[at : at + 2], "little") for at in (0, 2, 12, 14))
    if tag == EXTENSIBLE:
        tag = int.from_bytes(format_chunk[24:26], "little")
    encodings = {PCM: INTEGERS, FLOAT: FLOATS}.get(tag, {})
    stated, rest = divmod(frame_bytes, max(1, channels))
    sample_bytes = (bits + 7) // 8 or stated
    if stated == PADDED_BYTES and sample_bytes == PADDED_BYTES - 1 and not rest:  # 24 bits, each in four bytes
        sample_bytes = stated
    contradicts = sample_bytes in encodings and (frame_bytes != sample_bytes * channels or not bits)
    if sample_bytes in encodings:
        fields = (sample_bytes * channels).to_bytes(4, "little")[:2] + (8 * sample_bytes).to_bytes(2, "little")
        format_chunk = tag.to_bytes(2, "little") + format_chunk[2:12] + fields
    return WavHeader(
        sample_rate=int.from_bytes(format_chunk[4:8], "little"),
        channels=channels,
        encoding=encodings.get(sample_bytes) if channels else None,
        data_bytes=None if is_unknown(size) else size,
        zero_size=size == 0,
        format_chunk=format_chunk,
        contradicts=contradicts,
    )


def only_chunks_follow(file: BinaryIO) -> bool:
    """Return whether the rest of the file consists of chunks: then the size of 0 before them is correct."""
    left = _bytes_left(file)
    for _, size, _ in chunks(file.read, skipper(file), "little", ()):
        left -= 8 + size + size % 2
        if left < 0:
            return False
    return left == 0


def chunks(
    read: Read, skip: Skip, order: Literal["little", "big"], with_body: tuple[bytes, ...]
) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield name, size and, for the names in ``with_body``, the body of each chunk; else the body is unread."""
    while len(head := read(8)) == 8:
        kind, size = head[:4], int.from_bytes(head[4:], order)
        if not is_chunk_name(kind):
            return
        body = read(min(size, MAX_BODY_BYTES)) if kind in with_body else b""
        yield kind, size, body
        skip(size + size % 2 - len(body))


def is_unknown(size: int) -> bool:
    """Return whether a size is a placeholder that recorders write at first (arecord, sox, ffmpeg)."""
    return (
        size == 0
        or 0x7FFF_0000 <= size <= 0x8000_0000
        or 0x7F00_0000 <= size <= 0x7F00_0100
        or 0xFFFF_0000 <= size <= 0xFFFF_FFFF
        or size >= 2**62
    )


def is_chunk_name(name: bytes) -> bool:
    """Return whether four bytes can be the name of a chunk.

    Examples
    --------
    >>> is_chunk_name(b"LIST"), is_chunk_name(bytes(4))
    (True, False)
    """
    return len(name) == 4 and name.isascii() and name.decode("ascii").isprintable()


def skipper(file: BinaryIO) -> Skip:
    """Return a function that skips bytes of a seekable file."""
    return lambda count: file.seek(count, io.SEEK_CUR)


def _bytes_left(file: BinaryIO) -> int:
    """Return the number of bytes up to the end of a seekable file; the position is unchanged."""
    here = file.tell()
    left = file.seek(0, io.SEEK_END) - here
    file.seek(here)
    return left

"""What the header of a WAV or AIFF promises: read from a stream, or held against the file.

libsndfile shortens a cut file without a word, and takes a recorder's "length not known
yet" (a size of 0) for silence; so the chunks are read here, in a few lines. Nothing is
held but the small chunks that say the form. Pure; safe on any thread.

Source: Multimedia Programming Interface 1.0 (RIFF WAVE), EBU Tech 3306 (RF64), Audio
Interchange File Format 1.3 (AIFF).
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal

__all__ = ["WAV_MAGICS", "WavHeader", "holds_nothing_but_chunks", "missing_bytes", "read_wav_header", "skipper"]

WAV_MAGICS = (b"RIFF", b"RF64", b"BW64")
AIFF_KINDS = (b"AIFF", b"AIFC")
LARGEST_KEPT = 256
"""Bytes kept of a chunk that says the form; such chunks have 16 to 40."""

SMALLEST_FORM = 16
"""Bytes of the format chunk that every WAV has."""

INTEGERS = {1: "u8", 2: "s16le", 3: "s24le", 4: "s32le"}
FLOATS = {4: "f32le", 8: "f64le"}
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE

Read = Callable[[int], bytes]
Skip = Callable[[int], object]


@dataclasses.dataclass(frozen=True, slots=True)
class WavHeader:
    """What stands before the samples of a WAV.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
    encoding : str or None
        A name of :data:`monitor.audio.sources.decoding.pcm.ENCODINGS`; None for a compressed form.
    data_bytes : int or None
        Bytes of samples promised; None where the recorder did not know.
    zero_size : bool
        Whether the size was written as 0, which a recorder leaves that never finished.
    """

    sample_rate: int
    channels: int
    encoding: str | None
    data_bytes: int | None
    zero_size: bool = False


def read_wav_header(read: Read, skip: Skip) -> WavHeader | None:
    """Read the chunks that follow ``RIFF....WAVE``, up to the first sample.

    Parameters
    ----------
    read : callable
        Returns that many bytes, fewer only at the end.
    skip : callable
        Leaves that many bytes out.

    Returns
    -------
    WavHeader or None
        None when the samples or their form do not come.
    """
    form, wide_size = b"", 0
    for kind, size, body in _chunks(read, skip, "little", (b"fmt ", b"ds64")):
        if kind == b"fmt ":
            form = body
        elif kind == b"ds64":
            wide_size = int.from_bytes(body[8:16], "little")
        elif kind == b"data":
            promised = wide_size if wide_size and size == 0xFFFF_FFFF else size
            return _header(form, promised) if len(form) >= SMALLEST_FORM else None
    return None


def _header(form: bytes, size: int) -> WavHeader:
    """Return what a format chunk of at least 16 bytes says."""
    tag, channels, frame_bytes = (int.from_bytes(form[at : at + 2], "little") for at in (0, 2, 12))
    if tag == EXTENSIBLE:
        tag = int.from_bytes(form[24:26], "little")
    sample_bytes, rest = divmod(frame_bytes, max(1, channels))
    known = {PCM: INTEGERS, FLOAT: FLOATS}.get(tag, {})
    return WavHeader(
        sample_rate=int.from_bytes(form[4:8], "little"),
        channels=channels,
        encoding=None if rest else known.get(sample_bytes),
        data_bytes=None if _is_unknown(size) else size,
        zero_size=size == 0,
    )


def missing_bytes(file: BinaryIO) -> tuple[int, int]:
    """Return how many bytes of samples a WAV or AIFF lacks, and how many it promises.

    Parameters
    ----------
    file : binary file, seekable, at its start

    Returns
    -------
    tuple of (int, int)
        (0, 0) for any other file, and where the length was not known to the recorder.
    """
    promised, skip = 0, skipper(file)
    magic, _, kind = file.read(4), file.read(4), file.read(4)
    if magic in WAV_MAGICS and kind == b"WAVE":
        header = read_wav_header(file.read, skip)
        promised = (header.data_bytes or 0) if header else 0
    elif magic == b"FORM" and kind in AIFF_KINDS:
        sizes = (size for name, size, _ in _chunks(file.read, skip, "big", ()) if name == b"SSND")
        size = next(sizes, 0)
        promised = 0 if _is_unknown(size) else size
    there = _bytes_left(file)
    return max(0, promised - there), promised


def holds_nothing_but_chunks(file: BinaryIO) -> bool:
    """Whether all that follows, to the end of the file, is chunks: then a size of 0 was meant."""
    left = _bytes_left(file)
    for kind, size, _ in _chunks(file.read, skipper(file), "little", ()):
        left -= 8 + size + size % 2
        if left < 0 or not (kind.isascii() and kind.decode("ascii").isprintable()):
            return False
    return left == 0


def _chunks(
    read: Read, skip: Skip, order: Literal["little", "big"], keep: tuple[bytes, ...]
) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield name, size and (for those in ``keep``) the body of each chunk; stands at the body meanwhile."""
    while len(head := read(8)) == 8:
        kind, size = head[:4], int.from_bytes(head[4:], order)
        body = read(min(size, LARGEST_KEPT)) if kind in keep else b""
        yield kind, size, body
        skip(size + size % 2 - len(body))


def _is_unknown(size: int) -> bool:
    """Whether a size is what recorders write before they know it (arecord, sox, ffmpeg)."""
    return size == 0 or 0x7FFF_0000 <= size <= 0x8000_0000 or 0xFFFF_0000 <= size <= 0xFFFF_FFFF


def skipper(file: BinaryIO) -> Skip:
    """Return what leaves bytes of a seekable file out."""
    return lambda count: file.seek(count, io.SEEK_CUR)


def _bytes_left(file: BinaryIO) -> int:
    """Return the bytes from here to the end of a seekable file, and stay here."""
    here = file.tell()
    left = file.seek(0, io.SEEK_END) - here
    file.seek(here)
    return left

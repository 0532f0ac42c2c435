"""Where the sound of a recording's file is, and how much of what its header promises is missing.

A header states what the recorder meant to write; what is there decides. Where libsndfile would stop too early, refuse
the file or read nothing, the layout gives it the same bytes behind a correct header. A WAV of plain
samples always gets it, for then files and pipes follow the same chunks; other good files are read as they are.
Pure except for reading the file; safe on any thread; must not import a decoder.

Source: as in :mod:`monitor.audio.sources.decoding.wav_header`; RFC 3533 (Ogg), RFC 9639 (FLAC), ISO 11172-3 (MP3).
"""

from __future__ import annotations

import dataclasses
import io
from typing import BinaryIO

from monitor.audio.sources.decoding.flac_frames import flac_samples, flac_starts, stated_samples, with_samples
from monitor.audio.sources.decoding.mp3_frames import scan_mp3
from monitor.audio.sources.decoding.ogg_pages import scan_ogg
from monitor.audio.sources.decoding.pcm_containers import CONTAINERS, joined_parts
from monitor.audio.sources.decoding.pieced_file import Piece
from monitor.audio.sources.decoding.wav_header import (
    WAV_MAGICS,
    WavHeader,
    is_chunk_name,
    only_chunks_follow,
    read_wav_header,
    skipper,
)
from monitor.errors import RecordingError

__all__ = ["Layout", "find_layout"]

SEARCHED_BYTES = 2**20
"""How far the samples of a WAV are searched for where the chunks before them cannot be followed."""

MP3_SLACK_FRAMES = 2
"""Some encoders count the frame with the length too, or one of padding."""

MAX_MP3_RATIO = 20
"""Largest ratio of two bit rates, so of the true length of an MP3 to the one estimated from its first frame."""


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be decoded.

    Attributes
    ----------
    parts : tuple of tuple of Piece
        Files to decode one after the other; empty where the file is decoded as it is.
    stated_size : int or None
        See :class:`~monitor.audio.sources.decoding.pieced_file.PiecedFile`.
    num_samples : int or None
        Samples per channel that will come; None where the decoder knows better.
    missing : str
        What is missing of what was promised; empty if nothing.
    """

    parts: tuple[tuple[Piece, ...], ...] = ()
    stated_size: int | None = None
    num_samples: int | None = None
    missing: str = ""


def find_layout(file: BinaryIO, name: str) -> Layout:
    """Return the layout of a seekable file.

    Raises
    ------
    RecordingError
        If it is a WAV that ends inside its header.
    """
    size = file.seek(0, io.SEEK_END)
    start = _after_tags(file, size)
    file.seek(start)
    head = file.read(12)
    if head[:4] in WAV_MAGICS and head[8:] == b"WAVE":
        return _wav(file, start, size, name)
    if head.startswith(b"fLaC"):
        return _flac(file, start, size)
    if head.startswith(b"OggS"):
        return _ogg(file, start, size)
    for magic, container in CONTAINERS.items():
        if head.startswith(magic):
            ranges = joined_parts(file, start, size)
            found = [container(file, *pair) for pair in ranges]
            parts = tuple(pieces or (pair,) for (pieces, _), pair in zip(found, ranges, strict=True))
            whole = len(parts) == 1 and not found[0][0]
            return Layout(() if whole else parts, missing=found[-1][1])
    return _mp3(file, start, size)


def _after_tags(file: BinaryIO, size: int) -> int:
    """Return the first byte behind the ID3 tags at the beginning."""
    start = 0
    while start < size:
        file.seek(start)
        tag = file.read(10)
        if len(tag) < 10 or tag[:3] != b"ID3" or max(tag[6:]) > 127:
            return start
        length = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        start += 10 + length + (10 if tag[3] > 3 and tag[5] & 0x10 else 0)  # a footer, from version 4 on
    return 0


def _wav(file: BinaryIO, start: int, size: int, name: str) -> Layout:
    """Return the layout of a WAV, of several joined ones too."""
    parts: list[tuple[Piece, ...]] = []
    missing, formats, odd = "", set(), start > 0
    while True:
        file.seek(start + 4)
        riff_end = start + 8 + int.from_bytes(file.read(4), "little")
        file.seek(start + 12)
        header = read_wav_header(file.read, skipper(file))
        if header is None or file.tell() > size:
            header, odd = _searched(file, start), True
        if header is None:
            if parts:
                break
            raise RecordingError(f"{name}: the WAV ends inside its header", "copy or record it again")
        begin = file.tell()
        if header.zero_size and only_chunks_follow(file):
            return Layout()
        end, kind = _sound_end(file, begin, size, header)
        odd = odd or kind != "exact" or header.contradicts or header.encoding is not None
        if kind == "short" and riff_end not in (size, size - 1) and header.data_bytes:
            missing = f"{header.data_bytes - (size - begin)} of {header.data_bytes} bytes of sound are missing"
        parts.append((_wav_head(header.format_chunk, end - begin), (begin, end)))
        formats.add((header.sample_rate, header.channels, header.encoding))
        if kind != "joined":
            break
        start = end + (header.data_bytes or 0) % 2
    if len(formats) > 1:
        return Layout(tuple(parts[:1]), missing="another recording of another format follows, and is left out")
    return Layout(tuple(parts) if odd else (), missing=missing)


def _sound_end(file: BinaryIO, begin: int, size: int, header: WavHeader) -> tuple[int, str]:
    """Return the byte after the last sample, and how it compares with the header: exact, short, behind or joined."""
    if header.data_bytes is None:
        return size, "behind"
    end = begin + header.data_bytes
    if end > size:
        return size, "short"
    file.seek(end + header.data_bytes % 2)
    tail = file.read(12)
    if tail[:4] in WAV_MAGICS and tail[8:] == b"WAVE":
        return end, "joined"
    if len(tail) < 8 or is_chunk_name(tail[:4]) or tail.startswith(b"ID3") or _only_zeros(file, end):
        return end, "exact"
    return size, "behind"


def _only_zeros(file: BinaryIO, start: int) -> bool:
    """Return whether only zeros follow: padding, not sound."""
    file.seek(start)
    while data := file.read(2**16):
        if data.strip(b"\0"):
            return False
    return True


def _searched(file: BinaryIO, start: int) -> WavHeader | None:
    """Return the header found by its names where the chunks cannot be followed; the file is then at the samples."""
    file.seek(start)
    head = file.read(SEARCHED_BYTES)
    form = head.find(b"fmt ")
    data = head.find(b"data", form + 24)
    if form < 0 or data < 0 or len(head) < data + 8:
        return None
    joined = io.BytesIO(head[form : form + 8 + int.from_bytes(head[form + 4 : form + 8], "little")] + head[data:])
    header = read_wav_header(joined.read, skipper(joined))
    file.seek(start + data + 8)
    return header


def _wav_head(format_chunk: bytes, data_bytes: int) -> bytes:
    """Return a complete header, up to the first sample."""
    form = b"fmt " + len(format_chunk).to_bytes(4, "little") + format_chunk + bytes(len(format_chunk) % 2)
    if data_bytes < 0xFFFF_0000 - len(form):
        riff = b"RIFF" + (4 + len(form) + 8 + data_bytes).to_bytes(4, "little") + b"WAVE"
        return riff + form + b"data" + data_bytes.to_bytes(4, "little")
    sizes = (40 + len(form) + data_bytes).to_bytes(8, "little") + data_bytes.to_bytes(8, "little") + bytes(12)
    wide = b"RF64\xff\xff\xff\xffWAVEds64" + len(sizes).to_bytes(4, "little") + sizes
    return wide + form + b"data\xff\xff\xff\xff"


def _flac(file: BinaryIO, start: int, size: int) -> Layout:
    """Return the layout of a FLAC, of several joined ones too."""
    starts = flac_starts(file, start)
    if len(starts) < 2:
        return _one_flac(file, start, size)
    ranges = list(zip(starts, [*starts[1:], size], strict=True))
    found = [_one_flac(file, *pair) for pair in ranges]
    parts = tuple(one.parts[0] if one.parts else (pair,) for one, pair in zip(found, ranges, strict=True))
    return Layout(parts, missing=next((one.missing for one in found if one.missing), ""))


def _one_flac(file: BinaryIO, start: int, size: int) -> Layout:
    """Return the layout of a FLAC: its last frame says how long it is."""
    file.seek(start)
    stated, present = stated_samples(file.read(42)), flac_samples(file, start, size)
    if not stated or not present or present == stated:
        return Layout()
    if present < stated:
        return Layout(num_samples=present, missing=f"{1 - present / stated:.0%} of the sound is missing")
    file.seek(start)
    return Layout(((with_samples(file.read(26), present), (start + 26, size)),))


def _ogg(file: BinaryIO, start: int, size: int) -> Layout:
    """Return the layout of an Ogg file: every logical stream is a part."""
    links, whole = scan_ogg(file, start, size)
    missing = "" if whole or not links else "the end of the stream is missing"
    odd = len(links) > 1 or (bool(links) and links[0] != (start, size))
    return Layout(tuple((link,) for link in links) if odd else (), missing=missing)


def _mp3(file: BinaryIO, start: int, size: int) -> Layout:
    """Return the layout of an MP3: its frames are counted, not estimated."""
    scan = scan_mp3(file, start, size)
    if scan is None:
        return Layout()
    missing = ""
    if scan.stated_frames is not None and scan.num_frames + MP3_SLACK_FRAMES < scan.stated_frames:
        missing = f"{1 - scan.num_frames / scan.stated_frames:.0%} of the sound is missing"
    elif scan.skipped_bytes:
        missing = f"{scan.skipped_bytes} damaged bytes were left out"
    elif scan.cut_frame:
        missing = "it ends inside a frame"
    beyond = scan.stated_frames is not None and scan.num_frames > scan.stated_frames + MP3_SLACK_FRAMES
    num_samples = scan.num_frames * scan.frame_samples
    if scan.stated_frames is not None and not beyond and not scan.skipped_bytes:
        return Layout(num_samples=num_samples if missing else None, missing=missing)
    length = sum(end - begin for begin, end in scan.extents)
    return Layout((tuple(scan.extents),), MAX_MP3_RATIO * length, num_samples, missing)

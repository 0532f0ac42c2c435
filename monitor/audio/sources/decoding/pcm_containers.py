"""AIFF, AU, CAF, Wave64, VOC and SPHERE: where a size was never written, and what is missing of the one that was.

Each function takes a file, its first byte and its size, and returns the pieces of a corrected file (empty: read it as
it is) and what is missing of the sound (empty: nothing). Pure except for reading the file; safe on any thread.

Source: Audio Interchange File Format 1.3, Sun audio file format (au), Apple Core Audio Format 1.0, Sony Wave64,
Creative Voice File, NIST SPHERE 2.6.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from monitor.audio.sources.decoding.checks import bytes_missing
from monitor.audio.sources.decoding.pieced_file import Piece
from monitor.audio.sources.decoding.wav_header import AIFF_KINDS, chunks, is_chunk_name, is_unknown, skipper

__all__ = ["CONTAINERS", "joined_parts"]

Correction = tuple[tuple[Piece, ...], str]
UNCHANGED: Correction = ((), "")

SEARCHED_BYTES = 2**16
W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
CAF_EDIT_BYTES = 4
"""Counted in the size of a CAF's samples."""
CAF_HEAD = b"caff\x00\x01\x00\x00desc"


def joined_parts(file: BinaryIO, start: int, size: int) -> list[tuple[int, int]]:
    """Return the byte ranges of the files of one kind that a file holds, one behind the other.

    Each but the first begins at the byte where the one before ends by its header. Kinds whose header does not say are
    one part.
    """
    parts = [start]
    file.seek(start)
    magic = file.read(4)
    while magic in ENDS:
        end = ENDS[magic](file, parts[-1], size)
        if end is None or end + 12 > size:
            break
        file.seek(end)
        if file.read(4) != magic:
            break
        parts.append(end)
    return list(zip(parts, [*parts[1:], size], strict=True))


def _aiff_end(file: BinaryIO, start: int, size: int) -> int | None:
    """Return the byte after an AIFF by its header; None where that does not say."""
    file.seek(start + 4)
    stated = int.from_bytes(file.read(4), "big")
    return None if is_unknown(stated) or file.read(4) not in AIFF_KINDS else start + 8 + stated + stated % 2


def _au_end(file: BinaryIO, start: int, size: int) -> int | None:
    """Return the byte after an AU by its header; None where that does not say."""
    file.seek(start + 4)
    begin, stated = int.from_bytes(file.read(4), "big"), int.from_bytes(file.read(4), "big")
    return None if is_unknown(stated) else start + begin + stated


def _w64_end(file: BinaryIO, start: int, size: int) -> int | None:
    """Return the byte after a Wave64 by its header; None where that does not say."""
    file.seek(start + 16)
    stated = int.from_bytes(file.read(8), "little")
    return None if is_unknown(stated) else start + stated + -stated % 8


def _caf_end(file: BinaryIO, start: int, size: int) -> int | None:
    """Return the byte after a CAF, where another one begins behind its chunks; None elsewhere."""
    at, sound = start + 8, False
    while at + 12 <= size:
        file.seek(at)
        head = file.read(12)
        if sound and head[:6] == CAF_HEAD[:6]:
            return at
        stated = int.from_bytes(head[4:], "big", signed=True)
        if stated < 0 or not is_chunk_name(head[:4]) or (head[:4] == b"data" and is_unknown(stated)):
            return None
        sound = sound or (head[:4] == b"data" and stated > CAF_EDIT_BYTES)  # an empty one: sox, into a pipe
        at += 12 + stated
    return None


ENDS: dict[bytes, Callable[[BinaryIO, int, int], int | None]] = {
    b"FORM": _aiff_end,
    b".snd": _au_end,
    b"caff": _caf_end,
    b"riff": _w64_end,
}


def _sound_follows(file: BinaryIO, end: int) -> bool:
    """Return whether sound follows on the promised end; chunks, tags and zeros are none."""
    file.seek(end)
    tail = file.read(8)
    if len(tail) < 8 or is_chunk_name(tail[:4]) or tail.startswith(b"ID3"):
        return False
    while not tail.strip(b"\0"):
        tail = file.read(SEARCHED_BYTES)
        if not tail:
            return False
    return True


def _aiff(file: BinaryIO, start: int, size: int) -> Correction:
    """Compare an AIFF with its size; correct one that is too small."""
    file.seek(start + 8)
    if file.read(4) not in AIFF_KINDS:
        return UNCHANGED
    for kind, stated, _ in chunks(file.read, skipper(file), "big", ()):
        if kind == b"SSND" and not is_unknown(stated):
            begin = file.tell()
            if begin + stated > size:
                return (), bytes_missing(stated, size - begin)
            if not _sound_follows(file, begin + stated + stated % 2):
                return UNCHANGED
            form, sound = ((length & 0xFFFF_FFFF).to_bytes(4, "big") for length in (size - start - 8, size - begin))
            return ((start, start + 4), form, (start + 8, begin - 4), sound, (begin, size)), ""
    return UNCHANGED


def _au(file: BinaryIO, start: int, size: int) -> Correction:
    """Compare an AU with its size; correct one that is 0 or too small."""
    file.seek(start)
    head = file.read(12)
    begin, stated = start + int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    present = size - begin
    if len(head) < 12 or stated == 0xFFFF_FFFF or present <= 0 or stated == present:
        return UNCHANGED
    if stated > present:
        return (), bytes_missing(stated, present)
    if stated and not _sound_follows(file, begin + stated):
        size = begin + stated
    present = size - begin
    return (head[:8] + min(present, 0xFFFF_FFFF).to_bytes(4, "big"), (start + 12, size)), ""


def _caf(file: BinaryIO, start: int, size: int) -> Correction:
    """Compare a CAF with its size; correct one that was never written, and headers written more than once."""
    at, repeated = start + 8, False
    while at + 12 <= size:
        file.seek(at)
        head = file.read(16)
        stated = int.from_bytes(head[4:12], "big", signed=True)
        if head[:4] != b"data":
            at += 12 + max(0, stated)
        elif file.read(len(CAF_HEAD)) == CAF_HEAD:
            start, at, repeated = at + 16, at + 24, True
        else:
            end = _without_last_header(file, at + 16, size) if repeated else size
            present = end - at - 12
            if stated > present:  # libsndfile refuses one that is cut in the first half
                pieces = ((start, at + 4), max(0, present).to_bytes(8, "big"), (at + 12, end))
                return pieces, bytes_missing(stated, present)
            if stated > CAF_EDIT_BYTES and not repeated and not _sound_follows(file, at + 12 + stated):
                return UNCHANGED
            return ((start, at + 4), present.to_bytes(8, "big"), (at + 12, end)), ""
    return UNCHANGED


def _without_last_header(file: BinaryIO, start: int, size: int) -> int:
    """Return the byte after the sound of a CAF whose header was written again at its end, as sox does into a pipe."""
    begin = max(start, size - SEARCHED_BYTES)
    file.seek(begin)
    last = file.read(SEARCHED_BYTES).find(CAF_HEAD)
    return size if last < 0 else begin + last


def _w64(file: BinaryIO, start: int, size: int) -> Correction:
    """Compare a Wave64 with its size; correct one that was never written."""
    file.seek(start)
    head = file.read(SEARCHED_BYTES)
    found = head.find(W64_DATA)
    if found < 0:
        return UNCHANGED
    at = start + found
    stated, present = int.from_bytes(head[found + 16 : found + 24], "little"), size - at
    if stated <= 24 or stated >= 2**62:
        sizes = (size - start).to_bytes(8, "little"), present.to_bytes(8, "little")
        return (head[:16] + sizes[0] + head[24 : found + 16] + sizes[1], (at + 24, size)), ""
    end = at + stated + -stated % 8
    if end < size and not _sound_follows(file, end):
        return ((start, end),), ""
    return (), bytes_missing(stated - 24, present - 24)


def _voc(file: BinaryIO, start: int, size: int) -> Correction:
    """Compare the blocks of a VOC with its size."""
    file.seek(start + 20)
    at, missing = start + int.from_bytes(file.read(2), "little"), ""
    while at + 4 <= size:
        file.seek(at)
        head = file.read(4)
        if head[0] == 0:
            break
        stated = int.from_bytes(head[1:], "little")
        missing = bytes_missing(stated, size - at - 4) or missing
        at += 4 + stated
    return (), missing


def _sphere(file: BinaryIO, start: int, size: int) -> Correction:
    """Compare a SPHERE file with its size."""
    file.seek(start)
    lines = file.read(1024).split(b"\n")
    fields = {words[0]: words[2] for words in (line.split() for line in lines) if len(words) == 3}
    try:
        begin = start + int(lines[1])
        counts = (b"sample_count", b"channel_count", b"sample_n_bytes")
        stated = 1
        for count in counts:
            stated *= int(fields[count])
    except (IndexError, KeyError, ValueError):
        return UNCHANGED
    return (), bytes_missing(stated, size - begin) if b"shorten" not in fields.get(b"sample_coding", b"") else ""


CONTAINERS: dict[bytes, Callable[[BinaryIO, int, int], Correction]] = {
    b"FORM": _aiff,
    b".snd": _au,
    b"caff": _caf,
    b"riff": _w64,
    b"Creative Voi": _voc,
    b"NIST_1A": _sphere,
}
"""By the first bytes of the file; at most 12 of them are compared."""

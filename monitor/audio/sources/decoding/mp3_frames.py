"""The frames of an MP3, found one by one, because its length is otherwise an estimate.

Pure except for reading the file; safe on any thread. Source: ISO 11172-3 and 13818-3 (frame headers); the Xing and VBRI
headers as in libmpg123.
"""

from __future__ import annotations

import dataclasses
from typing import BinaryIO

__all__ = ["Mp3Scan", "is_mp3_frame", "scan_mp3"]

KBIT = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s by (MPEG version, layer) and index from 1."""

RATES_HZ = (44_100, 48_000, 32_000)
SEARCH_BYTES = 2**16
TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN")


@dataclasses.dataclass(frozen=True, slots=True)
class Mp3Scan:
    """What an MP3 holds.

    Attributes
    ----------
    extents : list of tuple of (int, int)
        Byte ranges of frames without anything else between them; a frame that only states the length is left out.
    num_frames, frame_samples : int
        Complete frames, and samples per channel in each.
    stated_frames : int or None
        From the Xing or VBRI header.
    skipped_bytes : int
        Between frames, tags aside.
    cut_frame : bool
        Whether the last frame is incomplete.
    """

    extents: list[tuple[int, int]]
    num_frames: int
    frame_samples: int
    stated_frames: int | None
    skipped_bytes: int
    cut_frame: bool


def is_mp3_frame(head: bytes) -> bool:
    """Return whether four bytes are the header of an MPEG audio frame.

    Examples
    --------
    >>> is_mp3_frame(bytes.fromhex("fffb9064")), is_mp3_frame(bytes(4))
    (True, False)
    """
    return _frame(head) is not None


def _frame(head: bytes) -> tuple[int, int, int] | None:
    """Return bytes, samples and sample rate of the frame with this header; None if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = {3: 1, 2: 2, 0: 4}.get(head[1] >> 3 & 3), 4 - (head[1] >> 1 & 3)
    bit_index, rate_index, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version is None or layer == 4 or not 1 <= bit_index <= 14 or rate_index == 3:
        return None
    bits = 1000 * KBIT[min(version, 2), layer][bit_index - 1]
    rate = RATES_HZ[rate_index] // version
    samples = 384 if layer == 1 else 576 if layer == 3 and version > 1 else 1152
    if layer == 1:
        return (12 * bits // rate + padding) * 4, samples, rate
    return samples // 8 * bits // rate + padding, samples, rate


def scan_mp3(file: BinaryIO, start: int, size: int) -> Mp3Scan | None:
    """Return all frames from a byte on; None where the second frame does not follow the first."""
    file.seek(start)
    first = _frame(file.read(4))
    if first is None or not _follows(file, start + first[0], first):
        return None
    stated = _stated_frames(file, start)
    at = begin = start + (first[0] if stated is not None else 0)
    extents: list[tuple[int, int]] = []
    frames = skipped = 0
    cut = False
    while at + 4 <= size:
        file.seek(at)
        frame = _frame(file.read(4))
        if frame is not None and frame[1:] == first[1:]:
            if at + frame[0] > size:
                cut = True
                break
            frames, at = frames + 1, at + frame[0]
            continue
        extents.append((begin, at))
        file.seek(at)
        is_tag = file.read(11).startswith(TAGS)
        found = _next_frame(file, at, size, first)
        if found is None:
            begin = at
            break
        skipped += 0 if is_tag else found - at
        at = begin = found
    if at > begin:
        extents.append((begin, at))
    return Mp3Scan([extent for extent in extents if extent[1] > extent[0]], frames, first[1], stated, skipped, cut)


def _follows(file: BinaryIO, at: int, first: tuple[int, int, int]) -> bool:
    """Return whether a frame of the same kind is at a byte."""
    file.seek(at)
    frame = _frame(file.read(4))
    return frame is not None and frame[1:] == first[1:]


def _next_frame(file: BinaryIO, at: int, size: int, first: tuple[int, int, int]) -> int | None:
    """Return where the next two frames in a row begin, or None."""
    while at < size:
        file.seek(at)
        data = file.read(SEARCH_BYTES)
        found = -1
        while (found := data.find(b"\xff", found + 1)) >= 0:
            frame = _frame(data[found : found + 4])
            if frame is not None and frame[1:] == first[1:] and _follows(file, at + found + frame[0], first):
                return at + found
        if len(data) < 4:
            return None
        at += len(data) - 3
    return None


def _stated_frames(file: BinaryIO, start: int) -> int | None:
    """Return the number of frames that the first one states, or None."""
    file.seek(start)
    head = file.read(64)
    mono, mpeg1 = head[3] >> 6 == 3, head[1] & 8
    at = 4 + ((17 if mono else 32) if mpeg1 else (9 if mono else 17))
    if head[at : at + 4] in (b"Xing", b"Info"):
        return int.from_bytes(head[at + 8 : at + 12], "big") if head[at + 7] & 1 else 0
    if head[36:40] == b"VBRI":
        return int.from_bytes(head[50:54], "big")
    return None

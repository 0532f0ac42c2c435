"""The frames of an MP3, found one by one, because its length is otherwise an estimate.

Pure except for reading the file; safe on any thread. Source: ISO 11172-3 and 13818-3 (frame headers); the Xing and VBRI
headers as in libmpg123.
"""

from __future__ import annotations

import dataclasses
from typing import BinaryIO

__all__ = ["MP3_LOOK_BYTES", "Mp3Scan", "find_mp3", "scan_mp3"]

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
MAX_JUNK_BYTES = 2**12
"""Longest part of a frame, or other junk, before the first frame; the longest frame has 1441 bytes."""
RUN_FRAMES = 4
"""Frames in a row that are no accident among other bytes; two samples may look like the head of one."""
MP3_LOOK_BYTES = MAX_JUNK_BYTES + RUN_FRAMES * 1441
"""Bytes from which :func:`find_mp3` knows whether they are an MP3."""
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
        Before, between and behind frames, but for tags and padding.
    cut_frame : bool
        Whether the last frame is incomplete.
    """

    extents: list[tuple[int, int]]
    num_frames: int
    frame_samples: int
    stated_frames: int | None
    skipped_bytes: int
    cut_frame: bool


def find_mp3(file: BinaryIO, start: int) -> int | None:
    """Return the byte where an MP3 begins, at ``start`` or behind a part of a frame; None where there is none.

    Examples
    --------
    >>> import io
    >>> frame = bytes.fromhex("fff3 48c4") + bytes(140)
    >>> find_mp3(io.BytesIO(frame[-10:] + 4 * frame), 0), find_mp3(io.BytesIO(bytes(2000)), 0)
    (10, None)
    """
    file.seek(start)
    head = file.read(MAX_JUNK_BYTES + 4)
    first = _frame(head)
    if first is not None and _follows(file, start + first[0], first):
        return start
    at = -1
    while 0 <= (at := head.find(b"\xff", at + 1)) < MAX_JUNK_BYTES:
        first = _frame(head[at : at + 4])
        if first is not None and _is_run(file, start + at, first):
            return start + at
    return None


def _is_run(file: BinaryIO, at: int, first: tuple[int, int, int]) -> bool:
    """Return whether several frames of the same kind follow each other from a byte on."""
    for _ in range(RUN_FRAMES):
        file.seek(at)
        frame = _frame(file.read(4))
        if frame is None or frame[1:] != first[1:]:
            return False
        at += frame[0]
    return True


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
    """Return all frames from a byte on; None where no MP3 begins there."""
    found = find_mp3(file, start)
    if found is None:
        return None
    skipped, start = found - start, found
    file.seek(start)
    first = _frame(file.read(4))
    if first is None:  # the file became shorter
        return None
    stated = _stated_frames(file, start)
    at = begin = start + (first[0] if stated is not None else 0)
    extents: list[tuple[int, int]] = []
    frames, cut = 0, False
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
            file.seek(at)
            is_padding = not file.read(SEARCH_BYTES).strip(b"\0")
            skipped += 0 if is_tag or is_padding else size - at
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

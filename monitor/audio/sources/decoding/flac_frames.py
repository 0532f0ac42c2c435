"""The number of samples that a FLAC holds, from the header of its last complete frame header.

Pure except for reading the file; safe on any thread. Source: RFC 9639, sections 8.2 and 9.1.
"""

from __future__ import annotations

from typing import BinaryIO

__all__ = ["flac_samples", "flac_starts", "stated_samples", "with_samples"]

TAIL_BYTES = 2**17
SEARCH_BYTES = 2**20
FLAC_HEADS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")
"""The magic and the header of the first block, which has 34 bytes; in an empty FLAC it may be the last block too."""
BLOCK_SIZES = {1: 192, **{code: 144 << code for code in range(2, 6)}, **{code: 1 << code for code in range(8, 16)}}
NUM_SAMPLES_AT = 21
"""Byte whose low half begins the 36-bit number of samples."""


def stated_samples(head: bytes) -> int:
    """Return the samples per channel that the first 26 bytes of a FLAC state; 0 where unknown."""
    return int.from_bytes(head[NUM_SAMPLES_AT : NUM_SAMPLES_AT + 5], "big") & 0xF_FFFF_FFFF


def with_samples(head: bytes, num_samples: int) -> bytes:
    """Return the first 26 bytes of a FLAC with another number of samples."""
    field = (head[NUM_SAMPLES_AT] & 0xF0) << 32 | num_samples
    return head[:NUM_SAMPLES_AT] + field.to_bytes(5, "big")


def flac_starts(file: BinaryIO, start: int) -> list[int]:
    """Return where the FLACs of a file begin, one behind the other; the first begins at ``start``."""
    starts, at, rest = [start], start + 4, b""
    file.seek(at)
    while data := file.read(SEARCH_BYTES):
        block = rest + data
        found = -1
        while (found := block.find(b"fLaC", found + 1)) >= 0:
            if block[found : found + 8] in FLAC_HEADS:
                starts.append(at - len(rest) + found)
        rest = block[-7:]
        at += len(data)
    return starts


def flac_samples(file: BinaryIO, start: int, size: int) -> int:
    """Return the samples per channel up to the end of the last frame that begins in the file; 0 where not found."""
    file.seek(start)
    head = file.read(26)
    if len(head) < 26 or head[4] & 0x7F:
        return 0
    block_samples = int.from_bytes(head[10:12], "big")
    file.seek(max(start + 42, size - TAIL_BYTES))
    tail = file.read(TAIL_BYTES)
    at = len(tail)
    while (at := tail.rfind(b"\xff", 0, at)) >= 0:
        end = _frame_end(tail[at : at + 16], block_samples)
        if end:
            return end
    return 0


def _frame_end(header: bytes, block_samples: int) -> int:
    """Return the sample after a frame, from its header; 0 if it is no frame header."""
    if len(header) < 6 or header[1] & 0xFE != 0xF8 or header[3] & 1:
        return 0
    number, at = _coded_number(header)
    size_code, rate_code = header[2] >> 4, header[2] & 15
    extra = {6: 1, 7: 2}.get(size_code, 0)
    samples = int.from_bytes(header[at : at + extra], "big") + 1 if extra else BLOCK_SIZES.get(size_code, 0)
    at += extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if not samples or at >= len(header) or _crc8(header[:at]) != header[at]:
        return 0
    return number + samples if header[1] & 1 else number * block_samples + samples


def _coded_number(header: bytes) -> tuple[int, int]:
    """Return the number of a frame or sample, coded like UTF-8 from byte 4 on, and the byte after it."""
    first = header[4]
    length = next((ones for ones in range(8) if not first & 0x80 >> ones), 8)
    if length == 0:
        return first, 5
    number = first & (0x7F >> length)
    for byte in header[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    return number, 4 + length


def _crc8(data: bytes) -> int:
    """Return the CRC with the polynomial x^8 + x^2 + x + 1."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x107 if crc & 0x80 else 0)) & 0x1FF
    return crc & 0xFF

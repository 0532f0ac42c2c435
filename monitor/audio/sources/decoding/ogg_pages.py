"""The logical streams of an Ogg file, one behind the other.

Pure except for reading the file; safe on any thread. Source: RFC 3533, section 6.
"""

from __future__ import annotations

from typing import BinaryIO

__all__ = ["scan_ogg"]

PAGE_HEAD = 27
FIRST, LAST = 2, 4
"""Flags of the first and the last page of a stream."""


SEARCH_BYTES = 2**16


def _has_page(file: BinaryIO, start: int) -> bool:
    """Return whether a page begins at a byte or somewhere behind it."""
    rest = b""
    file.seek(start)
    while data := file.read(SEARCH_BYTES):
        if b"OggS" in rest + data:
            return True
        rest = data[-3:]
    return False


def scan_ogg(file: BinaryIO, start: int, size: int) -> tuple[list[tuple[int, int]], bool]:
    """Return the byte range of every chained stream, and whether the last one is complete."""
    links: list[tuple[int, int]] = []
    begin, previous_first, whole = start, True, False
    while start + PAGE_HEAD <= size:
        file.seek(start)
        head = file.read(PAGE_HEAD)
        if head[:4] != b"OggS":
            break
        end = start + PAGE_HEAD + head[26] + sum(file.read(head[26]))
        if end > size:
            whole = False
            break
        if head[5] & FIRST and not previous_first:
            links.append((begin, start))
            begin = start
        previous_first, whole = bool(head[5] & FIRST), bool(head[5] & LAST)
        start = end
    if not _has_page(file, start):  # a tag, or padding
        size = start
    if start > begin:
        links.append((begin, size))
    return links, whole

"""Frames on a pipe between the program and a process of its own: a kind, a length, and that many bytes.

What the bytes of each kind mean is said by the protocol of the process. Pure functions; safe on any thread.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import Protocol

__all__ = ["HEADER", "READ_BYTES", "ByteStream", "framed", "whole_frames"]

HEADER = struct.Struct("<cI")
MAX_BYTES = 2**24
READ_BYTES = 2**16
"""What is read from a pipe at a time."""


class ByteStream(Protocol):
    """A stream of bytes; a raw file is one."""

    def read(self, size: int, /) -> bytes | None:
        """Return some bytes, nothing at the end, None where the stream does not wait and none have come yet."""


def framed(kind: bytes, payload: bytes = b"") -> bytes:
    r"""Return a frame.

    Parameters
    ----------
    kind : bytes
        One byte.
    payload : bytes

    Examples
    --------
    >>> framed(b"s", b"12")
    b's\x02\x00\x00\x0012'
    """
    return HEADER.pack(kind, len(payload)) + payload


def whole_frames(data: bytes, kinds: Collection[bytes]) -> tuple[list[tuple[bytes, bytes]], bytes]:
    r"""Return kind and payload of the frames that are whole, and the bytes left over.

    Parameters
    ----------
    data : bytes
        From the beginning of a frame on.
    kinds : collection of bytes
        Those that there are.

    Raises
    ------
    ValueError
        If what came is no frame.

    Examples
    --------
    >>> whole_frames(framed(b"s", b"12") + framed(b"g")[:3], (b"s", b"g"))
    ([(b's', b'12')], b'g\x00\x00')
    """
    frames = []
    at = 0
    while len(data) - at >= HEADER.size:
        kind, length = HEADER.unpack_from(data, at)
        if kind not in kinds or length > MAX_BYTES:
            raise ValueError(f"kind={kind!r}, length={length} must be a frame")
        begin = at + HEADER.size
        if len(data) - begin < length:
            break
        at = begin + length
        frames.append((kind, data[begin:at]))
    return frames, data[at:]

"""A file whose parts are read in another order, or with other bytes in place of a damaged header.

Serves a decoder that expects a complete file, and that calls it from native code, where no exception can pass. Holds no
samples in memory. Used by one thread at a time.
"""

from __future__ import annotations

import io
from typing import BinaryIO

__all__ = ["Piece", "PiecedFile"]

Piece = bytes | tuple[int, int]
"""New bytes, or the first byte and the end (excluded) of a range of the file below."""


class PiecedFile:
    """A read-only file made of pieces.

    Parameters
    ----------
    file : binary file
        Seekable; not closed by this object.
    pieces : sequence of Piece
    stated_size : int or None
        Size that a seek to the end gives, where it is larger than the pieces; bytes beyond them are never read.

    Attributes
    ----------
    error : OSError or None
        Why the file below could not be read; the pieces end there.

    Examples
    --------
    >>> PiecedFile(io.BytesIO(b"junkHEADsound"), (b"head", (8, 13))).read(20)
    b'headsound'
    """

    def __init__(self, file: BinaryIO, pieces: tuple[Piece, ...], stated_size: int | None = None) -> None:
        self._file = file
        self._pieces = tuple((piece, _size(piece)) for piece in pieces)
        self._size = sum(size for _, size in self._pieces)
        self._stated_size = max(self._size, stated_size or 0)
        self._position = 0
        self.error: OSError | None = None

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position; return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._stated_size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes; zeros for a look past the pieces that does not follow on their end."""
        if self._position > self._size:
            blank = bytes(max(0, min(count, self._stated_size - self._position)))
            self._position += len(blank)
            return blank
        parts: list[bytes] = []
        begin = 0
        for piece, size in self._pieces:
            at = self._position - begin
            if 0 <= at < size and count > 0:
                wanted = min(count, size - at)
                data = self._read_piece(piece, at, wanted)
                parts.append(data)
                count -= len(data)
                self._position += len(data)
                if len(data) < wanted:  # the file became shorter
                    break
            begin += size
        return b"".join(parts)

    def _read_piece(self, piece: Piece, at: int, count: int) -> bytes:
        """Return bytes of one piece."""
        if isinstance(piece, bytes):
            return piece[at : at + count]
        try:
            self._file.seek(piece[0] + at)
            return self._file.read(count)
        except OSError as error:
            self.error = error
            return b""


def _size(piece: Piece) -> int:
    """Return the bytes of a piece."""
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]

"""Standard input of the output's process, read without waiting.

A pipe is made non-blocking where the system can do that; on Windows it cannot before Python 3.12, so that a thread
reads ahead there.
"""

from __future__ import annotations

import io
import os
import queue
import sys
import threading
from typing import IO

from monitor.audio.framing import READ_BYTES, ByteStream

__all__ = ["ReadAhead", "standard_input"]

MAX_PARTS = 64
"""Parts that wait; whoever writes waits then, as for a full pipe."""
GIVE_UP_S = 5.0
"""Seconds without a reader after which nothing more is read."""


def standard_input() -> ByteStream:
    """Return standard input as a stream whose ``read`` never waits."""
    if sys.platform == "win32":
        return ReadAhead(sys.stdin.buffer)
    os.set_blocking(sys.stdin.fileno(), False)
    return io.FileIO(sys.stdin.fileno(), closefd=False)


class ReadAhead:
    """A stream that a thread reads ahead.

    Parameters
    ----------
    stream : file
        Binary; closed by no one here.

    Notes
    -----
    The thread ``auscult-output-input`` ends with the stream, which the monitor closes, or where no one reads any more.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._parts: queue.Queue[bytes] = queue.Queue(MAX_PARTS)
        threading.Thread(target=self._run, name="auscult-output-input").start()

    def read(self, size: int, /) -> bytes | None:
        """Return what has come, nothing at the end, None where nothing has."""
        try:
            return self._parts.get_nowait()
        except queue.Empty:
            return None

    def _run(self) -> None:
        """Read until the end."""
        read = getattr(self._stream, "read1", self._stream.read)
        part = b"?"
        while part:
            try:
                part = read(READ_BYTES)
            except (OSError, ValueError):
                part = b""
            try:
                self._parts.put(part, timeout=GIVE_UP_S)
            except queue.Full:
                return

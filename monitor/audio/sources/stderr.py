"""Keeps the lines that native libraries write to standard error off the terminal.

ALSA, JACK, PortAudio and libmpg123 write to file descriptor 2 from native code, also into the middle of a dashboard,
and cannot be configured not to. What matters of it is reported as an error as well. The lines are discarded, or logged
afterwards where the log level of this module is DEBUG.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

from monitor.log import get_logger

__all__ = ["discard_native_stderr", "suppress_native_stderr"]

logger = get_logger(__name__)

MAX_LOGGED_LINES = 1000


class _Redirection:
    """File descriptor 2, turned away while anyone wants it to be: one for the process, used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._sink: IO[bytes] | None = None
        self.original: int | None = None

    def begin(self) -> None:
        """Turn the descriptor away, if this is the first user."""
        with self._lock:
            if not self._users:
                self._turn_away()
            self._users += 1

    def _turn_away(self) -> None:
        sink = _sink()
        try:
            self.original = os.dup(2)
        except OSError:  # no standard error to protect
            sink.close()
            return
        self._sink = sink
        os.dup2(sink.fileno(), 2)

    def end(self) -> None:
        """Restore the descriptor, if this was the last user."""
        with self._lock:
            self._users -= 1
            if self._users or self.original is None or self._sink is None:
                return
            os.dup2(self.original, 2)
            os.close(self.original)
            sink, self._sink, self.original = self._sink, None, None
        with sink:
            if sink.seekable() and sink.readable():
                sink.seek(0)
                for line in itertools.islice(sink, MAX_LOGGED_LINES):
                    logger.debug("native code wrote: %s", line.decode(errors="replace").rstrip())


_redirection = _Redirection()


@contextlib.contextmanager
def discard_native_stderr() -> Iterator[int | None]:
    """Discard what is written to file descriptor 2; yield a duplicate of it, or None where it does not exist.

    Several threads may do so at a time, in any order; the last one restores it.
    """
    _redirection.begin()
    try:
        yield _redirection.original
    finally:
        _redirection.end()


def _sink() -> IO[bytes]:
    """Return a file for the lines: temporary where they will be logged, else the null device."""
    logging = sys.modules.get("logging")  # not imported: nothing is logged
    if logging is not None and logging.getLogger(__name__).isEnabledFor(logging.DEBUG):
        import tempfile

        return tempfile.TemporaryFile()
    return open(os.devnull, "wb")


@contextlib.contextmanager
def suppress_native_stderr() -> Iterator[None]:
    """Discard what native code writes to standard error on any thread; what Python prints there still arrives.

    For the main thread, around a whole capture.
    """
    ours = sys.stderr
    if ours is None:  # a program without a terminal on Windows
        yield
        return
    ours.flush()
    with discard_native_stderr() as original:
        if original is None or _descriptor(ours) != 2:
            yield
            return
        sys.stderr = os.fdopen(os.dup(original), "w", encoding=ours.encoding, errors="backslashreplace", buffering=1)
        try:
            yield
        finally:
            sys.stderr.close()
            sys.stderr = ours


def _descriptor(file: Any) -> int | None:
    """Return a file's descriptor, or None where it has none."""
    try:
        return int(file.fileno())
    except (OSError, ValueError, AttributeError):  # in memory, as under a test
        return None

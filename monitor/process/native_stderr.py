"""Keeps the lines that native libraries write to standard error off the terminal.

ALSA, JACK, PortAudio, libmpg123, LiteRT and TensorFlow print from native code, also into the middle of a dashboard, and
cannot be configured not to. What matters of it is reported as an error as well. The lines are discarded, or logged
afterwards where the log level of this module is DEBUG.

With the GNU C library only C's variable ``stderr`` is exchanged, so file descriptor 2 stays what it is: what Python
prints on any thread, and the report of ``faulthandler`` on a crash, arrive. Elsewhere file descriptor 2 is redirected,
and ``faulthandler`` with it. Any thread; must not import anything of ours but the logger.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any, Protocol

from monitor.log import get_logger

__all__ = ["discard_native_stderr", "suppress_native_stderr"]

logger = get_logger(__name__)

MAX_LOGGED_LINES = 1000
UNBUFFERED = 2
"""C's ``_IONBF``, in the GNU C library."""


class Redirection(Protocol):
    """A way to take standard error from native code."""

    def begin(self, sink: IO[bytes] | None) -> int | None:
        """Send what native code writes to ``sink``, or nowhere; return a duplicate of a redirected descriptor 2."""

    def end(self) -> None:
        """Restore standard error."""


class CStream:
    """The variable ``stderr`` of the GNU C library, which its manual allows to be set."""

    def __init__(self) -> None:
        import ctypes

        class Functions(ctypes.Structure):
            """``cookie_io_functions_t``; without a write function all that is written is discarded."""

            _fields_ = [(name, ctypes.c_void_p) for name in ("read", "write", "seek", "close")]

        os.confstr("CS_GNU_LIBC_VERSION")  # ValueError where there is another C library
        self._libc: Any = ctypes.CDLL(None)
        self._variable = ctypes.c_void_p.in_dll(self._libc, "stderr")
        self._libc.fopencookie.argtypes = [ctypes.c_void_p, ctypes.c_char_p, Functions]
        self._libc.fdopen.argtypes = [ctypes.c_int, ctypes.c_char_p]
        self._libc.setvbuf.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
        self._libc.fopencookie.restype = self._libc.fdopen.restype = ctypes.c_void_p
        self._nowhere = self._unbuffered(self._libc.fopencookie(None, b"w", Functions()))
        self._original = self._variable.value
        self._sink: tuple[int, int] | None = None

    def _unbuffered(self, stream: int | None) -> int:
        """Return a C stream that passes each write on at once; it is never closed: another thread may be writing."""
        if stream is None:
            raise OSError("the C library opens no stream")
        self._libc.setvbuf(stream, None, UNBUFFERED, 0)
        return stream

    def begin(self, sink: IO[bytes] | None) -> None:
        """Exchange the stream."""
        self._original = self._variable.value
        self._variable.value = self._nowhere if sink is None else self._opened(sink)

    def _opened(self, sink: IO[bytes]) -> int:
        """Return the C stream that appends to a file; one for each file."""
        if self._sink is None or self._sink[0] != sink.fileno():
            self._sink = sink.fileno(), self._unbuffered(self._libc.fdopen(os.dup(sink.fileno()), b"a"))
        return self._sink[1]

    def end(self) -> None:
        """Restore the stream."""
        self._variable.value = self._original


class Descriptor:
    """File descriptor 2, on which Python writes as well."""

    def __init__(self) -> None:
        self._original: int | None = None

    def begin(self, sink: IO[bytes] | None) -> int | None:
        """Redirect the descriptor; the report of ``faulthandler`` on a crash goes to the duplicate."""
        if sys.stderr is not None:  # as in a program without a terminal on Windows
            sys.stderr.flush()
        try:
            self._original = os.dup(2)
        except OSError:  # no standard error to protect
            self._original = None
            return None
        target = os.open(os.devnull, os.O_WRONLY) if sink is None else os.dup(sink.fileno())
        os.dup2(target, 2)
        os.close(target)
        _report_crashes_on(self._original)
        return self._original

    def end(self) -> None:
        """Restore the descriptor."""
        if self._original is not None:
            os.dup2(self._original, 2)
            _report_crashes_on(2)
            os.close(self._original)


def _report_crashes_on(descriptor: int) -> None:
    """Let ``faulthandler`` write to a descriptor, if it is in use."""
    faulthandler = sys.modules.get("faulthandler")
    if faulthandler is not None and faulthandler.is_enabled():
        faulthandler.enable(descriptor)


def find_redirection() -> Redirection:
    """Return the way that this system has."""
    try:
        return CStream()
    except (AttributeError, ImportError, OSError, TypeError, ValueError):  # another C library, or none
        return Descriptor()


class Diversion:
    """Redirects while any thread asks for it: the first begins, the last restores.

    Parameters
    ----------
    redirection : Redirection or None
        None to find it when it is first needed.
    """

    def __init__(self, redirection: Redirection | None = None) -> None:
        self._redirection = redirection
        self._lock = threading.Lock()
        self._depth = 0
        self._file: IO[bytes] | None = None
        self._logged = False
        self._original: int | None = None

    def __enter__(self) -> int | None:
        """Begin; return a duplicate of descriptor 2 where that was redirected, else None."""
        with self._lock:
            if self._depth == 0:
                self._redirection = self._redirection or find_redirection()
                self._logged = _is_logged()
                self._original = self._redirection.begin(self._opened() if self._logged else None)
            self._depth += 1
            return self._original

    def __exit__(self, *_: object) -> None:
        """End, and log what was written if that is wanted."""
        lines = []
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and self._redirection is not None:
                self._redirection.end()
                if self._logged:
                    self._opened().seek(0)
                    lines = list(itertools.islice(self._opened(), MAX_LOGGED_LINES))
                    self._opened().seek(0)
                    self._opened().truncate()
        for line in lines:
            logger.debug("native code wrote: %s", line.decode(errors="replace").rstrip())

    def _opened(self) -> IO[bytes]:
        """Return the temporary file for lines that are logged; open until the program ends, as its C stream is."""
        if self._file is None:
            import atexit
            import tempfile

            self._file = tempfile.TemporaryFile()  # noqa: SIM115
            atexit.register(self._file.close)
        return self._file


def _is_logged() -> bool:
    """Whether the lines are logged."""
    logging = sys.modules.get("logging")  # not imported: nothing is
    return logging is not None and logging.getLogger(__name__).isEnabledFor(logging.DEBUG)


diversion = Diversion()


@contextlib.contextmanager
def discard_native_stderr() -> Iterator[None]:
    """Discard what native code writes to standard error, on any thread."""
    with diversion:
        yield


@contextlib.contextmanager
def suppress_native_stderr() -> Iterator[None]:
    """Discard what native code writes to standard error; what Python prints there arrives on every system.

    For the main thread, around a whole capture.
    """
    with diversion as original:
        ours = sys.stderr
        if original is None or ours is None or _descriptor(ours) != 2:
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

"""The lines of a session, appended to ``events.jsonl`` by a thread of their own.

Each line is handed to the operating system as soon as it comes, whole or not at all: a killed program loses none but
the last. A disk that is full, slow or gone holds up neither judging nor the screen: lines wait, and are written as soon
as it accepts them. The file is locked while it is written, so another program can tell a session that runs from one
that was killed, and leaves it alone; the system releases the lock of a killed program.

The thread ``auscult-session`` writes; :meth:`EventLog.add` and the state are safe on any thread.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.audio.recorder.append_file import new_file
from monitor.errors import AuscultError
from monitor.log import get_logger

__all__ = ["EventLog", "append", "append_lines", "is_written", "lock"]

logger = get_logger(__name__)

RETRY_S = 0.5
STOP_TIMEOUT_S = 10.0
MAX_WAITING = 20_000
"""Lines that wait for a disk: nearly three hours of windows; the oldest windows are dropped then, and counted."""
MAX_BATCH = 1000
"""Lines written at once."""
WINDOW = '{"type":"window"'
FULL = "the disk is full: free some space, and its lines are written"
GONE = "its folder was moved or deleted: put it back, or start another session"
NO_ANSWER = "the disk does not answer: the last lines may be missing"


class EventLog:
    r"""Appends lines to a new file.

    Parameters
    ----------
    path : Path
        A new file; only its owner may read it.
    finish : callable
        Called by the thread after the last line.
    refresh : callable
        Called by the thread whenever all lines are written, and twice a second.

    Attributes
    ----------
    lost : int
        Lines that were dropped.

    Raises
    ------
    AuscultError
        If the file cannot be created.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = EventLog(Path(folder, "events.jsonl"))
    ...     log.start()
    ...     log.add('{"type":"note"}')
    ...     log.stop()
    ...     log.path.read_text()
    '{"type":"note"}\n'
    """

    def __init__(
        self, path: Path, finish: Callable[[], None] = lambda: None, refresh: Callable[[], None] = lambda: None
    ) -> None:
        self.path, self._finish, self._refresh = path, finish, refresh
        self._file = new_file(path, private=True)
        lock(self._file)
        self._identity = os.fstat(self._file.fileno())
        self._waiting: deque[str] = deque()
        self._guard = threading.Lock()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._ended = False
        self._error: str | None = None
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="auscult-session")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def add(self, line: str) -> None:
        """Add a line, without a line feed; returns at once."""
        with self._guard:
            self._waiting.append(line)
            if len(self._waiting) > MAX_WAITING:
                self._drop()
        self._news.set()

    @property
    def error(self) -> str | None:
        """What is wrong now, and what helps; None while lines are written."""
        return NO_ANSWER if self._stopping.is_set() and not self._ended else self._error

    @property
    def waiting(self) -> int:
        """Lines that are not written yet."""
        return len(self._waiting)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Write what waits, close the file, and wait for that up to ``timeout_s``. Twice is safe."""
        self._stopping.set()
        self._news.set()
        if self._thread.ident is None:
            self._end()
        else:
            self._thread.join(timeout=timeout_s)

    def _run(self) -> None:
        """Write lines as they come, until stopped."""
        try:
            while not self._stopping.is_set():
                self._news.wait(RETRY_S)
                self._news.clear()
                if not self._write_waiting():
                    self._stopping.wait(RETRY_S)
                self._refresh()
            self._write_waiting()
        except Exception as error:  # a thread's top: stored, and shown with the status
            logger.warning("%s: writing ended early", self.path, exc_info=True)
            self._error = f"writing its lines ended early: {error!r}"
        finally:
            self._end()

    def _end(self) -> None:
        """Close the file. Twice is safe."""
        if self._ended:
            return
        try:
            os.fsync(self._file.fileno())
            self._finish()
        except OSError as error:
            self._error = reason(error)
        finally:
            self._ended = True
            self._file.close()

    def _write_waiting(self) -> bool:
        """Write the lines that wait; return whether all went well."""
        while lines := self._batch():
            try:
                append(self._file, "".join(f"{line}\n" for line in lines).encode())
            except OSError as error:
                if self._error is None:
                    logger.warning("%s: lines could not be written (%s); trying again", self.path, error)
                self._error = reason(error)
                return False
            with self._guard:
                for _ in lines:
                    self._waiting.popleft()
        self._error = None if same_file(self.path, self._identity) else GONE
        return True

    def _batch(self) -> list[str]:
        """Return the oldest lines that wait; they are removed once they are written."""
        with self._guard:
            return [self._waiting[index] for index in range(min(MAX_BATCH, len(self._waiting)))]

    def _drop(self) -> None:
        """Drop the oldest window behind the batch that may be on its way; marks and notes stay."""
        waiting = self._waiting
        index = next((at for at in range(MAX_BATCH, len(waiting)) if waiting[at].startswith(WINDOW)), None)
        if index is not None:
            del waiting[index]
            self.lost += 1


def append_lines(path: Path, lines: Sequence[str]) -> None:
    """Add lines to the events of a session that has ended; a last line that was cut off is removed first.

    Parameters
    ----------
    path : Path
        ``events.jsonl``.
    lines : sequence of str
        JSON objects without line feeds.

    Raises
    ------
    AuscultError
        If a program is writing the session, or the file cannot be written; it is as it was then.
    """
    try:
        with io.FileIO(path, "r+") as file:
            if not lock(file):
                raise AuscultError(f"{path.parent} is being written by another program", "end that one first")
            end = file.seek(0, os.SEEK_END)
            position = end
            while position and (file.seek(position - 1), file.read(1))[1] != b"\n":
                position -= 1
            if position < end:
                file.truncate(position)
            append(file, "".join(f"{line}\n" for line in lines).encode())
            os.fsync(file.fileno())
    except OSError as error:
        raise AuscultError(f"{path} cannot be written: {error.strerror or error}", "check its folder") from error


def is_written(path: Path) -> bool:
    """Return whether a program is writing this file now; False where there is no file, or no locks."""
    try:
        with io.FileIO(path, "r+") as file:
            return not lock(file)
    except OSError:
        return False


def lock(file: io.FileIO) -> bool:
    """Lock a file until it is closed; return False where another program, or another part of this one, has done so.

    Systems and disks without such locks have none: the answer is True then.
    """
    try:
        import fcntl
    except ImportError:  # Windows: an open file cannot be removed there anyway
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
    return True


def same_file(path: Path, identity: os.stat_result) -> bool:
    """Return whether a path names the file of this identity."""
    try:
        return os.path.samestat(os.lstat(path), identity)
    except OSError:
        return False


def append(file: io.FileIO, data: bytes) -> None:
    """Write all bytes at the end, or none."""
    end = file.seek(0, os.SEEK_END)
    left = memoryview(data)
    try:
        while left:
            written = file.write(left)
            if not written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left = left[written:]
    except OSError:
        with contextlib.suppress(OSError):
            file.truncate(end)
        raise


def reason(error: OSError) -> str:
    """Return what is wrong with the disk, and the remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    return f"the disk does not accept its lines ({error.strerror or error}): check that it is connected"

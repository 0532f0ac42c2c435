"""What the program prints: the one way from text to standard output and standard error.

Names of files, devices, bundles, labels and settings come from elsewhere and may hold anything. :func:`put` and
:func:`say` print no control character, so text from elsewhere can neither move the cursor, nor set a title or the
clipboard, nor turn the direction of a line. What is drawn with colours by rich passes :func:`printable` piece by piece.

Main thread, except :func:`printable` and :func:`say`; must not import anything of ours but the errors.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import stat
import sys
from typing import IO, TYPE_CHECKING, Any

from monitor.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

__all__ = [
    "accept_any_text",
    "draw",
    "ending",
    "flush",
    "printable",
    "printable_lines",
    "put",
    "put_styled",
    "report_console",
    "reserve_descriptors",
    "say",
    "turn_away",
    "watch_for_end",
]

PART_BYTES = 512
"""Written at once: POSIX takes so much from a descriptor that is ready, or nothing, and does not wait."""
SCREEN_BYTES = 2**16
POLL_S = 0.1
GRACE_POLLS = 5
"""Times :data:`POLL_S` that a reader which does not read is waited for once the program is to end."""


def watch_for_end(requested: Callable[[], bool]) -> None:
    """Let no output wait for a reader for long once the program is to end.

    Parameters
    ----------
    requested : callable
        Whether the program has been asked to end.
    """
    _end.requested, _end.polls = requested, GRACE_POLLS


def ending() -> bool:
    """Return whether the program has been asked to end."""
    return _end.requested()


def accept_any_text() -> None:
    """Let standard output and standard error take letters that their encoding does not have, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    r"""Return text on one line, safe for a terminal.

    Control characters, line breaks, bidirectional controls, other invisible characters and the surrogates that stand
    for invalid bytes are escaped as in a Python string; letters of any script stay.

    Examples
    --------
    >>> print(printable("a\nb\x1b[2J \u202egpj.wav"))
    a\nb\x1b[2J \u202egpj.wav
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def printable_lines(text: str) -> str:
    r"""Return text of several lines, safe for a terminal: :func:`printable`, but line feeds stay.

    Examples
    --------
    >>> printable_lines("# card\r\n\ta\x07")
    '# card\n    a\\x07'
    """
    return "\n".join(printable(line.removesuffix("\r").expandtabs(4)) for line in text.split("\n"))


def put(text: str, stopping: Callable[[], bool] | None = None) -> None:
    """Print one or several lines on standard output, at once.

    Parameters
    ----------
    text : str
        Without the last line feed. JSON must be ASCII, which needs no further escape.
    stopping : callable or None
        Whether the program has been asked to end: a reader that does not read is then waited for no longer than
        half a second in all.

    Raises
    ------
    OutputError
        If it cannot be written; in a file no part of a line is left then.
    BrokenPipeError
        If the reader has gone.
    """
    put_styled(printable_lines(text), stopping)


def put_styled(text: str, stopping: Callable[[], bool] | None = None) -> None:
    """Print text as it is, such as a report with the colours of rich; see :func:`put`."""
    _write("standard output", sys.stdout, f"{text}\n", stopping)


class _Report(io.StringIO):
    """Text in memory that rich lays out as it would for standard output."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Return whether standard output is a terminal."""
        return sys.stdout is not None and sys.stdout.isatty()


@contextlib.contextmanager
def report_console(**options: Any) -> Iterator[Console]:
    """Yield a console for a report on standard output; print it when the block is left without an error.

    Parameters
    ----------
    **options
        As of ``rich.console.Console``.

    Raises
    ------
    OutputError, BrokenPipeError
        If it cannot be written.
    """
    from rich.console import Console

    report = _Report()
    report.encoding = getattr(sys.stdout, "encoding", None) or report.encoding
    yield Console(file=report, **options)
    put_styled(report.getvalue().removesuffix("\n"))


def draw(stream: IO[str], text: str) -> None:
    """Write text to a terminal as it is, at once; one that is stopped holds up no program that is to end.

    Parameters
    ----------
    stream : text file
    text : str
        With escape sequences of ours; text from elsewhere in it must be :func:`printable`.

    Raises
    ------
    OutputError
        If it cannot be written, and the program is not to end.
    """
    try:
        _write("the terminal", stream, text, None)
    except OutputError:
        if not ending():
            raise


def say(text: str, stopping: Callable[[], bool] | None = None) -> None:
    """Print one line on standard error, if it can be written.

    Parameters
    ----------
    text : str
    stopping : callable or None
        As of :func:`put`.
    """
    try:
        _write("standard error", sys.stderr, f"{printable(text)}\n", stopping)
    except (OutputError, BrokenPipeError):  # there is nowhere left to tell it
        turn_away(sys.stderr)


def flush() -> None:
    """Write what others have printed on standard output, such as the help.

    Raises
    ------
    OutputError, BrokenPipeError
        As of :func:`put`.
    """
    if sys.stdout is not None:
        _write("standard output", sys.stdout, "", None)


def turn_away(stream: IO[str] | None) -> None:
    """Send what is left in a stream that has failed, and all that comes, to the null device."""
    descriptor = _descriptor(stream)
    if descriptor is not None:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)


def reserve_descriptors() -> None:
    """Open the null device in place of closed standard streams, so that no other file gets their numbers."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _write(name: str, stream: IO[str] | None, text: str, stopping: Callable[[], bool] | None) -> None:
    """Write text to a stream, without leaving any of it in a buffer."""
    if stream is None:
        raise OutputError(f"{name} is closed")
    descriptor = _descriptor(stream) if os.name == "posix" else None
    try:
        if descriptor is None:
            stream.write(text)
            stream.flush()
        else:
            stream.flush()
            _write_bytes(descriptor, text.encode(getattr(stream, "encoding", "utf-8"), "backslashreplace"), stopping)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{name} cannot be written ({(error.strerror or 'error').lower()})") from error


def _write_bytes(descriptor: int, data: bytes, stopping: Callable[[], bool] | None) -> None:
    """Write all bytes; after an error there is no part of them in a file."""
    written = 0
    try:
        while written < len(data):
            _wait(descriptor, stopping)
            with contextlib.suppress(BlockingIOError):  # a pipe that others have made non-blocking
                written += os.write(descriptor, data[written : written + _part_bytes(descriptor)])
    except OSError:
        if written and stat.S_ISREG(os.fstat(descriptor).st_mode):
            start = os.lseek(descriptor, 0, os.SEEK_CUR) - written
            os.ftruncate(descriptor, start)
            os.lseek(descriptor, start, os.SEEK_SET)
        raise


def _part_bytes(descriptor: int) -> int:
    """Return how many bytes are written at once.

    A terminal takes what it has room for and waits for more, until a signal comes. A screen is written whole, so that
    it is never seen half drawn; after the signal, byte by byte, nothing waits.
    """
    if not os.isatty(descriptor):
        return PART_BYTES
    return 1 if ending() else SCREEN_BYTES


def _wait(descriptor: int, stopping: Callable[[], bool] | None) -> None:
    """Wait until a descriptor takes a part; give up where the program is to end and the reader does not read."""
    while not select.select([], [descriptor], [], POLL_S if _end.polls else 0.0)[1]:
        if ending() or (stopping is not None and stopping()):
            if not _end.polls:
                raise TimeoutError(errno.ETIMEDOUT, "no program reads it")
            _end.polls -= 1


class _End:
    """Whether the program is to end, and the polls of readers that are left from then on."""

    def __init__(self) -> None:
        self.requested: Callable[[], bool] = bool
        self.polls = GRACE_POLLS


_end = _End()


def _descriptor(stream: IO[str] | None) -> int | None:
    """Return the descriptor of a stream; None where it has none, as under a test."""
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None

"""Single keys from the terminal, without waiting for Enter and without a thread.

The main loop polls about ten times a second. POSIX terminals are put into cbreak mode (Ctrl+C stays a signal),
Windows has ``msvcrt``. Where standard input is no terminal (a pipe with sound, a service) or the program runs in the
background there are no keys, and everything else works. The terminal's mode is restored by :meth:`Keyboard.stop` on
every exit, and around Ctrl+Z. Main thread only.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

from monitor.dashboard.key_sequences import is_late_answer, parse_keys, split_begun
from monitor.log import get_logger

__all__ = ["Keyboard", "NoTerminal"]

logger = get_logger(__name__)

READ_BYTES = 256
MIN_BITS_PER_SECOND = 38400
"""Slower lines are real ones, with a screen that takes seconds; what is no serial line says 38400."""
WINDOWS_SEQUENCES = {
    "K": "\x1b[D",
    "M": "\x1b[C",
    "H": "\x1b[A",
    "P": "\x1b[B",
    "I": "\x1b[5~",
    "Q": "\x1b[6~",
    "G": "\x1b[H",
    "O": "\x1b[F",
    "S": "\x1b[3~",
}
"""The code after a NUL or 0xe0. Source: ``_getwch`` of the C run-time."""


class _Terminal(Protocol):
    """A source of keys."""

    def acquire(self) -> bool:
        """Start reading keys; return whether there are any."""

    def release(self) -> None:
        """Restore what :meth:`acquire` changed. Twice is safe."""

    def text(self) -> str:
        """Return what was typed since the last call."""

    def wait(self, seconds: float) -> None:
        """Wait until something is typed, at most so long."""

    @property
    def bits_per_second(self) -> int | None:
        """The speed of a serial line; None where it is not known to be slow."""


class Keyboard:
    """The keys of the terminal that the program was started from.

    Parameters
    ----------
    terminal : object or None
        None for standard input; a test passes its own.

    Attributes
    ----------
    suspending : bool
        Whether Ctrl+Z was pressed: the owner of the screen restores it and calls :meth:`suspend`.
    resumed : bool
        Whether the program continues after a stop: the terminal may have been changed meanwhile.
    """

    def __init__(self, terminal: _Terminal | None = None) -> None:
        self._terminal = _standard_input() if terminal is None else terminal
        self._works = False
        self._before: dict[int, Any] = {}
        self._begun = self._unread = ""
        self.suspending = self.resumed = False

    @property
    def works(self) -> bool:
        """Whether there are keys."""
        return self._works

    def start(self) -> None:
        """Start reading keys, if there is a terminal. Twice is safe."""
        if self._works:
            return
        self._works = self._terminal.acquire()
        if self._works and hasattr(signal, "SIGTSTP"):
            for number, handler in ((signal.SIGTSTP, self._on_stop), (signal.SIGCONT, self._on_continue)):
                self._before[number] = signal.signal(number, handler)

    def stop(self) -> None:
        """Restore the terminal. Twice is safe."""
        self._terminal.release()
        self._works = False
        while self._before:
            signal.signal(*self._before.popitem())

    def pressed(self) -> list[str]:
        """Return the keys pressed since the last call: characters, and names such as ``"left"``.

        A sequence of which only the beginning has come is held until the next call: it is either completed by then, or
        was the Escape key.
        """
        if not self._works:
            return []
        typed, self._unread = self._unread + self._terminal.text(), ""
        text, self._begun = self._begun + typed, ""
        if typed or is_late_answer(text):
            text, self._begun = split_begun(text)
        return parse_keys(text)

    @property
    def is_slow_line(self) -> bool:
        """Whether the terminal is at the end of a slow serial line."""
        speed = self._terminal.bits_per_second
        return speed is not None and speed < MIN_BITS_PER_SECOND

    def ask(self, send: Callable[[], None], answered: Callable[[str], bool], timeout_s: float) -> str:
        """Ask the terminal something, and return all that came until it answered, or until it did not in time.

        Parameters
        ----------
        send : callable
            Writes the question.
        answered : callable
            Whether a text holds the answer.
        timeout_s : float

        Returns
        -------
        str
            Answers and keys; give the keys back with :meth:`unread`. Empty where there are no keys.
        """
        if not self._works:
            return ""
        send()
        end_s = time.monotonic() + timeout_s
        text, self._begun = self._begun, ""
        while not answered(text) and (left_s := end_s - time.monotonic()) > 0:
            self._terminal.wait(left_s)
            text += self._terminal.text()
        return text

    def unread(self, text: str) -> None:
        """Let the next call of :meth:`pressed` begin with keys that were typed meanwhile."""
        self._unread += text

    def suspend(self) -> None:
        """Restore the terminal and stop the process; returns when it continues."""
        self.suspending = False
        self._terminal.release()
        os.kill(os.getpid(), signal.SIGSTOP)

    def resume(self) -> None:
        """Acquire the terminal again after a stop."""
        self.resumed = False
        self._works = self._terminal.acquire()

    def handle_stops(self) -> None:
        """Suspend or resume if requested, for views without a screen."""
        if self.suspending:
            self.suspend()
        if self.resumed:
            self.resume()

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        """Only set a flag on Ctrl+Z: a screen update may be half written."""
        self.suspending = True

    def _on_continue(self, number: int, frame: FrameType | None) -> None:
        """Set a flag when the process continues."""
        self.resumed = True

    def __enter__(self) -> Self:
        """Start reading keys."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the terminal."""
        self.stop()


class NoTerminal:
    """No keys."""

    def acquire(self) -> bool:
        """Return False."""
        return False

    def release(self) -> None:
        """Restore nothing."""

    def text(self) -> str:
        """Return nothing."""
        return ""

    def wait(self, seconds: float) -> None:
        """Wait for nothing."""

    @property
    def bits_per_second(self) -> int | None:
        """Not known."""
        return None


class _Posix:
    """A terminal in cbreak mode."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._mode: list[Any] | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def acquire(self) -> bool:
        """Switch to cbreak mode; a process in the background must not touch the terminal."""
        import termios
        import tty

        try:
            if os.tcgetpgrp(self._descriptor) != os.getpgrp():
                logger.info("no keys: the process runs in the background")
                return False
            if self._mode is None:
                self._mode = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor, termios.TCSANOW)
        except (OSError, termios.error) as error:
            logger.info("no keys: the terminal cannot be set up: %s", error)
            return False
        return True

    def release(self) -> None:
        """Restore the mode of before."""
        import termios

        mode, self._mode = self._mode, None
        if mode is not None:
            with contextlib.suppress(OSError, termios.error):  # a terminal that was closed needs no restoring
                termios.tcsetattr(self._descriptor, termios.TCSANOW, mode)

    def text(self) -> str:
        """Return what was typed, without waiting."""
        import select

        try:
            if not select.select([self._descriptor], [], [], 0)[0]:
                return ""
            return self._decoder.decode(os.read(self._descriptor, READ_BYTES))
        except (OSError, ValueError):
            return ""

    def wait(self, seconds: float) -> None:
        """Wait until something is typed, at most so long."""
        import select

        with contextlib.suppress(OSError, ValueError):
            select.select([self._descriptor], [], [], seconds)

    @property
    def bits_per_second(self) -> int | None:
        """The speed of the line; None for one that is faster than :data:`MIN_BITS_PER_SECOND`."""
        import termios

        try:
            code = termios.tcgetattr(self._descriptor)[5]
        except (OSError, termios.error):
            return None
        names = (name for name in dir(termios) if name[:1] == "B" and name[1:].isdecimal())
        return next((int(name[1:]) for name in names if getattr(termios, name) == code and name != "B0"), None)


class _Windows:
    """The console of Windows, which needs no mode change."""

    def acquire(self) -> bool:
        """Return True."""
        return True

    def release(self) -> None:
        """Restore nothing."""

    def text(self) -> str:
        """Return what was typed, arrows as the escape sequences of other systems."""
        import msvcrt

        console: Any = msvcrt
        typed = ""
        while console.kbhit():
            sign = console.getwch()
            if sign in ("\x00", "\xe0"):
                typed += WINDOWS_SEQUENCES.get(console.getwch(), "")
            else:
                typed += sign
        return typed

    def wait(self, seconds: float) -> None:
        """Wait for nothing: its console is not asked."""

    @property
    def bits_per_second(self) -> int | None:
        """Not known."""
        return None


def _standard_input() -> _Terminal:
    """Return the source of keys for standard input."""
    try:
        if sys.stdin is None or not sys.stdin.isatty():
            return NoTerminal()
        return _Windows() if os.name == "nt" else _Posix(sys.stdin.fileno())
    except (OSError, ValueError):  # closed, or no real file
        return NoTerminal()

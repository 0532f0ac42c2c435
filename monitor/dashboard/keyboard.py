"""Single keys from the terminal, without waiting for Enter, and without a thread.

The main loop asks ten times a second what was pressed. POSIX terminals are put into cbreak mode (Ctrl+C stays a
signal), Windows has ``msvcrt``. Where standard input is no terminal (a pipe with sound, a service) or the program runs
in the background there are no keys, and everything else works. The terminal's mode is restored by :meth:`Keyboard.stop`
on every way out, and around Ctrl+Z; main thread only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

__all__ = ["Keyboard", "keys_of"]

READ_BYTES = 256
SEQUENCES = {
    "\x1b[C": "right",
    "\x1bOC": "right",
    "\x1b[D": "left",
    "\x1bOD": "left",
}
"""What the arrow keys send, in normal and in application mode. Source: ECMA-48; xterm control sequences."""
WINDOWS_ARROWS = {"K": "left", "M": "right"}
"""Behind a NUL or an e0. Source: the C run-time's ``_getwch``."""


class _Terminal(Protocol):
    """One way to get at keys."""

    def take(self) -> bool:
        """Begin; return whether there are keys."""

    def give_back(self) -> None:
        """Restore what :meth:`take` changed. Twice is safe."""

    def text(self) -> str:
        """Return what was typed since the last call."""


class Keyboard:
    """The keys of the terminal that the program was started from.

    Parameters
    ----------
    terminal : object or None
        A test gives its own; None for standard input.

    Attributes
    ----------
    suspending : bool
        Whether Ctrl+Z was pressed: whoever owns the screen gives it back and calls :meth:`suspend`.
    resumed : bool
        Whether the program was stopped and goes on: the terminal may have been changed meanwhile.
    """

    def __init__(self, terminal: _Terminal | None = None) -> None:
        self._terminal = _standard_input() if terminal is None else terminal
        self._works = False
        self._before: dict[int, Any] = {}
        self.suspending = self.resumed = False

    @property
    def works(self) -> bool:
        """Whether there are keys."""
        return self._works

    def start(self) -> None:
        """Begin to listen to keys, where there are any. Twice is safe."""
        if self._works:
            return
        self._works = self._terminal.take()
        if self._works and hasattr(signal, "SIGTSTP"):
            for number, handler in ((signal.SIGTSTP, self._stop_asked), (signal.SIGCONT, self._goes_on)):
                self._before[number] = signal.signal(number, handler)

    def stop(self) -> None:
        """Restore the terminal. Twice is safe."""
        self._terminal.give_back()
        self._works = False
        while self._before:
            signal.signal(*self._before.popitem())

    def pressed(self) -> list[str]:
        """Return the keys pressed since the last call: characters, ``"left"`` and ``"right"``."""
        return keys_of(self._terminal.text()) if self._works else []

    def suspend(self) -> None:
        """Restore the terminal and stop the program, as Ctrl+Z asks; returns when it goes on."""
        self.suspending = False
        self._terminal.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)

    def resume(self) -> None:
        """Take the terminal again after a stop."""
        self.resumed = False
        self._works = self._terminal.take()

    def obey_stops(self) -> None:
        """Stop and go on as Ctrl+Z and the shell ask, for who has no screen to give back."""
        if self.suspending:
            self.suspend()
        if self.resumed:
            self.resume()

    def _stop_asked(self, number: int, frame: FrameType | None) -> None:
        """Only note Ctrl+Z: a frame may be half written."""
        self.suspending = True

    def _goes_on(self, number: int, frame: FrameType | None) -> None:
        """Note that the program was stopped."""
        self.resumed = True

    def __enter__(self) -> Self:
        """Begin to listen to keys."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the terminal."""
        self.stop()


def keys_of(text: str) -> list[str]:
    """Return the keys in what a terminal sent; sequences of other keys are left out.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
    """
    keys = []
    while text:
        if text[0] != "\x1b":
            keys.append(text[0])
            text = text[1:]
            continue
        end = _sequence_end(text)
        if text[:end] in SEQUENCES:
            keys.append(SEQUENCES[text[:end]])
        text = text[end:]
    return keys


def _sequence_end(text: str) -> int:
    """Return where the escape sequence ends that a text begins with."""
    if text[1:2] == "O":
        return 3
    if text[1:2] != "[":
        return 2
    finals = (at for at in range(2, len(text)) if "@" <= text[at] <= "~")
    return next(finals, len(text) - 1) + 1


class _NoTerminal:
    """No keys."""

    def take(self) -> bool:
        """There are none."""
        return False

    def give_back(self) -> None:
        """Nothing was changed."""

    def text(self) -> str:
        """Nothing comes."""
        return ""


class _Posix:
    """A terminal in cbreak mode."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._mode: list[Any] | None = None

    def take(self) -> bool:
        """Switch to cbreak mode; a program in the background must not touch the terminal."""
        import termios
        import tty

        try:
            if os.tcgetpgrp(self._descriptor) != os.getpgrp():
                return False
            if self._mode is None:
                self._mode = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor, termios.TCSANOW)
        except (OSError, termios.error):
            return False
        return True

    def give_back(self) -> None:
        """Restore the mode that the terminal had."""
        import termios

        mode, self._mode = self._mode, None
        if mode is not None:
            with contextlib.suppress(OSError, termios.error):  # a terminal that is gone needs no restoring
                termios.tcsetattr(self._descriptor, termios.TCSANOW, mode)

    def text(self) -> str:
        """Return what has been typed, without waiting."""
        import select

        try:
            if not select.select([self._descriptor], [], [], 0)[0]:
                return ""
            return os.read(self._descriptor, READ_BYTES).decode("utf-8", "ignore")
        except (OSError, ValueError):
            return ""


class _Windows:
    """The console of Windows, which needs no other mode."""

    def take(self) -> bool:
        """There are keys."""
        return True

    def give_back(self) -> None:
        """Nothing was changed."""

    def text(self) -> str:
        """Return what has been typed, arrows as the sequences of other systems."""
        import msvcrt

        console: Any = msvcrt
        typed = ""
        while console.kbhit():
            sign = console.getwch()
            if sign in ("\x00", "\xe0"):
                arrow = WINDOWS_ARROWS.get(console.getwch(), "")
                typed += {"left": "\x1b[D", "right": "\x1b[C"}.get(arrow, "")
            else:
                typed += sign
        return typed


def _standard_input() -> _Terminal:
    """Return what gives the keys of standard input."""
    try:
        if sys.stdin is None or not sys.stdin.isatty():
            return _NoTerminal()
        return _Windows() if os.name == "nt" else _Posix(sys.stdin.fileno())
    except (OSError, ValueError):  # closed, or no real file
        return _NoTerminal()

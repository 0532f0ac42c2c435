"""What stops a pipeline that its program has left behind.

Python waits for threads before it calls any ``atexit`` function, so a program that raises, or ends without closing its
pipeline, would never exit. Daemon threads would be killed instead, and a recording with them. So a thread of its own
waits until the interpreter waits for nothing but threads of ours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["ExitWatch", "only_ours_are_left"]

POLL_S = 0.2
"""Seconds between two checks: how much later a program may exit."""

OURS = "auscult-"
"""How the names of all threads of ours begin."""


class ExitWatch:
    """Calls a function when the program has ended, unless it is stopped before.

    Parameters
    ----------
    on_exit : callable
        Runs on the thread ``auscult-exit``; it may call :meth:`stop`, but must start no thread.
    has_ended : callable
        Returns whether the program has ended; tests pass their own.
    """

    def __init__(self, on_exit: Callable[[], None], has_ended: Callable[[], bool] | None = None) -> None:
        self._on_exit = on_exit
        self._has_ended = has_ended or only_ours_are_left
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{OURS}exit")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Twice is safe."""
        self._stopping.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        """Wait for the end of the program, or of the watch."""
        while not self._stopping.wait(POLL_S):
            if self._has_ended():
                self._on_exit()
                return


def only_ours_are_left() -> bool:
    """Return whether the main thread and all threads of the program that Python would wait for have ended."""
    return not threading.main_thread().is_alive() and all(
        thread.daemon or thread.name.startswith(OURS) or not thread.is_alive() for thread in threading.enumerate()
    )

"""Ctrl+C and SIGTERM: a graceful stop at the first signal, an immediate one at the second.

While a command is in its loop the first signal only sets a flag, so no output line is cut in two and the
terminal is restored; the loop sees it within a tenth of a second. Outside the loop, or at the second
signal, it is a :class:`KeyboardInterrupt` as usual. Main thread only.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self

from monitor.output import watch_for_end

__all__ = ["Interrupts"]


class Interrupts:
    """Handles Ctrl+C and SIGTERM inside a ``with`` block.

    Attributes
    ----------
    requested : bool
        Whether the command should end, by a signal or :meth:`quit`.
    """

    def __init__(self) -> None:
        self.requested = False
        self._signalled = False
        self._deferring = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Install the signal handlers; from now on no output waits for long once :attr:`requested` is set."""
        watch_for_end(self)
        for signum in (signal.SIGINT, signal.SIGTERM):
            self._previous[signum] = signal.signal(signum, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the previous signal handlers."""
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)

    def __call__(self) -> bool:
        """Return :attr:`requested`; a long computation calls this after every step."""
        return self.requested

    def quit(self) -> None:
        """Request the end as if the source had ended: the exit code stays 0."""
        self.requested = True

    @property
    def exit_code(self) -> int:
        """130 after a signal, else 0."""
        return 130 if self._signalled else 0

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Let the first signal in this block only set :attr:`requested`."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        """Set the flag, or raise."""
        defer = self._deferring and not self._signalled
        self.requested = self._signalled = True
        if not defer:
            raise KeyboardInterrupt

"""Ctrl+C and SIGTERM, taken calmly.

While a command is in its loop the first signal only sets a flag, so no line is cut in two and no
terminal is left half restored; the loop sees it within a tenth of a second. Outside the loop, or at
the second signal, it is a :class:`KeyboardInterrupt` as usual. Main thread only.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interrupts"]


class Interrupts:
    """Watches for Ctrl+C and SIGTERM inside a ``with`` block.

    Attributes
    ----------
    requested : bool
        Whether to end, by a signal or :meth:`quit`.
    """

    def __init__(self) -> None:
        self.requested = False
        self._signalled = False
        self._waiting = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Take over the signals."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Return whether an end was asked for: what a long computation asks after every step."""
        return self.requested

    def quit(self) -> None:
        """End as if the source had ended: nothing was interrupted."""
        self.requested = True

    @property
    def exit_code(self) -> int:
        """130 after a signal, else 0."""
        return 130 if self._signalled else 0

    @contextlib.contextmanager
    def calmly(self) -> Iterator[None]:
        """Let the first signal in this block only set :attr:`requested`."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    def _take(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, or raise."""
        calm = self._waiting and not self._signalled
        self.requested = self._signalled = True
        if not calm:
            raise KeyboardInterrupt

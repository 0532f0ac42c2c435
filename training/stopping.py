"""Ctrl+C and SIGTERM while networks are fitted: the first ends the training calmly, the second at once.

Outside :meth:`Stopping.calmly` a signal is a :class:`KeyboardInterrupt` as usual. Main thread only.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self

from monitor.errors import AuscultError

__all__ = ["EndedError", "Stopping"]


class EndedError(AuscultError):
    """A person ended a training before there was anything to keep."""

    exit_code = 130


class Stopping:
    """Whether a person wants the training to end; hears the signals inside a ``with`` block."""

    def __init__(self) -> None:
        self.requested = False
        self._calm = False
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
        """Return whether an end was asked for; what fits ask after every step."""
        return self.requested

    @contextlib.contextmanager
    def calmly(self) -> Iterator[None]:
        """Let the first signal in this block only set :attr:`requested`."""
        self._calm = True
        try:
            yield
        finally:
            self._calm = False

    def _take(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, or raise."""
        calm = self._calm and not self.requested
        self.requested = True
        if not calm:
            raise KeyboardInterrupt

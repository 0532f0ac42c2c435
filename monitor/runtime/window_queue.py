"""The windows on their way from the classifier to the program that iterates over them.

A bounded queue with an end: the writer says that no more will come, and a reader that waits learns it at once, not
when its time is up. One writing thread (the classifier), one reading thread; :meth:`WindowQueue.release` is for any.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["WindowQueue"]

CHECK_S = 1.0
"""Longest sleep of a writer that waits for room."""


Item = TypeVar("Item")
"""A window; of a ward, which has many streams, a window with its stream."""


class WindowQueue(Generic[Item]):
    """Windows in order, and an end.

    Parameters
    ----------
    capacity : int
        Most windows that wait for the reader, at least 1.

    Attributes
    ----------
    capacity : int
        Changed by the writing thread only.
    on_change : callable or None
        Called on the writing thread whenever there is a window or the end, for a reader that must not wait in
        :meth:`take`; it must return at once. Set by the reading thread.

    Raises
    ------
    ValueError
        If ``capacity`` is below 1.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity={capacity} must be at least 1")
        self.capacity = capacity
        self._windows: deque[Item] = deque()
        self._changed = threading.Condition()
        self._ended = self._released = False
        self.on_change: Callable[[], object] | None = None

    def _changed_for_reader(self) -> None:
        """Wake the reader, in whichever way it waits; with the lock."""
        self._changed.notify_all()
        on_change = self.on_change
        if on_change is not None:
            on_change()

    @property
    def ended(self) -> bool:
        """Whether no more windows will come; some may still wait."""
        return self._ended

    @property
    def exhausted(self) -> bool:
        """Whether no more windows will come and none waits."""
        return self._ended and not self._windows

    def put(self, windows: deque[Item]) -> list[Item]:
        """Move all windows into the queue, at once; without room the oldest are dropped.

        Parameters
        ----------
        windows : deque
            Oldest first; empty afterwards.

        Returns
        -------
        list
            Those that were dropped.
        """
        with self._changed:
            self._windows.extend(windows)
            windows.clear()
            dropped = [self._windows.popleft() for _ in range(len(self._windows) - self.capacity)]
            self._changed_for_reader()
        return dropped

    def put_all(self, windows: deque[Item]) -> None:
        """Move the windows into the queue as the reader makes room; once released, only those that there is room for.

        Parameters
        ----------
        windows : deque
            Oldest first; afterwards those that were not moved.
        """
        with self._changed:
            while windows:
                if len(self._windows) < self.capacity:
                    self._windows.append(windows.popleft())
                    self._changed_for_reader()
                elif self._released:
                    return
                else:
                    self._changed.wait(CHECK_S)

    def __len__(self) -> int:
        """Return how many windows wait for the reader."""
        return len(self._windows)

    def release(self) -> None:
        """Let the writer wait for the reader no longer."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def end(self) -> None:
        """Declare the end. Twice is safe."""
        with self._changed:
            self._ended = True
            self._changed_for_reader()

    def take(self, timeout_s: float) -> Item | None:
        """Return the oldest window as soon as there is one; None after the time-out, or at the end.

        Parameters
        ----------
        timeout_s : float
            Longest wait in seconds; 0 does not wait.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not self._windows and not self._ended:
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)
            if not self._windows:
                return None
            window = self._windows.popleft()
            self._changed.notify_all()
            return window

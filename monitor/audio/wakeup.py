"""An event between two threads: one sleeps, another wakes it without ever waiting.

A bare lock, not a Condition: notifying a Condition takes a lock that a reader may hold,
and an audio callback must not wait for a reader. Safe on any thread.
"""

from __future__ import annotations

import contextlib
import threading

__all__ = ["Wakeup"]


class Wakeup:
    """Wakes one sleeping thread; notifying never waits, and a notification that comes before the wait is not lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def notify(self) -> None:
        """Wake the sleeping thread, or make the next wait return at once."""
        if self._lock.locked():
            with contextlib.suppress(RuntimeError):  # another thread notified at the same moment
                self._lock.release()

    def wait(self, timeout_s: float) -> bool:
        """Sleep until notified, at most ``timeout_s`` seconds; return whether it was notified."""
        return self._lock.acquire(timeout=timeout_s)

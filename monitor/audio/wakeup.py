"""A bell between two threads: one sleeps, another wakes it without ever waiting.

A bare lock, not a Condition: notifying a Condition takes a lock that a reader may hold,
and an audio callback must not wait for a reader. Safe on any thread.
"""

from __future__ import annotations

import contextlib
import threading

__all__ = ["Wakeup"]


class Wakeup:
    """Wakes one sleeping thread; ringing never waits, and a ring that nobody heard yet is kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def notify(self) -> None:
        """Wake the thread that sleeps, or the next one that would."""
        if self._lock.locked():
            with contextlib.suppress(RuntimeError):  # another thread rang at the same moment
                self._lock.release()

    def wait(self, timeout_s: float) -> None:
        """Sleep until the bell is rung, at most ``timeout_s`` seconds."""
        self._lock.acquire(timeout=timeout_s)

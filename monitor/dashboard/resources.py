"""CPU and memory of this process.

Imported by the dashboard and by ``auscult bench`` only, because psutil would slow the start of the other commands down.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

__all__ = ["ResourceMonitor", "resident_bytes"]

INTERVAL_S = 2.0
"""Seconds between two updates: long enough to read the numbers, short enough to follow them."""
MB = 2**20


class ResourceMonitor:
    """CPU and memory of this process, updated every two seconds. Used by one thread.

    Parameters
    ----------
    process : psutil.Process or None
        None for this process; a test passes its own.
    clock : callable
        Monotonic seconds; a test passes its own.

    Attributes
    ----------
    cpu_percent : float or None
        Of one core, over the last interval, all threads together; None during the first interval.
    memory_mb : float
        Resident set size, in units of 2**20 bytes.
    """

    def __init__(self, process: psutil.Process | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._process = psutil.Process() if process is None else process
        self._process.cpu_percent()  # begins the first interval
        self._clock, self._updated_s = clock, clock()
        self.cpu_percent: float | None = None
        self.memory_mb = self._process.memory_info().rss / MB

    def update(self) -> None:
        """Measure again if two seconds have passed."""
        now_s = self._clock()
        if now_s - self._updated_s >= INTERVAL_S:
            self._updated_s = now_s
            self.cpu_percent = self._process.cpu_percent()
            self.memory_mb = self._process.memory_info().rss / MB


def resident_bytes() -> int:
    """Return the resident set size of this process."""
    return int(psutil.Process().memory_info().rss)

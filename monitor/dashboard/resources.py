"""What the program itself takes: processor time and memory, with the standard library alone.

Used by one thread; a figure that a system does not tell is None.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["ResourceMonitor", "resident_mb"]

EVERY_S = 2.0
"""Seconds over which processor time is counted: long enough to be still, short enough to follow."""
MB = 2**20
STATM = Path("/proc/self/statm")


class ResourceMonitor:
    """Measures the program from one look to the next.

    Parameters
    ----------
    clock, cpu_time : callable
        Seconds of time and of processor time, all threads together; a test gives its own.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, cpu_time: Callable[[], float] = time.process_time
    ) -> None:
        self._clock, self._cpu_time = clock, cpu_time
        self._since = (clock(), cpu_time())
        self.cpu_percent: float | None = None
        self.memory_mb = resident_mb()

    def look(self) -> None:
        """Renew the figures, every two seconds at the most."""
        now, used = self._clock(), self._cpu_time()
        passed = now - self._since[0]
        if passed >= EVERY_S:
            self.cpu_percent = 100.0 * (used - self._since[1]) / passed
            self.memory_mb = resident_mb()
            self._since = (now, used)


def resident_mb(statm: Path = STATM) -> float | None:
    """Return the memory that the program has now; its peak where only that is told; None where nothing is.

    Source: proc(5): the second figure of ``statm`` is resident pages; getrusage(2): ``ru_maxrss`` is in bytes on
    macOS and in units of 1024 bytes elsewhere.
    """
    try:
        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB
    except (OSError, ValueError, IndexError, AttributeError):
        return _peak_mb()


def _peak_mb() -> float | None:
    """Return the most memory that the program ever had; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB

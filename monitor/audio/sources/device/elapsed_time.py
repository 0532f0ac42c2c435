"""A clock that goes on while the computer is suspended.

Sound that a device would have delivered during a suspension is lost sound; ``time.monotonic`` stands still meanwhile
on Linux and macOS. Standard library alone; safe on any thread.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

__all__ = ["elapsed_s", "suspend_aware_clock"]


def suspend_aware_clock(platform: str = sys.platform) -> Callable[[], float]:
    """Return a clock of monotonic seconds that also counts suspensions, or ``time.monotonic`` where there is none.

    Parameters
    ----------
    platform : str
        As ``sys.platform``.

    Notes
    -----
    Linux has ``CLOCK_BOOTTIME``. On macOS ``CLOCK_MONOTONIC`` counts sleep (its manual page ``clock_gettime(3)``), and
    ``time.monotonic`` does not. On Windows ``time.monotonic`` counts it.

    Examples
    --------
    >>> clock = suspend_aware_clock()
    >>> clock() <= clock()
    True
    """
    name = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"}.get(platform)
    number = None if name is None else getattr(time, name, None)
    if number is None:
        return time.monotonic
    try:
        time.clock_gettime(number)
    except OSError:  # known when Python was built, and not to this kernel
        return time.monotonic
    return lambda: time.clock_gettime(number)


elapsed_s = suspend_aware_clock()
"""The clock of this system."""

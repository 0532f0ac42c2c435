"""Standard error kept for us: what sound libraries write there from native code goes nowhere.

Main thread only, around a whole capture.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

__all__ = ["suppress_native_stderr"]


@contextlib.contextmanager
def suppress_native_stderr() -> Iterator[None]:
    """Keep what ALSA, JACK and PortAudio write from native code off standard error, ours stays.

    They write on any thread and at any time, also into the middle of a dashboard; what matters of it comes as an
    error as well.
    """
    if sys.stderr is None:  # a program without a terminal on Windows
        yield
        return
    sys.stderr.flush()
    try:
        kept, ours = os.dup(2), sys.stderr
    except OSError:  # no standard error to protect
        yield
        return
    points_to_native = _descriptor(ours) == 2
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        if points_to_native:
            sys.stderr = os.fdopen(os.dup(kept), "w", encoding=ours.encoding, errors="backslashreplace", buffering=1)
        yield
    finally:
        if points_to_native:
            sys.stderr.close()
        sys.stderr = ours
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


def _descriptor(file: Any) -> int | None:
    """Return a file's descriptor, or None where it has none."""
    try:
        return int(file.fileno())
    except (OSError, ValueError, AttributeError):  # made of memory, as under a test
        return None

"""The defaults of the threads; those of the command line are in :mod:`monitor.commands.options.settings`."""

from __future__ import annotations

import dataclasses

__all__ = ["MonitorConfig"]


@dataclasses.dataclass(frozen=True, slots=True)
class MonitorConfig:
    """Buffer sizes and patience of the threads around the analysis.

    Attributes
    ----------
    ring_s : float
        Seconds of sound in the ring buffer: how far the classifier may fall behind before samples are lost.
    patience_s : float
        Wall-clock seconds that a window may wait for the classifier; a window that waited longer gives way to the
        newest complete one.
    queue_windows : int
        Results queued for a program that iterates slowly; the oldest are dropped and counted.
    history_windows : int
        Entries of :attr:`monitor.messages.Snapshot.history`.
    """

    ring_s: float = 30.0
    patience_s: float = 0.25
    queue_windows: int = 1024
    history_windows: int = 240

"""The defaults of the threads; those of the command line stand in :mod:`monitor.commands.settings`."""

from __future__ import annotations

import dataclasses

__all__ = ["MonitorConfig"]


@dataclasses.dataclass(frozen=True, slots=True)
class MonitorConfig:
    """How the threads around the analysis behave.

    Attributes
    ----------
    ring_s : float
        Seconds of sound that the ring holds, so how long the classifier may be away before sound is lost.
    patience_s : float
        Wall-clock seconds that a window may wait for the classifier; after that the newest complete window wins.
    queue_windows : int
        Windows kept for a program that iterates slowly; then the oldest goes.
    history_windows : int
        Windows in the dashboard's label strip.
    """

    ring_s: float = 30.0
    patience_s: float = 0.25
    queue_windows: int = 1024
    history_windows: int = 240

"""What the drawing thread adds to a snapshot: the sound's trace, what happened, how the program is doing, the keys.

A frozen value; made on the main thread (:mod:`monitor.dashboard.controller`), drawn by :func:`monitor.dashboard.drawing.render.render`.
"""

from __future__ import annotations

import dataclasses

from monitor.dashboard.trace import Trace

__all__ = ["NOTHING_MORE", "DashboardState", "LoggedEvent", "Vitals"]


@dataclasses.dataclass(frozen=True, slots=True)
class LoggedEvent:
    """Something that happened, and when.

    Attributes
    ----------
    at_s : float
        Position in the source, seconds.
    text : str
        A few words.
    kind : str
        A label or state, or ``"gap"``, ``"device"``, ``"mark"``, ``"key"``: what gives it its colour.
    """

    at_s: float
    text: str
    kind: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Vitals:
    """How the program itself is doing; None for what a system does not tell.

    Attributes
    ----------
    cpu_percent : float or None
        Of one core, over the last seconds.
    memory_mb : float or None
        Resident, in units of 2**20 bytes.
    screen_p50_ms, screen_p95_ms : float or None
        From the arrival of a window's last sample to the frame that shows its verdict.
    """

    cpu_percent: float | None = None
    memory_mb: float | None = None
    screen_p50_ms: float | None = None
    screen_p95_ms: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class DashboardState:
    """All that a frame shows beside the snapshot.

    Attributes
    ----------
    trace : Trace or None
        The last seconds of sound.
    events : tuple of LoggedEvent
        Newest last.
    vitals : Vitals
    keys : tuple of (str, str)
        Keys and what they do, the most important first; empty where the terminal gives none.
    gain_db : float
        Display gain on top of the automatic one.
    held : str
        ``"paused"``, ``"frozen"`` or nothing.
    help : bool
        Whether the help lies over the picture.
    shift_s : float
        Position in the recording minus position in the sound heard so far; other than 0 after a seek.
    """

    trace: Trace | None = None
    events: tuple[LoggedEvent, ...] = ()
    vitals: Vitals = Vitals()
    keys: tuple[tuple[str, str], ...] = ()
    gain_db: float = 0.0
    held: str = ""
    help: bool = False
    shift_s: float = 0.0


NOTHING_MORE = DashboardState()

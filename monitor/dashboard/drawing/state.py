"""What the drawing thread adds to a snapshot: waveform trace, events, CPU and memory, keys.

A frozen value; created on the main thread (:mod:`monitor.dashboard.controller`) and drawn by
:func:`monitor.dashboard.drawing.render.render`.
"""

from __future__ import annotations

import dataclasses

from monitor.dashboard.trace import Trace

__all__ = ["EMPTY_STATE", "DashboardState", "LoggedEvent", "RuntimeStats"]


@dataclasses.dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An entry of the event log.

    Attributes
    ----------
    at_s : float
        Position in the source, seconds.
    text : str
        A few words.
    kind : str
        A label or state, or ``"gap"``, ``"device"``, ``"mark"``, ``"key"``, ``"ectopic"``: it decides the colour.
    """

    at_s: float
    text: str
    kind: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class RuntimeStats:
    """What the program uses and how fast it is; None for what is not known (yet).

    Attributes
    ----------
    cpu_percent : float or None
        Of one core, over the last seconds.
    memory_mb : float or None
        Resident set size, in units of 2**20 bytes.
    display_p50_ms, display_p95_ms : float or None
        Latency from the arrival of a window's last sample to the screen with the window's verdict.
    """

    cpu_percent: float | None = None
    memory_mb: float | None = None
    display_p50_ms: float | None = None
    display_p95_ms: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class DashboardState:
    """All that a screen shows besides the snapshot.

    Attributes
    ----------
    trace : Trace or None
        The waveform of the last seconds.
    events : tuple of LoggedEvent
        Newest last.
    stats : RuntimeStats
    keys : tuple of (str, str)
        Keys and what they do, the most important first; empty where there is no keyboard.
    gain_db : float
        Display gain on top of the automatic one.
    hold : str
        ``"paused"``, ``"frozen"`` or empty.
    help : bool
        Whether the help page is shown.
    shift_s : float
        Position in the recording minus position in the sound played so far; not 0 after a seek.
    prompt : str
        What a person is typing, with what it is for; empty where nothing is typed.
    ecg : Trace or None
        The electrocardiogram of the same seconds; None without one.
    """

    trace: Trace | None = None
    events: tuple[LoggedEvent, ...] = ()
    stats: RuntimeStats = RuntimeStats()
    keys: tuple[tuple[str, str], ...] = ()
    gain_db: float = 0.0
    hold: str = ""
    help: bool = False
    shift_s: float = 0.0
    prompt: str = ""
    ecg: Trace | None = None


EMPTY_STATE = DashboardState()

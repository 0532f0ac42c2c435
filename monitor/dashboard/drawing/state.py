"""What the drawing thread adds to a snapshot: waveform trace, events, CPU and memory, keys.

A frozen value; created on the main thread (:mod:`monitor.dashboard.controller`) and drawn by
:func:`monitor.dashboard.drawing.render.render`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from monitor.dashboard.trace import Ticks, Trace

__all__ = ["EMPTY_STATE", "CycleDurations", "DashboardState", "LoggedEvent", "RuntimeStats", "TimelineView"]


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
class CycleDurations:
    """The parts of the cardiac cycle in the last half minute; None for one that no beat has.

    Attributes
    ----------
    systole_ms, diastole_ms : float or None
        Median over the beats: from S1 to S2, and from S2 to the next S1.
    num_systoles, num_diastoles : int
        Beats in each.
    span_s : float
        Seconds of sound that they are of: half a minute, and less at the beginning.
    """

    systole_ms: float | None = None
    diastole_ms: float | None = None
    num_systoles: int = 0
    num_diastoles: int = 0
    span_s: float = 30.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TimelineView:
    """A stretch of a recording that is reviewed; all times in seconds of its sound.

    Attributes
    ----------
    start_s, end_s : float
        What the screen shows.
    at_s : float
        The cursor.
    low, high : ndarray, shape (bins,), float32
        Lowest and highest sample of equal parts of the stretch, in [-1, 1]; NaN where they are not known.
    verdicts : tuple of (float, float, str)
        Start, end, and label or state of the rolling verdict.
    lost : tuple of (float, float)
        Lost sound.
    marks : tuple of (float, str)
        Marks and notes with their text.
    labels : tuple of (float, float, str)
        A person's own labels.
    ticks : tuple of (float, str)
        S1 and S2 by name, ascending.
    selection : tuple of (float, float), or None
        The stretch that was selected.
    loops : bool
        Whether it is played again and again.
    """

    start_s: float
    end_s: float
    at_s: float
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    verdicts: tuple[tuple[float, float, str], ...] = ()
    lost: tuple[tuple[float, float], ...] = ()
    marks: tuple[tuple[float, str], ...] = ()
    labels: tuple[tuple[float, float, str], ...] = ()
    ticks: Ticks = ()
    selection: tuple[float, float] | None = None
    loops: bool = False


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
    help : int
        Which page of the help is shown, from 1; 0 for none.
    details : bool
        Whether figures on the program stand in place of the sound.
    rates : tuple of (float, float)
        End of a few seconds and the heart rate in them, beats per minute, of the last minutes; newest last.
    cycle : CycleDurations
        Systole and diastole of the last half minute.
    shift_s : float
        Position in the recording minus position in the sound played so far; not 0 after a seek.
    prompt : str
        What a person is typing, with what it is for; empty where nothing is typed.
    ecg : Trace or None
        The electrocardiogram of the same seconds; None without one.
    notice : str
        What a person must know now, in place of the message on the window; empty where there is nothing.
    timeline : TimelineView or None
        The time axis of a recording that is reviewed; None while it is heard.
    help_page : tuple of (str, str)
        Keys, and parts of the screen, with what they do or mean; empty for those of the live dashboard.
    """

    trace: Trace | None = None
    events: tuple[LoggedEvent, ...] = ()
    stats: RuntimeStats = RuntimeStats()
    keys: tuple[tuple[str, str], ...] = ()
    gain_db: float = 0.0
    hold: str = ""
    help: int = 0
    shift_s: float = 0.0
    prompt: str = ""
    ecg: Trace | None = None
    notice: str = ""
    timeline: TimelineView | None = None
    help_page: tuple[tuple[str, str], ...] = ()
    details: bool = False
    rates: tuple[tuple[float, float], ...] = ()
    cycle: CycleDurations = CycleDurations()


EMPTY_STATE = DashboardState()

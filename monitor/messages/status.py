"""The status of an input.

Must not import anything but other frozen values.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

__all__ = ["DeviceStatus", "Level"]


@dataclasses.dataclass(frozen=True, slots=True)
class Level:
    """The input level over about the last tenth of a second.

    Attributes
    ----------
    rms_db, peak_db : float
        dB of full scale, -120 at the lowest.
    clipped : bool
        Whether samples reached full scale.
    """

    rms_db: float
    peak_db: float
    clipped: bool


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceStatus:
    """The status of a live input.

    Attributes
    ----------
    state : {"opening", "open", "lost", "closed"}
        Opened, but no samples yet; delivering samples; lost and being searched for; released.
    name, host_api : str
    channel : int
        The channel in use, from 1.
    sample_rate : int
        Hz, as requested.
    message : str or None
        Why no samples arrive, when none do.
    finding : str or None
        What is wrong with the signal, and what helps.
    measured_rate_hz : float or None
        Samples per second of the monotonic clock; None until enough was measured.
    drift : float or None
        Relative deviation of the measured rate from ``sample_rate``, where that is large enough to matter.
    overflows : int
        Blocks before which samples were discarded.
    reopened : int
        Times that the input was lost and came back.
    lost_s : float
        Seconds of sound lost since the first block.
    held_up, notice : int, str or None
        Times that sound was lost while the program or the system was held up; how much the last time, for some seconds.
    """

    state: Literal["opening", "open", "lost", "closed"]
    name: str
    host_api: str
    channel: int
    sample_rate: int
    message: str | None = None
    finding: str | None = None
    measured_rate_hz: float | None = None
    drift: float | None = None
    overflows: int = 0
    reopened: int = 0
    lost_s: float = 0.0
    held_up: int = 0
    notice: str | None = None

"""What the sound for the ear reports: frozen values.

Must not import anything but the standard library.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

__all__ = ["PlaybackStatus"]


@dataclasses.dataclass(frozen=True, slots=True)
class PlaybackStatus:
    """The state of the playback.

    Attributes
    ----------
    state : {"opening", "playing", "off", "confirm", "failed"}
        No output yet; heard; switched off; waits for a key, since the output might be a loudspeaker that the
        stethoscope hears; the output is missing and looked for.
    device : str
        The output's name; empty where it is not known.
    sound : str
        ``"wide"``, ``"bell"``, ``"diaphragm"``, ``"extended"`` or ``"speaker"``.
    volume_db : float
    latency_ms : float or None
        From a sound at the input, or its place in the recording, to the ear; None while it is not known.
    underruns : int
        Times that the output ran out of sound.
    skipped_ms : int
        Milliseconds that were left out to keep up.
    message : str or None
        What is wrong, or to be confirmed, and what helps.
    """

    state: Literal["opening", "playing", "off", "confirm", "failed"]
    device: str = ""
    sound: str = "wide"
    volume_db: float = 0.0
    latency_ms: float | None = None
    underruns: int = 0
    skipped_ms: int = 0
    message: str | None = None

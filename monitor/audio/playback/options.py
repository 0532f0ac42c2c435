"""What a person asks of playing: the output, the sound and the volume. Imports nothing that plays."""

from __future__ import annotations

import dataclasses
from typing import Literal, get_args

__all__ = ["MAX_VOLUME_DB", "SOUNDS", "PlaybackOptions", "SoundName"]

SoundName = Literal["wide", "bell", "diaphragm", "extended", "speaker"]
SOUNDS: tuple[SoundName, ...] = get_args(SoundName)
"""What :class:`monitor.audio.playback.sounds.SoundFilter` can make of the sound."""
MAX_VOLUME_DB = 40.0


@dataclasses.dataclass(frozen=True, slots=True)
class PlaybackOptions:
    """How to play.

    Attributes
    ----------
    device : str or None
        The output's name, a part of it or its index; None for the system's.
    sound : str
        One of :data:`SOUNDS`.
    volume_db : float
        -40 to 40.
    microphone : bool
        Whether the sound comes from an input that may hear the output.
    """

    device: str | None = None
    sound: SoundName = "wide"
    volume_db: float = 0.0
    microphone: bool = False

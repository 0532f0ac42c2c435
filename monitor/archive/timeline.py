"""What is exported: a sound, and all that is known of it on its own time axis. Frozen; must not know any format."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.archive.spans import Span
from monitor.audio.sources.file import RecordingSource
from monitor.errors import AuscultError

__all__ = ["Sound", "Timeline", "open_sound"]

BLOCK_SAMPLES = 65_536


@dataclasses.dataclass(frozen=True, slots=True)
class Sound:
    """A sound file that can be read again and again.

    Attributes
    ----------
    path : Path
    sample_rate : int
        Hz.
    num_samples : int
        What can be read.
    channel : int or None
        The channel, from 1; None for the mean of all.
    error : AuscultError or None
        Why it cannot be read further.
    """

    path: Path
    sample_rate: int
    num_samples: int
    channel: int | None = None
    error: AuscultError | None = None

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.num_samples / self.sample_rate

    def read(self, start: int, end: int) -> NDArray[np.float32]:
        """Return the samples from ``start`` to ``end``, as far as there are any; as :meth:`blocks`.

        Parameters
        ----------
        start_sample : int
            Where to begin, at most :attr:`num_samples`.

        Raises
        ------
        RecordingError
            If the file can no longer be read.
        """
        start, end = max(0, start), min(end, self.num_samples)
        parts = [np.zeros(0, np.float32)]
        missing = end - start
        blocks = self.blocks(start, min(BLOCK_SAMPLES, max(missing, 1))) if missing > 0 else iter(())
        for block in blocks:
            parts.append(block[:missing])
            missing -= len(parts[-1])
            if missing <= 0:
                break
        return np.concatenate(parts)

    def blocks(self, start: int = 0, block_samples: int = BLOCK_SAMPLES) -> Iterator[NDArray[np.float32]]:
        """Yield the samples from ``start`` on, shape (samples,), in [-1, 1]; lost ones, no numbers, as zeros.

        Raises
        ------
        RecordingError
            If the file can no longer be read.
        """
        left = self.num_samples - start
        source = RecordingSource(self.path, speed=None, channel=self.channel)
        for block in source.blocks_from(start, block_samples) if left else ():
            part = block[:left]
            left -= len(part)
            yield np.where(np.isfinite(part), part, np.float32(0.0))
            if left <= 0:
                return


def open_sound(path: Path, channel: int | None = None, num_samples: int | None = None) -> Sound:
    """Return a sound, read once to its end or its damage.

    Parameters
    ----------
    path : Path
    channel : int or None
        From 1; None for the mean of all.
    num_samples : int or None
        What is known of its length from elsewhere: where the file says the same, it is not read to its end.

    Raises
    ------
    RecordingError
        If not a sample can be read.
    """
    source = RecordingSource(path, speed=None, channel=channel)
    stated_s = None if source.shortfall else source.duration_s
    if num_samples and stated_s is not None and round(stated_s * source.sample_rate) == num_samples:
        return Sound(path, source.sample_rate, num_samples, channel)
    num_samples = 0
    error: AuscultError | None = None
    try:
        for block in source.blocks(BLOCK_SAMPLES):
            num_samples += len(block)
    except AuscultError as failure:
        if not num_samples:
            raise
        error = failure
    return Sound(path, source.sample_rate, num_samples, channel, error or source.shortfall)


@dataclasses.dataclass(frozen=True, slots=True)
class Timeline:
    """A recording or a session.

    Attributes
    ----------
    name : str
        Of the folder, or of the file without its ending.
    sample_rate : int
        Hz.
    num_samples : int
        Of the sound; without one, up to the last line.
    sound : Sound or None
        None where the session's sound is gone.
    spans : tuple of Span
    windows : tuple of dict
        The ``window`` lines.
    summary : dict or None
        The ``summary`` line; None after a crash.
    start : dict
        The ``start`` line; empty where there is none.
    session : dict
        The content of ``session.json``; empty for a recording.
    inputs : tuple of Path
        What was read, and is therefore never written.
    ecg : Sound or None
        The electrocardiogram, on the sample clock of the sound; None where there is none.
    examination : dict or None
        The ``examination`` line; None where there is none.
    entries : tuple of dict
        The ``mark``, ``note`` and ``label`` lines of a session, as they count; empty for a recording.
    beats : tuple of dict
        The ``beat`` lines.
    """

    name: str
    sample_rate: int
    num_samples: int
    sound: Sound | None
    spans: tuple[Span, ...]
    windows: tuple[dict[str, Any], ...]
    summary: dict[str, Any] | None
    start: dict[str, Any]
    session: dict[str, Any]
    inputs: tuple[Path, ...]
    ecg: Sound | None = None
    examination: dict[str, Any] | None = None
    entries: tuple[dict[str, Any], ...] = ()
    beats: tuple[dict[str, Any], ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.num_samples / self.sample_rate

    def text(self, key: str) -> str | None:
        """Return a value of the session that is text, such as its subject; None where it has none."""
        value = self.session.get(key)
        return value if isinstance(value, str) and value else None

    def needed_sound(self, form: str) -> Sound:
        """Return the sound.

        Raises
        ------
        AuscultError
            If there is none.
        """
        if self.sound is None:
            raise AuscultError(f"{self.name}: its sound is gone, and {form} holds the sound", "choose another format")
        return self.sound

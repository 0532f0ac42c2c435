"""Any stretch of a sound file, read at once: the file stays open, where its format can be sought.

One thread.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from monitor.archive.timeline import Sound
from monitor.audio.sources.decoding.checks import read_error
from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.audio.sources.decoding.opening import open_recording
from monitor.audio.sources.decoding.pcm import pick_channel

__all__ = ["SoundReader"]


class SoundReader:
    """Reads a sound here and there.

    Parameters
    ----------
    sound : Sound

    Notes
    -----
    A context manager; closing twice is safe.
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._decoder: OpenRecording | None = None

    def read(self, start: int, end: int) -> NDArray[np.float32]:
        """Return the samples from ``start`` to ``end``, as :meth:`monitor.archive.timeline.Sound.read`.

        Raises
        ------
        RecordingError
            If the file can no longer be read.
        """
        decoder = self._opened()
        if not decoder.can_repeat:
            return self._sound.read(start, end)
        start, end = max(0, start), min(end, self._sound.num_samples)
        parts = [np.zeros(0, np.float32)]
        missing = end - start
        for block in decoder.blocks(start) if missing > 0 else ():
            part = np.array(pick_channel(block[:missing], self._sound.channel or decoder.sound_channel), np.float32)
            parts.append(np.where(np.isfinite(part), part, np.float32(0.0)))
            missing -= len(part)
            if missing <= 0:
                break
        return np.concatenate(parts)

    def _opened(self) -> OpenRecording:
        """Return the open file."""
        if self._decoder is None:
            path = self._sound.path
            try:
                self._decoder = open_recording(str(path), str(path))
            except OSError as error:
                raise read_error(str(path), error) from error
        return self._decoder

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            decoder.close()

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

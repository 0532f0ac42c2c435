"""Recordings as a source: any file that can be read, of any length, in real time.

A file is checked when the source is created, and errors are one line with the next step;
only damage further inside shows later, as the source's ``error``. The file is open only
while it is read, and memory does not grow with its length. The source's own thread reads it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.checks import check_file, read_error, shortfall
from monitor.audio.sources.decoding.pcm import (
    ChannelMixer,
    check_channel,
    check_ecg_channel,
    check_format,
)
from monitor.audio.sources.paced import PacedSource, split
from monitor.errors import RecordingError
from monitor.output import printable

if TYPE_CHECKING:
    from monitor.audio.sources.decoding.open_recording import OpenRecording

__all__ = ["RecordingSource"]

PLENTY_S = 1e9
"""Thirty years: a start beyond it is not written digit by digit."""


class RecordingSource(PacedSource):
    """Plays a recording as if it were live.

    Parameters
    ----------
    path : str or path
        Any format that libsndfile reads (wav, flac, ogg, mp3, aiff and more), WFDB, EDF and BDF; with the extra
        ``formats`` also m4a, aac, webm and DICOM audio.
    speed : float or None
        Multiple of real time, 0.25 to 64; None for as fast as the readers take it.
    channel : int or None
        The channel to play, from 1; None for the one that the file names as its sound (WFDB, EDF), else the mean
        of all but that of an electrocardiogram.
    start_s : float
        Seconds to skip at the beginning, in every pass of a loop too.
    loop : bool
        Whether to continue from ``start_s`` at the end, as one endless stream.
    ecg_channel : int or None
        The channel with an electrocardiogram, from 1; see :class:`~monitor.audio.sources.base.Source`.

    Attributes
    ----------
    name : str
        The path as given, with control characters escaped.
    duration_s : float or None
        Seconds that will be played; None for a loop or where the file does not state its length.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RecordingError
        If the file cannot be played; one line with the next step.

    Examples
    --------
    >>> import soundfile, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/heart.wav", np.full(8000, 0.5), samplerate=4000)
    ...     source = RecordingSource(f"{folder}/heart.wav", start_s=0.5)
    ...     source.sample_rate, source.duration_s, next(source.blocks(3))
    (4000, 1.5, array([0.5, 0.5, 0.5], dtype=float32))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        speed: float | None = 1.0,
        channel: int | None = None,
        start_s: float = 0.0,
        loop: bool = False,
        ecg_channel: int | None = None,
    ) -> None:
        super().__init__(speed)
        check_channel(channel)
        check_ecg_channel(channel, ecg_channel)
        if not 0 <= start_s < math.inf:
            raise ValueError(f"start_s={start_s:g} must be 0 or more seconds")
        self._path, self._channel, self._loop, self.ecg_channel = Path(path), channel, loop, ecg_channel
        self._mixer = ChannelMixer(channel, ecg_channel)
        self.name = printable(os.fspath(path))
        check_file(self._path)
        with self._open() as sound:
            check_format(self.name, sound.sample_rate, sound.channels, channel, ecg_channel)
            if channel is None and sound.sound_channel != ecg_channel:
                self._channel = sound.sound_channel
                self._mixer = ChannelMixer(self._channel, ecg_channel)
            self.sample_rate = sound.sample_rate
            self._start_sample = round(start_s * sound.sample_rate)
            self._check_start(sound.num_samples)
            self._check_sound(sound)
            self.shortfall = shortfall(self.name, sound.missing)
            if sound.num_samples is not None and not loop:
                self.duration_s = (sound.num_samples - self._start_sample) / sound.sample_rate

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the sound in mono blocks, once or in an endless loop.

        Raises
        ------
        RecordingError
            If the file is damaged, or can no longer be opened.
        """
        return self.blocks_from(0, block_samples)

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels read so far cancel each other in their mean."""
        return self._mixer.cancels

    @property
    def can_seek(self) -> bool:
        """Whether the length is known and the sound is not looped."""
        return self.duration_s is not None

    def blocks_from(self, start_sample: int, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from a sample on, counted from ``start_s``.

        Raises
        ------
        RecordingError
            As :meth:`blocks`.
        """
        while True:
            num_samples = 0
            with self._open() as sound:
                for block in sound.blocks(self._start_sample + start_sample):
                    mono = self._mixer.mix(block)
                    num_samples += len(mono)
                    yield from split(mono, block_samples)
                self.shortfall = shortfall(self.name, sound.missing)
            if not self._loop:
                return
            if num_samples == 0:
                raise self._no_samples()

    def _open(self) -> OpenRecording:
        """Open the recording."""
        try:
            from monitor.audio.sources.decoding.opening import open_recording  # imports soundfile: only when needed

            return open_recording(str(self._path), self.name)
        except OSError as error:
            raise read_error(self.name, error) from error

    def _no_samples(self) -> RecordingError:
        """Return the error for a recording without samples."""
        where = f" from {self._start_sample / self.sample_rate:.2f} s on" if self._start_sample else ""
        return RecordingError(f"{self.name}: holds no samples{where}", "record it again, or leave it out")

    def _check_start(self, num_samples: int | None) -> None:
        """Refuse a start at or after the end, where the length is known."""
        if num_samples and self._start_sample >= num_samples:
            length_s, start_s = num_samples / self.sample_rate, self._start_sample / self.sample_rate
            shown_s = f"{start_s:.2f}" if start_s < PLENTY_S else f"{start_s:g}"
            raise RecordingError(
                f"{self.name}: lasts {length_s:.2f} s, so nothing is left from {shown_s} s on",
                "choose a smaller --start",
            )

    def _check_sound(self, sound: OpenRecording) -> None:
        """Refuse a recording without a finite sample; reads up to the first one only."""
        samples = 0
        for block in sound.blocks(self._start_sample):
            samples += len(block)
            mixed = ChannelMixer(self._channel, self.ecg_channel).mix(block)
            if np.isfinite(mixed if mixed.ndim == 1 else mixed[:, 0]).any():
                return
        if samples == 0:
            raise self._no_samples()
        raise RecordingError(
            f"{self.name}: no sample is a number, all are NaN or infinite", "export it again, as 16-bit wav"
        )

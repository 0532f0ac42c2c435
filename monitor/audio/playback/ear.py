"""From samples of the ring buffer to samples for an output: gaps, sound, slow motion, sample rate, volume.

Nothing of it goes back: the classifier reads the ring buffer itself. Pure; belongs to one thread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.audio.playback.interpolator import Interpolator
from monitor.audio.playback.options import MAX_VOLUME_DB, SoundName
from monitor.audio.playback.sounds import SoundFilter
from monitor.audio.playback.stretch import TimeStretch

__all__ = ["Ear"]

EDGE_S = 0.005
"""Seconds in which the sound fades at the edges of a gap."""
VOLUME_RAMP_S = 0.02


class Ear:
    """Turns the sound of the ring buffer into what is heard.

    Parameters
    ----------
    input_rate, output_rate : int
        Hz, of the ring buffer and of the output.
    sound : str
        One of :data:`monitor.audio.playback.options.SOUNDS`.
    speed : float
        1, or less for slow motion with the pitch kept.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Silent until :meth:`set_volume`.

    Examples
    --------
    >>> ear = Ear(4000, 48_000)
    >>> ear.set_volume(6.0, on=True)
    >>> block = ear.push(0, np.full(4000, 0.25, np.float32))
    >>> len(block), round(float(block[-1]), 2), ear.position(len(block))
    (47808, 0.5, 3984.0)
    """

    def __init__(self, input_rate: int, output_rate: int, sound: SoundName = "wide", speed: float = 1.0) -> None:
        self._filter = SoundFilter(input_rate, sound)
        self._stretch = TimeStretch(input_rate, speed)
        self._interpolator = Interpolator(input_rate, output_rate)
        self._per_output = speed * input_rate / output_rate
        edge = max(1, round(EDGE_S * input_rate))
        self._rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
        self._last, self._risen = 0.0, 0
        self._gain = self._target = 0.0
        self._ramp_samples = max(1, round(VOLUME_RAMP_S * output_rate))
        self._ramp = np.zeros(0)
        self._start: int | None = None  # ring sample at output 0, moved by every jump
        self._taken = 0

    def choose(self, sound: SoundName) -> None:
        """Change to another sound, without a click."""
        self._filter.choose(sound)

    def set_volume(self, volume_db: float, *, on: bool) -> None:
        """Change the volume, or silence the sound, within 20 ms.

        Parameters
        ----------
        volume_db : float
            Relative to the sound as it is; -40 to 40. What would exceed full scale is clipped.
        on : bool

        Raises
        ------
        ValueError
            If the volume is out of range.
        """
        if not -MAX_VOLUME_DB <= volume_db <= MAX_VOLUME_DB:
            raise ValueError(f"volume_db={volume_db:g} must be from {-MAX_VOLUME_DB:g} to {MAX_VOLUME_DB:g}")
        target = 10 ** (volume_db / 20) if on else 0.0
        if target != self._target:
            self._target = target
            self._ramp = np.linspace(self._gain, target, self._ramp_samples + 1)[1:]

    def push(self, start_sample: int, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the output samples that these complete.

        Parameters
        ----------
        start_sample : int
            Absolute index in the ring of the first sample.
        waveform : ndarray, shape (samples,), float32

        Returns
        -------
        ndarray, shape (samples at the output's rate,), float32
            In [-1, 1].
        """
        sound = np.array(waveform, np.float64)
        if self._risen < len(self._rise):
            rising = self._rise[self._risen :][: len(sound)]
            sound[: len(rising)] *= rising
            self._risen += len(rising)
        if len(sound):
            self._last = float(sound[-1])
        return self._pass_on(start_sample, sound)

    def gap(self, start_sample: int, samples: int) -> NDArray[np.float32]:
        """Return silence for lost sound, with faded edges."""
        silence = np.zeros(samples)
        falling = self._rise[::-1][:samples]
        silence[: len(falling)] = self._last * falling
        self._last, self._risen = 0.0, 0
        return self._pass_on(start_sample, silence)

    def position(self, output_sample: float) -> float:
        """Return the sample of the ring buffer that an output sample belongs to.

        Parameters
        ----------
        output_sample : float
            Counted over all that :meth:`push` and :meth:`gap` returned.
        """
        return (self._start or 0) + output_sample * self._per_output

    def _pass_on(self, start_sample: int, sound: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the output samples."""
        if self._start is None:
            self._start, self._taken = start_sample, start_sample
        self._start += start_sample - self._taken  # samples that were missed
        self._taken = start_sample + len(sound)
        heard = self._interpolator.push(self._stretch.push(self._filter.push(sound)))
        return self._amplified(heard).astype(np.float32)

    def _amplified(self, heard: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the samples at the volume: a ramp to the target, then the target; clipped at full scale."""
        ramp = self._ramp[: len(heard)]
        if len(ramp):
            gains = np.full(len(heard), self._target)
            gains[: len(ramp)] = ramp
            self._ramp = self._ramp[len(ramp) :]
            self._gain = float(gains[-1])
            heard = heard * gains
        elif self._target != 1.0:
            heard = heard * self._target
        return np.maximum(np.minimum(heard, 1.0), -1.0)

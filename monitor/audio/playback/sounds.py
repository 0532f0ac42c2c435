"""The sounds that a person can choose, after the sides of a chest piece, and changing between them without a click.

``wide`` is the sound as it is. ``bell``, ``diaphragm`` and ``extended`` are bands. ``speaker`` moves every frequency up
by 200 Hz, by single-sideband modulation: what was at 30 to 600 Hz is at 230 to 800 Hz, where small loudspeakers sound;
times and loudness stay, pitch does not. Pure; belongs to one thread.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.audio.playback.filters import BlockFilter, Section, butterworth
from monitor.audio.playback.options import SOUNDS, SoundName

__all__ = ["SHIFT_HZ", "SOUNDS", "SoundFilter", "SoundName"]

BANDS: dict[SoundName, tuple[float, float]] = {
    "bell": (20.0, 200.0),
    "diaphragm": (100.0, 500.0),
    "extended": (20.0, 1000.0),
    "speaker": (30.0, 600.0),
}
"""Hz, -3 dB, fourth order on both sides."""
SHIFT_HZ = 200.0
"""How far ``speaker`` moves the sound up."""
FADE_S = 0.05
"""Seconds of the cross-fade between two sounds: the slowest filter rises within it."""
HIGHEST = 0.45
"""Of the sample rate: an upper edge beyond it is left out."""

IN_PHASE = (0.6923878, 0.9360654322959, 0.9882295226860, 0.9987488452737)
QUADRATURE = (0.4021921162426, 0.8561710882420, 0.9722909545651, 0.9952884791278)
"""Two chains of all-pass sections whose phases differ by 90 degrees, the first delayed by one sample.

Source: O. Niemitalo, Hilbert transform, https://yehar.com/blog/?p=368; checked in the tests: the other sideband is
40 dB down or more from 40 Hz on, up to a sample rate of 48 kHz.
"""


class _Filter(Protocol):
    """A filter of one sound."""

    def push(self, waveform: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return as many filtered samples."""


def _band(name: SoundName, sample_rate: int) -> tuple[Section, ...]:
    """Return the sections of a sound's band."""
    low, high = BANDS[name]
    room = sample_rate * HIGHEST - (SHIFT_HZ if name == "speaker" else 0.0)
    sections = butterworth(low, sample_rate, high_pass=True)
    if name == "speaker":
        high = min(high, room)
    return sections + butterworth(high, sample_rate, high_pass=False) if high <= room else sections


class _Shift:
    """Moves every frequency up: the upper sideband of the sound and a tone."""

    def __init__(self, sample_rate: int) -> None:
        self._band = BlockFilter(_band("speaker", sample_rate))
        chains = [[Section(a * a, 0.0, -1.0, 0.0, -a * a) for a in chain] for chain in (IN_PHASE, QUADRATURE)]
        self._in_phase = BlockFilter([*chains[0], Section(0.0, 1.0, 0.0, 0.0, 0.0)])
        self._quadrature = BlockFilter(chains[1])
        self._rate, self._position = sample_rate, 0

    def push(self, waveform: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return as many samples."""
        band = self._band.push(waveform)
        turns = (self._position + np.arange(len(band))) * SHIFT_HZ / self._rate
        self._position = (self._position + len(band)) % (self._rate * 1000)  # whole turns, so the phase stays exact
        angle = 2 * np.pi * (turns % 1.0)
        return self._in_phase.push(band) * np.cos(angle) + self._quadrature.push(band) * np.sin(angle)


class SoundFilter:
    """Gives a waveform the chosen sound; another may be chosen at any moment.

    Parameters
    ----------
    sample_rate : int
        Hz, at least 1000.
    sound : str
        One of :data:`SOUNDS`.

    Raises
    ------
    ValueError
        If there is no such sound or the rate is out of range.

    Examples
    --------
    >>> ear = SoundFilter(4000, "wide")
    >>> ear.choose("bell")
    >>> ear.push(np.ones(3, np.float32)).shape, ear.sound
    ((3,), 'bell')
    """

    def __init__(self, sample_rate: int, sound: SoundName = "wide") -> None:
        if sample_rate < 1000:
            raise ValueError(f"sample_rate={sample_rate} must be at least 1000 Hz")
        self._rate = sample_rate
        self.sound = _checked(sound)
        self._playing: SoundName = sound
        self._filter = self._made(sound)
        self._before: _Filter | None = None
        self._faded = 0
        length = max(1, round(FADE_S * sample_rate))
        self._fade = 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 1) / length)

    def choose(self, sound: SoundName) -> None:
        """Cross-fade to another sound, after a change under way.

        Raises
        ------
        ValueError
            If there is no such sound.
        """
        self.sound = _checked(sound)

    def push(self, waveform: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return as many samples of the chosen sound.

        Parameters
        ----------
        waveform : ndarray, shape (samples,)

        Returns
        -------
        ndarray, shape (samples,), float64
        """
        parts = []
        while len(waveform):
            if self._before is None and self.sound != self._playing:
                self._before, self._filter, self._faded = self._filter, self._made(self.sound), 0
                self._playing = self.sound
            if self._before is None:
                parts.append(self._filter.push(waveform))
                break
            part, waveform = np.split(waveform, [len(self._fade) - self._faded])
            rising = self._fade[self._faded : self._faded + len(part)]
            parts.append(self._filter.push(part) * rising + self._before.push(part) * (1.0 - rising))
            self._faded += len(part)
            if self._faded == len(self._fade):
                self._before = None
        return np.concatenate(parts) if parts else np.zeros(0)

    def _made(self, sound: SoundName) -> _Filter:
        """Return a filter at rest."""
        if sound == "speaker":
            return _Shift(self._rate)
        return BlockFilter(() if sound == "wide" else _band(sound, self._rate))


def _checked(sound: SoundName) -> SoundName:
    """Return a sound that exists."""
    if sound not in SOUNDS:
        raise ValueError(f"sound={sound!r} must be one of {', '.join(SOUNDS)}")
    return sound

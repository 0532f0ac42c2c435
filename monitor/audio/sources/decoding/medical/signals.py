"""Which of the signals of a medical recording is the sound, and which are its channels.

A channel is a signal of the sound's own rate: an electrocardiogram at 500 Hz beside a sound at 4 kHz is none. Channels
count from 1, in the order of the file. Pure; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_SIGNALS", "Choice", "choose_channels", "scaled"]

MAX_SIGNALS = 1024
SOUND_NAME = re.compile(r"pcg|phono|heart.?sound|audio|sound|steth|auscult|microphone", re.IGNORECASE)
"""How recordings name a sound: PCG, phonocardiogram, heart sound, audio, stethoscope."""


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """The channels of a recording.

    Attributes
    ----------
    signals : tuple of int
        Indices of the signals that are channels.
    sound_channel : int
        The channel with the sound, from 1.
    """

    signals: tuple[int, ...]
    sound_channel: int


def choose_channels(names: Sequence[str], rates: Sequence[float]) -> Choice:
    """Return the channels: the sound is the first signal that is named so, else the first of the highest rate.

    Parameters
    ----------
    names : sequence of str
        Of the signals, at least one.
    rates : sequence of float
        Their samples in a time that is the same for all.

    Examples
    --------
    >>> choose_channels(("ECG", "PCG", "resp"), (4000, 4000, 50))
    Choice(signals=(0, 1), sound_channel=2)
    """
    named = (index for index, name in enumerate(names) if SOUND_NAME.search(name))
    sound = next(named, max(range(len(names)), key=lambda index: rates[index]))
    channels = tuple(index for index, rate in enumerate(rates) if rate == rates[sound])
    return Choice(channels, channels.index(sound) + 1)


def scaled(digits: NDArray[np.int32], bits: int, zero: int = 0) -> NDArray[np.float32]:
    """Return what a converter gave as sound: full scale is that of the stored number, as in a WAV of these numbers.

    Parameters
    ----------
    digits : ndarray of int32
    bits : int
        Of a stored number.
    zero : int
        The number that stands for no sound.

    Examples
    --------
    >>> scaled(np.array([0, 16384], np.int32), 16)
    array([0. , 0.5], dtype=float32)
    """
    return ((digits.astype(np.float64) - zero) * 2.0 ** (1 - bits)).astype(np.float32)

"""The samples that wait for an output device: a reserve against late blocks, as short as they allow.

One thread pushes, the device's callback pulls; a lock is held for one copy. An empty reserve is an underrun: the sound
fades out, silence follows until the reserve is full again, and it is made 10 ms longer. Of a live sound what waits is
delay: of a reserve of which more than half was never needed for a second (blocks came more evenly than feared, or the
clocks of two devices differ) two thirds are left out by a cross-fade. Of a recording nothing is left out, unless
seconds wait.
Must not know about devices.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

__all__ = ["Playout"]

FADE_S = 0.005
LONGER_S = 0.01
MAX_RESERVE_S = 0.2
LONGEST, LONGEST_RECORDED_S = 5.0, 2.0
"""Times the reserve, and seconds of a recording, at which what waits is shortened at once."""
WATCH_S = 1.0
"""Seconds over which the reserve must have stayed too long."""


class Playout:
    """A first-in, first-out memory between a sound that comes in blocks and a device that asks for blocks.

    Parameters
    ----------
    sample_rate : int
        Hz, of the output.
    reserve_s : float
        Seconds that wait when the sound begins.
    live : bool
        Whether what waits is delay.

    Attributes
    ----------
    sample_rate : int
    underruns : int
        Times that it was empty while sound was to come.
    skipped : int
        Samples that were left out to keep up.
    taken : int
        Samples of the sound that have left, skipped ones included: the position of the next one.

    Examples
    --------
    >>> playout = Playout(1000, reserve_s=0.01)
    >>> playout.push(np.ones(20, np.float32))
    >>> playout.pull(12)[-1], playout.taken, playout.waiting
    (np.float32(1.0), 12, 8)
    """

    def __init__(self, sample_rate: int, reserve_s: float, *, live: bool = True) -> None:
        self.sample_rate, self._live = sample_rate, live
        self._reserve = max(1, round(reserve_s * sample_rate))
        length = max(1, round(FADE_S * sample_rate))
        self._rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
        self._sound = np.zeros(0, np.float32)
        self._lock = threading.Lock()
        self._filling = True
        self._idle = False
        self._last = 0.0  # of the sound, as long as it is to fade out
        self._shortest, self._watched = 0, 0
        self.underruns = self.skipped = self.taken = 0

    @property
    def waiting(self) -> int:
        """Samples that wait."""
        return len(self._sound)

    @property
    def reserve_s(self) -> float:
        """Seconds that wait when the sound begins."""
        return self._reserve / self.sample_rate

    def push(self, block: NDArray[np.float32]) -> None:
        """Add samples."""
        if not len(block):
            return
        with self._lock:
            self._idle = False
            self._sound = np.concatenate((self._sound, block))
            longest = LONGEST * self._reserve if self._live else LONGEST_RECORDED_S * self.sample_rate
            if len(self._sound) > longest + len(block):
                self._skip(len(self._sound) - self._reserve)

    def idle(self) -> None:
        """Say that no sound comes for a while: a pause, or the end. What waits is played; that is no underrun."""
        self._idle = True

    def pull(self, samples: int) -> NDArray[np.float32]:
        """Return exactly so many samples for the device.

        Returns
        -------
        ndarray, shape (samples,), float32
        """
        if not samples:
            return np.zeros(0, np.float32)
        with self._lock:
            if self._filling:
                enough = len(self._sound) >= max(self._reserve, samples) or (self._idle and len(self._sound) > 0)
                if not enough:
                    return self._faded_out(samples)
                self._begin()
            if len(self._sound) < samples:
                return self._run_out(samples)
            block, self._sound = self._sound[:samples], self._sound[samples:]
            self.taken += samples
            self._last = float(block[-1])
            if self._live:
                self._watch(samples)
            return block

    def _begin(self) -> None:
        """Begin to play, faded in."""
        self._filling, self._watched = False, 0
        rise = self._rise[: len(self._sound)]
        self._sound[: len(rise)] *= rise

    def _run_out(self, samples: int) -> NDArray[np.float32]:
        """Return the last samples, faded out, and begin to fill up."""
        rest, self._sound = self._sound, np.zeros(0, np.float32)
        self.taken += len(rest)
        if len(rest):
            self._last = float(rest[-1])
        self._filling = True
        if not self._idle:
            self.underruns += 1
            self._reserve = min(
                self._reserve + round(LONGER_S * self.sample_rate), round(MAX_RESERVE_S * self.sample_rate)
            )
        return np.concatenate((rest, self._faded_out(samples - len(rest))))

    def _faded_out(self, samples: int) -> NDArray[np.float32]:
        """Return silence that begins where the sound broke off."""
        silence = np.zeros(samples, np.float32)
        fall = self._rise[::-1][:samples]
        silence[: len(fall)] = self._last * fall
        self._last = 0.0
        return silence

    def _watch(self, pulled: int) -> None:
        """Shorten the reserve if it has stayed too long for a second."""
        self._shortest = len(self._sound) if not self._watched else min(self._shortest, len(self._sound))
        self._watched += pulled
        if self._watched >= WATCH_S * self.sample_rate:
            self._watched = 0
            if self._shortest > self._reserve // 2:
                self._skip(self._shortest - self._reserve // 3)

    def _skip(self, samples: int) -> None:
        """Leave out samples, cross-faded."""
        rise = self._rise[: max(0, len(self._sound) - samples)]
        before, after = self._sound[: len(rise)], self._sound[samples:]
        after = after.copy()
        after[: len(rise)] = before * (1 - rise) + after[: len(rise)] * rise
        self._sound = after
        self.skipped += samples
        self.taken += samples

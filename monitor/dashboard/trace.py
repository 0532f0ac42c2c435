"""The phonocardiogram on the screen: the lowest and highest sample of every few milliseconds, and the sounds heard.

The thread that draws makes it from the ring, so that the classifier pays nothing for it. Bins lie on an absolute grid:
what was drawn once keeps its shape while it moves to the left.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import RingBuffer
from monitor.features.spec import HEART

__all__ = ["BIN_S", "Trace", "Tracer", "heart_sounds"]

BIN_S = 0.005
"""Seconds in a bin: finer than a dot on the widest screen."""
KEPT_BINS = 1200
"""Six seconds: the five that are shown, and what rounding to whole dots adds."""

NEIGHBOURS = 4
"""Frames on each side that a heart sound must not be exceeded by: 0.1 s, less than systole."""
STANDS_OUT = 0.5
"""Standard deviations of the log envelope above its mean from which a maximum is a heart sound."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The last seconds of sound, as much of it as a screen can show.

    Attributes
    ----------
    first_bin : int
        Number of the first bin on the absolute grid of :data:`BIN_S`.
    low, high : ndarray, shape (bins,), float32
        Lowest and highest sample of each bin, in [-1, 1]; read-only.
    lost_s : tuple of (float, float)
        Stretches that were lost, seconds from the beginning of the source.
    sounds_s : tuple of float
        When heart sounds were heard, seconds from the beginning of the source.
    """

    first_bin: int
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    lost_s: tuple[tuple[float, float], ...] = ()
    sounds_s: tuple[float, ...] = ()

    @property
    def peak(self) -> float:
        """The largest amplitude in it."""
        return float(max(-self.low.min(initial=0.0), self.high.max(initial=0.0)))


class Tracer:
    """Follows a ring and keeps the bins of the last seconds.

    Parameters
    ----------
    ring : RingBuffer
        Looked at, never waited for: no writer is held back.
    sample_rate : int
        Hz, at least 1000.

    Raises
    ------
    ValueError
        If the sample rate is out of range.

    Notes
    -----
    Used by one thread, the one that draws.
    """

    def __init__(self, ring: RingBuffer, sample_rate: int) -> None:
        if not sample_rate >= 1000:
            raise ValueError(f"sample_rate={sample_rate} must be at least 1000 Hz")
        self._ring, self._sample_rate = ring, sample_rate
        self._end_bin = 0
        self._low = self._high = np.zeros(0, np.float32)

    def trace(self, end_sample: int, sounds_s: tuple[float, ...] = ()) -> Trace:
        """Return the sound up to a sample, in whole bins.

        Parameters
        ----------
        end_sample : int
            Absolute number of the sample after the last that is shown; never less than at the last call.
        sounds_s : tuple of float
            See :class:`Trace`.
        """
        end_bin = int(min(end_sample, self._ring.end_sample) / self._sample_rate / BIN_S)
        if end_bin > self._end_bin:
            self._follow(end_bin)
        first = self._end_bin - len(self._low)
        start, end = self._edge(first), self._edge(self._end_bin)
        lost = self._ring.store.lost_between(start, end)
        lost_s = tuple((begin / self._sample_rate, stop / self._sample_rate) for begin, stop in lost)
        return Trace(first, self._low, self._high, lost_s, sounds_s)

    def _follow(self, end_bin: int) -> None:
        """Add the bins up to one, as far as the ring still holds them."""
        begin = max(self._end_bin, end_bin - KEPT_BINS)
        while begin < end_bin and self._edge(begin) < self._ring.oldest_sample:
            begin += max(1, int((self._ring.oldest_sample - self._edge(begin)) / self._sample_rate / BIN_S))
        if begin >= end_bin:
            return
        edges = [self._edge(number) for number in range(begin, end_bin + 1)]
        sound = self._ring.store.copy(edges[0], edges[-1])
        starts = np.array(edges[:-1]) - edges[0]
        kept = slice(0, 0) if begin > self._end_bin else slice(max(0, len(self._low) - KEPT_BINS + len(starts)), None)
        self._low = _joined(self._low[kept], np.minimum.reduceat(sound, starts))
        self._high = _joined(self._high[kept], np.maximum.reduceat(sound, starts))
        self._end_bin = end_bin

    def _edge(self, number: int) -> int:
        """Return the first sample of a bin."""
        return round(number * BIN_S * self._sample_rate)


def heart_sounds(envelope: NDArray[np.float32], start_s: float) -> tuple[float, ...]:
    """Return when the heart sounds of a window were heard: where its envelope stands out.

    Parameters
    ----------
    envelope : ndarray, shape (frames,), float32
        Natural log of the power from 20 to 200 Hz, one value per frame of the default spectrogram.
    start_s : float
        Where the window starts, seconds.

    Returns
    -------
    tuple of float
        Middles of the frames, seconds, ascending. First and second sounds are not told apart.
    """
    if len(envelope) <= 2 * NEIGHBOURS:
        return ()
    padded = np.full(len(envelope) + 2 * NEIGHBOURS, -np.inf, np.float32)
    padded[NEIGHBOURS:-NEIGHBOURS] = envelope
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1)
    least = envelope.mean() + STANDS_OUT * envelope.std()
    # of equal neighbours the first is taken
    found = np.flatnonzero((around.argmax(axis=1) == NEIGHBOURS) & (envelope > least))
    middle_s = start_s + HEART.frame_samples / HEART.sample_rate / 2
    return tuple((middle_s + found * HEART.frame_hop_s).tolist())


def _joined(old: NDArray[np.float32], new: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return both, one behind the other, read-only."""
    joined = np.concatenate((old, new))
    joined.flags.writeable = False
    return joined

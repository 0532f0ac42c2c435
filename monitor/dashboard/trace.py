"""The phonocardiogram on the screen: minimum and maximum of every 5 ms; heart sounds in an envelope.

The drawing thread computes it from the ring buffer, at no cost to the classifier. Bins are on an absolute grid, so the
waveform keeps its shape while it scrolls.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import RingBuffer
from monitor.features.spec import HEART
from monitor.messages import WindowEvent

__all__ = ["BIN_S", "Ticks", "Trace", "Tracer", "beat_ticks", "detect_heart_sounds"]

Ticks = tuple[tuple[float, str | None], ...]
"""Moments in seconds of the source, each with a name, such as that of a heart sound, or None."""

BIN_S = 0.005
"""Seconds per bin: finer than a dot on the widest screen."""
MAX_BINS = 1200
"""Six seconds: five are shown, and rounding to whole dots adds some."""

NEIGHBOURS = 4
"""A heart sound is the maximum of this many frames on each side: 0.1 s, less than systole."""
EXPECTED_WITHIN = 0.12
"""Of an interval: how far from its expected moment a beat may be heard that the tracker has not decided on."""
MIN_DEVIATIONS = 0.5
"""Standard deviations above the mean of the log envelope from which a maximum is a heart sound."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Minimum and maximum per bin of the last seconds of sound.

    Attributes
    ----------
    first_bin : int
        Index of the first bin on the absolute grid of :data:`BIN_S`.
    low, high : ndarray, shape (bins,), float32
        Lowest and highest sample of each bin, in [-1, 1]; read-only.
    lost_s : tuple of (float, float)
        Start and end of stretches of lost samples, seconds of the source.
    ticks : tuple of (float, str or None)
        Moments to be ticked and their names, seconds of the source: beats, or the R peaks of an electrocardiogram.
    """

    first_bin: int
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    lost_s: tuple[tuple[float, float], ...] = ()
    ticks: Ticks = ()

    @property
    def peak(self) -> float:
        """The largest absolute amplitude."""
        return float(max(-self.low.min(initial=0.0), self.high.max(initial=0.0)))

    def centred(self) -> Trace:
        """Return the trace with its range in the middle, as an electrocardiogram is drawn."""
        if not len(self.low):
            return self
        offset = (self.low.min() + self.high.max()) / np.float32(2.0)
        return dataclasses.replace(self, low=self.low - offset, high=self.high - offset)


class Tracer:
    """Follows a ring buffer and keeps the bins of the last seconds.

    Parameters
    ----------
    ring : RingBuffer
        Only read; a writer never waits for it.
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

    def trace(self, end_sample: int, ticks: Ticks = ()) -> Trace:
        """Return the trace up to a sample, in whole bins.

        Parameters
        ----------
        end_sample : int
            Absolute index of the sample after the last one shown; never less than at the last call.
        ticks : tuple of (float, str or None)
            See :class:`Trace`.
        """
        end_bin = int(min(end_sample, self._ring.end_sample) / self._sample_rate / BIN_S)
        if end_bin > self._end_bin:
            self._follow(end_bin)
        first = self._end_bin - len(self._low)
        start, end = self._edge(first), self._edge(self._end_bin)
        lost = self._ring.store.lost_between(start, end)
        lost_s = tuple((begin / self._sample_rate, stop / self._sample_rate) for begin, stop in lost)
        return Trace(first, self._low, self._high, lost_s, ticks)

    def _follow(self, end_bin: int) -> None:
        """Add the bins up to an end, as far as the ring buffer still holds them."""
        begin = max(self._end_bin, end_bin - MAX_BINS)
        while begin < end_bin and self._edge(begin) < self._ring.oldest_sample:
            begin += max(1, int((self._ring.oldest_sample - self._edge(begin)) / self._sample_rate / BIN_S))
        if begin >= end_bin:
            return
        edges = [self._edge(index) for index in range(begin, end_bin + 1)]
        waveform = self._ring.store.copy(edges[0], edges[-1])  # (samples,)
        starts = np.array(edges[:-1]) - edges[0]  # (bins,)
        old = slice(0, 0) if begin > self._end_bin else slice(max(0, len(self._low) - MAX_BINS + len(starts)), None)
        self._low = _concatenated(self._low[old], np.minimum.reduceat(waveform, starts))
        self._high = _concatenated(self._high[old], np.maximum.reduceat(waveform, starts))
        self._end_bin = end_bin

    def _edge(self, index: int) -> int:
        """Return the first sample of a bin."""
        return round(index * BIN_S * self._sample_rate)


def beat_ticks(event: WindowEvent, envelope: NDArray[np.float32] | None = None) -> Ticks:
    """Return the beats of the last half minute that are followed for sure; none where the rhythm cannot be followed.

    They have no name: with a bundle that tells S1 from S2, see :mod:`monitor.dashboard.recent_beats`.

    The tracker decides on a beat up to some seconds later. Until then a heart sound of the newest window counts where
    the rhythm expects a beat; there are no more of them behind one that does not come.

    Parameters
    ----------
    event : WindowEvent
    envelope : ndarray, shape (frames,), float32, or None
        Log envelope of the window; see :func:`detect_heart_sounds`.

    Returns
    -------
    tuple of (float, None)
        One tick per beat, ascending, seconds of the source.
    """
    beats = list(event.ectopic.beat_times_s)
    if event.heart_rate_bpm is None or not event.ectopic.trackable:
        return ()
    sounds = () if envelope is None or event.short else detect_heart_sounds(envelope, event.start_s)
    interval_s = 60.0 / event.heart_rate_bpm
    while beats and sounds:
        expected_s = beats[-1] + interval_s
        near = min(sounds, key=lambda at_s: abs(at_s - expected_s))
        if abs(near - expected_s) > EXPECTED_WITHIN * interval_s:
            break
        beats.append(near)
    return tuple((at_s, None) for at_s in beats)


def detect_heart_sounds(envelope: NDArray[np.float32], start_s: float) -> tuple[float, ...]:
    """Return the times of the heart sounds in a window: the prominent maxima of the envelope.

    Parameters
    ----------
    envelope : ndarray, shape (frames,), float32
        Natural log of the power from 20 to 200 Hz, one value per frame of the default spectrogram.
    start_s : float
        Start of the window, seconds of the source.

    Returns
    -------
    tuple of float
        Centres of the frames, seconds, ascending. S1 and S2 are not distinguished.

    Examples
    --------
    >>> envelope = np.zeros(198, np.float32)
    >>> envelope[[40, 75]] = 5.0
    >>> [round(time_s, 3) for time_s in detect_heart_sounds(envelope, start_s=10.0)]
    [11.032, 11.907]
    """
    if len(envelope) <= 2 * NEIGHBOURS:
        return ()
    padded = np.full(len(envelope) + 2 * NEIGHBOURS, -np.inf, np.float32)
    padded[NEIGHBOURS:-NEIGHBOURS] = envelope
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1)  # (frames, neighbours)
    threshold = envelope.mean() + MIN_DEVIATIONS * envelope.std()
    # of equal neighbours, argmax takes the first
    frames = np.flatnonzero((around.argmax(axis=1) == NEIGHBOURS) & (envelope > threshold))
    middle_s = start_s + HEART.frame_samples / HEART.sample_rate / 2
    return tuple((middle_s + frames * HEART.frame_hop_s).tolist())


def _concatenated(old: NDArray[np.float32], new: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return both, concatenated, read-only."""
    values = np.concatenate((old, new))
    values.flags.writeable = False
    return values

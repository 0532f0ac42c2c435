"""The audio callback, and the silence that stands for lost sound in the ring.

:meth:`Capture.on_block` runs on PortAudio's thread for every block: it copies the block into the ring, updates
counters and returns. While no block comes, :meth:`Capture.fill` writes lost sound at the pace of the clock instead,
from the watchdog's thread, so that positions stay true to time and every window that touches the gap is withheld. A
lock, held for one copy, keeps the two apart when a device comes back. Must not know about devices or libraries, and
must not log: the callback may wait for nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import RingBuffer

__all__ = ["Capture", "LastBlock"]


class LastBlock(NamedTuple):
    """The newest block.

    Attributes
    ----------
    time_s : float
        The clock when it came.
    end_sample : int
        Its end in the ring.
    samples : int
        Samples received so far, lost ones not counted.
    """

    time_s: float
    end_sample: int
    samples: int


class Capture:
    """Writes the blocks of a device into a ring buffer.

    Parameters
    ----------
    ring : RingBuffer
    sample_rate : int
        Hz.
    channel : int
        The channel to record, from 1.
    clock : callable
        Returns monotonic seconds.

    Attributes
    ----------
    last_block : LastBlock or None
        The newest block; None before the first.
    streams : int
        Number of streams that have delivered a block.
    overflows : int
        Number of blocks before which PortAudio reported that samples were dropped.
    lost_samples : int
        Samples of the ring that were never received.
    waiting : bool
        Whether no stream is open, or the open one has not delivered its first block yet.
    failure : BaseException or None
        The exception of the callback; it takes no more blocks after one.

    Notes
    -----
    Written by the callback's thread while blocks come, by the watchdog's while none do.
    """

    def __init__(
        self, ring: RingBuffer, sample_rate: int, channel: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ring = ring
        self._sample_rate = sample_rate
        self._column = channel - 1
        self._clock = clock
        self._lock = threading.Lock()
        self._open = False
        self.waiting = True
        self.last_block: LastBlock | None = None
        self.streams = 0
        self.overflows = 0
        self.lost_samples = 0
        self.failure: BaseException | None = None

    def begin(self) -> None:
        """Expect blocks of a new stream."""
        self.waiting = True
        self._open = True

    def end(self) -> None:
        """Take no more blocks: the stream is about to be closed. Returns when none is being written."""
        with self._lock:
            self._open = False
            self.waiting = True

    def on_block(self, block: NDArray[np.float32], overflow: bool) -> None:
        """Write a block; called on PortAudio's thread.

        Parameters
        ----------
        block : ndarray, shape (samples, channels), float32
            Copied; valid during the call only.
        overflow : bool
            Whether samples were lost right before it.
        """
        try:
            with self._lock:
                if self._open:
                    self._write(block, overflow)
        except Exception as error:  # noqa: BLE001  # a thread's top: stored, and raised again on the main thread
            self.failure = error
            self._open = False

    def fill(self) -> bool:
        """Write lost sound up to the present, unless blocks come; never before the first block.

        Returns
        -------
        bool
            Whether the ring has caught up: one call writes no more than the readers can take.
        """
        max_samples = self._ring.capacity // 4
        with self._lock:
            missing = self._missing(0) if self.waiting else 0
            self._push_lost(min(missing, max_samples))
        return missing <= max_samples

    def _write(self, block: NDArray[np.float32], overflow: bool) -> None:
        """Write a block after the samples lost before it."""
        if overflow:
            self.overflows += 1
        if self.last_block is not None and (overflow or self.waiting):
            self._push_lost(max(1, self._missing(len(block))))
        if self.waiting:
            self.waiting = False
            self.streams += 1
        self._ring.push(block[:, self._column])
        received = (self.last_block.samples if self.last_block else 0) + len(block)
        self.last_block = LastBlock(self._clock(), self._ring.end_sample, received)

    def _missing(self, samples: int) -> int:
        """Return how many samples the ring is behind the clock, ``samples`` more not counted as missing."""
        if self.last_block is None:
            return 0
        elapsed = round((self._clock() - self.last_block.time_s) * self._sample_rate)
        return max(0, self.last_block.end_sample + elapsed - samples - self._ring.end_sample)

    def _push_lost(self, samples: int) -> None:
        """Write lost sound and count it."""
        self._ring.push_lost(samples)
        self.lost_samples += samples

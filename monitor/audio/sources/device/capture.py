"""What happens inside the audio callback, and how lost sound gets its place in the ring.

:meth:`Capture.take` runs on PortAudio's thread for every block: it copies the block into the ring, moves counters and
returns. While no block comes, :meth:`Capture.fill` writes the silence of the clock instead, from the watchdog's
thread, so that positions stay true to time and every window that touches the gap is withheld. A lock, held for one
copy, keeps them apart in the moment when a device comes back. Must not know about devices or libraries.
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
    """The last block that was heard.

    Attributes
    ----------
    time_s : float
        The clock when it came.
    end_sample : int
        Where it ended in the ring.
    samples : int
        Samples heard so far, lost ones not counted.
    """

    time_s: float
    end_sample: int
    samples: int


class Capture:
    """Writes blocks into a ring.

    Parameters
    ----------
    ring : RingBuffer
    sample_rate : int
        Hz.
    channel : int
        The channel heard, from 1.
    clock : callable
        Seconds that only go forward.

    Attributes
    ----------
    last_block : LastBlock or None
        The last block heard; None before the first.
    streams : int
        Streams that have delivered a block.
    overflows : int
        Blocks before which PortAudio says that samples were thrown away.
    lost_samples : int
        Samples of the ring that were never heard.
    waiting : bool
        Whether no stream is open, or the one that is has yet to deliver its first block.
    failure : BaseException or None
        What went wrong in the callback; it takes no more blocks then.

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
        self._taking = False
        self.waiting = True
        self.last_block: LastBlock | None = None
        self.streams = 0
        self.overflows = 0
        self.lost_samples = 0
        self.failure: BaseException | None = None

    def begin(self) -> None:
        """Expect blocks of a new stream."""
        self.waiting = True
        self._taking = True

    def end(self) -> None:
        """Take no more blocks: the stream is about to be closed. Returns when none is being taken."""
        with self._lock:
            self._taking = False
            self.waiting = True

    def take(self, block: NDArray[np.float32], overflow: bool) -> None:
        """Take a block; PortAudio's thread calls this.

        Parameters
        ----------
        block : ndarray, shape (samples, channels), float32
            Copied; valid during the call only.
        overflow : bool
            Whether samples were lost right before it.
        """
        try:
            with self._lock:
                if self._taking:
                    self._take(block, overflow)
        except Exception as error:  # noqa: BLE001  # a thread's top: kept, and raised again on the main thread
            self.failure = error
            self._taking = False

    def fill(self) -> bool:
        """Write lost sound up to where the clock is, unless blocks come; never before the first one.

        Returns
        -------
        bool
            Whether that is all of it: never more than the readers can take is written at once.
        """
        most = self._ring.capacity // 4
        with self._lock:
            missing = self._missing(0) if self.waiting else 0
            self._lose(min(missing, most))
        return missing <= most

    def _take(self, block: NDArray[np.float32], overflow: bool) -> None:
        """Write a block behind what was lost before it."""
        if overflow:
            self.overflows += 1
        if self.last_block is not None and (overflow or self.waiting):
            self._lose(max(1, self._missing(len(block))))
        if self.waiting:
            self.waiting = False
            self.streams += 1
        self._ring.push(block[:, self._column])
        heard = (self.last_block.samples if self.last_block else 0) + len(block)
        self.last_block = LastBlock(self._clock(), self._ring.end_sample, heard)

    def _missing(self, samples: int) -> int:
        """Return how many samples the ring is behind the clock if ``samples`` more are there already."""
        if self.last_block is None:
            return 0
        passed = round((self._clock() - self.last_block.time_s) * self._sample_rate)
        return max(0, self.last_block.end_sample + passed - samples - self._ring.end_sample)

    def _lose(self, samples: int) -> None:
        """Write lost sound."""
        self._ring.push_lost(samples)
        self.lost_samples += samples

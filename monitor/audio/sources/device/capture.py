"""The audio callback, and the silence that stands for lost sound in the ring.

:meth:`Capture.on_block` runs on PortAudio's thread for every block: it copies the block into the ring, updates
counters and returns. Sound that was lost while the program or the system was held up
(:mod:`monitor.audio.sources.device.hold_up`) is written as lost sound where it is missing; blocks are kept back for the
second in which it shows whether it still comes, and what comes in a burst is written as fast as the readers of the ring
follow. While no block comes, :meth:`Capture.fill` writes lost sound at the
pace of the clock instead, from the watchdog's thread, so that positions stay true to time and every window that touches
the gap is withheld. A lock, held for one copy, keeps the two apart when a device comes back. Must not know about
devices or libraries, and must not log: the callback may wait for nothing.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.device.hold_up import HoldUp

__all__ = ["Capture", "LastBlock"]

READERS_S = 2.0
"""Seconds without progress for which a burst waits for the readers of the ring: the recorder reads twice a second, but
not while its disk is full."""


class LastBlock(NamedTuple):
    """The newest block.

    Attributes
    ----------
    time_s : float
        The clock when it came.
    samples : int
        Samples received so far; of lost ones those alone that the sender has counted.
    interruptions : int
        Streams, overflows and jumps so far: between two blocks with the same number, time and samples measure the rate.
    in_time : bool
        Whether it did not come late.
    """

    time_s: float
    samples: int
    interruptions: int
    in_time: bool


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
        Returns monotonic seconds, with those during which the computer slept.
    latency_s : float
        Seconds of sound that the device's buffer holds.
    ecg_channel : int or None
        The channel with an electrocardiogram, from 1; the ring is then one for both.

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
    held_up : int
        How often sound was lost while the program or the system was held up.
    held_up_samples : int
        Samples lost the last time.
    waiting : bool
        Whether no stream is open, or the open one has not delivered its first block yet.
    failure : BaseException or None
        The exception of the callback; it takes no more blocks after one.

    Notes
    -----
    Written by the callback's thread while blocks come, by the watchdog's while none do.
    """

    def __init__(
        self,
        ring: RingBuffer,
        sample_rate: int,
        channel: int = 1,
        clock: Callable[[], float] = elapsed_s,
        latency_s: float = 0.2,
        ecg_channel: int | None = None,
    ) -> None:
        self._ring = ring
        self._sample_rate = sample_rate
        self._column = channel - 1 if ecg_channel is None else [channel - 1, ecg_channel - 1]
        self._clock = clock
        self._hold_up = HoldUp(sample_rate, latency_s)
        self._lock = threading.Lock()
        self._open = False
        self._held: deque[NDArray[np.float32] | int] = deque()  # blocks, and numbers of lost samples, yet undecided
        self._queue: deque[NDArray[np.float32] | int] = deque()  # the same, to be written
        self._lost_from: int | None = None  # where the lost sound at the end of the ring begins
        self._end_sample = 0  # of the last block in the ring
        self._unread, self._progress_s, self._patient = -1, 0.0, True  # of the slowest reader
        self.waiting = True
        self.last_block: LastBlock | None = None
        self.streams = 0
        self.overflows = 0
        self.lost_samples = 0
        self.held_up = 0
        self.held_up_samples = 0
        self.failure: BaseException | None = None

    def set_rate(self, rate_hz: float) -> None:
        """Set the measured rate of the stream, with which what it delivers is compared."""
        self._hold_up.rate_hz = rate_hz

    def begin(self) -> None:
        """Expect blocks of a new stream."""
        self.waiting = True
        self._open = True

    def end(self) -> None:
        """Take no more blocks: the stream is about to be closed. Returns when none is being written."""
        with self._lock:
            self._open = False
            self._release(self._hold_up.finish())
            self._hold_up.begin()
            self._write_queue()
            self.waiting = True

    def on_block(self, block: NDArray[np.float32] | int, overflow: bool) -> None:
        """Write a block; called on PortAudio's thread, or that of a connection.

        Parameters
        ----------
        block : ndarray, shape (samples, channels), float32, or int
            Copied; valid during the call only. A number is of samples that a sender knows to be lost.
        overflow : bool
            Whether samples, no one knows how many, were lost right before it.
        """
        try:
            with self._lock:
                if self._open:
                    self._take(block if isinstance(block, int) else block[:, self._column], overflow)
        except Exception as error:  # noqa: BLE001  # a thread's top: stored, and raised again on the main thread
            self.failure = error
            self._open = False

    def fill(self) -> bool:
        """Write what is queued, and lost sound up to the present unless blocks come; never before the first block.

        Returns
        -------
        bool
            Whether the ring has caught up: one call writes no more than the readers can take.
        """
        with self._lock:
            if self.waiting and not self._queue and (missing := self._missing(0)):
                self._queue.append(missing)
            return self._write_queue()

    def flush(self) -> bool:
        """Write what is queued; False where some of it waits for the readers."""
        with self._lock:
            return self._write_queue()

    def _take(self, block: NDArray[np.float32] | int, overflow: bool) -> None:
        """Queue a block after the samples lost before it, or hold it back."""
        last, new_stream, now_s = self.last_block, self.waiting, self._clock()
        samples = _samples(block)
        lost = self._hold_up.push(now_s, samples)
        if overflow:
            self.overflows += 1
        if new_stream:
            self.waiting = False
            self.streams += 1
        if lost is None:
            if overflow or (self._held and self._hold_up.broke_off):
                self._held.append(1)
            self._held.append(block if isinstance(block, int) else block.copy())
        else:
            if last is not None and not lost and (overflow or new_stream):
                self._queue.append(max(1, self._missing(samples)))
            self._release(lost)
            self._write_now(block)
        received = (last.samples if last else 0) + samples
        interruptions = self.streams + self.overflows + self._hold_up.jumps
        self.last_block = LastBlock(now_s, received, interruptions, not self._hold_up.active)

    def _release(self, lost: int) -> None:
        """Queue the blocks held back, after the sound lost before them."""
        if lost:
            self.held_up_samples = lost
            self.held_up += 1
            self._queue.append(lost)
        self._queue += self._held
        self._held.clear()

    def _write_now(self, block: NDArray[np.float32] | int) -> None:
        """Write a block, or a copy of it later: after what is queued, and as fast as the readers can take a burst."""
        if not self._queue and not self._hold_up.active:
            self._write(block)
            return
        self._queue.append(block)
        if not self._write_queue() and not isinstance(block, int):
            self._queue[-1] = block.copy()

    def _write_queue(self) -> bool:
        """Write what is queued, as far as the readers have taken what it overwrites; return whether all is written."""
        while self._queue and self._has_room(self._queue[0]):
            self._write(self._queue.popleft())
        return not self._queue

    def _has_room(self, item: NDArray[np.float32] | int) -> bool:
        """Return whether the next item would overwrite no sound that a reader has yet to read, or they stand still."""
        samples = _samples(item)
        unread, now_s = self._ring.first_unread, self._clock()
        if unread != self._unread:
            self._unread, self._progress_s, self._patient = unread, now_s, True
        heard_to = self._ring.end_sample if self._lost_from is None else self._lost_from  # the end of the last sound
        if unread >= min(heard_to, self._ring.end_sample + samples - self._ring.capacity):
            return True
        self._patient = self._patient and now_s - self._progress_s < READERS_S
        return not self._patient

    def _write(self, item: NDArray[np.float32] | int) -> None:
        """Write a block, or a number of lost samples."""
        if not isinstance(item, int):
            self._ring.push(item)
            self._lost_from, self._end_sample = None, self._ring.end_sample
            return
        if self._lost_from is None:
            self._lost_from = self._ring.end_sample
        self._ring.push_lost(item)
        self.lost_samples += item

    def _missing(self, samples: int) -> int:
        """Return how many samples the ring is behind the clock, ``samples`` more not counted as missing."""
        if self.last_block is None:
            return 0
        elapsed = round((self._clock() - self.last_block.time_s) * self._sample_rate)
        return max(0, self._end_sample + elapsed - samples - self._ring.end_sample)


def _samples(item: NDArray[np.float32] | int) -> int:
    """Return how many samples a block has, or how many were lost."""
    return item if isinstance(item, int) else len(item)

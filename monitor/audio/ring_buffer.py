"""The ring between capture and analysis: one writer, several readers, absolute positions.

The writer waits for no reader (unless it asks to, :meth:`RingBuffer.wait_for_room`): it
copies a block in place, moves a counter and wakes whoever sleeps. A reader owns a
:class:`Cursor`; when samples that it had not read were overwritten, it jumps to the
oldest still held, is told which were lost, and an overrun is counted. Samples that never
arrived (or are no sound) are held as zeros and remembered as lost. Positions are absolute
sample numbers, intervals are ``[start, end)``. The memory itself is
:mod:`monitor.audio.sample_store`; here is who waits for whom. Must not know about sources.
"""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sample_store import SampleStore
from monitor.audio.wakeup import Wakeup

__all__ = ["Cursor", "Read", "RingBuffer"]

WAIT_S = 0.05
"""Longest sleep between two looks at a stop flag."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What one read gave.

    Attributes
    ----------
    start_sample : int
        Absolute number of the first sample in ``waveform``.
    waveform : ndarray, shape (samples,), float32
        A copy; zeros where samples were lost. Empty when nothing came in time.
    lost : tuple of (int, int)
        Absolute intervals, ascending and apart, that never arrived or were overwritten
        unread. An overwritten one lies before ``start_sample``.
    overrun : bool
        Whether unread samples had been overwritten.
    """

    start_sample: int
    waveform: NDArray[np.float32]
    lost: tuple[tuple[int, int], ...] = ()
    overrun: bool = False

    @property
    def end_sample(self) -> int:
        """Absolute number of the sample after the last in ``waveform``."""
        return self.start_sample + len(self.waveform)


class RingBuffer:
    """The last samples of a sound, for one writer and several readers.

    Parameters
    ----------
    capacity : int
        Samples held.

    Attributes
    ----------
    store : SampleStore
        The memory; cursors read it.
    room : Wakeup
        Rung by cursors when they have moved on, for a writer that waits for room.
    room_from : int
        Absolute number of the sample that a cursor must have reached for its move to make that room.

    Raises
    ------
    ValueError
        If ``capacity`` is not positive.

    Notes
    -----
    Written, waited for and closed by one thread; each cursor is read by one.
    """

    def __init__(self, capacity: int) -> None:
        self.store = SampleStore(capacity)
        self.room = Wakeup()
        self.room_from = 0
        self._closed = False
        self._readers = threading.Lock()  # guards the two lines below; the writer never takes it
        self._cursors: tuple[Cursor, ...] = ()
        self._overruns = 0

    @property
    def capacity(self) -> int:
        """Samples held."""
        return self.store.capacity

    @property
    def end_sample(self) -> int:
        """Samples ever pushed, lost ones included."""
        return self.store.end_sample

    @property
    def oldest_sample(self) -> int:
        """Absolute number of the oldest sample that is held and not about to be overwritten."""
        return self.store.oldest_sample

    @property
    def overruns(self) -> int:
        """Times that a reader found unread samples overwritten."""
        return self._overruns

    @property
    def closed(self) -> bool:
        """Whether the writer has ended."""
        return self._closed

    def push(self, block: NDArray[Any]) -> None:
        """Take the next samples; those that are no sound become zeros and a lost interval.

        Parameters
        ----------
        block : ndarray, shape (samples,), float32
            Mono. May be a strided view; it is copied.

        Raises
        ------
        ValueError
            If the block is not one-dimensional or the ring is closed.
        """
        if block.ndim != 1:
            raise ValueError(f"block.shape={block.shape} must be (samples,), mono")
        self._check_open()
        self.store.append(block)
        self._wake_readers()

    def push_lost(self, samples: int) -> None:
        """Take note that the next ``samples`` samples were lost upstream.

        Raises
        ------
        ValueError
            If ``samples`` is negative or the ring is closed.
        """
        if samples < 0:
            raise ValueError(f"samples={samples} must not be negative")
        self._check_open()
        if samples:
            self.store.append_lost(samples)
            self._wake_readers()

    def close(self) -> None:
        """Say that nothing more will come. Twice is safe."""
        self._closed = True
        self._wake_readers()

    def cursor(self) -> Cursor:
        """Return a new reader that starts at the oldest sample held."""
        with self._readers:
            cursor = Cursor(self, self.oldest_sample)
            self._cursors = (*self._cursors, cursor)
        return cursor

    def wait_for_room(self, samples: int, stopping: threading.Event) -> bool:
        """Wait until ``samples`` more would overwrite nothing that an open cursor has yet to read.

        Returns
        -------
        bool
            False when ``stopping`` was set.

        Raises
        ------
        ValueError
            If ``samples`` is more than the ring holds.
        """
        if samples > self.capacity:
            raise ValueError(f"samples={samples} must be at most capacity={self.capacity}")
        self.room_from = self.end_sample + samples - self.capacity  # before the look, so that no move goes unheard
        while not stopping.is_set():
            unread = min((cursor.next_sample for cursor in self._cursors), default=self.end_sample)
            if unread >= self.room_from:
                return True
            self.room.wait(WAIT_S)
        return False

    def _check_open(self) -> None:
        """Refuse to write behind the end."""
        if self._closed:
            raise ValueError("ring must be open to be written")

    def _wake_readers(self) -> None:
        """Ring every cursor's bell."""
        for cursor in self._cursors:
            cursor.wakeup.notify()

    def count_overrun(self) -> None:
        """Count one overrun, from a reader's thread."""
        with self._readers:
            self._overruns += 1

    def forget(self, cursor: Cursor) -> None:
        """Let go of a closed cursor: it no longer holds back a writer that waits for room."""
        with self._readers:
            self._cursors = tuple(other for other in self._cursors if other is not cursor)
        self.room.notify()


class Cursor:
    """One reader's place in the ring; made by :meth:`RingBuffer.cursor`.

    Attributes
    ----------
    next_sample : int
        Absolute number of the next sample to be read.
    wakeup : Wakeup
        Rung by the writer after every push.
    """

    def __init__(self, ring: RingBuffer, start_sample: int) -> None:
        self._ring = ring
        self.next_sample = start_sample
        self.wakeup = Wakeup()

    @property
    def behind(self) -> int:
        """Samples pushed and not yet read, overwritten ones included."""
        return self._ring.end_sample - self.next_sample

    def read(self, max_samples: int, timeout_s: float) -> Read | None:
        """Return the next samples as soon as there are any.

        Parameters
        ----------
        max_samples : int
            The most that is returned at once.
        timeout_s : float
            Seconds to wait at most; 0 looks without waiting.

        Returns
        -------
        Read or None
            An empty read when nothing came in time; None when the ring is closed and
            everything was read.

        Raises
        ------
        ValueError
            If ``max_samples`` is not positive or ``timeout_s`` is negative or endless.
        """
        if max_samples < 1:
            raise ValueError(f"max_samples={max_samples} must be at least 1")
        if not 0 <= timeout_s < math.inf:
            raise ValueError(f"timeout_s={timeout_s} must be finite and not negative")
        deadline = time.monotonic() + timeout_s
        while True:
            closed = self._ring.closed  # before the samples: after closing, none is added
            read = self._take(max_samples)
            if read is not None or closed:
                return read
            left = deadline - time.monotonic()
            if left <= 0:
                return Read(self.next_sample, np.zeros(0, np.float32))
            self.wakeup.wait(min(left, 1.0))

    def close(self) -> None:
        """Stop holding back a writer that waits for room. Twice is safe."""
        self._ring.forget(self)

    def _take(self, max_samples: int) -> Read | None:
        """Return what is there, or None; what was overwritten during the copy is cut off."""
        ring, begin = self._ring, self.next_sample
        start = max(begin, ring.oldest_sample)
        end = min(ring.end_sample, start + max_samples)
        if start >= end:
            return None
        waveform = ring.store.copy(start, end)
        lost = ring.store.lost_between(start, end)
        kept = max(start, ring.oldest_sample)  # the writer may have come round meanwhile
        if kept >= end:
            return None
        if kept > begin:
            ring.count_overrun()
            lost = [(begin, kept), *((max(a, kept), b) for a, b in lost if b > kept)]
        self.next_sample = end
        if end >= ring.room_from:
            ring.room.notify()
        return Read(kept, waveform[kept - start :], _joined(lost), kept > begin)


def _joined(intervals: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return ascending intervals with those that touch made one."""
    joined: list[tuple[int, int]] = []
    for start, end in intervals:
        touches = joined and joined[-1][1] >= start
        joined.append((joined.pop()[0] if touches else start, end))
    return tuple(joined)

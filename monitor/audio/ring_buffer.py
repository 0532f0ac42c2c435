"""The ring buffer between capture and analysis: one writer, several readers, absolute positions.

The writer waits for no reader (unless it asks to, :meth:`RingBuffer.wait_for_room`): it copies a block in place,
moves a counter and wakes the readers that sleep. A reader owns a :class:`Cursor`; when unread samples were
overwritten, the cursor jumps to the oldest sample that is left, the read reports the lost interval, and an overrun is
counted. Samples that never arrived (or are not finite) are stored as zeros and recorded as lost. Positions are
absolute sample indices, intervals are ``[start, end)``. The memory itself is :mod:`monitor.audio.sample_store`; this
module adds the waiting between threads. Must not know about sources.
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
"""Seconds; longest sleep between two checks of a stop flag."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Read:
    """The result of one read.

    Attributes
    ----------
    start_sample : int
        Absolute index of the first sample in ``waveform``.
    waveform : ndarray, shape (samples,), float32
        A copy; zeros where samples were lost. Empty when nothing came in time.
    lost : tuple of (int, int)
        Absolute intervals, ascending and disjoint, that never arrived or were overwritten
        unread. An overwritten interval lies before ``start_sample``.
    overrun : bool
        Whether unread samples had been overwritten, other than lost ones.
    """

    start_sample: int
    waveform: NDArray[np.float32]
    lost: tuple[tuple[int, int], ...] = ()
    overrun: bool = False

    @property
    def end_sample(self) -> int:
        """Absolute index of the sample after the last in ``waveform``."""
        return self.start_sample + len(self.waveform)


class RingBuffer:
    """The last samples of a sound, for one writer and several readers.

    Parameters
    ----------
    capacity : int
        Number of samples stored.

    Attributes
    ----------
    store : SampleStore
        The memory; cursors read it.
    room : Wakeup
        Notified by cursors that moved on, for a writer that waits for room.
    room_from : int
        Absolute index that a cursor must have reached to notify that writer.

    Raises
    ------
    ValueError
        If ``capacity`` is not positive.

    Notes
    -----
    One thread pushes, waits for room and closes; each cursor is read by one thread.

    Examples
    --------
    >>> ring = RingBuffer(capacity=4)
    >>> cursor = ring.cursor()
    >>> ring.push(np.array([0.5, 0.25], np.float32))
    >>> ring.push_lost(1)
    >>> cursor.read(max_samples=10, timeout_s=0.0)
    Read(start_sample=0, waveform=array([0.5 , 0.25, 0.  ], dtype=float32), lost=((2, 3),), overrun=False)
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
        """Number of samples stored."""
        return self.store.capacity

    @property
    def end_sample(self) -> int:
        """Number of samples pushed so far, lost ones included."""
        return self.store.end_sample

    @property
    def oldest_sample(self) -> int:
        """Absolute index of the oldest stored sample that is not about to be overwritten."""
        return self.store.oldest_sample

    @property
    def first_unread(self) -> int:
        """Absolute index of the first sample that an open cursor has yet to read; the end where all has been read.

        Cursors that only follow do not count.
        """
        waited_for = (cursor.next_sample for cursor in self._cursors if not cursor.follows)
        return min(waited_for, default=self.end_sample)

    @property
    def overruns(self) -> int:
        """How often a reader found unread samples overwritten, other than lost ones."""
        return self._overruns

    @property
    def closed(self) -> bool:
        """Whether the writer has ended."""
        return self._closed

    def push(self, block: NDArray[Any]) -> None:
        """Store the next samples; those that are not finite (or beyond any sound) become zeros and a lost interval.

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
        """Record that the next ``samples`` samples were lost upstream; zeros are stored for them.

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
        """Declare the end of the sound. Twice is safe."""
        self._closed = True
        self._wake_readers()

    def cursor(self, *, follows: bool = False) -> Cursor:
        """Return a new reader that starts at the oldest stored sample.

        Parameters
        ----------
        follows : bool
            Whether the reader may miss samples: no writer waits for it, and what it misses is no overrun.
        """
        with self._readers:
            cursor = Cursor(self, self.oldest_sample, follows=follows)
            self._cursors = (*self._cursors, cursor)
        return cursor

    def wait_for_room(self, samples: int, stopping: threading.Event) -> bool:
        """Wait until ``samples`` more samples would overwrite nothing that an open cursor has yet to read.

        Returns
        -------
        bool
            False when ``stopping`` was set.

        Raises
        ------
        ValueError
            If ``samples`` is more than the capacity.
        """
        if samples > self.capacity:
            raise ValueError(f"samples={samples} must be at most capacity={self.capacity}")
        self.room_from = self.end_sample + samples - self.capacity  # before the check, so that no move is missed
        while not stopping.is_set():
            if self.first_unread >= self.room_from:
                return True
            self.room.wait(WAIT_S)
        return False

    def _check_open(self) -> None:
        """Refuse to write after the end."""
        if self._closed:
            raise ValueError("ring must be open to be written")

    def _wake_readers(self) -> None:
        """Wake every reader that has what it waits for."""
        end_sample = self.end_sample
        for cursor in self._cursors:
            if end_sample >= cursor.wake_from or self._closed:
                cursor.wakeup.notify()

    def count_overrun(self) -> None:
        """Count one overrun, from a reader's thread."""
        with self._readers:
            self._overruns += 1

    def forget(self, cursor: Cursor) -> None:
        """Drop a closed cursor: it no longer holds back a writer that waits for room."""
        with self._readers:
            self._cursors = tuple(other for other in self._cursors if other is not cursor)
        self.room.notify()


class Cursor:
    """One reader's position in the ring; returned by :meth:`RingBuffer.cursor`.

    Attributes
    ----------
    next_sample : int
        Absolute index of the next sample to be read.
    wakeup : Wakeup
        Notified by the writer after a push.
    wake_from : int
        Absolute index that the end of the ring must have reached for that.
    follows : bool
        Whether it may miss samples; see :meth:`RingBuffer.cursor`.

    Examples
    --------
    >>> ring = RingBuffer(capacity=2)
    >>> slow = ring.cursor()
    >>> ring.push(np.arange(2, dtype=np.float32))
    >>> ring.push(np.arange(1, dtype=np.float32))
    >>> slow.behind, ring.oldest_sample
    (3, 1)
    >>> read = slow.read(max_samples=10, timeout_s=0.0)
    >>> read.start_sample, read.end_sample, read.lost, read.overrun
    (1, 3, ((0, 1),), True)
    >>> slow.close()
    """

    def __init__(self, ring: RingBuffer, start_sample: int, *, follows: bool = False) -> None:
        self._ring = ring
        self.follows = follows
        self.next_sample = start_sample
        self.wake_from = start_sample
        self.wakeup = Wakeup()

    @property
    def behind(self) -> int:
        """Number of samples pushed and not yet read, overwritten ones included."""
        return self._ring.end_sample - self.next_sample

    def read(self, max_samples: int, timeout_s: float, min_samples: int = 1) -> Read | None:
        """Return the next samples as soon as there are enough.

        Parameters
        ----------
        max_samples : int
            Largest number of samples returned at once.
        timeout_s : float
            Longest wait in seconds; 0 does not wait.
        min_samples : int
            Number of samples worth waking for: with fewer the wait goes on until its end. Each wake-up of a thread
            costs about as much as its work on a short block. Not for a writer that waits for room.

        Returns
        -------
        Read or None
            Fewer samples, or none, when no more came in time; None when the ring is closed and
            everything has been read.

        Raises
        ------
        ValueError
            If ``max_samples`` is not positive or ``timeout_s`` is negative or infinite.
        """
        if max_samples < 1:
            raise ValueError(f"max_samples={max_samples} must be at least 1")
        if not 0 <= timeout_s < math.inf:
            raise ValueError(f"timeout_s={timeout_s} must be finite and not negative")
        deadline = time.monotonic() + timeout_s
        self.wake_from = self.next_sample + min_samples
        while True:
            closed = self._ring.closed  # before the samples are read: after closing, none is added
            left = deadline - time.monotonic()
            if closed or left <= 0 or self._ring.end_sample >= self.wake_from:
                read = self._take(max_samples)
                if read is not None or closed:
                    return read
                if left <= 0:
                    return Read(self.next_sample, np.zeros(0, np.float32))
            self.wakeup.wait(min(max(left, 0.0), 1.0))

    def close(self) -> None:
        """Stop holding back a writer that waits for room. Twice is safe."""
        self._ring.forget(self)

    def _take(self, max_samples: int) -> Read | None:
        """Return the available samples, or None; what was overwritten during the copy is cut off."""
        ring, begin = self._ring, self.next_sample
        start = max(begin, ring.oldest_sample)
        end = min(ring.end_sample, start + max_samples)
        if start >= end:
            return None
        waveform = ring.store.copy(start, end)
        lost = ring.store.lost_between(start, end)
        valid = max(start, ring.oldest_sample)  # the writer may have overwritten the first samples meanwhile
        if valid >= end:
            return None
        overrun = valid > begin and (begin, valid) not in ring.store.lost_between(begin, valid)
        if overrun and not self.follows:
            ring.count_overrun()
        if valid > begin:
            lost = [(begin, valid), *((max(a, valid), b) for a, b in lost if b > valid)]
        self.next_sample = end
        if end >= ring.room_from:
            ring.room.notify()
        return Read(valid, waveform[valid - start :], _merged(lost), overrun)


def _merged(intervals: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return ascending intervals, those that touch merged."""
    merged: list[tuple[int, int]] = []
    for start, end in intervals:
        touches = merged and merged[-1][1] >= start
        merged.append((merged.pop()[0] if touches else start, end))
    return tuple(merged)

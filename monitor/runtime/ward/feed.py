"""How the sound of one stream of a ward gets to the scheduler, which never waits for any of them.

A :class:`PacedFeed` reads a recording or a synthetic sound itself, a block ahead, and says when that block is due: no
thread, no ring buffer. A :class:`RingFeed` is for sources that bring a thread or a callback of their own: it notes that
the block is complete and tells the scheduler. Belongs to the scheduler's thread, except where said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import Read, RingBuffer
from monitor.audio.sample_store import split_invalid
from monitor.audio.sources.base import Source
from monitor.audio.sources.paced import PacedSource
from monitor.audio.wakeup import Wakeup
from monitor.log import get_logger

__all__ = ["Feed", "PacedFeed", "RingFeed"]

logger = get_logger(__name__)

PAUSE_POLL_S = 0.05
"""Seconds between two checks whether a pause is over."""


class Feed(Protocol):
    """The sound of one stream, in blocks of the size that the analysis asks for."""

    @property
    def due_s(self) -> float:
        """When the next block is complete, on the ward's clock; infinite where the source will tell."""

    @property
    def overruns(self) -> int:
        """How often sound was overwritten before it was read."""

    @property
    def complete(self) -> bool:
        """Whether all that is to be judged has come, though the sound was cut off."""

    @property
    def held_up(self) -> bool:
        """Whether the block is due and withheld all the same, because the source is paused."""

    def start(self, begin_s: float) -> None:
        """Begin; on the thread that owns the ward, for a device may take a while to open.

        Parameters
        ----------
        begin_s : float
            When a sound begins that is not live, on the ward's clock.
        """

    def prepare(self, samples: int) -> None:
        """Ask for the next block of up to ``samples`` samples."""

    def take(self) -> Read | None:
        """Return the block that was asked for, perhaps shorter; None at the end."""

    def behind(self, now_s: float) -> float:
        """Return how many samples wait besides those taken."""

    def burst(self, now_s: float) -> float:
        """Return how many of the samples that wait came at once, more than the clock explains: held up on their way."""

    def complete_s(self) -> float:
        """Return when the block last taken was complete, on the ward's clock."""

    def close(self) -> None:
        """Read no more."""


class PacedFeed:
    """Reads a paced source on the schedule that the source's own thread would keep.

    Parameters
    ----------
    source : PacedSource
        Not started; only its blocks are read. One that was asked to seek plays on.
    block_samples : int
        Largest block to ask the source for.
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    overruns : int
        0: a recording waits for its reader.

    Examples
    --------
    >>> from monitor.audio.sources.array import ArraySource
    >>> feed = PacedFeed(ArraySource(np.zeros(10), 1000, speed=1.0), 4, lambda: 0.0)
    >>> feed.start(5.0)
    >>> feed.prepare(8)
    >>> feed.due_s, len(feed.take().waveform)
    (5.008, 8)
    """

    overruns = 0
    complete = False  # what was not played of a recording is not judged

    def __init__(self, source: PacedSource, block_samples: int, clock: Callable[[], float]) -> None:
        self._source, self._clock = source, clock
        self._begin_s = 0.0
        self._wall_rate = math.inf if source.speed is None else source.sample_rate * source.speed
        self._blocks: Iterator[NDArray[np.float32]] | None = None
        self._block_samples = block_samples
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)  # of the source's block
        self._ended = False
        self._next: Read | None = None
        self._end_sample = 0  # of the next block
        self._failure: Exception | None = None

    def start(self, begin_s: float) -> None:
        """Keep when the sound begins."""
        self._begin_s = begin_s

    @property
    def due_s(self) -> float:
        """When the last sample of the next block sounds; at the end of the sound that of the sound."""
        return self._begin_s + self._end_sample / self._wall_rate

    @property
    def held_up(self) -> bool:
        """Whether the source is paused; the schedule is paused with it."""
        if self._source.paused:
            self._begin_s = self._clock() + PAUSE_POLL_S - self._end_sample / self._wall_rate
            return True
        return False

    def prepare(self, samples: int) -> None:
        """Read the next block ahead; of an error it is told once the sound before it is taken."""
        waveform, invalid = split_invalid(self._gather(samples))
        start = self._end_sample
        self._end_sample += len(waveform)
        lost = tuple((start + first, start + last) for first, last in invalid)
        self._next = Read(start, waveform, lost) if len(waveform) else None

    def take(self) -> Read | None:
        """Return the block that was read ahead; None at the end.

        Raises
        ------
        Exception
            What the source raised there.
        """
        if self._next is None and self._failure is not None:
            raise self._failure
        return self._next

    def behind(self, now_s: float) -> float:
        """Return how many samples are due besides those taken, as far as the length is known."""
        if math.isinf(self._wall_rate):
            return 0.0
        due = (now_s - self._begin_s) * self._wall_rate
        if self._source.duration_s is not None:
            due = min(due, self._source.duration_s * self._source.sample_rate)
        return 0.0 if self._ended and not len(self._rest) else max(0.0, due - self._end_sample)

    def burst(self, now_s: float) -> float:
        """Return 0: a recording comes by the clock."""
        return 0.0

    def complete_s(self) -> float:
        """Return when the last sample of the block sounded."""
        return self.due_s

    def close(self) -> None:
        """Close the source's iterator, and with it the file that it reads."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()
        self._rest, self._next, self._ended = self._rest[:0], None, True

    def _gather(self, samples: int) -> NDArray[np.float32]:
        """Return the next samples, copied: the source uses its block again. Fewer only before the end, or an error."""
        out = np.empty(samples, np.float32)
        filled = 0
        while filled < samples and not self._ended:
            if not len(self._rest):
                self._read_block()
            part = self._rest[: samples - filled]
            out[filled : filled + len(part)] = part
            filled, self._rest = filled + len(part), self._rest[len(part) :]
        return out[:filled]

    def _read_block(self) -> None:
        """Read the source's next block; note its end, and an error."""
        try:
            if self._blocks is None:
                self._blocks = self._source.blocks(self._block_samples)
            block = next(self._blocks, None)
        except Exception as error:  # told by `take`: the sound before it is judged first
            logger.debug("%s: cannot be read on", self._source.name, exc_info=True)
            self._failure, block = error, None
        if block is None:
            self._ended = True
        else:
            self._rest = block


class RingFeed:
    """Reads a source that writes into a ring buffer from a thread or a callback of its own.

    Parameters
    ----------
    source : Source
        Not started; :meth:`start` does that.
    ring_s : float
        Seconds of sound in the ring buffer.
    clock : callable
        Monotonic seconds.
    notify : callable
        Called from the source's thread when the block is complete, and at the end; must not wait.

    Attributes
    ----------
    ring : RingBuffer
        With the last ``ring_s`` of sound; others may read it.
    """

    held_up = False

    def __init__(self, source: Source, ring_s: float, clock: Callable[[], float], notify: Callable[[], None]) -> None:
        self._source = source
        self.ring = RingBuffer(round(ring_s * source.sample_rate))
        self._cursor = self.ring.cursor()
        self._told = _Told(clock, notify)
        self._cursor.wakeup = self._told
        self._samples = 1
        self._wall_rate = source.sample_rate * (source.speed or 1.0)

    def start(self, begin_s: float) -> None:
        """Start the source."""
        self._source.start(self.ring)

    @property
    def due_s(self) -> float:
        """When the block became complete; infinite while it is not."""
        if self.ring.closed or self.ring.end_sample >= self._cursor.awaits:
            return self._told.at_s
        return math.inf

    @property
    def complete(self) -> bool:
        """Whether the source has closed the ring buffer."""
        return self.ring.closed

    @property
    def overruns(self) -> int:
        """How often sound was overwritten before it was read."""
        return self.ring.overruns

    def prepare(self, samples: int) -> None:
        """Be told of the next block of ``samples`` samples."""
        self._samples = min(samples, max(1, self.ring.capacity // 2))
        self._told.armed = True
        self._cursor.awaits = self._cursor.next_sample + self._samples

    def take(self) -> Read | None:
        """Return the block; None at the end."""
        read = self._cursor.read(self._samples, 0.0)
        if read is None and self._source.error is not None:
            raise self._source.error
        return read

    def behind(self, now_s: float) -> float:
        """Return how many samples wait in the ring buffer."""
        return self._cursor.behind

    def burst(self, now_s: float) -> float:
        """Return how many of the waiting samples did not come since the block was complete, but with it."""
        return max(0.0, self._cursor.behind - (now_s - self._told.at_s) * self._wall_rate)

    def complete_s(self) -> float:
        """Return when the source's thread completed the block; what waits behind it has come since."""
        return min(self._told.at_s, self._told.clock() - self._cursor.behind / self._wall_rate)

    def close(self) -> None:
        """Hold back no writer any more."""
        self._cursor.close()


class _Told(Wakeup):
    """Passes on, once for each block, that it is complete, and keeps when that was."""

    def __init__(self, clock: Callable[[], float], notify: Callable[[], None]) -> None:
        super().__init__()
        self.clock, self._notify = clock, notify
        self.armed = True
        self.at_s = clock()

    def notify(self) -> None:
        """Note the time and tell the scheduler; on the source's thread."""
        if self.armed:
            self.armed, self.at_s = False, self.clock()
            self._notify()

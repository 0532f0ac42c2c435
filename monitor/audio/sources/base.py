"""Where sound comes from: the contract that every source keeps.

A source writes mono float32 blocks into the ring it is given and does nothing else.
:class:`Source` is the lifecycle (start, stop, close, twice is safe);
:class:`PacedSource` runs a thread that pushes an iterator of blocks at the moment
each would have been heard, and is what recordings and made signals build on. A
microphone derives from :class:`Source` directly: its blocks come from a callback.
"""

from __future__ import annotations

import abc
import math
import threading
import time
from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import RingBuffer
from monitor.messages import DeviceStatus

__all__ = ["BLOCK_S", "PacedSource", "Source", "check_speed"]

BLOCK_S = 0.01
"""Seconds of wall time in one block of a paced source: well under the 20 ms that a window may be late."""

MAX_BLOCK_SAMPLES = 16_384
"""Largest block, whatever the speed: keeps a block far smaller than the ring."""

PAUSE_LOOK_S = 0.05
"""Seconds between two looks whether a pause is over."""


class Source(abc.ABC):
    """Something that writes sound into a ring.

    Attributes
    ----------
    name : str
        What a person calls it: file name, device name.
    sample_rate : int
        Hz.
    duration_s : float or None
        Length in seconds where it is known.
    speed : float or None
        Times real time; None means as fast as the reader takes it.
    """

    name: str
    sample_rate: int
    duration_s: float | None = None
    speed: float | None = 1.0

    @property
    def can_pause(self) -> bool:
        """Whether :meth:`pause` does something: not with what is live."""
        return False

    def pause(self, *, paused: bool) -> None:  # noqa: B027  # what is live cannot
        """Hold the sound, or let it go on; nothing where it cannot be held."""

    @property
    def can_seek(self) -> bool:
        """Whether :meth:`seek` does something."""
        return False

    def seek(self, position_s: float) -> None:  # noqa: B027  # most sources cannot
        """Go on from another position of the recording; what spans the jump is a gap."""

    def shift_s(self, elapsed_s: float) -> float:
        """Return the position in the recording minus the position in the sound played, at a position of the latter."""
        return 0.0

    @property
    def lossless(self) -> bool:
        """Whether the source waits for its reader instead of overwriting: no window is ever skipped."""
        return self.speed is None

    @property
    def device_status(self) -> DeviceStatus | None:
        """How a live input is doing, frozen; None for what is no device."""
        return None

    @property
    def since_last_block_s(self) -> float:
        """Seconds since the newest sample of the ring came; 0 where blocks are too small for that to matter."""
        return 0.0

    @abc.abstractmethod
    def start(self, ring: RingBuffer) -> None:
        """Begin to write into ``ring``; returns at once."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Stop writing; returns when no more samples will come. Twice is safe."""

    @property
    @abc.abstractmethod
    def error(self) -> BaseException | None:
        """What ended the source early, or None."""

    def close(self) -> None:
        """Release files and devices. Twice is safe."""
        self.stop()

    def __enter__(self) -> Self:
        """Return the source itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self.close()


class PacedSource(Source):
    """A source whose blocks come from an iterator, pushed at the pace of hearing.

    Block n is pushed when its last sample would have been heard: the schedule is counted
    in samples from the first push, so it never drifts.

    Parameters
    ----------
    speed : float or None
        Times real time, 0.25 to 64; None for as fast as the reader takes it.
    clock : callable
        Seconds that only go forward; a test gives its own.
    stopping : threading.Event or None
        Set to end the thread, and what the thread sleeps in (``stopping.wait``) until a block
        is due. A test gives one that moves its clock.

    Raises
    ------
    ValueError
        If the speed is out of range.

    Notes
    -----
    The thread ``auscult-source`` is the ring's one writer.
    """

    def __init__(
        self,
        speed: float | None = 1.0,
        clock: Callable[[], float] = time.monotonic,
        stopping: threading.Event | None = None,
    ) -> None:
        self.speed = check_speed(speed)
        self._clock = clock
        self._stopping = threading.Event() if stopping is None else stopping
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._paused = threading.Event()
        self._began = 0.0
        self._target_s: float | None = None  # set by whoever seeks, taken by the source's thread
        self._shifts: tuple[tuple[int, int], ...] = ((0, 0),)

    @abc.abstractmethod
    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield mono blocks of at most ``block_samples`` samples, until the sound ends.

        Samples that are not finite mark lost sound; they are left as they are, and the ring
        turns them into a gap.
        """

    def blocks_from(self, start_sample: int, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the blocks from a sample on, counted from the first that :meth:`blocks` yields.

        Raises
        ------
        ValueError
            If the source cannot do that; see :attr:`can_seek`.
        """
        if start_sample:
            raise ValueError(f"start_sample={start_sample} must be 0 of a source that cannot seek")
        return self.blocks(block_samples)

    @property
    def can_pause(self) -> bool:
        """Whether it can be held: always."""
        return True

    def pause(self, *, paused: bool) -> None:
        """Hold the sound, or let it go on; its clock stands still meanwhile."""
        if paused:
            self._paused.set()
        else:
            self._paused.clear()

    def seek(self, position_s: float) -> None:
        """Go on from a position, cut to what there is; one lost sample marks the jump."""
        if self.can_seek:
            self._target_s = min(max(0.0, position_s), self.duration_s or 0.0)

    def shift_s(self, elapsed_s: float) -> float:
        """Return the position in the recording minus the position in the sound played, at a position of the latter."""
        elapsed = round(elapsed_s * self.sample_rate)
        return (
            next(shift for start, shift in reversed(self._shifts) if start <= elapsed or not start) / self.sample_rate
        )

    def start(self, ring: RingBuffer) -> None:
        """Begin to write into ``ring`` from the source's own thread.

        Raises
        ------
        ValueError
            If it was started before.
        """
        if self._thread is not None:
            raise ValueError("start must be called once; make a new source to hear it again")
        self._thread = threading.Thread(target=self._run, args=(ring,), name="auscult-source")
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end and wait for it. Twice is safe, and so is before the start."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    @property
    def error(self) -> BaseException | None:
        """What ended the source early, or None."""
        return self._error

    def _run(self, ring: RingBuffer) -> None:
        """Push every block in its time; always leave the ring closed."""
        try:
            self._push_all(ring)
        except Exception as error:  # noqa: BLE001  # a thread's top: kept, and raised again on the main thread
            self._error = error
        finally:
            ring.close()

    def _push_all(self, ring: RingBuffer) -> None:
        """Push blocks until they end or the source is stopped, from wherever it is sent to."""
        self._began = self._clock()
        place = 0
        while self._push_from(place, ring) and self._target_s is not None:
            place, self._target_s = round(self._target_s * self.sample_rate), None
            ring.push_lost(1)
            self._shifts = (*self._shifts, (ring.end_sample, place - ring.end_sample))

    def _push_from(self, place: int, ring: RingBuffer) -> bool:
        """Push the blocks from a place on, to their end or to the next jump; False when the source is stopped."""
        blocks = self.blocks_from(place, self._block_samples(ring))
        try:
            for block in blocks:
                if self._paused.is_set():
                    self._hold()
                if self._target_s is not None:
                    return True
                if not self._wait_until_due(self._began, len(block), ring):
                    return False
                ring.push(block)
        finally:
            if isinstance(blocks, Generator):
                blocks.close()
        return True

    def _hold(self) -> None:
        """Wait while paused, and let the schedule wait too."""
        since = self._clock()
        while self._paused.is_set() and self._target_s is None and not self._stopping.wait(PAUSE_LOOK_S):
            pass
        self._began += self._clock() - since

    def _wait_until_due(self, began: float, samples: int, ring: RingBuffer) -> bool:
        """Wait until the next ``samples`` may be pushed; False when the source is stopped."""
        if self.speed is None:
            return ring.wait_for_room(samples, self._stopping)
        due = began + (ring.end_sample + samples) / (self.sample_rate * self.speed)
        return not self._stopping.wait(max(0.0, due - self._clock()))

    def _block_samples(self, ring: RingBuffer) -> int:
        """Return how many samples one block holds: never more than half the ring."""
        largest = max(1, min(MAX_BLOCK_SAMPLES, ring.capacity // 2))
        if self.speed is None:
            return largest
        return max(1, min(largest, math.ceil(BLOCK_S * self.sample_rate * self.speed)))


def check_speed(speed: float | None) -> float | None:
    """Return ``speed`` if a source can run at it.

    Raises
    ------
    ValueError
        If it is neither None nor from 0.25 to 64.
    """
    if speed is not None and not 0.25 <= speed <= 64:
        raise ValueError(f"speed={speed:g} must be from 0.25 to 64, or max")
    return speed

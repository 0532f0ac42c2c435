"""The pacing of sources that are not live: a thread pushes the blocks of an iterator in real time."""

from __future__ import annotations

import abc
import math
import threading
import time
from collections.abc import Callable, Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.audio.limits import MAX_SPEED, MIN_SPEED
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.base import Source
from monitor.log import get_logger

__all__ = ["BLOCK_S", "PacedSource", "check_speed", "split"]

logger = get_logger(__name__)

"""Multiples of real time."""

BLOCK_S = 0.01
"""Seconds of wall time in one block of a paced source: well below the 20 ms that a window may be late."""

MAX_HELD_S = 0.5
"""Longest wall time for which blocks are held because no reader waits for them."""

MAX_BLOCK_SAMPLES = 16_384
"""Largest block, whatever the speed: far smaller than the ring."""

PAUSE_POLL_S = 0.05
"""Seconds between two checks whether a pause is over."""


class PacedSource(Source):
    """A source whose blocks come from an iterator and are pushed in real time.

    A block is pushed when a live input would have delivered its last sample. Where no reader waits for it yet
    (:attr:`~monitor.audio.ring_buffer.RingBuffer.awaited_sample`), it is held and pushed with the first block that one
    waits for. The schedule is counted in samples from the first push, so it never drifts.

    Parameters
    ----------
    speed : float or None
        Multiple of real time, 0.25 to 64; None for as fast as the readers take it.
    clock : callable
        Returns monotonic seconds; tests pass their own.
    stopping : threading.Event or None
        Set to end the thread; the thread also sleeps in it (``stopping.wait``) until a block
        is due. Tests pass one that moves their clock.

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
        self._ring: RingBuffer | None = None
        self._error: BaseException | None = None
        self._paused = threading.Event()
        self._start_s = 0.0  # on the clock
        self._target_s: float | None = None  # set by the thread that seeks, taken by the source's thread
        self._shifts: tuple[tuple[int, int], ...] = ((0, 0),)  # (samples played, shift from there on)

    may_wait = False
    """Whether the iterator of :meth:`blocks` may wait for somebody who writes the sound."""

    @abc.abstractmethod
    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield mono blocks of at most ``block_samples`` samples, until the sound ends.

        Non-finite samples mean lost sound; they are passed on, and the ring turns them into a gap.
        """

    def blocks_from(self, start_sample: int, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the blocks from a sample on, counted from the first that :meth:`blocks` yields.

        Raises
        ------
        ValueError
            If the source cannot seek; see :attr:`can_seek`.
        """
        if start_sample:
            raise ValueError(f"start_sample={start_sample} must be 0 of a source that cannot seek")
        return self.blocks(block_samples)

    @property
    def can_pause(self) -> bool:
        """Whether :meth:`pause` has an effect: always."""
        return True

    def pause(self, *, paused: bool) -> None:
        """Pause the sound, or resume it; the schedule is paused too."""
        if paused:
            self._paused.set()
        else:
            self._paused.clear()

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._paused.is_set()

    def seek(self, position_s: float) -> None:
        """Continue from a position, clipped to the recording; one lost sample marks the jump, and a lead follows."""
        if self.can_seek:
            self._target_s = min(max(0.0, position_s), self.duration_s or 0.0)

    def shift_s(self, elapsed_s: float) -> float:
        """Return the position in the recording minus ``elapsed_s``, the seconds played so far."""
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
            raise ValueError("start must be called once; create a new source to play it again")
        self._ring = ring
        self._thread = threading.Thread(target=self._run, args=(ring,), name="auscult-source")
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end and wait for it. Twice is safe, and so is before the start."""
        self._stopping.set()
        if self._ring is not None:
            self._ring.room.notify()  # it may wait for room
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=self.stop_timeout_s)

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the source early, or None."""
        return self._error

    def _run(self, ring: RingBuffer) -> None:
        """Push every block when it is due; always leave the ring closed."""
        try:
            self._push_all(ring)
        except Exception as error:  # a thread's top: stored, and raised again on the main thread
            logger.debug("%s: source thread failed", self.name, exc_info=True)
            self._error = error
        finally:
            ring.close()

    def _push_all(self, ring: RingBuffer) -> None:
        """Push blocks until they end or the source is stopped; follow every seek."""
        self._start_s = self._clock()
        start = 0
        while self._push_from(start, ring) and self._target_s is not None:
            start, self._target_s = round(self._target_s * self.sample_rate), None
            self._jump(start, ring)

    def _jump(self, start_sample: int, ring: RingBuffer) -> None:
        """Push what marks a jump, and the sound before its target, which takes no time."""
        lead = self._lead(start_sample, ring)  # (samples,)
        first = ring.end_sample + 1
        self._shifts = (*self._shifts, (first, start_sample - len(lead) - first))
        self.jumps = (*self.jumps, (first, first + len(lead)))
        if ring.wait_for_room(len(lead) + 1, self._stopping):  # who reads may be busy with the jump before
            ring.push_lost(1)
            ring.push(lead)
            self._start_s -= len(lead) / (self.sample_rate * (self.speed or 1.0))

    def _lead(self, end_sample: int, ring: RingBuffer) -> NDArray[np.float32]:
        """Return the sound before a sample: as much as is wanted, and at most half of what the ring holds."""
        samples = min(end_sample, round(self.lead_s * self.sample_rate), ring.capacity // 2)
        if samples <= 0:
            return np.zeros(0, np.float32)
        parts: list[NDArray[np.float32]] = []
        missing = samples
        for block in self.blocks_from(end_sample - samples, self._block_samples(ring)):
            parts.append(block[:missing])
            missing -= len(parts[-1])
            if not missing:
                break
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _push_from(self, start_sample: int, ring: RingBuffer) -> bool:
        """Push the blocks from a sample on, up to the end or the next seek; False when the source is stopped."""
        blocks = self.blocks_from(start_sample, self._block_samples(ring))
        held: list[NDArray[np.float32]] = []
        try:
            for block in blocks:
                if self._paused.is_set():
                    self._wait_while_paused()
                if self._target_s is not None:
                    return True
                held.append(block)
                if not self._may_hold(held, ring) and not self._push_when_due(held, ring):
                    return False
        finally:
            if isinstance(blocks, Generator):
                blocks.close()
        return self._push_when_due(held, ring)

    def _may_hold(self, held: list[NDArray[np.float32]], ring: RingBuffer) -> bool:
        """Return whether no reader waits for blocks yet."""
        if self.speed is None or ring.end_sample + len(held[0]) >= ring.awaited_sample:
            return False
        samples = sum(map(len, held))
        longest = min(MAX_HELD_S * self.sample_rate * self.speed, ring.capacity // 2)
        return samples < longest and ring.end_sample + samples < ring.awaited_sample

    def _push_when_due(self, held: list[NDArray[np.float32]], ring: RingBuffer) -> bool:
        """Push the blocks when the last of them is due, and clear the list; False when the source is stopped."""
        if held and not self._wait_until_due(sum(map(len, held)), ring):
            return False
        for block in held:
            ring.push(block)
        held.clear()
        return True

    def _wait_while_paused(self) -> None:
        """Wait while paused, and move the schedule by the length of the pause."""
        since = self._clock()
        while self._paused.is_set() and self._target_s is None and not self._stopping.wait(PAUSE_POLL_S):
            pass
        self._start_s += self._clock() - since

    def _wait_until_due(self, samples: int, ring: RingBuffer) -> bool:
        """Wait until the next ``samples`` may be pushed; False when the source is stopped."""
        if self.speed is None:
            return ring.wait_for_room(samples, self._stopping)
        due_s = self._start_s + (ring.end_sample + samples) / (self.sample_rate * self.speed)
        return not self._stopping.wait(max(0.0, due_s - self._clock()))

    def _block_samples(self, ring: RingBuffer) -> int:
        """Return the number of samples in a block: at most half the ring."""
        largest = max(1, min(MAX_BLOCK_SAMPLES, ring.capacity // 2))
        if self.speed is None:
            return largest
        return max(1, min(largest, math.ceil(BLOCK_S * self.sample_rate * self.speed)))


def split(waveform: NDArray[np.float32], block_samples: int) -> Iterator[NDArray[np.float32]]:
    """Yield a waveform in blocks of ``block_samples`` samples, the last one shorter."""
    for start in range(0, len(waveform), block_samples):
        yield waveform[start : start + block_samples]


def check_speed(speed: float | None) -> float | None:
    """Return ``speed`` after checking it.

    Raises
    ------
    ValueError
        If it is neither None nor from 0.25 to 64.
    """
    if speed is not None and not MIN_SPEED <= speed <= MAX_SPEED:
        raise ValueError(f"speed={speed:g} must be from {MIN_SPEED:g} to {MAX_SPEED:g}, or max")
    return speed

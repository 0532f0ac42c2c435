"""How many live streams one core carries, found by search, and the memory of each further one.

The streams of a ward are virtual stethoscopes: each plays the same sound in a loop from another place. A number of them
passes where 95 of 100 windows are judged within 5 ms of their last sample and none is skipped. Time is that of the
processor and jumps where the scheduler would sleep, so what other programs take from the core is no latency, and a run
takes as long as its computing. The program stays on one core meanwhile, where the system can do that.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.paced import PacedSource
from monitor.audio.wakeup import Wakeup
from monitor.commands.bench.long_run import memory_in_use_mb
from monitor.commands.bench.percentiles import LatencyPercentiles
from monitor.inference.bundle import Bundle
from monitor.runtime.ward.ward import Ward

__all__ = ["CarriedStreams", "CoreTime", "Streams", "VirtualStethoscope", "largest_passing", "measure_streams"]

MAX_P95_MS = 5.0
FIRST = 400
MOST = 3200
FINENESS = 1.15
"""The search ends where the number that fails is at most so many times the one that passes."""
TRIES = 2
"""The computer may do something else too, so a number gets so many tries unless windows are skipped."""
WARM_UP_S = 1.5
"""After every stream has a whole window."""
MEASURED_S = 3.0
FEW, MANY = 20, 220
"""Streams between which memory is compared."""
TURNS = 8
"""Turns of the scheduler between two visits of the reader, which share one thread."""
STEP = 7919
"""Milliseconds between the places at which streams begin; a prime, so that no two play the same."""


@dataclasses.dataclass(frozen=True, slots=True)
class Streams:
    """What some streams were like.

    Attributes
    ----------
    streams : int
        0 where not even the smallest number passed.
    p95_ms : float or None
        From a window's last sample to its verdict; None where no window was judged.
    skipped : int
        Windows never judged.
    """

    streams: int
    p95_ms: float | None = None
    skipped: int = 0

    @property
    def passes(self) -> bool:
        """Whether the core carries them."""
        return self.p95_ms is not None and self.p95_ms < MAX_P95_MS and not self.skipped


class VirtualStethoscope(PacedSource):
    """Plays a shared waveform in an endless loop.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
    sample_rate : int
        Hz.
    start_sample : int
        Where it begins.
    """

    def __init__(self, waveform: NDArray[np.float32], sample_rate: int, start_sample: int) -> None:
        super().__init__()
        self.name, self.sample_rate = "virtual", sample_rate
        self._waveform, self._start = waveform, start_sample

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield blocks without an end."""
        position = self._start
        while True:
            block = self._waveform[position : position + block_samples]
            yield block
            position = (position + len(block)) % len(self._waveform)


class CoreTime(Wakeup):
    """A clock that counts this program's own time on the processor, and jumps where the scheduler would sleep."""

    def __init__(self) -> None:
        super().__init__()
        self._slept_s = 0.0

    def __call__(self) -> float:
        """Return the time, seconds."""
        return time.process_time() + self._slept_s

    def wait(self, timeout_s: float) -> bool:
        """Sleep without taking time."""
        self._slept_s += timeout_s
        return False


class CarriedStreams:
    """A ward of virtual stethoscopes, its scheduler on the caller's thread, in the time of the processor.

    Parameters
    ----------
    bundle : Bundle
    waveform : ndarray, shape (samples,), float32
    sample_rate : int
        Hz.
    """

    def __init__(self, bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int) -> None:
        self._clock = CoreTime()
        self._waveform, self._sample_rate = waveform, sample_rate
        self._ward = Ward(bundle, clock=self._clock, wakeup=self._clock)

    def __enter__(self) -> Self:
        """Return the streams, of which there are none yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self._ward.close()

    def add(self, streams: int) -> None:
        """Add streams, each from another place of the waveform; before the first :meth:`run`."""
        for number in range(len(self._ward.streams), len(self._ward.streams) + streams):
            start = number * STEP * self._sample_rate // 1000 % len(self._waveform)
            self._ward.add(VirtualStethoscope(self._waveform, self._sample_rate, start), f"stream {number}")
        self._ward.begin()

    def run(self, seconds: float) -> Streams:
        """Judge for so many seconds, and return what the streams were like."""
        skipped, latencies = self._skipped(), []
        ends = self._clock() + seconds
        while self._clock() < ends:
            for _ in range(TURNS):
                self._ward.turn()
            latencies += [window.latency_ms / 1000 for _, window in self._ward.drain(0.0) if window is not None]
        p95_ms = round(LatencyPercentiles.of(latencies).p95_ms, 2) if latencies else None
        return Streams(len(self._ward.streams), p95_ms, self._skipped() - skipped)

    def settle(self) -> None:
        """See :meth:`monitor.runtime.ward.ward.Ward.settle`."""
        self._ward.settle()

    def _skipped(self) -> int:
        """Return the windows skipped so far."""
        return sum(stream.snapshot.skipped for stream in self._ward.streams)


def measure_streams(
    bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, note: Callable[[str], None]
) -> tuple[Streams, float]:
    """Return the most streams that one core carries, and the MB of each further stream.

    Parameters
    ----------
    bundle : Bundle
    waveform : ndarray, shape (samples,), float32
    sample_rate : int
        Hz.
    note : callable
        Told of every trial.
    """
    results: dict[int, Streams] = {0: Streams(0)}

    def passes(streams: int) -> bool:
        for _ in range(TRIES):
            with CarriedStreams(bundle, waveform, sample_rate) as carried:
                carried.add(streams)
                carried.run(bundle.spec.window_s + WARM_UP_S)
                carried.settle()
                results[streams] = carried.run(MEASURED_S)
            note(f"{streams} streams: 95 % within {results[streams].p95_ms} ms, {results[streams].skipped} skipped")
            if results[streams].passes or results[streams].skipped:
                break
        return results[streams].passes

    with _on_one_core():
        memory_mb = _memory_per_stream(bundle, waveform, sample_rate)
        return results[largest_passing(passes, FIRST, MOST)], memory_mb


def largest_passing(passes: Callable[[int], bool], first: int, most: int) -> int:
    """Return the largest number that passes, to a seventh of itself; 0 where half a dozen halvings of the first fail.

    Parameters
    ----------
    passes : callable
        Whether a number does; asked as seldom as possible.
    first : int
        The number that is tried first.
    most : int
        No larger number is tried.

    Examples
    --------
    >>> asked = []
    >>> largest_passing(lambda number: asked.append(number) or number <= 130, 40, 3200), asked
    (130, [40, 80, 160, 120, 140, 130])
    """
    low, high = 0, first
    while high <= most and passes(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while not low and high > max(1, first >> 6):
        half = high // 2
        low, high = (half, high) if passes(half) else (0, half)
    while low and high > low * FINENESS and high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low


def _memory_per_stream(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int) -> float:
    """Return by how many MB each further stream increases the memory in use, once all have judged windows."""
    used_mb = []
    for streams in (FEW, MANY):
        with CarriedStreams(bundle, waveform, sample_rate) as carried:
            carried.add(streams)
            carried.run(bundle.spec.window_s + WARM_UP_S)
            used_mb.append(memory_in_use_mb())
    return (used_mb[1] - used_mb[0]) / (MANY - FEW)


@contextlib.contextmanager
def _on_one_core() -> Iterator[None]:
    """Keep this thread, and those that it starts, on one processor; nothing where the system cannot."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

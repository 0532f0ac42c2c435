"""An hour of sound through the whole pipeline, as fast as possible: its speed, and whether memory grows."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.paced import PacedSource
from monitor.dashboard.resources import resident_bytes
from monitor.inference.bundle import Bundle
from monitor.runtime.pipeline import Pipeline

__all__ = ["EndlessSource", "LongRun", "long_run", "memory_in_use_mb"]

WINDOWS_PER_SAMPLE = 20


@dataclasses.dataclass(frozen=True, slots=True)
class LongRun:
    """The results of a long run.

    Attributes
    ----------
    windows : int
        Windows classified.
    real_time_factor : float
        Seconds of sound per second of time.
    memory_growth_mb : float or None
        Maximum memory in the last quarter minus that in the first; None for too short a run.
    """

    windows: int
    real_time_factor: float
    memory_growth_mb: float | None


class EndlessSource(PacedSource):
    """A waveform repeated for a given time, as fast as it is read; nothing is copied.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
    sample_rate : int
        Hz.
    duration_s : float
    """

    def __init__(self, waveform: NDArray[np.float32], sample_rate: int, duration_s: float) -> None:
        super().__init__(speed=None)
        self._waveform = waveform
        self.sample_rate = sample_rate
        self.duration_s: float = duration_s
        self.name = "bench"

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield blocks of at most ``block_samples`` samples until the duration is reached."""
        left = round(self.duration_s * self.sample_rate)
        for start in itertools.cycle(range(0, len(self._waveform), block_samples)):
            if left <= 0:
                return
            block = self._waveform[start : start + min(block_samples, left)]
            left -= len(block)
            yield block


def long_run(
    bundle: Bundle,
    waveform: NDArray[np.float32],
    sample_rate: int,
    seconds: float,
    *,
    clock: Callable[[], float] = time.perf_counter,
    memory_mb: Callable[[], float] | None = None,
) -> LongRun:
    """Return speed and memory growth of a run over some seconds of sound.

    Parameters
    ----------
    bundle : Bundle
    waveform : ndarray, shape (samples,), float32
        Repeated.
    sample_rate : int
        Hz.
    seconds : float
        Of sound, at least a window of the bundle.
    clock, memory_mb : callable
        Monotonic seconds; MB of memory in use. A test passes its own.

    Raises
    ------
    ValueError
        If the run is shorter than a window.
    """
    if seconds < bundle.spec.window_s:
        raise ValueError(f"seconds={seconds:g} must be at least {bundle.spec.window_s:g}, one window")
    read_memory = memory_in_use_mb if memory_mb is None else memory_mb
    memory: list[float] = []
    windows = 0
    began = clock()
    with Pipeline(EndlessSource(waveform, sample_rate, seconds), bundle) as pipeline:
        for windows, _ in enumerate(pipeline.windows(), 1):
            if windows % WINDOWS_PER_SAMPLE == 0:
                memory.append(read_memory())
    return LongRun(windows, seconds / (clock() - began), growth(memory))


def growth(memory: list[float]) -> float | None:
    """Return the maximum of the last quarter minus that of the first; None with fewer than four values.

    Examples
    --------
    >>> growth([5.0, 6.0, 9.0, 7.0])
    2.0
    """
    quarter = len(memory) // 4
    return max(memory[-quarter:]) - max(memory[:quarter]) if quarter else None


def memory_in_use_mb() -> float:
    """Return the resident set size of this process in MB (10**6 bytes)."""
    return resident_bytes() / 1e6

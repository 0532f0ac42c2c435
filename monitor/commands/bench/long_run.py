"""An hour of sound through the whole pipeline, as fast as it goes: how fast that is, and whether memory grows."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.base import PacedSource
from monitor.inference.bundle import Bundle
from monitor.runtime.pipeline import Pipeline

__all__ = ["EndlessSource", "LongRun", "long_run", "memory_in_use_mb"]

WINDOWS_BETWEEN_LOOKS = 20


@dataclasses.dataclass(frozen=True, slots=True)
class LongRun:
    """What a long run showed.

    Attributes
    ----------
    windows : int
        Windows judged.
    real_time_factor : float
        Seconds of sound per second of time.
    memory_growth_mb : float or None
        Highest memory in the last quarter less that in the first; None where it cannot be told.
    """

    windows: int
    real_time_factor: float
    memory_growth_mb: float | None


class EndlessSource(PacedSource):
    """A waveform again and again, for a given time, as fast as it is read; nothing is copied.

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
        """Yield blocks of at most ``block_samples`` samples until the time is over."""
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
    memory_mb: Callable[[], float | None] | None = None,
) -> LongRun:
    """Return what a run over some seconds of sound showed.

    Parameters
    ----------
    bundle : Bundle
    waveform : ndarray, shape (samples,), float32
        Played again and again.
    sample_rate : int
        Hz.
    seconds : float
        Of sound, more than the bundle's window.
    clock, memory_mb : callable
        Seconds that only go forward; MB of memory in use. A test gives its own.

    Raises
    ------
    ValueError
        If the run is shorter than a window.
    """
    if seconds < bundle.spec.window_s:
        raise ValueError(f"seconds={seconds:g} must be at least {bundle.spec.window_s:g}, one window")
    look = memory_in_use_mb if memory_mb is None else memory_mb
    memory: list[float] = []
    windows = 0
    began = clock()
    with Pipeline(EndlessSource(waveform, sample_rate, seconds), bundle) as pipeline:
        for windows, _ in enumerate(pipeline.windows(), 1):
            seen = look() if windows % WINDOWS_BETWEEN_LOOKS == 0 else None
            if seen is not None:
                memory.append(seen)
    return LongRun(windows, seconds / (clock() - began), growth(memory))


def growth(memory: list[float]) -> float | None:
    """Return how much higher the last quarter's peak is than the first's; None with fewer than four values."""
    quarter = len(memory) // 4
    return max(memory[-quarter:]) - max(memory[:quarter]) if quarter else None


def memory_in_use_mb() -> float | None:
    """Return the MB of memory that this process holds now, or None where the system does not say.

    Source: proc(5), the second figure of ``/proc/self/statm``, in pages.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    import resource

    return pages * resource.getpagesize() / 1e6

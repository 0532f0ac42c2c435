"""A source whose blocks come from a generator of arrays: a network microphone, a driver of one's own, a simulation.

The generator runs on the source's thread and may wait for its sound.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.audio.sources.array import as_mono, check_sample_rate
from monitor.audio.sources.paced import PacedSource, split

__all__ = ["GeneratorSource"]


class GeneratorSource(PacedSource):
    """Plays the arrays that a generator yields, each as soon as it comes.

    Parameters
    ----------
    blocks : iterable of array_like, shape (samples,) or (samples, channels)
        Real numbers, any number of samples each. Full scale is 1 for floats, the limit of the type for integers.
        Channels are averaged. Non-finite samples mean lost sound, and an empty array that nothing has come.
    sample_rate : int
        Hz, 1000 to 192000.
    name : str
        Shown to the user.
    live : bool
        Whether the sound comes from an input that a person can do something about; it cannot be paused then.
    speed : float or None
        Multiple of real time at which sound that is there already is played; None for as it comes.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Whatever the generator raises ends the sound and is raised where the windows are read. A stop takes effect at its
    next array: let a generator that waits give up after a time-out, or yield an empty array from time to time. It is
    closed on the thread that it ran on.

    Examples
    --------
    >>> tone = (np.sin(np.arange(start, start + 400) / 10) for start in range(0, 24_000, 400))
    >>> source = GeneratorSource(tone, sample_rate=4000, name="tone")
    >>> source.sample_rate, len(next(source.blocks(100)))
    (4000, 100)
    """

    may_wait = True

    def __init__(
        self,
        blocks: Iterable[ArrayLike],
        sample_rate: int,
        *,
        name: str = "generator",
        live: bool = False,
        speed: float | None = None,
    ) -> None:
        super().__init__(speed)
        self._arrays = iter(blocks)
        self._once = threading.Lock()
        self.sample_rate = check_sample_rate(sample_rate)
        self.name, self.live = name, live

    @property
    def can_pause(self) -> bool:
        """Whether :meth:`pause` has an effect: not for live inputs."""
        return not self.live

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield mono blocks of at most ``block_samples`` samples, until the generator ends or the source is stopped.

        Raises
        ------
        ValueError
            If it is asked for a second time, or an array is none of sound.
        """
        if not self._once.acquire(blocking=False):
            raise ValueError("the generator has been played; create it and its source again")
        arrays = self._arrays
        with contextlib.closing(arrays) if isinstance(arrays, Generator) else contextlib.nullcontext():
            for array in arrays:
                if self._stopping.is_set():
                    return
                block = np.asarray(array)
                if block.size:
                    yield from split(as_mono(block), block_samples)

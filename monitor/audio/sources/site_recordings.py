"""One recording for each auscultation site, played as an examination without a stethoscope.

The sound waits before each recording until it is told which one comes next, so whoever examines decides the order, and
everything before is judged by then. The source's own thread reads the files.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.file import RecordingSource
from monitor.audio.sources.paced import PAUSE_POLL_S, PacedSource
from monitor.errors import RecordingError

__all__ = ["SiteRecordings"]


class SiteRecordings(PacedSource):
    """Plays the recordings of several sites, one after another, as told.

    Parameters
    ----------
    paths : mapping of str to Path
        A recording for each site.
    speed : float or None
        Multiple of real time, 0.25 to 64; None for as fast as the readers take it.
    channel : int or None
        The channel to play, from 1; None for the mean of all.
    clock : callable
        Returns monotonic seconds.

    Attributes
    ----------
    waiting : bool
        Whether it waits to be told what comes next: all sound so far is in the ring buffer.

    Raises
    ------
    ValueError
        If there is no recording, or an argument is out of range.
    RecordingError
        If one cannot be played, or they have different sample rates.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        *,
        speed: float | None = 1.0,
        channel: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(speed, clock)
        if not paths:
            raise ValueError("paths={} must hold a recording")
        self._sources = {site: RecordingSource(path, speed=speed, channel=channel) for site, path in paths.items()}
        first = next(iter(self._sources.values()))
        self.sample_rate = first.sample_rate
        for source in self._sources.values():
            if source.sample_rate != self.sample_rate:
                raise RecordingError(
                    f"{source.name}: has {source.sample_rate} Hz, and {first.name} has {self.sample_rate} Hz",
                    "give recordings of one sample rate",
                )
        self.shortfall = next((source.shortfall for source in self._sources.values() if source.shortfall), None)
        self.name = ", ".join(f"{site}={source.name}" for site, source in self._sources.items())
        self._told = threading.Event()
        self._next: str | None = None
        self._leaving = False
        self.waiting = False

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels of a recording cancel each other in their mean."""
        return any(source.channels_cancel for source in self._sources.values())

    def leave(self) -> None:
        """End the recording that plays; one that is read as fast as possible is played to its end."""
        self._leaving = not self.lossless

    def play(self, site: str | None) -> None:
        """Play the recording of a site from its beginning; None ends the sound. Only while it is :attr:`waiting`.

        Raises
        ------
        ValueError
            If it does not wait, or has no recording of this site.
        """
        if not self.waiting:
            raise ValueError("play must be called while the source waits")
        if site is not None and site not in self._sources:
            raise ValueError(f"site={site!r} must be one of {', '.join(self._sources)}")
        self._next, self._leaving, self.waiting = site, False, False
        self._told.set()

    def blocks(self, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the recordings that it is told to play, in mono blocks.

        Raises
        ------
        RecordingError
            If a file is damaged, or can no longer be opened.
        """
        while (site := self._wait()) is not None:
            source = self._sources[site]
            for block in source.blocks(block_samples):
                if self._leaving:
                    break
                yield block
            self.shortfall = self.shortfall or source.shortfall

    def _wait(self) -> str | None:
        """Wait to be told what comes next, and return it; the schedule waits too. None ends the sound."""
        since = self._clock()
        self._told.clear()
        self.waiting = True
        while not self._told.wait(PAUSE_POLL_S):
            if self._stopping.is_set():
                return None
        self._start_s += self._clock() - since
        return self._next

"""A pipeline in a program that runs an event loop: ``async with``, and ``async for`` over its windows.

By itself, so that asyncio is imported by the programs that use it and by no other.
"""

from __future__ import annotations

import abc
import contextlib
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from monitor.messages import WindowEvent

if TYPE_CHECKING:
    from monitor.runtime.ecg_track import EcgTrack
    from monitor.runtime.worker import Worker

__all__ = ["AsyncReading"]


class AsyncReading(abc.ABC):
    """What :class:`monitor.runtime.pipeline.Pipeline` adds for event loops; nothing in it blocks one.

    Examples
    --------
    >>> import asyncio
    >>> from monitor.audio.sources.array import ArraySource
    >>> from monitor.inference.bundle import load_bundle
    >>> from monitor.runtime.pipeline import Pipeline
    >>> async def states(source):
    ...     async with Pipeline(source, load_bundle()) as pipeline:
    ...         return [window.verdict.state async for window in pipeline.awindows()]
    >>> asyncio.run(states(ArraySource([0.0] * 24_000, sample_rate=4000)))
    ['no-signal', 'no-signal', 'no-signal']
    """

    _worker: Worker
    _ecg: EcgTrack

    @abc.abstractmethod
    def start(self) -> None:
        """Start all threads."""

    @abc.abstractmethod
    def raise_errors(self) -> None:
        """Raise what ended the classifier or the source early."""

    @abc.abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pipeline."""

    async def awindows(self) -> AsyncIterator[WindowEvent]:
        """Yield all windows, in order, until the source ends; as ``windows``, for ``async for``.

        It starts at the first step, on a thread, because that may wait for a device. Leave it by ``break``, or cancel
        its task, at any time; ``async with`` then closes the pipeline.

        Yields
        ------
        WindowEvent

        Raises
        ------
        AuscultError
            If the source failed; the windows before have been yielded.
        """
        from monitor.runtime.event_loop import windows_as_they_come

        async with contextlib.aclosing(windows_as_they_come(self._worker.subscribe(), self.start)) as windows:
            async for window in windows:
                yield self._ecg.with_r_peaks(window)
        self.raise_errors()

    async def __aenter__(self) -> Self:
        """Return the pipeline itself, not yet started."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pipeline on a thread."""
        from monitor.runtime.event_loop import off_the_loop

        await off_the_loop(lambda: self.__exit__(kind, error, trace))

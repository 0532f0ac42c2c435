"""A source, a ring and a classifier, wired together: the object that programs and commands hold.

Threads: the source's own (or PortAudio's callback), the classifier, and the caller's. Stopping runs
from the source inwards; twice is safe. With a recording there is one more, the recorder's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from monitor.analysis.analyzer import Analyzer
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.base import Source
from monitor.inference.bundle import Bundle
from monitor.messages import Snapshot, Start, Summary, WindowEvent
from monitor.runtime.config import MonitorConfig
from monitor.runtime.worker import Worker

if TYPE_CHECKING:
    from monitor.audio.recorder.recorder import Recorder
    from monitor.messages import RecordingStatus

__all__ = ["Pipeline"]

WAIT_S = 0.1


class Pipeline:
    """Judges a source while it plays.

    Parameters
    ----------
    source : Source
        Owned by the pipeline from now on, and closed with it.
    bundle : Bundle
        Its engine is used by the classifier thread while the pipeline runs.
    hop_s : float or None
        Seconds between two windows; None for the bundle's own.
    config : MonitorConfig or None
        How the threads behave; None for the defaults.
    record : Path or None
        A new .wav or .flac file that gets the source's sound as it is; None for none.

    Raises
    ------
    ValueError
        If the hop does not fit the bundle.
    AuscultError
        If nothing can be recorded there.
    """

    def __init__(
        self,
        source: Source,
        bundle: Bundle,
        *,
        hop_s: float | None = None,
        config: MonitorConfig | None = None,
        record: Path | None = None,
    ) -> None:
        config = config or MonitorConfig()
        self._source = source
        analysis = Analyzer(bundle, source.sample_rate, hop_s)
        self._ring = RingBuffer(round(config.ring_s * source.sample_rate))
        self.start_message = Start(
            source=source.name,
            sample_rate=source.sample_rate,
            model=bundle.name,
            model_sha256=bundle.model_sha256,
            labels=bundle.labels,
            window_s=bundle.spec.window_s,
            hop_s=analysis.hop_s,
            duration_s=source.duration_s,
            speed=source.speed,
            kind=bundle.spec.kind,
        )
        self._worker = Worker(analysis, source, self._ring, self.start_message, config)
        self._recorder = None if record is None else _recorder(record, self._ring, source.sample_rate)
        self._started = False

    def start(self) -> None:
        """Start listening; twice is safe."""
        if not self._started:
            self._started = True
            if self._recorder is not None:
                self._recorder.start()
            self._worker.start()
            self._source.start(self._ring)

    def windows(self) -> Iterator[WindowEvent]:
        """Start if need be, and return an iterator over every window, in order, until the source ends.

        A source that plays as fast as it is read waits for the iteration; another one does not, and the
        oldest windows are dropped if the iteration is more than a thousand windows behind.

        Yields
        ------
        WindowEvent

        Raises
        ------
        AuscultError
            When the source failed on the way; what was judged before has been yielded.
        """
        events = self._worker.subscribe()
        self.start()
        return self._until_ended(events)

    def _until_ended(self, events: queue.Queue[WindowEvent]) -> Iterator[WindowEvent]:
        """Yield events until the worker has ended and the queue is empty."""
        while True:
            running = self._worker.running
            with contextlib.suppress(queue.Empty):
                yield events.get(timeout=WAIT_S) if running else events.get_nowait()
                continue
            if not running:
                break
        self.raise_errors()

    def drain(self, timeout_s: float) -> list[WindowEvent]:
        """Return the windows that came since the last call, waiting up to ``timeout_s`` for the first.

        Call :meth:`windows` or this, not both; subscribe by calling it once before :meth:`start`.
        """
        events = self._worker.subscribe()
        found: list[WindowEvent] = []
        with contextlib.suppress(queue.Empty):
            found.append(events.get(timeout=timeout_s) if timeout_s > 0 else events.get_nowait())
            while True:
                found.append(events.get_nowait())
        return found

    def snapshot(self) -> Snapshot:
        """Return the newest state of everything, frozen; cheap, from any thread."""
        snapshot, device = self._worker.snapshot, self._source.device_status
        if device is None and self._recorder is None:
            return snapshot
        recording = None if self._recorder is None else self._recorder.status
        return dataclasses.replace(snapshot, device=device, recording=recording)

    def summary(self) -> Summary:
        """Return what has been found so far; of the whole recording once it has ended."""
        return self._worker.summary()

    @property
    def source(self) -> Source:
        """Where the sound comes from: to be paused or sent elsewhere; it is started and stopped here."""
        return self._source

    def record(self, path: Path) -> None:
        """Begin to record from now on; for the thread that made the pipeline.

        Parameters
        ----------
        path : Path
            A new .wav or .flac file.

        Raises
        ------
        ValueError
            If it records already, or has not started.
        AuscultError
            If nothing can be recorded there.
        """
        if self._recorder is not None or not self._started:
            raise ValueError("record must be called while the pipeline runs and does not record")
        self._recorder = _recorder(path, self._ring, self._source.sample_rate)
        self._recorder.start(from_now=True)

    def stop_recording(self) -> RecordingStatus | None:
        """End the recording and return what it came to; None without one. For the thread that made the pipeline."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return None
        recorder.stop()
        return recorder.status

    @property
    def ring(self) -> RingBuffer:
        """The sound itself, the last half minute of it; to be looked at, never to be written."""
        return self._ring

    @property
    def running(self) -> bool:
        """Whether more windows may come."""
        return self._started and self._worker.running

    def raise_errors(self) -> None:
        """Raise what ended the source or the classifier early, if anything did."""
        for error in (self._worker.error, self._source.error):
            if error is not None:
                raise error

    def stop(self) -> None:
        """Stop listening; windows judged so far stay available. Twice is safe."""
        self._source.stop()
        if self._recorder is not None:
            self._recorder.stop()
        self._worker.stop()

    def close(self) -> None:
        """Stop, and release files and devices. Twice is safe."""
        self.stop()
        self._source.close()

    def __enter__(self) -> Self:
        """Return the pipeline itself; :meth:`windows` or :meth:`start` begins."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pipeline."""
        self.close()


def _recorder(path: Path, ring: RingBuffer, sample_rate: int) -> Recorder:
    """Return a recorder of a ring; only those who record import it."""
    from monitor.audio.recorder.recorder import Recorder

    return Recorder(path, ring, sample_rate)

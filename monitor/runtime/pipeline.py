"""Source, ring buffer and classifier, connected: the object that programs and commands use.

Threads: that of the source (or PortAudio's callback), the classifier, the caller, and the recorder if there is a
recording. Stopping goes from the source inwards; twice is safe. A pipeline that is still running when its program ends
is closed (:mod:`monitor.runtime.exit_watch`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from monitor.analysis.analyzer import Analyzer
from monitor.audio.ecg_ring_buffer import EcgRingBuffer
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.base import Source
from monitor.inference.bundle import Bundle
from monitor.messages import SiteChange, Snapshot, Summary, WindowEvent
from monitor.runtime.async_reading import AsyncReading
from monitor.runtime.config import MonitorConfig
from monitor.runtime.ecg_track import EcgTrack
from monitor.runtime.exit_watch import ExitWatch
from monitor.runtime.kept_sound import KeptSound
from monitor.runtime.opening import start_message
from monitor.runtime.window_queue import WindowQueue
from monitor.runtime.worker import Worker

if TYPE_CHECKING:
    from monitor.audio.playback.options import PlaybackOptions
    from monitor.audio.playback.player import Player
    from monitor.messages import RecordingStatus

__all__ = ["Pipeline"]

WAIT_S = 0.5
"""Longest wait for a window; a window and the end of the source end it at once."""

HURRY_S = 0.5
"""Seconds that device, disk and classifier get each when the program must end soon."""


class Pipeline(AsyncReading, KeptSound):
    """Classifies a source while it plays; read by ``for``, or in an event loop by ``async for``.

    Parameters
    ----------
    source : Source
        Owned by the pipeline from now on, and closed with it.
    bundle : Bundle
        May be shared with other pipelines.
    hop_s : float or None
        Seconds between two windows; None for the bundle's own.
    config : MonitorConfig or None
        Buffer sizes and patience of the threads; None for the defaults.
    record : Path or None
        A new .wav or .flac file for the source's samples, unchanged; None for no recording.
    session_sound : Path or None
        A second such file, the sound of a session: only its owner may read it, and it is recorded from start to stop.
    session_ecg : Path or None
        The same for the electrocardiogram of a source that has one.
    site : str or None
        The auscultation site at the beginning, one of :data:`monitor.labels.SITES`.
    live_snapshot : bool
        Whether :meth:`snapshot` follows the sound between two windows, for a display that moves. Where no one looks
        then, False lets classifier and paced source wake once a window and not a hundred times a second; a pause or a
        seek takes effect up to a hop later.
    playback : PlaybackOptions or None
        How to play the source to the ear; None for silence. For sources at real time, or slower.

    Raises
    ------
    ValueError
        If the hop does not fit the bundle.
    AuscultError
        If a recording file cannot be created.

    Attributes
    ----------
    player : Player or None
        Plays the source to the ear, for the keys.

    Examples
    --------
    >>> import numpy as np
    >>> from monitor.audio.sources.array import ArraySource
    >>> from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle
    >>> silence = ArraySource(np.zeros(24_000, np.float32), sample_rate=4000)
    >>> with Pipeline(silence, load_bundle(DEFAULT_BUNDLE)) as pipeline:
    ...     [(window.end_s, window.verdict.state) for window in pipeline.windows()]
    [(5.0, 'no-signal'), (5.5, 'no-signal'), (6.0, 'no-signal')]
    """

    def __init__(
        self,
        source: Source,
        bundle: Bundle,
        *,
        hop_s: float | None = None,
        config: MonitorConfig | None = None,
        record: Path | None = None,
        session_sound: Path | None = None,
        session_ecg: Path | None = None,
        site: str | None = None,
        live_snapshot: bool = True,
        playback: PlaybackOptions | None = None,
    ) -> None:
        config = config or MonitorConfig()
        self._source = source
        analysis = Analyzer(bundle, source.sample_rate, hop_s, source=source)
        source.lead_s = bundle.spec.window_s + bundle.decision.rolling_s  # what a verdict depends on
        ring_samples = round(config.ring_s * source.sample_rate)
        self._ring = RingBuffer(ring_samples) if source.ecg_channel is None else EcgRingBuffer(ring_samples)
        self.start_message = start_message(source, bundle, analysis.hop_s, site)
        self._ecg = EcgTrack(self._ring, source.sample_rate, session_ecg)
        self._live_snapshot = live_snapshot
        self._worker = Worker(analysis, source, self._ring, self.start_message, config, live_snapshot=live_snapshot)
        KeptSound.__init__(self, self._ring, source.sample_rate, record=record, session_sound=session_sound, site=site)
        self.player = None if playback is None else _player(self._ring, source, playback)
        self._exit_watch = ExitWatch(self.close)
        self._hurried = False

    def start(self) -> None:
        """Start all threads. Twice is safe."""
        if not self._started:
            self._started = True
            self._exit_watch.start()
            for recorder in (self._recorder, self._session, self._ecg):
                if recorder is not None:
                    recorder.start()
            if self.player is not None:
                self.player.start()
            self._worker.start()
            if self.player is not None and not self._source.live:
                self.player.wait()
            self._source.start(self._ring)

    def windows(self) -> Iterator[WindowEvent]:
        """Start if necessary, and return an iterator over all windows, in order, until the source ends.

        A source that plays as fast as it is read waits for the iteration. For any other source the oldest windows are
        dropped if the iteration falls more than a thousand windows behind; the snapshot and the summary count them.

        Yields
        ------
        WindowEvent

        Raises
        ------
        AuscultError
            If the source failed; the windows before have been yielded.
        """
        windows = self._worker.subscribe()
        self.start()
        return self._until_ended(windows)

    def _until_ended(self, windows: WindowQueue[WindowEvent]) -> Iterator[WindowEvent]:
        """Yield windows until the worker has ended and the queue is empty."""
        while not windows.exhausted:
            window = windows.take(WAIT_S)
            if window is not None:
                yield self._ecg.with_r_peaks(window)
        self.raise_errors()

    def drain(self, timeout_s: float) -> list[WindowEvent]:
        """Return the windows since the last call, waiting up to ``timeout_s`` for the first; no longer than to the end.

        Use :meth:`windows` or this, not both; call it once before :meth:`start` to subscribe.
        """
        queue = self._worker.subscribe()
        windows: list[WindowEvent] = []
        while (window := queue.take(0.0 if windows else timeout_s)) is not None:
            windows.append(self._ecg.with_r_peaks(window))
        return windows

    def snapshot(self) -> Snapshot:
        """Return the newest state, frozen; cheap, from any thread."""
        snapshot, device = self._worker.snapshot, self._source.device_status
        if not (self._live_snapshot or self._source.lossless or snapshot.finished):
            snapshot = dataclasses.replace(snapshot, elapsed_s=self._ring.end_sample / self._source.sample_rate)
        parts = (device, self._recorder, self._session, self._entries.site, self.player)
        if all(part is None for part in parts):
            return snapshot
        recording = None if self._recorder is None else self._recorder.status
        playback = None if self.player is None else self.player.status
        return dataclasses.replace(
            snapshot,
            device=device,
            recording=recording,
            session=self.session_sound,
            site=self._entries.site,
            playback=playback,
        )

    def summary(self) -> Summary:
        """Return the result so far; of the whole recording once it has ended."""
        summary = dataclasses.replace(self._worker.summary(), truncated=self._source.shortfall is not None)
        return summary if self._worker.running else self._ecg.with_last_r_peaks(summary)

    @property
    def source(self) -> Source:
        """The source, to be paused or sought; the pipeline starts and stops it."""
        return self._source

    @property
    def session_sound(self) -> RecordingStatus | None:
        """The status of the session's sound; None without a session."""
        return self._ecg.merged(None if self._session is None else self._session.status)

    @property
    def newest_sample(self) -> int:
        """The newest sample; of a source that plays as fast as it is read, the newest classified one."""
        elapsed = self._worker.snapshot.elapsed_s * self._source.sample_rate
        return round(elapsed) if self._source.lossless else self._ring.end_sample

    def _begin_anew(self, change: SiteChange) -> None:
        """Begin the rolling verdict again from a change of site on."""
        self._worker.begin_anew(change)

    @property
    def ring(self) -> RingBuffer:
        """The ring buffer with the last half minute of sound; read only."""
        return self._ring

    @property
    def caught_up(self) -> bool:
        """Whether all sound so far is classified; the next :meth:`drain` returns what is left of the results."""
        return self._worker.caught_up

    @property
    def running(self) -> bool:
        """Whether more windows may come."""
        return self._started and self._worker.running

    def raise_errors(self) -> None:
        """Raise the exception that ended the classifier or the source early, if there was one."""
        for error in (self._worker.error, self._source.error):
            if error is not None:
                raise error

    def hurry(self) -> None:
        """Let :meth:`stop` wait half a second for each thread, where a slow device gets 5 s and a disk 10 s otherwise.

        A recording stays valid; what the disk has not taken by then is lost, and the status says so.
        """
        self._hurried = True
        self._source.stop_timeout_s = HURRY_S

    def stop(self) -> None:
        """Stop all threads; results so far stay available. Twice is safe."""
        limit = {"timeout_s": HURRY_S} if self._hurried else {}
        self._source.stop()
        for recorder in (self._recorder, self._session, self._ecg):
            if recorder is not None:
                recorder.stop(**limit)
        self._worker.stop(**limit)
        if self.player is not None:
            self.player.stop(hurry=self._hurried)
        self._exit_watch.stop()

    def close(self) -> None:
        """Stop, and release files and devices. Twice is safe."""
        self.stop()
        self._source.close()

    def __enter__(self) -> Self:
        """Return the pipeline itself, not yet started."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pipeline; at once where it was interrupted."""
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.hurry()
        self.close()


def _player(ring: RingBuffer, source: Source, options: PlaybackOptions) -> Player:
    """Return a player of a ring buffer; imported only when needed."""
    from monitor.audio.playback.player import Player

    return Player(ring, source, options)

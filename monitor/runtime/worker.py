"""The classifier thread: reads the ring buffer, classifies every complete window, publishes the results.

A slow classifier never builds a backlog: a window that has waited longer than the configured patience gives way to the
newest complete one and is counted as skipped. With a source that waits for its reader (``lossless``) no window is
skipped. Nothing here draws or writes files.

At a seek nothing is lost, so nothing is withheld: the windows that span it are left out, and the rolling verdict begins
again with those of the lead (:attr:`monitor.audio.sources.base.Source.jumps`).
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer, JudgedWindow
from monitor.analysis.verdict import Summarizer
from monitor.audio.ring_buffer import Read, RingBuffer
from monitor.audio.sources.base import Source
from monitor.log import get_logger
from monitor.messages import HeartBeat, SiteChange, Snapshot, Start, Summary, WindowEvent
from monitor.runtime.config import MonitorConfig
from monitor.runtime.patience import Patience
from monitor.runtime.percentiles import Percentiles
from monitor.runtime.window_queue import WindowQueue

__all__ = ["Worker"]

logger = get_logger(__name__)

STEP_S = 0.05
"""Seconds between two wake-ups while no window is complete and somebody looks: half the time between two screens. The
blocks of a device may be shorter, and each would cost one."""
STEP_TIMEOUT_S = 0.1
"""Longest wait for a whole step."""
READ_TIMEOUT_S = 1.0
"""Longest wait for a window; new sound, its end and :meth:`Worker.stop` end it at once."""
STOP_TIMEOUT_S = 5.0

SAME_BLOCK_S = 0.02
"""Seconds, as long as a block of a device: sound that came in one block with the end of a window is read with it. It
waits for the next window, not for the classifier, and counts as no backlog."""
TOLERANCE = 1e-3
"""Samples; for the rounding of times."""
RECENT_JUMPS = 8
"""Seeks that a window may span."""

BATCH_S = 0.02
"""Longest time that results of a lossless source are collected before delivery: waking the reader for each one costs
half as much as classifying it (measured: 350 times real time one by one, 480 in batches)."""


class Worker:
    """Runs an analyzer on a ring buffer, on its own thread.

    Parameters
    ----------
    analysis : Analyzer
        Used by the worker's thread only, from :meth:`start` on.
    source : Source
        Only ``lossless``, ``speed`` and ``sample_rate`` are read.
    ring : RingBuffer
    start : Start
        Part of every snapshot.
    config : MonitorConfig
    live_snapshot : bool
        Whether the snapshot follows the sound between two windows; if not, the thread sleeps until the next window is
        complete.
    clock : callable
        Monotonic seconds.

    Notes
    -----
    All state is written by the thread ``auscult-classifier``; what leaves it is frozen.
    """

    def __init__(
        self,
        analysis: Analyzer,
        source: Source,
        ring: RingBuffer,
        start: Start,
        config: MonitorConfig,
        *,
        live_snapshot: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._analysis = analysis
        self._source = source
        self._ring = ring
        self._start = start
        self._cursor = ring.cursor()
        self._clock = clock
        self._wall_rate = source.sample_rate * (source.speed or 1.0)  # samples per second of wall time
        hop_samples = analysis.hop_s * source.sample_rate
        self._patience = Patience(config.patience_s, self._wall_rate, hop_samples, self._now)
        self._read_samples = analysis.max_samples if source.lossless else analysis.read_samples
        self._waits_for_windows = not (live_snapshot or source.lossless)
        self._step_samples = 1 if source.lossless else max(1, round(STEP_S * self._wall_rate))
        self._min_samples = 1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-classifier")
        self._summary = Summarizer()
        self._hop_ms = Percentiles()
        self._history: collections.deque[str] = collections.deque(maxlen=config.history_windows)
        self._undelivered = 0
        self._last_beats: tuple[HeartBeat, ...] = ()
        self._idle = True
        self._last: JudgedWindow | None = None
        self._site: SiteChange | None = None  # written by the main thread
        self._site_known: SiteChange | None = None  # by the analyzer
        self._jumps: collections.deque[tuple[int, int]] = collections.deque(((0, 0),), RECENT_JUMPS)
        self._events = WindowQueue[WindowEvent](config.queue_windows)
        self._subscribed = False
        self._batch: collections.deque[WindowEvent] = collections.deque()
        self._batch_due = self._clock()
        self._snapshot = self._make_snapshot()
        self.error: BaseException | None = None

    def subscribe(self) -> WindowQueue[WindowEvent]:
        """Return the bounded queue of results from now on; when it is full the oldest are dropped and counted."""
        self._subscribed = True
        return self._events

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Ask the thread to end and wait for it, up to ``timeout_s``. Twice is safe."""
        self._stopping.set()
        self._cursor.wake()
        self._events.release()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=timeout_s)

    def begin_anew(self, site: SiteChange) -> None:
        """Begin the rolling verdict again from a change of site on; from any thread."""
        self._site = site

    @property
    def running(self) -> bool:
        """Whether more results may come."""
        return self._thread.is_alive() and not self._events.ended

    @property
    def caught_up(self) -> bool:
        """Whether all sound in the ring buffer is classified and every result is delivered."""
        taken = self._analysis.end_sample == self._ring.end_sample  # first: what is taken in is not idle until judged
        return taken and self._idle

    @property
    def snapshot(self) -> Snapshot:
        """The newest state, frozen."""
        return self._snapshot

    def summary(self) -> Summary:
        """Return the summary so far; final once the thread has ended."""
        summary = self._summary.summary(
            self._start.source,
            self._analysis.bundle.decision,
            skipped=self._patience.skipped,
            overruns=self._ring.overruns,
            beats=self._last_beats,
        )
        return dataclasses.replace(summary, undelivered=self._undelivered)

    def _run(self) -> None:
        """Classify until the ring buffer is closed and empty, or the worker is stopped."""
        try:
            while not self._stopping.is_set():
                read = self._read_window() if self._waits_for_windows else self._read_step()
                if read is None:
                    self._classify(self._analysis.finish, self._clock())
                    self._last_beats = self._analysis.last_beats()
                    break
                if len(read.waveform) or read.lost:
                    self._detect_burst(read)
                    self._process(read)
                idle = self._cursor.behind < self._worth_waking  # the next read waits for more
                if idle and self._batch:
                    self._deliver()
                self._idle = idle
        except Exception as error:  # top of a thread: raised again on the main thread
            logger.warning("the classifier stopped with an error", exc_info=True)
            self.error = error
        finally:
            self._cursor.close()
            if self._subscribed:
                self._deliver()
                self._undelivered += len(self._batch)
            self._snapshot = self._make_snapshot(finished=True)
            self._events.end()

    @property
    def _worth_waking(self) -> int:
        """Samples that the next read waits for: a step where somebody looks, and never more than complete a window."""
        missing = min(self._read_samples, self._analysis.samples_to_window)
        return missing if self._waits_for_windows else min(self._step_samples, missing)

    def _read_step(self) -> Read | None:
        """Return the next samples as soon as they fill a step or complete a window; fewer when no more come in time."""
        return self._cursor.read(self._read_samples, STEP_TIMEOUT_S, self._worth_waking)

    def _read_window(self) -> Read | None:
        """Return the next samples as soon as they complete a window, or as many as may be read at a time."""
        self._min_samples = missing = self._worth_waking
        same_block = 0 if self._cursor.behind >= missing else round(SAME_BLOCK_S * self._wall_rate)
        most = min(self._analysis.max_samples, missing + same_block)
        return self._cursor.read(most, READ_TIMEOUT_S, missing)

    def _detect_burst(self, read: Read) -> None:
        """Be patient with a burst of sound that arrived while the classifier was idle, besides what it waited for."""
        arrived = len(read.waveform) + self._cursor.behind - (self._min_samples - 1)
        if self._idle:
            self._patience.arrived(arrived)
        self._idle = False

    def _process(self, read: Read) -> None:
        """Process new samples."""
        began = self._clock()
        read = self._without_jumps(read)
        if not self._classify(lambda: self._analysis.push_read(read), began):
            self._snapshot = self._make_snapshot()

    def _classify(self, feed: Callable[[], list[int]], began: float) -> bool:
        """Classify the windows that new samples complete, or skip those that waited too long.

        Returns
        -------
        bool
            Whether the snapshot is up to date: each classified window renews it.
        """
        up_to_date = False
        site = self._site
        if site is not None and site is not self._site_known:
            self._site_known = site
            self._analysis.begin_anew(site.at_s)
        ready = feed()
        for index in ready:
            if self._spans_jump(index):
                continue
            up_to_date = not self._too_late(newer=index != ready[-1])
            if not up_to_date:
                self._patience.skip(index, self._cursor.behind)
                continue
            self._patience.judge()
            judged = self._analysis.judge(index)
            spent_ms = (self._clock() - began) * 1000
            self._hop_ms.add(spent_ms)
            self._publish(judged, spent_ms + self._waited_ms())
            began = self._clock()
        return up_to_date

    def _without_jumps(self, read: Read) -> Read:
        """Begin again at every jump in what was read, and return it without the lost samples that mark them."""
        lost = read.lost
        for jump in self._source.jumps:
            first, lead_end = jump
            if not read.start_sample < first <= read.end_sample:
                continue
            lost = tuple(span for span in lost if span != (first - 1, first))
            self._jumps.append(jump)
            self._analysis.begin_anew(first / self._source.sample_rate)
            if lead_end - first < self._start.window_s * self._source.sample_rate:
                self._last = None  # no verdict is known yet at the new place
        return dataclasses.replace(read, lost=lost)

    def _spans_jump(self, index: int) -> bool:
        """Return whether a window has sound from before and behind a jump."""
        start, end = (time_s * self._source.sample_rate for time_s in self._analysis.span_s(index))
        return any(start < first - TOLERANCE and first < end for first, _ in self._jumps)

    def _too_late(self, *, newer: bool) -> bool:
        """Return whether a window is skipped: it waited too long, and a newer one is complete or about to be."""
        if self._source.lossless or self._analysis.end_sample <= self._jumps[-1][1]:
            return False
        return self._patience.too_late(self._cursor.behind, newer=newer)

    def _now(self) -> float:
        """Return the time on the clock."""
        return self._clock()

    def _waited_ms(self) -> float:
        """Return how long the processed samples had waited in the ring buffer, estimated from the backlog."""
        return 0.0 if self._source.lossless else self._cursor.behind / self._wall_rate * 1000

    def _publish(self, judged: JudgedWindow, latency_ms: float) -> None:
        """Publish the result of a window."""
        event = dataclasses.replace(judged.event, latency_ms=latency_ms)
        self._last = JudgedWindow(event, _read_only(judged.tensor), _read_only(judged.envelope))
        self._history.append("gap" if event.gap else event.rolling.label or self._state(event))
        self._summary.push(event)
        self._snapshot = self._make_snapshot()
        if self._subscribed:
            self._batch.append(event)
            waits = self._source.lossless and self._cursor.behind >= self._read_samples
            if not waits or self._clock() >= self._batch_due:
                self._deliver()

    def _state(self, event: WindowEvent) -> str:
        """Return the entry of the history for a window without a label: its state, or the site that it changes to."""
        spans = self._site_known is not None and event.rolling.state == "listening"
        return self._site_known.site if spans and self._site_known is not None else event.rolling.state

    def _deliver(self) -> None:
        """Put the batch into the queue; with a lossless source wait for room, otherwise drop and count the oldest."""
        if self._source.lossless:
            self._events.put_all(self._batch)
        else:
            self._undelivered += len(self._events.put(self._batch))
        self._batch_due = self._clock() + BATCH_S

    def _make_snapshot(self, *, finished: bool = False) -> Snapshot:
        """Return the current state, frozen."""
        return Snapshot(
            start=self._start,
            elapsed_s=max(self._analysis.end_sample, self._jumps[-1][1]) / self._analysis.sample_rate,
            window=self._last.event if self._last else None,
            tensor=self._last.tensor if self._last else None,
            envelope=self._last.envelope if self._last else None,
            history=tuple(self._history),
            level=self._analysis.level,
            hop_p50_ms=self._hop_ms.percentile(50),
            hop_p95_ms=self._hop_ms.percentile(95),
            skipped=self._patience.skipped,
            undelivered=self._undelivered,
            overruns=self._ring.overruns,
            gaps=self._analysis.gaps,
            finished=finished,
            overloaded=self._patience.overloaded,
            variability=self.summary().variability if finished else self._summary.variability,
        )


def _read_only(array: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """Return the array, made read-only."""
    if array is not None:
        array.flags.writeable = False
    return array

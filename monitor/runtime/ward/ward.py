"""A ward: many sounds judged by one scheduler thread with one network.

The scheduler sleeps until the next block of any stream is complete, judges the window that it completes, and goes on
with the stream whose block has waited longest. It never waits for a source, and what fails ends one stream alone.

Threads: the scheduler, the caller, and one for each source that needs its own (a microphone, a pipe); recordings and
synthetic sounds need none. Stopping twice is safe.
"""

from __future__ import annotations

import functools
import gc
import heapq
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from monitor.analysis.analyzer import Analyzer
from monitor.audio.sources.base import Source
from monitor.audio.sources.paced import PacedSource
from monitor.audio.wakeup import Wakeup
from monitor.inference.bundle import Bundle
from monitor.log import get_logger
from monitor.messages import WindowEvent
from monitor.runtime.config import MonitorConfig
from monitor.runtime.exit_watch import ExitWatch
from monitor.runtime.opening import start_message
from monitor.runtime.patience import BURST_S
from monitor.runtime.ward.delivery import Delivered, Delivery
from monitor.runtime.ward.feed import Feed, PacedFeed, RingFeed
from monitor.runtime.ward.stream import WardStream

__all__ = ["Ward"]

logger = get_logger(__name__)

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
"""Multiples of it, less their whole part, are spread evenly over 0 to 1, however many there are."""
WAIT_S = 1.0
"""Longest sleep; sound that is due and every request end it at once."""
ROOM_POLL_S = 0.005
"""Seconds after which a lossless stream looks again whether the reader has made room."""
STOP_TIMEOUT_S = 5.0


class Ward:
    """Judges many sources at once, on one thread.

    Parameters
    ----------
    bundle : Bundle
    hop_s : float or None
        Seconds between two windows of every stream; None for the bundle's own.
    config : MonitorConfig or None
        Buffer sizes and patience; None for the defaults.
    clock : callable
        Monotonic seconds; tests pass their own.
    wakeup : Wakeup or None
        What the scheduler sleeps in; tests pass one that moves their clock.

    Raises
    ------
    ValueError
        If the hop does not fit the bundle.

    Attributes
    ----------
    streams : tuple of WardStream
        In the order of adding, those that have ended too.

    Notes
    -----
    The windows of a stream are those that :class:`monitor.runtime.pipeline.Pipeline` gives for its source alone. Paced
    sources begin spread over one hop, so that their windows are not complete at the same moment.

    Examples
    --------
    >>> import numpy as np
    >>> from monitor.audio.sources.array import ArraySource
    >>> from monitor.inference.bundle import load_bundle
    >>> with Ward(load_bundle(), hop_s=1.0) as ward:
    ...     for bed in ("bed 1", "bed 2"):
    ...         _ = ward.add(ArraySource(np.zeros(24_000), sample_rate=4000), bed)
    ...     sorted((stream.name, window.end_s) for stream, window in ward.windows())
    [('bed 1', 5.0), ('bed 1', 6.0), ('bed 2', 5.0), ('bed 2', 6.0)]
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        hop_s: float | None = None,
        config: MonitorConfig | None = None,
        clock: Callable[[], float] = time.perf_counter,
        wakeup: Wakeup | None = None,
    ) -> None:
        self.streams: tuple[WardStream, ...] = ()
        self._bundle, self._config, self._clock = bundle, config or MonitorConfig(), clock
        self._shared = Analyzer(bundle, bundle.spec.sample_rate, hop_s)  # is pushed nothing; holds what all use
        self._hop_s = self._shared.hop_s
        self._delivery = Delivery(self._config.queue_windows)
        self._requests: deque[WardStream] = deque()  # to be scheduled, or removed
        self._by_name: dict[str, WardStream] = {}
        self._told: deque[str] = deque()  # names of streams whose source says that a block is complete
        self._wakeup = Wakeup() if wakeup is None else wakeup
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-ward")
        self._exit_watch = ExitWatch(self.close)
        self._error: Exception | None = None
        # the scheduler's own:
        self._timed: list[tuple[float, int, WardStream]] = []  # a heap
        self._lossless: deque[WardStream] = deque()
        self._numbers = itertools.count()
        self._settled = False

    def add(self, source: Source, name: str | None = None, *, site: str | None = None) -> WardStream:
        """Add a source; while the ward runs too, on the thread that made the ward.

        Parameters
        ----------
        source : Source
            Not started; owned by the ward from now on, and closed with it.
        name : str or None
            Names the stream; None for the source's name. A number is added where another stream has the same.
        site : str or None
            The auscultation site at the beginning, one of :data:`monitor.labels.SITES`.

        Returns
        -------
        WardStream
            Its windows have the same indices, times and verdicts as the source alone would have.
        """
        analysis = Analyzer(self._bundle, source.sample_rate, self._hop_s, source=source, beside=self._shared)
        name = self._unique(source.name if name is None else name)
        start = start_message(source, self._bundle, self._hop_s, site)
        feed = self._feed(source, analysis, name)
        stream = self._by_name[name] = WardStream(name, source, analysis, feed, start, self._config, self._clock)
        self.streams = (*self.streams, stream)
        if self._thread.ident is not None:
            self._begin(stream)
        return stream

    @property
    def settled(self) -> bool:
        """Whether every stream has judged its first window, or has ended."""
        return all(stream.ended or stream.snapshot.window is not None for stream in self.streams)

    def settle(self) -> None:
        """Leave all objects that live now out of Python's garbage collection, for a process that is there for a ward.

        Each full collection would look at all that the streams hold and delay every window meanwhile: 36 to 82 ms with
        800 streams. To be called once they have :attr:`settled`, and again after many more were added. What
        is no longer needed is freed as before, except cycles that no one refers to: those of this moment wait for
        :meth:`stop`.
        """
        self._settled = True
        gc.freeze()

    def remove(self, stream: WardStream) -> None:
        """End a stream; what a live one has heard is judged, and all that was judged is delivered. Twice is safe."""
        stream.removed = True
        stream.source.close()
        self._request(stream)

    def start(self) -> None:
        """Start the scheduler and all sources. Twice is safe."""
        if self._thread.ident is None:
            self._exit_watch.start()
            self._thread.start()
            self.begin()

    def begin(self) -> None:
        """Start all sources, for a scheduler whose thread calls :meth:`turn` itself; :meth:`start` does both."""
        for stream in self.streams:
            self._begin(stream)

    def windows(self) -> Iterator[tuple[WardStream, WindowEvent]]:
        """Start if necessary, and return an iterator over the windows of all streams, as they are judged.

        It ends when every stream has. A stream that failed ends like any other; see :attr:`WardStream.error`.

        Yields
        ------
        stream : WardStream
        window : WindowEvent

        Raises
        ------
        Exception
            If the scheduler itself failed.
        """
        self.start()
        return ((stream, window) for stream, window in self._until_ended() if window is not None)

    def drain(self, timeout_s: float) -> list[Delivered]:
        """Return what came since the last call, waiting up to ``timeout_s`` for the first.

        Returns
        -------
        list of (WardStream, WindowEvent or None)
            None after the last window of a stream: it has ended.
        """
        delivered: list[Delivered] = []
        while (item := self._delivery.queue.take(0.0 if delivered else timeout_s)) is not None:
            delivered.append(item)
        return delivered

    @property
    def running(self) -> bool:
        """Whether more windows may come."""
        return self._thread.is_alive() and self._delivery.num_ended < len(self.streams)

    def raise_errors(self) -> None:
        """Raise the exception that ended the scheduler, if there was one; those of streams are kept with them."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop all sources and the scheduler; what live ones have heard is judged. Results stay. Twice is safe."""
        for stream in self.streams:
            stream.source.begin_stop()
        for stream in self.streams:
            stream.source.stop()
        self._stopping.set()
        self._wakeup.notify()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=STOP_TIMEOUT_S)
        if self._settled:
            self._settled = False
            gc.unfreeze()
        self._exit_watch.stop()

    def close(self) -> None:
        """Stop, and release files and devices. Twice is safe."""
        self.stop()
        for stream in self.streams:
            stream.source.close()

    def __enter__(self) -> Self:
        """Return the ward itself, not yet started."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the ward."""
        self.close()

    def _until_ended(self) -> Iterator[Delivered]:
        """Yield what is delivered until every stream has ended and nothing is left."""
        while True:
            running = self.running
            yield from self.drain(WAIT_S if running else 0.0)
            if not running:
                break
        self.raise_errors()

    def _unique(self, name: str) -> str:
        """Return a name that no stream has."""
        if name not in self._by_name:
            return name
        return next(other for n in itertools.count(2) if (other := f"{name} #{n}") not in self._by_name)

    def _feed(self, source: Source, analysis: Analyzer, name: str) -> Feed:
        """Return the feed of a source."""
        if isinstance(source, PacedSource) and not source.may_wait:
            return PacedFeed(source, analysis.read_samples, self._clock)
        return RingFeed(source, self._config.ring_s, self._clock, functools.partial(self._tell, name))

    def _begin(self, stream: WardStream) -> None:
        """Start a stream's source; one that cannot be started ends its stream."""
        try:
            stream.feed.start(self._begin_s(stream))
        except Exception as error:  # of one source: told with its name
            logger.debug("%s: cannot be started", stream.name, exc_info=True)
            stream.start_error = error
        self._request(stream)

    def _begin_s(self, stream: WardStream) -> float:
        """Return when a stream begins: spread over one hop."""
        if stream.lossless:
            return self._clock()
        phase = self.streams.index(stream) * GOLDEN % 1.0
        return self._clock() + phase * self._hop_s / (stream.source.speed or 1.0)

    def _request(self, stream: WardStream) -> None:
        """Let the scheduler look at a stream."""
        self._requests.append(stream)
        self._wakeup.notify()

    def _tell(self, name: str) -> None:
        """Let the scheduler look at a stream; from its source's thread, which never waits here."""
        self._told.append(name)
        self._wakeup.notify()

    def _run(self) -> None:
        """Judge until the ward is stopped; then end what still runs."""
        try:
            while not self._stopping.is_set():
                self.turn()
        except Exception as error:  # top of a thread: raised again on the main thread
            logger.warning("the ward stopped with an error", exc_info=True)
            self._error = error
        finally:
            for stream in self.streams:
                if not stream.ended:
                    self._end(stream)
            self._delivery.deliver()
            self._delivery.queue.end()

    def turn(self) -> None:
        """Take one request, and serve one stream; sleep where none is due. For the scheduler's thread alone."""
        if self._requests:
            self._admit(self._requests.popleft())
        while self._told:
            self._schedule(self._by_name[self._told.popleft()])
        now_s = self._clock()
        stream = self._next(now_s)
        if stream is None:
            self._sleep(now_s)
        elif not stream.ended and stream.feed.due_s <= now_s:
            self._serve(stream)
        if self._delivery.is_due(self._clock()):
            self._delivery.deliver()

    def _admit(self, stream: WardStream) -> None:
        """Begin with a new stream, or end one that was removed or could not be started."""
        self._delivery.make_room(len(self.streams))
        if stream.ended:
            return
        if stream.removed or stream.start_error is not None:
            self._end(stream)
            return
        stream.prepare()
        self._schedule(stream)

    def _schedule(self, stream: WardStream) -> None:
        """Note when a stream is to be served next; not at all where its source will tell."""
        due_s = stream.feed.due_s
        if stream.lossless and due_s <= self._clock():
            self._lossless.append(stream)
        elif due_s < math.inf:
            heapq.heappush(self._timed, (due_s, next(self._numbers), stream))

    def _next(self, now_s: float) -> WardStream | None:
        """Return the stream whose block has waited longest; one without a clock of its own where no other is due."""
        if self._timed and self._timed[0][0] <= now_s:
            return heapq.heappop(self._timed)[2]
        if self._lossless and self._delivery.has_room:
            return self._lossless.popleft()
        return None

    def _serve(self, stream: WardStream) -> None:
        """Judge what is due of a stream."""
        if not stream.feed.held_up:
            self._delivery.add(stream, stream.step(), self._clock())
            if stream.ended:
                self._end(stream)
                return
        self._schedule(stream)

    def _end(self, stream: WardStream) -> None:
        """End a stream, if it has not ended, once what it has heard is judged; deliver that."""
        judged_on = stream.feed.complete and not stream.lossless and self._error is None
        while judged_on and not stream.ended and stream.start_error is None:
            self._delivery.add(stream, stream.step(), self._clock())
        if not stream.ended:
            stream.end(stream.start_error)
        self._delivery.add(stream, [None], self._clock())
        self._delivery.deliver()

    def _sleep(self, now_s: float) -> None:
        """Deliver, and sleep until a stream is due or somebody calls."""
        self._delivery.deliver()
        wait_s = min(WAIT_S, self._timed[0][0] - now_s) if self._timed else WAIT_S
        if self._lossless:
            wait_s = min(wait_s, ROOM_POLL_S)
        if self._wakeup.wait(max(0.0, wait_s)):
            return
        late_s = self._clock() - now_s - wait_s
        if self._config.patience_s < late_s <= BURST_S:  # the computer did something else
            for stream in self.streams:
                stream.forgive(late_s)

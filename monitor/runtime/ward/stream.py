"""One stream of a ward: its feed, its analysis, what was judged and what was skipped. No thread, no waiting.

Written by the scheduler's thread. Everybody else reads the frozen snapshot, the summary, and whether it has ended.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable

from monitor.analysis.analyzer import Analyzer, JudgedWindow
from monitor.analysis.verdict import Summarizer
from monitor.audio.sources.base import Source
from monitor.log import get_logger
from monitor.messages import HeartBeat, SiteChange, Snapshot, Start, Summary, WindowEvent
from monitor.runtime.config import MonitorConfig
from monitor.runtime.patience import Patience
from monitor.runtime.percentiles import Percentiles
from monitor.runtime.ward.feed import Feed

__all__ = ["WardStream", "history_entry"]

logger = get_logger(__name__)

HOPS_KEPT = 64
"""Hops whose compute time is kept: half a minute."""


class WardStream:
    """A stream of a :class:`monitor.runtime.ward.ward.Ward`, which makes it.

    Parameters
    ----------
    name : str
    source : Source
        Owned by the ward.
    analysis : Analyzer
    feed : Feed
    start_message : Start
    config : MonitorConfig
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    name : str
        Unique in the ward.
    source : Source
    start_message : Start
        What is known of the source.
    snapshot : Snapshot
        The newest state, frozen; without input image and envelope, unless somebody looks into the stream.
    looked_into, served : bool
        Whether somebody does, at the terminal or over the network; set by them.
    ended : bool
        Whether no more windows will come.
    error : Exception or None
        What ended the stream early, or was missing of it: of its source, or of its analysis.
    undelivered : int
        Windows judged and dropped before anybody took them.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        analysis: Analyzer,
        feed: Feed,
        start_message: Start,
        config: MonitorConfig,
        clock: Callable[[], float],
    ) -> None:
        self.name, self.source, self.start_message = name, source, start_message
        self.feed = feed
        self.ended = self.removed = self.looked_into = self.served = False
        self.error: Exception | None = None
        self.start_error: Exception | None = None  # written by the ward's owner before the scheduler sees the stream
        self.undelivered = 0
        self._last_beats: tuple[HeartBeat, ...] = ()
        self._analysis, self._clock = analysis, clock
        rate = source.sample_rate
        hop_samples = analysis.hop_s * rate
        self._patience = Patience(config.patience_s, rate * (source.speed or 1.0), hop_samples, clock, name)
        # where sound is resampled, a window may be complete up to that much later than its samples say
        self._margin_s = analysis.margin_samples / (rate * (source.speed or 1.0))
        self._lossless = source.lossless
        self._summary = Summarizer()
        self._hop_ms = Percentiles(HOPS_KEPT)
        self._history: collections.deque[str] = collections.deque(maxlen=config.history_windows)
        self._judged: JudgedWindow | None = None
        self._sites: collections.deque[SiteChange] = collections.deque()
        self.snapshot = self._make_snapshot()

    @property
    def lossless(self) -> bool:
        """Whether it waits for its reader and skips nothing, instead of following the clock."""
        return self._lossless

    def summary(self) -> Summary:
        """Return the result so far; of the whole sound once it has ended."""
        summary = self._summary.summary(
            self.source.name,
            self._analysis.bundle.decision,
            skipped=self._patience.skipped,
            overruns=self.feed.overruns,
            beats=self._last_beats,
        )
        truncated = self.source.shortfall is not None
        return dataclasses.replace(summary, undelivered=self.undelivered, truncated=truncated)

    def prepare(self) -> None:
        """Ask the feed for the sound up to the next window, at most a hop of it."""
        analysis = self._analysis
        if self._lossless:
            self.feed.prepare(analysis.max_samples)
        else:
            missing = analysis.samples_to_window + analysis.margin_samples
            self.feed.prepare(min(missing, analysis.read_samples, analysis.max_samples))

    def begin_anew(self, site: SiteChange) -> None:
        """Begin the rolling verdict again from a change of site on; from any thread."""
        self._sites.append(site)

    def forgive(self, seconds: float) -> None:
        """Skip nothing for a while: the whole ward was held up for ``seconds``, and was idle before."""
        self._patience.arrived(seconds * self.source.sample_rate * (self.source.speed or 1.0))

    def step(self) -> list[WindowEvent]:
        """Take the block that is due, judge what it completes, and ask for the next one; more where it is skipped.

        Returns
        -------
        list of WindowEvent
            Mostly none or one. After the last ones :attr:`ended` is set; whatever fails ends this stream alone.
        """
        events: list[WindowEvent] = []
        try:
            skipped = -1
            while not (events or self.ended) and skipped != self._patience.skipped:  # what is skipped gives way to a
                skipped = self._patience.skipped  # newer window of the same stream, which is judged in its turn
                events = self._take_block()
        except Exception as error:  # of one stream: kept, told with its name, and the others go on
            logger.debug("%s: failed", self.name, exc_info=True)
            events += self._judge_rest()
            self.end(error)
        if not events:
            self.snapshot = self._make_snapshot()
        return events

    def _take_block(self) -> list[WindowEvent]:
        """Take a block, judge what it completes, and ask for the next one, or end."""
        began_s = self._clock()
        while self._sites:
            self._analysis.begin_anew(self._sites.popleft().at_s)
        read = self.feed.take()
        complete_s = self.feed.complete_s()
        if (burst := self.feed.burst(self._clock())) > 0:
            self._patience.arrived(burst)
        ready = self._analysis.finish() if read is None else self._analysis.push_read(read)
        events = self._judge(ready, began_s, complete_s)
        if read is None:
            self._last_beats = self._analysis.last_beats()
            self.end(self.source.shortfall)
        else:
            self.prepare()
        return events

    def end(self, error: Exception | None = None) -> None:
        """End the stream."""
        self.error = error
        self.feed.close()
        self.ended = True
        self.snapshot = self._make_snapshot()

    def _judge_rest(self) -> list[WindowEvent]:
        """Return the windows of a sound whose source failed: what came before is judged as if it had ended there."""
        try:
            now_s = self._clock()
            return self._judge(self._analysis.finish(), now_s, now_s)
        except Exception:  # the analysis itself has failed, and that is told
            logger.debug("%s: nothing more is judged", self.name, exc_info=True)
            return []

    def _judge(self, ready: list[int], began_s: float, complete_s: float) -> list[WindowEvent]:
        """Judge complete windows, or skip those that waited too long."""
        events = []
        for index in ready:
            behind = self.feed.behind(self._clock())
            if not self._lossless and self._patience.too_late(behind, newer=index != ready[-1]):
                self._patience.skip(index, behind)
                continue
            self._patience.judge()
            judged = self._analysis.judge(index)
            now_s = self._clock()
            spent_ms = (now_s - began_s) * 1000
            since = began_s if self._lossless else min(began_s, complete_s - self._margin_s)
            event = dataclasses.replace(judged.event, latency_ms=(now_s - since) * 1000)
            self._keep(event, judged, spent_ms)
            events.append(event)
            began_s = now_s
        return events

    def _keep(self, event: WindowEvent, judged: JudgedWindow, spent_ms: float) -> None:
        """Count a window."""
        self._hop_ms.add(spent_ms)
        pictures = (judged.tensor, judged.envelope) if self.looked_into or self.served else (None, None)
        self._judged = JudgedWindow(event, *pictures)
        self._history.append(history_entry(event))
        self._summary.push(event)
        self.snapshot = self._make_snapshot()

    def _make_snapshot(self) -> Snapshot:
        """Return the current state, frozen."""
        judged = self._judged
        return Snapshot(
            start=self.start_message,
            elapsed_s=self._analysis.end_sample / self._analysis.sample_rate,
            window=None if judged is None else judged.event,
            tensor=None if judged is None else judged.tensor,
            envelope=None if judged is None else judged.envelope,
            history=tuple(self._history),
            level=self._analysis.level,
            hop_p50_ms=self._hop_ms.percentile(50),
            hop_p95_ms=self._hop_ms.percentile(95),
            skipped=self._patience.skipped,
            undelivered=self.undelivered,
            overruns=self.feed.overruns,
            gaps=self._analysis.gaps,
            finished=self.ended,
            overloaded=self._patience.overloaded,
            device=self.source.device_status,
            variability=self.summary().variability if self.ended else self._summary.variability,
        )


def history_entry(event: WindowEvent) -> str:
    """Return the entry of a window in the history: its rolling label, or state, or ``"gap"``."""
    return "gap" if event.gap else event.rolling.label or event.rolling.state

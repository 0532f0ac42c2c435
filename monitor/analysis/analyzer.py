"""The synchronous core: samples in, judged windows out. No clock, no thread, no device.

:class:`Analyzer` takes the source's samples in blocks of any size and judges each window of the hop grid:
:class:`monitor.inference.window_scorer.WindowScorer` scores it, and the analyzer adds what the raw samples, the beats
and the windows before say. However the samples are cut into blocks, a window gets the same input image bit for bit
and the same verdict. A window that overlaps lost samples is withheld. The worker (:mod:`monitor.runtime.worker`) is
the threaded shell around it; :func:`monitor.archive.offline.judge_offline`, and so
:func:`monitor.api.judge`, runs it bare.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.loudness import RollingLoudness, loudness_word
from monitor.analysis.quality import GAP_QUALITY, RECORDING, Origin, judge_quality
from monitor.analysis.rhythm.interval_rate import IntervalRate
from monitor.analysis.rhythm.tracker import BeatTracker
from monitor.analysis.rolling_verdict import LISTENING, TOLERANCE_S, RollingVerdict
from monitor.analysis.segmentation.heart_beats import HeartBeats
from monitor.analysis.segmentation.rolling_timing import RollingTiming
from monitor.analysis.verdict import window_verdict
from monitor.audio.ring_buffer import Read
from monitor.audio.signal_statistics import StreamingStatistics
from monitor.features.extractor import Stopwatch, no_stopwatch
from monitor.features.heart_rate import HeartRate
from monitor.inference.bundle import Bundle
from monitor.inference.engine import Engine
from monitor.inference.window_scorer import ScoredWindow, WindowScorer
from monitor.messages import NO_RHYTHM, EctopicBeats, HeartBeat, Level, Verdict, WindowEvent

__all__ = ["Analyzer", "JudgedWindow"]


@dataclasses.dataclass(frozen=True, slots=True)
class JudgedWindow:
    """A window's event and the input image that the network saw.

    Attributes
    ----------
    event : WindowEvent
        With a latency of 0: only the caller has a clock.
    tensor : ndarray, shape (64, 64, 3), float32, or None
        The input image; None when samples were lost.
    envelope : ndarray, shape (frames,), float32, or None
        Natural log of the power from 20 to 200 Hz, one value per frame; None when samples were lost.
    """

    event: WindowEvent
    tensor: NDArray[np.float32] | None
    envelope: NDArray[np.float32] | None = None


class Analyzer:
    """Judges the windows of one sound.

    Parameters
    ----------
    bundle : Bundle
        May be shared with other threads and sounds.
    sample_rate : int
        Hz of the source, 1000 to 192000.
    hop_s : float or None
        Seconds between two windows; None for the bundle's own.
    stopwatch : callable or None
        Called with the name of a stage whenever it ends; see :data:`monitor.commands.bench.hop_latency.STAGES`.
    source : Origin
        The source of the sound: what is read of it decides what advice is given.
    beside : Analyzer or None
        An analyzer of another sound with the same bundle, on the same thread; they share the engine and scratch space.

    Attributes
    ----------
    gaps : int
        Stretches of lost samples so far.

    Raises
    ------
    ValueError
        If the sample rate or the hop is out of range, or the analyzer beside is one of another bundle.

    Notes
    -----
    Written by one thread, the classifier's.

    Examples
    --------
    >>> from monitor.inference.bundle import load_bundle
    >>> analyzer = Analyzer(load_bundle(), sample_rate=4000)
    >>> for second in range(5):
    ...     complete = analyzer.push(np.zeros(4000, np.float32))
    >>> [analyzer.judge(index).event.verdict.state for index in complete]
    ['no-signal']
    """

    def __init__(
        self,
        bundle: Bundle,
        sample_rate: int,
        hop_s: float | None = None,
        stopwatch: Stopwatch | None = None,
        source: Origin = RECORDING,
        beside: Analyzer | None = None,
    ) -> None:
        self.bundle = bundle
        self.sample_rate = sample_rate
        self._stopwatch = stopwatch or no_stopwatch
        self._source = source
        self._scorer: WindowScorer = WindowScorer(
            bundle, sample_rate, hop_s, stopwatch, None if beside is None else beside._scorer
        )
        self.hop_s = self._scorer.hop_s
        self._statistics = StreamingStatistics(sample_rate, bundle.spec.window_s)
        self._rolling = RollingVerdict(bundle.decision)
        self._beats = BeatTracker(self._scorer.frame_hop_s)
        self._heart_beats: HeartBeats | None = _heart_beats(bundle, None if beside is None else beside._heart_beats)
        self._loudness = RollingLoudness(bundle.decision.rolling_s)
        self._timing = RollingTiming(bundle.timing)
        self._interval_rate = IntervalRate()
        self._lost: deque[tuple[int, int]] = deque()
        self._changes_s: deque[float] = deque()
        self._shows_beats = True  # whether the newest window was judged
        self.gaps = 0

    @property
    def engine(self) -> Engine:
        """The engine that runs the network for this sound, and those beside it."""
        return self._scorer.engine

    @property
    def end_sample(self) -> int:
        """Samples of the source pushed so far."""
        return self._scorer.end_sample

    @property
    def read_samples(self) -> int:
        """Samples of the source to push at a time if the result is waited for: at most one hop."""
        return self._scorer.read_samples

    @property
    def max_samples(self) -> int:
        """Most samples to push at a time, so that every window that they complete can still be judged."""
        return self._scorer.max_samples

    @property
    def samples_to_window(self) -> int:
        """Samples of the source that are missing at least until the next window is complete; 1 or more."""
        return self._scorer.samples_to_window

    @property
    def margin_samples(self) -> int:
        """Samples of the source by which :attr:`samples_to_window` may be too few; 0 where nothing is resampled."""
        return self._scorer.margin_samples

    @property
    def level(self) -> Level:
        """How loud the last 0.1 s were."""
        return self._statistics.level()

    def push(self, waveform: NDArray[np.float32]) -> list[int]:
        """Take the next samples of the source.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Finite mono samples, at most :attr:`max_samples` of them.

        Returns
        -------
        list of int
            Indices of the windows that are now complete; judge or skip them before the next push.
        """
        self._statistics.push(waveform)
        self._stopwatch("statistics")
        ready = self._scorer.push(waveform)
        if self._heart_beats is not None:
            self._heart_beats.push(self._scorer.latest_samples)
            self._stopwatch("segmentation")
        return ready

    def push_read(self, read: Read) -> list[int]:
        """Take what a cursor read; lost samples become zeros, and every window that overlaps them is withheld.

        Returns
        -------
        list of int
            Indices of the windows that are now complete. After a long overrun the older ones of
            them are no longer held, but all of those overlap the loss and are withheld anyway.
        """
        for start, end in read.lost:
            self._note_loss(start, end)
        ready: list[int] = []
        for begin in range(self.end_sample, read.start_sample, self.read_samples):
            ready += self.push(np.zeros(min(self.read_samples, read.start_sample - begin), np.float32))
        begin = 0
        if self._heart_beats is not None:
            for _, lost_end in read.lost:
                end = max(begin, lost_end - read.start_sample)
                ready += self.push(read.waveform[begin:end])
                self._heart_beats.restart()  # what was lost is no part of a beat
                begin = end
        return ready + self.push(read.waveform[begin:])

    def finish(self) -> list[int]:
        """End the sound; a clip shorter than a window is looped and gives one window.

        Returns
        -------
        list of int
            Indices of the windows that are now complete.
        """
        ready = self._scorer.finish()
        self._statistics.push(self._scorer.padding)
        if self._heart_beats is not None:
            self._heart_beats.push(self._scorer.latest_samples)
            self._heart_beats.finish()
        return ready

    def last_beats(self) -> tuple[HeartBeat, ...]:
        """Return the beats that no window has had, once the sound has ended: they are decided at its end.

        There are none where the last window was withheld for its quality.
        """
        return self._heart_beats.until(math.inf) if self._heart_beats is not None and self._shows_beats else ()

    def begin_anew(self, at_s: float) -> None:
        """Begin the rolling verdict and the rhythm again: another site, or place of a recording, is heard from now on.

        A window that spans it is judged on its own and counts for neither site; the rolling verdict is ``listening``
        until a whole window of the new one is complete.

        Parameters
        ----------
        at_s : float
            Position in the source, seconds.
        """
        self._changes_s.append(at_s)

    def span_s(self, index: int) -> tuple[float, float]:
        """Return start and end of a window, seconds of the source."""
        return self._scorer.span_s(index)

    def judge(self, index: int) -> JudgedWindow:
        """Return the verdict on a window that :meth:`push` or :meth:`finish` has just completed."""
        start_s, end_s = self._scorer.span_s(index)
        decision, clip_s = self.bundle.decision, self._scorer.looped_s
        beats = () if self._heart_beats is None else self._heart_beats.until(end_s)
        self._interval_rate.push(beats)
        spans = self._spans_change(start_s, end_s)
        if self._has_loss(start_s, end_s):
            return self._withheld(index, start_s, end_s, beats, spans=spans)
        statistics = self._statistics.window(round(start_s * self.sample_rate), round(end_s * self.sample_rate))
        self._stopwatch("statistics")
        window = self._scorer.score(index)
        quality = judge_quality(
            window.gate_features,
            statistics,
            gate=self.bundle.gate,
            odds=window.heart_odds,
            clip_s=clip_s,
            rate_confidence=window.heart_rate.confidence,
            origin=self._source,
        )
        self._stopwatch("quality")
        usable = self._shows_beats = quality.state is None
        ectopic = NO_RHYTHM if spans else self._track_beats(window, start_s, end_s, usable and clip_s is None)
        self._stopwatch("beats")
        scores = None if quality.state == "no-signal" else window.scores
        rolling = LISTENING if spans else self._rolling.push(scores, quality, end_s, ectopic)
        rate = self._heart_rate(window, start_s, end_s) if usable else None
        loud = window.loud if usable else None
        rolling_loud = None if spans else self._loudness.push(loud, end_s)
        if usable and self._heart_beats is not None:
            self._timing.push(self._heart_beats.latest_cycles)
        own = window_verdict(scores, quality, decision)
        rolling_timing = self._rolling_timing(rolling, end_s)
        event = WindowEvent(
            index=index,
            start_s=start_s,
            end_s=end_s,
            verdict=self._completed(own, self._timing.of_window(own, start_s), loud),
            rolling=self._completed(rolling, rolling_timing, rolling_loud),
            quality=quality,
            heart_rate_bpm=None if rate is None else rate.bpm,
            gap=False,
            short=clip_s is not None,
            latency_ms=0.0,
            heart_rate_confidence=None if rate is None else rate.confidence,
            ectopic=ectopic,
            heart_rate_reason=None if rate is None else rate.reason,
            beats=beats if usable else (),
            loud=loud,
        )
        judged = JudgedWindow(event, window.image, window.frames.envelope.copy())
        self._stopwatch("verdict")
        return judged

    def _completed(self, verdict: Verdict, timing: str | None, loud: float | None = None) -> Verdict:
        """Return a verdict with what follows from its scores and decides nothing: the probabilities of what is heard.

        A murmur that it names also gets where it lies, and how loud it is, by the probability that it is loud.
        """
        scores, label, possible = verdict.scores, verdict.label, verdict.possible
        if scores is None:
            return verdict
        loudness = loudness_word(loud) if verdict.names_murmur else None
        acoustic_scores = self.bundle.calibration.acoustic_scores(scores)
        return Verdict(verdict.state, label, verdict.confidence, scores, acoustic_scores, possible, timing, loudness)

    def _rolling_timing(self, verdict: Verdict, end_s: float) -> str | None:
        """Return where the murmur lies that the verdict on the last seconds names; asked once for each window."""
        return self._timing.of_last_seconds(verdict, end_s - self.bundle.decision.rolling_s)

    def _heart_rate(self, window: ScoredWindow, start_s: float, end_s: float) -> HeartRate:
        """Return the heart rate of a window: from S1 to S1 where that is sure, else that of its envelope."""
        if self._scorer.looped_s is not None:
            return window.heart_rate
        return self._interval_rate.shown(window.heart_rate, start_s, end_s)

    def _track_beats(self, window: ScoredWindow, start_s: float, end_s: float, has_rhythm: bool) -> EctopicBeats:
        """Return what the beat intervals say; a looped clip has no rhythm, and a withheld window interrupts it.

        Once the rolling verdict has been given up, the beats are forgotten too: the next sound may be another site.
        """
        if not has_rhythm:
            if self._rolling.verdict.scores is None:
                self._beats.clear()
                self._timing.clear()
            return self._beats.lose(end_s)
        return self._beats.push(window.frames.envelope, start_s, window.heart_rate.bpm)

    def _spans_change(self, start_s: float, end_s: float) -> bool:
        """Return whether a window spans a change of site; forgets what was before it, and a change that is past."""
        if not self._changes_s:
            return False
        spans = any(start_s + TOLERANCE_S < at_s < end_s - TOLERANCE_S for at_s in self._changes_s)
        past = self._changes_s[0] <= start_s + TOLERANCE_S
        while self._changes_s and self._changes_s[0] <= start_s + TOLERANCE_S:
            self._changes_s.popleft()
        if spans or past:
            self._rolling.clear()
            self._beats.clear()
            self._loudness.clear()
            self._timing.clear()
        return spans

    def _withheld(
        self, index: int, start_s: float, end_s: float, beats: tuple[HeartBeat, ...], *, spans: bool
    ) -> JudgedWindow:
        """Return the event of a window that overlaps lost samples; its beats do not."""
        rolling = LISTENING if spans else self._rolling.push(None, GAP_QUALITY, end_s)
        if rolling.scores is None:
            self._timing.clear()
        event = WindowEvent(
            index=index,
            start_s=start_s,
            end_s=end_s,
            verdict=window_verdict(None, GAP_QUALITY, self.bundle.decision),
            rolling=self._completed(rolling, self._rolling_timing(rolling, end_s)),
            ectopic=NO_RHYTHM if spans else self._beats.lose(end_s),
            quality=GAP_QUALITY,
            heart_rate_bpm=None,
            gap=True,
            short=self._scorer.looped_s is not None,
            latency_ms=0.0,
            beats=beats,
        )
        return JudgedWindow(event, None)

    def _has_loss(self, start_s: float, end_s: float) -> bool:
        """Return whether samples were lost inside a window; forgets losses that lie behind it."""
        if not self._lost:
            return False
        start, end = start_s * self.sample_rate, end_s * self.sample_rate
        while self._lost and self._lost[0][1] <= start - self._scorer.window_s * self.sample_rate:
            self._lost.popleft()
        return any(lost_start < end and lost_end > start for lost_start, lost_end in self._lost)

    def _note_loss(self, start: int, end: int) -> None:
        """Remember a lost interval; one that continues the last is the same gap, however it was read."""
        if self._lost and self._lost[-1][1] == start:
            self._lost[-1] = (self._lost[-1][0], end)
            return
        self._lost.append((start, end))
        self.gaps += 1


def _heart_beats(bundle: Bundle, beside: HeartBeats | None) -> HeartBeats | None:
    """Return what finds the beats; None with a bundle that cannot."""
    if bundle.segmentation is None or not bundle.finds_heart_sounds:
        return None
    return HeartBeats(bundle.segmentation, beside)

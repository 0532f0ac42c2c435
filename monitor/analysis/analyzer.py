"""The synchronous core: samples in, judged windows out. No clock, no thread, no device.

:class:`Analyzer` takes the source's samples in any pieces, brings them to the picture's rate, and
judges window k of the hop grid when asked. However the samples are cut, window k gets the same
picture bit for bit and the same scores. A window that overlaps lost samples is withheld. The worker
(:mod:`monitor.runtime.worker`) is the thin threaded shell around it; :func:`monitor.api.judge` uses it bare.
"""

from __future__ import annotations

import dataclasses
from collections import deque

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.quality import GAP_QUALITY, judge_quality
from monitor.analysis.rhythm.tracker import BeatTracker
from monitor.analysis.rolling_verdict import RollingVerdict
from monitor.analysis.verdict import window_verdict
from monitor.audio.ring_buffer import Read
from monitor.audio.signal_statistics import StreamingStatistics
from monitor.features.extractor import FeatureExtractor, feature_extractor
from monitor.features.heart_rate import heart_rate
from monitor.features.image import FrameWindow
from monitor.features.resample import StreamingResampler
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.bundle import Bundle
from monitor.inference.calibration import without_rhythm
from monitor.inference.quality_gate import gate_features
from monitor.messages import EctopicBeats, Level, Quality, WindowEvent

__all__ = ["Analyzer", "JudgedWindow"]


@dataclasses.dataclass(frozen=True, slots=True)
class JudgedWindow:
    """A window's event and the picture that the network saw.

    Attributes
    ----------
    event : WindowEvent
        With a latency of 0, which only the caller's clock can tell.
    tensor : ndarray, shape (64, 64, channels), float32, or None
        None when samples were lost and no picture was drawn.
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
        Its engine is used by the thread that calls this.
    sample_rate : int
        Hz of the source, 1000 to 192000.
    hop_s : float or None
        Seconds between two windows; None for the bundle's own.

    Raises
    ------
    ValueError
        If the sample rate or the hop is out of range.

    Notes
    -----
    Written by one thread, the classifier's.
    """

    def __init__(self, bundle: Bundle, sample_rate: int, hop_s: float | None = None) -> None:
        self.bundle = bundle
        self.sample_rate = sample_rate
        self.hop_s = bundle.spec.hop_s if hop_s is None else hop_s
        self._rate = bundle.spec.sample_rate
        self._hop = bundle.spec.hop_samples(self.hop_s)
        self._window = bundle.spec.window_samples
        self._window_s = bundle.spec.window_s
        self._picture = _Input(sample_rate, feature_extractor(bundle.spec), self._rate)
        self._pulse = self._picture
        if not isinstance(self._picture.feature_extractor, StreamingSpectrogram):
            self._pulse = _Input(sample_rate, StreamingSpectrogram(HEART), HEART.sample_rate)
        self._statistics = StreamingStatistics(sample_rate, self._window_s)
        self._rolling = RollingVerdict(bundle.decision)
        self._beats = BeatTracker(HEART.frame_hop_s)
        self._lost: deque[tuple[int, int]] = deque()
        self._next = 0
        self._first_window: list[NDArray[np.float32]] | None = []
        self._short_s: float | None = None
        self.end_sample = 0
        self.gaps = 0

    @property
    def read_samples(self) -> int:
        """Samples of the source to push at a time where somebody waits for the result: never more than one hop."""
        return max(1, round(min(self.hop_s, 0.5) * self.sample_rate))

    @property
    def most_samples(self) -> int:
        """The most samples to push at a time: what several hops share is cheaper; windows stay held until judged."""
        return max(self.read_samples, min(4 * self.read_samples, round(self._window_s / 2 * self.sample_rate)))

    @property
    def level(self) -> Level:
        """How loud the last 0.1 s were."""
        return self._statistics.level()

    def push(self, waveform: NDArray[np.float32]) -> list[int]:
        """Take the next samples of the source.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Finite mono samples, at most :attr:`most_samples` of them.

        Returns
        -------
        list of int
            Numbers of the windows that are now complete; judge or skip them before the next push.
        """
        self.end_sample += len(waveform)
        self._keep_first_window(waveform)
        self._statistics.push(waveform)
        return self._feed(waveform, last=False)

    def push_read(self, read: Read) -> list[int]:
        """Take what a cursor read: losses become zeros that mark every window they touch.

        Returns
        -------
        list of int
            Numbers of the windows that are now complete. After a long overrun the older ones of
            them are no longer held, but all of those span the loss and are withheld anyway.
        """
        for start, end in read.lost:
            self._note_loss(start, end)
        ready: list[int] = []
        for begin in range(self.end_sample, read.start_sample, self.read_samples):
            ready += self.push(np.zeros(min(self.read_samples, read.start_sample - begin), np.float32))
        return ready + self.push(read.waveform)

    def finish(self) -> list[int]:
        """Say that the sound has ended; a clip shorter than a window is looped and gives one window.

        Returns
        -------
        list of int
            Numbers of the windows that are now complete.
        """
        first = self._first_window
        window = -(-self._window * self.sample_rate // self._rate)
        if first is None or not 0 < self.end_sample < window:
            return self._feed(np.zeros(0, np.float32), last=True)
        self._short_s = self.end_sample / self.sample_rate
        looped = np.resize(np.concatenate(first), window + 1)
        self._statistics.push(looped[self.end_sample :])
        return self._feed(looped[self.end_sample :], last=True)[:1]

    def judge(self, index: int) -> JudgedWindow:
        """Judge a window that :meth:`push` or :meth:`finish` has just completed."""
        start = index * self._hop
        start_s = start / self._rate
        end_s = start_s + self._window_s
        if self._has_loss(start_s, end_s):
            return self._withheld(index, start_s, end_s)
        frames = self._pulse.frames(start_s)
        pulse = heart_rate(frames.envelope, HEART.frame_hop_s)
        statistics = self._statistics.window(round(start_s * self.sample_rate), round(end_s * self.sample_rate))
        features = gate_features(frames, pulse.periodicity)
        tensor = self._draw(start, frames)
        outputs = self.bundle.engine.outputs(tensor)  # as late as can be, for it drives everything else from the caches
        if self._short_s is not None:
            outputs = without_rhythm(outputs, self.bundle.labels, self.bundle.calibration.kind)
        values, odds = self.bundle.calibration.of_one(outputs, len(self.bundle.labels))
        quality = judge_quality(features, statistics, gate=self.bundle.gate, odds=odds, clip_s=self._short_s)
        ectopic = self._followed(frames, start_s, end_s, pulse.bpm, quality)
        scores = None if quality.state == "no-signal" else dict(zip(self.bundle.labels, values, strict=True))
        event = WindowEvent(
            index=index,
            start_s=start_s,
            end_s=end_s,
            verdict=window_verdict(scores, quality, self.bundle.decision),
            rolling=self._rolling.push(scores, quality, end_s, ectopic),
            quality=quality,
            heart_rate_bpm=pulse.bpm if quality.state is None else None,
            gap=False,
            short=self._short_s is not None,
            latency_ms=0.0,
            heart_rate_confidence=pulse.confidence if quality.state is None else None,
            ectopic=ectopic,
        )
        return JudgedWindow(event, tensor, frames.envelope.copy())

    def _followed(
        self, frames: FrameWindow, start_s: float, end_s: float, bpm: float | None, quality: Quality
    ) -> EctopicBeats:
        """Return what the intervals say of early beats; a loop has no rhythm, and a withheld window breaks it off.

        Where the rolling verdict was given up they are forgotten too: what comes next may be another place.
        """
        if quality.state is not None or self._short_s is not None:
            if self._rolling.verdict.scores is None:
                self._beats.clear()
            return self._beats.lose(end_s)
        return self._beats.push(frames.envelope, start_s, bpm)

    def _draw(self, start: int, frames: FrameWindow) -> NDArray[np.float32]:
        """Return the picture of the window that starts at a sample of the picture's rate and has these frames."""
        spectrogram = self._picture.feature_extractor
        if self._pulse is self._picture and isinstance(spectrogram, StreamingSpectrogram):
            return spectrogram.draw(frames)
        return spectrogram.tensor(start)

    def _withheld(self, index: int, start_s: float, end_s: float) -> JudgedWindow:
        """Return the event of a window that spans lost samples."""
        event = WindowEvent(
            index=index,
            start_s=start_s,
            end_s=end_s,
            verdict=window_verdict(None, GAP_QUALITY, self.bundle.decision),
            rolling=self._rolling.push(None, GAP_QUALITY, end_s),
            ectopic=self._beats.lose(end_s),
            quality=GAP_QUALITY,
            heart_rate_bpm=None,
            gap=True,
            short=self._short_s is not None,
            latency_ms=0.0,
        )
        return JudgedWindow(event, None)

    def _has_loss(self, start_s: float, end_s: float) -> bool:
        """Return whether samples were lost inside a window; forgets losses that lie behind it."""
        if not self._lost:
            return False
        start, end = start_s * self.sample_rate, end_s * self.sample_rate
        while self._lost and self._lost[0][1] <= start - self._window_s * self.sample_rate:
            self._lost.popleft()
        return any(lost_start < end and lost_end > start for lost_start, lost_end in self._lost)

    def _note_loss(self, start: int, end: int) -> None:
        """Remember a lost interval; one that goes on where the last ended is the same gap, however it was read."""
        if self._lost and self._lost[-1][1] == start:
            self._lost[-1] = (self._lost[-1][0], end)
            return
        self._lost.append((start, end))
        self.gaps += 1

    def _feed(self, waveform: NDArray[np.float32], *, last: bool) -> list[int]:
        """Pass samples on to the pictures and return the windows that these complete."""
        ends = [self._picture.push(waveform, last=last)]
        if self._pulse is not self._picture:
            ends.append(self._pulse.push(waveform, last=last))
        complete = round(min(ends) * self._rate)
        ready = []
        while self._next * self._hop + self._window <= complete:
            ready.append(self._next)
            self._next += 1
        return ready

    def _keep_first_window(self, waveform: NDArray[np.float32]) -> None:
        """Keep the sound until it is a window long, in case it ends before."""
        if self._first_window is not None:
            self._first_window.append(waveform)
            if self._next > 0:
                self._first_window = None


class _Input:
    """A front end behind the resampler that feeds it."""

    def __init__(self, sample_rate: int, into: FeatureExtractor, rate: int) -> None:
        self.feature_extractor = into
        self._rate = rate
        self._resampler = StreamingResampler(sample_rate, rate)

    def push(self, waveform: NDArray[np.float32], *, last: bool) -> float:
        """Pass samples on; return the seconds of sound that the front end has."""
        self.feature_extractor.push(self._resampler.push(waveform, last=last))
        return self.feature_extractor.end_sample / self._rate

    def frames(self, start_s: float) -> FrameWindow:
        """Return the frames of the window nearest before a time; the front end must be the streaming spectrogram."""
        spectrogram = self.feature_extractor
        if not isinstance(spectrogram, StreamingSpectrogram):
            raise ValueError("frames must be asked of a streaming spectrogram")
        hop = spectrogram.frame_hop_samples
        return spectrogram.window(round(start_s * self._rate) // hop * hop)

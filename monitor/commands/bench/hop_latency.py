"""What a hop costs: the whole of it against a bare run of the same network, and stage by stage.

A hop is what the classifier thread does for 0.5 s of new sound: take the samples, judge the window that they
complete. Hops and bare runs take turns in one loop, so whatever else the machine does hits both alike. The
stages are timed in a loop of their own, because a stopwatch inside the hop would be part of it.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.quality import judge_quality
from monitor.analysis.rhythm.tracker import BeatTracker
from monitor.analysis.rolling_verdict import RollingVerdict
from monitor.analysis.verdict import window_verdict
from monitor.audio.signal_statistics import StreamingStatistics
from monitor.commands.bench.percentiles import endless
from monitor.features.extractor import feature_extractor
from monitor.features.heart_rate import heart_rate
from monitor.features.image import FrameWindow
from monitor.features.resample import StreamingResampler
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.bundle import Bundle
from monitor.inference.engine import LiteRTEngine
from monitor.inference.quality_gate import gate_features
from monitor.messages import NOTHING_FOLLOWED, Verdict

__all__ = ["STAGES", "measure_hops", "measure_stages"]

STAGES = ("statistics", "resample", "spectrogram", "heart_rate", "network", "quality", "beats", "verdict")
"""In the order of a hop, some of it in several parts; their sum is the hop but for what holds them together."""

WARM_UP_HOPS = 30
"""Not counted: ten fill the first window, the others the caches."""


def measure_hops(
    bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: int
) -> tuple[list[float], list[float]]:
    """Return the seconds of whole hops, and of bare runs of the network between them.

    Parameters
    ----------
    bundle : Bundle
        With the LiteRT engine.
    waveform : ndarray, shape (samples,), float32
        Played again and again.
    sample_rate : int
        Hz.
    repeats : int
        Hops to measure.

    Raises
    ------
    ValueError
        If the bundle's engine is another.
    """
    engine = bundle.engine
    if not isinstance(engine, LiteRTEngine):
        raise ValueError("bundle must run in LiteRT")
    analysis = Analyzer(bundle, sample_rate)
    blocks = endless(waveform, round(analysis.hop_s * sample_rate))
    hops: list[float] = []
    bare: list[float] = []
    for number in range(repeats + WARM_UP_HOPS):
        block = next(blocks)
        began = time.perf_counter()
        for index in analysis.push(block):
            analysis.judge(index)
        judged = time.perf_counter()
        engine.invoke()
        ended = time.perf_counter()
        if number >= WARM_UP_HOPS:
            hops.append(judged - began)
            bare.append(ended - judged)
    return hops, bare


def measure_stages(
    bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: int
) -> dict[str, list[float]]:
    """Return the seconds of each stage of a hop, by name.

    Parameters
    ----------
    bundle, waveform, sample_rate, repeats
        As for :func:`measure_hops`.
    """
    hop = _StagedHop(bundle, sample_rate)
    blocks = endless(waveform, round(bundle.spec.hop_s * sample_rate))
    times: dict[str, list[float]] = {name: [] for name in STAGES}
    for number in range(repeats + WARM_UP_HOPS):
        laps = hop.run(next(blocks))
        if number >= WARM_UP_HOPS and laps is not None:
            for name, seconds in zip(STAGES, laps, strict=True):
                times[name].append(seconds)
    return times


class _StagedHop:
    """The same steps as :class:`monitor.analysis.analyzer.Analyzer`, with a look at the clock after each.

    Parameters
    ----------
    bundle : Bundle
    sample_rate : int
        Hz of the source.

    Attributes
    ----------
    verdict : Verdict or None
        Of the last window.
    """

    def __init__(self, bundle: Bundle, sample_rate: int) -> None:
        self._bundle = bundle
        self._sample_rate = sample_rate
        self._hop = bundle.spec.hop_samples(bundle.spec.hop_s)
        self._statistics = StreamingStatistics(sample_rate, bundle.spec.window_s)
        self._drawing = _Extractor(sample_rate, bundle.spec)
        self._framing = self._drawing if bundle.spec.kind == "heart" else _Extractor(sample_rate, HEART)
        self._rolling = RollingVerdict(bundle.decision)
        self._beats = BeatTracker(HEART.frame_hop_s)
        self._next = 0
        self.verdict: Verdict | None = None

    def run(self, block: NDArray[np.float32]) -> list[float] | None:
        """Take one hop of samples; return the seconds of each stage, or None while no window is complete."""
        laps = _Laps()
        self._statistics.push(block)
        laps.end("statistics")
        for front in self._front_ends:
            front.resample(block)
        laps.end("resample")
        for front in self._front_ends:
            front.push()
        start = self._next * self._hop
        start_s = start / self._bundle.spec.sample_rate
        if not all(front.holds(start_s) for front in self._front_ends):
            return None
        self._next += 1
        laps.end("spectrogram")
        self._judge(start, start_s, laps)
        return [laps.seconds[name] for name in STAGES]

    @property
    def _front_ends(self) -> tuple[_Extractor, ...]:
        """The picture's, and that of the heart rate where it is another."""
        return (self._drawing,) if self._framing is self._drawing else (self._drawing, self._framing)

    def _judge(self, start: int, start_s: float, laps: _Laps) -> None:
        """Judge a window, in the order of the analysis."""
        bundle, rate = self._bundle, self._sample_rate
        end_s = start_s + bundle.spec.window_s
        frames = self._framing.frames(start_s)
        pulse = heart_rate(frames.envelope, HEART.frame_hop_s)
        laps.end("heart_rate")
        statistics = self._statistics.window(round(start_s * rate), round(end_s * rate))
        laps.end("statistics")
        features = gate_features(frames, pulse.periodicity)
        laps.end("quality")
        tensor = self._drawing.draw(start, frames)
        laps.end("spectrogram")
        outputs = bundle.engine.outputs(tensor)
        laps.end("network")
        values, odds = bundle.calibration.of_one(outputs, len(bundle.labels))
        laps.end("verdict")
        quality = judge_quality(features, statistics, gate=bundle.gate, odds=odds)
        laps.end("quality")
        ectopic = self._beats.push(frames.envelope, start_s, pulse.bpm) if quality.state is None else NOTHING_FOLLOWED
        laps.end("beats")
        scores = None if quality.state == "no-signal" else dict(zip(bundle.labels, values, strict=True))
        self.verdict = window_verdict(scores, quality, bundle.decision)
        self._rolling.push(scores, quality, end_s, ectopic)
        laps.end("verdict")


class _Laps:
    """A stopwatch: seconds by stage, which may come in several parts."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._since = time.perf_counter()

    def end(self, stage: str) -> None:
        """Count the time since the last look for a stage."""
        now = time.perf_counter()
        self.seconds[stage] += now - self._since
        self._since = now


class _Extractor:
    """A front end and its resampler, one step at a time."""

    def __init__(self, sample_rate: int, spec: SpectrogramSpec) -> None:
        self._spec = spec
        self._resampler = StreamingResampler(sample_rate, spec.sample_rate)
        self._front_end = feature_extractor(spec)
        self._sound = np.zeros(0, np.float32)

    def resample(self, block: NDArray[np.float32]) -> None:
        """Bring a block to the picture's rate."""
        self._sound = self._resampler.push(block)

    def push(self) -> None:
        """Compute what the block adds."""
        self._front_end.push(self._sound)

    def holds(self, start_s: float) -> bool:
        """Return whether the window from a time on is complete."""
        return self._front_end.end_sample >= round((start_s + self._spec.window_s) * self._spec.sample_rate)

    def frames(self, start_s: float) -> FrameWindow:
        """Return the frames of a window of the streaming spectrogram.

        Raises
        ------
        ValueError
            If this is another front end.
        """
        if not isinstance(self._front_end, StreamingSpectrogram):
            raise ValueError("frames must be asked of a streaming spectrogram")
        hop = self._spec.frame_hop_samples
        return self._front_end.window(round(start_s * self._spec.sample_rate) // hop * hop)

    def draw(self, start: int, frames: FrameWindow) -> NDArray[np.float32]:
        """Return the picture of the window that starts at a sample and has these frames."""
        if isinstance(self._front_end, StreamingSpectrogram):
            return self._front_end.draw(frames)
        return self._front_end.tensor(start)

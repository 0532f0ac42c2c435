"""What a hop costs: the whole of it against a bare run of the same network, and stage by stage.

A hop is what the classifier thread does for 0.5 s of new sound: take the samples, judge the window that they
complete. Hops and bare runs take turns in one loop, so whatever else the machine does hits both alike. The
stages are timed in a loop of their own, because a stopwatch inside the hop would be part of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle
from models.engine import LiteRTEngine
from models.front_end import front_end
from models.resample import StreamingResampler
from models.spec import HEART
from models.spectrogram import StreamingSpectrogram
from monitor.analysis import Analysis
from monitor.bench.figures import endless
from monitor.heart_rate import heart_rate
from monitor.input_statistics import InputStatistics
from monitor.quality import judge_quality
from monitor.verdict import Rolling, window_judgement

__all__ = ["STAGES", "measure_hops", "measure_stages"]

STAGES = ("statistics", "resample", "spectrogram", "network", "heart_rate", "quality", "verdict")
"""In the order of a hop; their sum is the hop but for what holds them together."""

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
    analysis = Analysis(bundle, sample_rate)
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
    """The same steps as :class:`monitor.analysis.Analysis`, with a stopwatch between them.

    Parameters
    ----------
    bundle : Bundle
    sample_rate : int
        Hz of the source.
    clock : callable
        Seconds that only go forward.
    """

    def __init__(self, bundle: Bundle, sample_rate: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._bundle = bundle
        self._clock = clock
        self._sample_rate = sample_rate
        self._statistics = InputStatistics(sample_rate, bundle.spec.window_s)
        self._resampler = StreamingResampler(sample_rate, bundle.spec.sample_rate)
        self._front_end = front_end(bundle.spec)
        self._pulse, self._pulse_resampler = self._front_end, self._resampler
        if not isinstance(self._front_end, StreamingSpectrogram):
            self._pulse = StreamingSpectrogram(HEART)
            self._pulse_resampler = StreamingResampler(sample_rate, HEART.sample_rate)
        self._rolling = Rolling(bundle.decision)
        self._next = 0

    def run(self, block: NDArray[np.float32]) -> tuple[float, ...] | None:
        """Take one hop of samples; return the seconds of each stage, or None while no window is complete."""
        moments = [self._clock()]
        for _ in self._steps(block):
            moments.append(self._clock())
        if len(moments) <= len(STAGES):
            return None
        return tuple(after - before for before, after in zip(moments, moments[1:], strict=False))

    def _steps(self, block: NDArray[np.float32]) -> Iterator[None]:
        """Do the stages of a hop one by one, pausing after each; stop early while no window is complete."""
        bundle = self._bundle
        self._statistics.push(block)
        yield
        sound = self._resampler.push(block)
        pulse_sound = sound if self._pulse is self._front_end else self._pulse_resampler.push(block)
        yield
        start = self._next * bundle.spec.hop_samples(bundle.spec.hop_s)
        start_s, end_s = start / bundle.spec.sample_rate, start / bundle.spec.sample_rate + bundle.spec.window_s
        self._front_end.push(sound)
        if self._pulse is not self._front_end:
            self._pulse.push(pulse_sound)
        if not self._complete(start_s):
            return
        frames = self._frames(start_s)
        tensor = self._draw(frames, start)
        yield
        outputs = bundle.engine.outputs(tensor)
        yield
        pulse = heart_rate(frames.envelope, HEART.frame_hop_s)
        yield
        whole = self._statistics.window(round(start_s * self._sample_rate), round(end_s * self._sample_rate))
        quality = judge_quality(frames, pulse.periodicity, whole)
        yield
        values, _ = bundle.calibration.of_one(outputs, len(bundle.labels))
        scores = None if quality.state == "no-signal" else dict(zip(bundle.labels, values, strict=True))
        self.judgement = window_judgement(scores, quality, bundle.decision)
        self._rolling.push(scores, quality, end_s)
        self._next += 1
        yield

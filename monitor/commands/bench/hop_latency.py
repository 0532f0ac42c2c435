"""What a hop costs: the whole of it against a bare run of the network, and stage by stage.

A hop is what the classifier thread does for 0.5 s of new sound: take the samples, judge the window that they
complete. Hops and bare runs take turns in one loop, so whatever else the machine does affects both alike. The
stages are timed in a loop of their own, because a stopwatch inside the hop would be part of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.commands.bench.percentiles import endless
from monitor.inference.bundle import Bundle
from monitor.inference.engine import LiteRTEngine

__all__ = ["STAGES", "measure_hops", "measure_runs", "measure_stages"]

STAGES = (
    "statistics",
    "resample",
    "spectrogram",
    "segmentation",
    "heart_rate",
    "network",
    "quality",
    "beats",
    "verdict",
)
"""In the order of a hop, some of it in several parts. Their sum is the hop, and some microseconds more where the
compiled front end computes heart rate, quality and image in one call, for here they are computed one by one."""

WARM_UP_HOPS = 30
"""Not counted: ten fill the first window, the others the caches."""


def measure_hops(
    bundle: Bundle,
    waveform: NDArray[np.float32],
    sample_rate: int,
    repeats: int,
    bare_engine: LiteRTEngine | None = None,
) -> tuple[list[float], list[float]]:
    """Return the seconds of whole hops, and of bare runs of a network between them.

    Parameters
    ----------
    bundle : Bundle
    waveform : ndarray, shape (samples,), float32
        Played in a loop.
    sample_rate : int
        Hz.
    repeats : int
        Hops to measure.
    bare_engine : LiteRTEngine or None
        What runs bare; None for the hops' own engine.

    Raises
    ------
    ValueError
        If the hops' own engine is to run bare and is not LiteRT.
    """
    analyzer = Analyzer(bundle, sample_rate)
    engine = _with_image(bare_engine) if bare_engine is not None else analyzer.engine
    if not isinstance(engine, LiteRTEngine):
        raise ValueError("bundle must run in LiteRT")
    blocks = endless(waveform, round(analyzer.hop_s * sample_rate))
    hops: list[float] = []
    bare: list[float] = []
    for index in range(repeats + WARM_UP_HOPS):
        block = next(blocks)
        began = time.perf_counter()
        for window in analyzer.push(block):
            analyzer.judge(window)
        judged = time.perf_counter()
        engine.invoke()
        ended = time.perf_counter()
        if index >= WARM_UP_HOPS:
            hops.append(judged - began)
            bare.append(ended - judged)
    return hops, bare


def measure_runs(engines: Sequence[LiteRTEngine], repeats: int) -> list[list[float]]:
    """Return the seconds of bare runs of some networks, which take turns; a list for each network.

    Parameters
    ----------
    engines : sequence of LiteRTEngine
    repeats : int
        Runs of each to measure.
    """
    copies = [_with_image(engine) for engine in engines]
    times: list[list[float]] = [[] for _ in copies]
    for index in range(repeats + WARM_UP_HOPS):
        for engine, of_engine in zip(copies, times, strict=True):
            engine.invoke()  # not counted: brings its weights back into the caches
            began = time.perf_counter()
            engine.invoke()
            ended = time.perf_counter()
            if index >= WARM_UP_HOPS:
                of_engine.append(ended - began)
    return times


def _with_image(engine: LiteRTEngine) -> LiteRTEngine:
    """Return a copy of an engine that holds an image of noise."""
    copy = engine.copy()
    copy.outputs(np.random.default_rng(0).standard_normal(copy.shape).astype(np.float32))
    return copy


def measure_stages(
    bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: int
) -> dict[str, list[float]]:
    """Return the seconds of each stage of a hop, by name.

    Parameters
    ----------
    bundle, waveform, sample_rate, repeats
        As for :func:`measure_hops`; any engine.
    """
    stopwatch = _Stopwatch()
    analyzer = Analyzer(bundle, sample_rate, stopwatch=stopwatch)
    blocks = endless(waveform, round(analyzer.hop_s * sample_rate))
    times: dict[str, list[float]] = {name: [] for name in STAGES}
    for index in range(repeats + WARM_UP_HOPS):
        block = next(blocks)
        stopwatch.restart()
        for window in analyzer.push(block):
            analyzer.judge(window)
        if index >= WARM_UP_HOPS:
            for name, seconds in stopwatch.seconds.items():
                times[name].append(seconds)
    return times


class _Stopwatch:
    """Seconds by stage; a stage may come in several parts."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Start a new hop."""
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._since = time.perf_counter()

    def __call__(self, stage: str) -> None:
        """Add the time since the previous call to a stage."""
        now = time.perf_counter()
        self.seconds[stage] += now - self._since
        self._since = now

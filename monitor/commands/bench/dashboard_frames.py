"""Time of a dashboard frame on the main thread: layout, drawing and escape sequences, written to memory."""

from __future__ import annotations

import collections
import io
import itertools
import time

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from monitor.analysis.analyzer import Analyzer
from monitor.commands.bench.percentiles import endless
from monitor.dashboard.display.options import DisplayOptions
from monitor.dashboard.keyboard import Keyboard, NoTerminal
from monitor.dashboard.terminal import Screen
from monitor.inference.bundle import Bundle
from monitor.messages import Snapshot, Start
from monitor.runtime.config import MonitorConfig

__all__ = ["measure_frames"]

WIDTH, HEIGHT = 120, 40
WARM_UP_FRAMES = 15
FRAME_S = 0.5
"""From one look at the clock to the next: a frame and its picture are always due."""


def measure_frames(
    bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: int, graphics: str = "off"
) -> list[float]:
    """Return the seconds that frames take, each of a new window, in true colour at 120x40.

    Parameters
    ----------
    bundle : Bundle
    waveform : ndarray, shape (samples,), float32
        Repeated.
    sample_rate : int
        Hz.
    repeats : int
    graphics : str
        ``"sixel"`` or ``"kitty"`` for frames that each send the spectrogram in pixels, of cells of 10x20; ``"off"``.
    """
    screen = _screen(graphics)
    analysis = Analyzer(bundle, sample_rate)
    blocks = endless(waveform, round(analysis.hop_s * sample_rate))
    start = _start(bundle, analysis)
    history: collections.deque[str] = collections.deque(maxlen=MonitorConfig().history_windows)
    times: list[float] = []
    while len(times) < repeats + WARM_UP_FRAMES:
        for index in analysis.push(next(blocks)):
            result = analysis.judge(index)
            history.append(result.event.rolling.label or result.event.rolling.state)
            snapshot = Snapshot(
                start=start,
                elapsed_s=analysis.end_sample / sample_rate,
                window=result.event,
                tensor=result.tensor,
                history=tuple(history),
                level=analysis.level,
                hop_p50_ms=1.0,
                hop_p95_ms=2.0,
                skipped=0,
                overruns=0,
                gaps=0,
                finished=False,
            )
            began = time.perf_counter()
            screen.show(snapshot)
            times.append(time.perf_counter() - began)
    screen.stop()
    return times[WARM_UP_FRAMES:]


def _screen(graphics: str) -> Screen:
    """Return a screen that is written to memory, and on which a frame is always due."""
    console = Console(
        file=io.StringIO(), force_terminal=True, color_system="truecolor", width=WIDTH, height=HEIGHT, no_color=False
    )
    clock = itertools.count(0.0, FRAME_S).__next__
    screen = Screen(console, clock=clock, options=DisplayOptions(theme="dark", graphics=graphics))
    screen.start()
    screen.ask(Keyboard(NoTerminal()))
    return screen


def _start(bundle: Bundle, analysis: Analyzer) -> Start:
    """Return the start message of the source."""
    return Start(
        source="bench",
        sample_rate=analysis.sample_rate,
        model=bundle.name,
        model_sha256=bundle.model_sha256,
        engine=bundle.engine_name,
        labels=bundle.labels,
        window_s=bundle.spec.window_s,
        hop_s=analysis.hop_s,
        duration_s=None,
        speed=1.0,
        kind=bundle.spec.kind,
    )

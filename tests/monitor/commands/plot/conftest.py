"""Windows and results for figures."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from monitor.audio.sources.array import ArraySource
from monitor.commands.plot.offline_run import OfflineRun, run_offline
from monitor.messages import Quality, Start, Summary, Verdict, WindowEvent


def make_window(
    index=0, label="normal", state="verdict", *, gap=False, short=False, rolling=None, bpm=70.0, reason=None
):
    """Return a window at a hop of 0.5 s."""
    verdict = Verdict(state, label if state == "verdict" else None, 0.8)
    withheld = state if state in ("no-signal", "poor-signal") else None
    return WindowEvent(
        index=index,
        start_s=0.5 * index,
        end_s=0.5 * index + 5.0,
        verdict=verdict,
        rolling=rolling or verdict,
        quality=Quality(0.5, reason, withheld),
        heart_rate_bpm=bpm,
        gap=gap,
        short=short,
        latency_ms=0.0,
    )


def make_run(windows=(), *, verdict=None, bpm=None, source="a.wav", duration_s=10.0, **changes):
    """Return results as of a recording."""
    labels = ("normal", "murmur", "extrastole")
    thresholds = {"normal": 0.6, "murmur": 0.6, "extrastole": 0.5}
    withheld = Counter(window.quality.reason or window.verdict.state for window in windows if window.quality.state)
    values = {
        "start": Start(
            source,
            4000,
            "plain",
            "0123456789abcdef",
            labels,
            5.0,
            0.5,
            duration_s,
            None,
            acoustic_thresholds=thresholds,
        ),
        "windows": tuple(windows),
        "summary": Summary(
            source=source,
            windows=len(windows),
            skipped=0,
            overruns=0,
            verdict=verdict or Verdict("listening"),
            heart_rate_bpm=bpm,
            judged=len(windows) - withheld.total(),
            withheld=dict(withheld.most_common()),
        ),
        "duration_s": duration_s,
        "low": np.full(100, -0.5, np.float32),
        "high": np.full(100, 0.25, np.float32),
        "lost": np.zeros(100, bool),
        "column_s": duration_s / 100,
        "power_db": np.linspace(-90, -10, 6400, dtype=np.float32).reshape(64, 100),
        "power_column_s": 0.1,
        "frame_s": 0.064,
        "bin_hz": 15.625,
        "error": None,
    }
    return OfflineRun(**{**values, **changes})


@pytest.fixture
def window_maker():
    """Return a function that makes windows."""
    return make_window


@pytest.fixture
def run_maker():
    """Return a function that makes results."""
    return make_run


@pytest.fixture
def run_array(plain_bundle):
    """Return a function that analyses a waveform."""

    def call(waveform, sample_rate=4000, **options):
        return run_offline(ArraySource(waveform, sample_rate), options.pop("bundle", plain_bundle), **options)

    return call

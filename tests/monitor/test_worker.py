"""The classifier thread's own rules: patience, latency, the strip's length."""

from __future__ import annotations

import numpy as np

from models.heart_settings import HeartSettings
from models.phonocardiogram import phonocardiogram
from monitor.config import MonitorConfig
from monitor.pipeline import Pipeline
from monitor.sources.array import ArraySource

HEART = phonocardiogram(20.0, HeartSettings(), np.random.default_rng(5)).waveform


def test_a_hiccup_shorter_than_the_patience_skips_nothing(bundle_maker, scripted_source):
    """Windows that complete together are all judged when the backlog is within the patience."""
    config = MonitorConfig(patience_s=60.0, ring_s=60.0)
    with Pipeline(scripted_source, bundle_maker(), config=config) as pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART)
        scripted_source.stop()
        assert [window.index for window in windows] == list(range(31))


def test_a_backlog_beyond_the_patience_is_jumped(bundle_maker, scripted_source):
    """20 s that arrive at once leave only the newest windows to be judged; the others are counted."""
    config = MonitorConfig(ring_s=60.0)
    with Pipeline(scripted_source, bundle_maker(), config=config) as pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART)
        scripted_source.stop()
        judged = [window.index for window in windows]
        summary = pipeline.summary()
    assert judged == [30]
    assert (summary.windows, summary.skipped) == (1, 30)


def test_latency_is_told(plain_bundle):
    """Every window says how long it took, more than nothing."""
    with Pipeline(ArraySource(HEART, 4000), plain_bundle) as pipeline:
        assert all(window.latency_ms > 0.0 for window in pipeline.windows())


def test_the_strip_is_bounded(plain_bundle):
    """A session of hours keeps the newest labels only."""
    config = MonitorConfig(history_windows=5)
    with Pipeline(ArraySource(HEART, 4000), plain_bundle, config=config) as pipeline:
        labels = [window.rolling.label for window in pipeline.windows()]
        assert pipeline.snapshot().history == tuple(labels[-5:])

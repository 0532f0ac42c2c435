"""One stream of a ward, stepped by hand."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.analysis.analyzer import Analyzer
from monitor.audio.sources.array import ArraySource
from monitor.messages import Level, Start
from monitor.runtime.config import MonitorConfig
from monitor.runtime.ward.feed import PacedFeed, RingFeed
from monitor.runtime.ward.stream import WardStream, history_entry
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(12.0, HeartParameters(), np.random.default_rng(5)).waveform


@pytest.fixture
def now_s():
    """Return the time, in a list to change."""
    return [0.0]


@pytest.fixture
def stream_of(bundle_maker, now_s):
    """Return a function that makes a stream of a source, begun at 0 s."""

    def make(source, bundle=None):
        bundle = bundle or bundle_maker()
        start = Start(source.name, source.sample_rate, "plain", "", bundle.labels, 5.0, 0.5, None, source.speed)
        feed = PacedFeed(source, 2000, lambda: now_s[0])
        feed.start(0.0)
        analysis = Analyzer(bundle, source.sample_rate)
        stream = WardStream("bed", source, analysis, feed, start, MonitorConfig(), lambda: now_s[0])
        stream.prepare()
        return stream

    return make


def run(stream, now_s, late_s=0.0):
    """Step a stream at the moments when it is due; return its windows."""
    windows = []
    while not stream.ended:
        now_s[0] = max(now_s[0], stream.feed.due_s + late_s)
        windows += stream.step()
    return windows


def test_it_is_served_when_a_window_is_complete(stream_of, now_s):
    """Of 12 s it takes 9 blocks to the first window and one for each further window, and the end."""
    stream = stream_of(ArraySource(HEART, 4000, speed=1.0))
    steps = 0
    while not stream.ended:
        now_s[0] = stream.feed.due_s
        stream.step()
        steps += 1
    assert steps == 25
    assert (stream.snapshot.window.index, stream.snapshot.finished) == (14, True)


def test_the_latency_counts_from_the_last_sample(stream_of, now_s):
    """A window that is judged 40 ms after its last sample has a latency of 40 ms."""
    windows = run(stream_of(ArraySource(HEART, 4000, speed=1.0)), now_s, late_s=0.04)
    assert [window.latency_ms for window in windows] == pytest.approx([40.0] * 15)


def test_after_a_delay_the_newest_window_is_judged(stream_of, now_s):
    """Of four windows that waited, three are skipped and counted."""
    stream = stream_of(ArraySource(HEART, 4000, speed=1.0))
    windows = []
    while stream.feed.due_s < 6.9:
        now_s[0] = stream.feed.due_s
        windows += stream.step()
    now_s[0] = 9.1
    while stream.feed.due_s <= 9.1:
        windows += stream.step()
    assert [window.index for window in windows] == [0, 1, 2, 3, 8]
    assert stream.summary().skipped == 4


def test_a_ward_that_was_held_up_skips_nothing(stream_of, now_s):
    """What is forgiven is judged, all of it."""
    stream = stream_of(ArraySource(HEART, 4000, speed=1.0))
    while stream.feed.due_s < 6.9:
        now_s[0] = stream.feed.due_s
        stream.step()
    now_s[0] = 8.4
    stream.forgive(1.4)
    while stream.feed.due_s <= 8.4:
        stream.step()
    assert stream.summary().skipped == 0


def test_a_failing_network_ends_the_stream_with_its_error(stream_of, now_s, bundle_maker, plain_engine):
    """The windows before it are kept, and the error too."""
    plain_engine.fails_at = 3
    stream = stream_of(ArraySource(HEART, 4000), bundle_maker(engine=plain_engine))
    run(stream, now_s)
    assert str(stream.error) == "scripted failure"
    assert stream.ended


def test_the_snapshot_is_complete(stream_of, now_s):
    """Position, history, level and compute time; no image."""
    stream = stream_of(ArraySource(HEART, 4000, speed=1.0))
    run(stream, now_s)
    snapshot = stream.snapshot
    assert snapshot.elapsed_s == 12.0
    assert len(snapshot.history) == 15
    assert isinstance(snapshot.level, Level)
    assert snapshot.level.peak_db > -60.0
    assert snapshot.hop_p50_ms is not None
    assert snapshot.tensor is None


def test_a_gap_has_an_entry_of_its_own(stream_of, now_s):
    """Windows with lost samples are "gap" in the history."""
    sound = HEART.copy()
    sound[30_000] = np.nan
    windows = run(stream_of(ArraySource(sound, 4000)), now_s)
    entries = [history_entry(window) for window in windows]
    assert [entry == "gap" for entry in entries] == [window.gap for window in windows]
    assert "gap" in entries


@pytest.mark.parametrize(("late_s", "judged"), [(0.0, [0, 1, 2, 3]), (1.5, [0, 3])])
def test_a_burst_of_a_live_source_skips_nothing(bundle_maker, scripted_source, now_s, late_s, judged):
    """Sound that was held up on its way is judged, window by window; sound that the scheduler is late for is not."""
    bundle = bundle_maker()
    start = Start("live", 4000, "plain", "", bundle.labels, 5.0, 0.5, None, 1.0)
    feed = RingFeed(scripted_source, 30.0, lambda: now_s[0], lambda: None)
    feed.start(0.0)
    stream = WardStream("bed", scripted_source, Analyzer(bundle, 4000), feed, start, MonitorConfig(), lambda: now_s[0])
    stream.prepare()
    windows = []
    for end in range(2000, 20_001, 2000):
        now_s[0] = end / 4000
        scripted_source.ring.push(HEART[end - 2000 : end])
        windows += stream.step()
    scripted_source.ring.push(HEART[20_000:22_000])
    if late_s:  # the rest comes at its pace while the scheduler does something else
        now_s[0] += 0.5 + late_s
    scripted_source.ring.push(HEART[22_000:26_000])
    while feed.due_s <= now_s[0]:
        windows += stream.step()
    assert [window.index for window in windows] == judged

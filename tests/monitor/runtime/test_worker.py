"""The rules of the classifier thread: patience, bursts, latency, history."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from monitor.analysis.analyzer import Analyzer
from monitor.audio.sources.array import ArraySource
from monitor.runtime.config import MonitorConfig
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(20.0, HeartParameters(), np.random.default_rng(5)).waveform


def wait_until(condition, timeout_s=10.0):
    """Poll for a condition, with a timeout."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.002)):
        if condition():
            return
        pause.wait(0.002)
    pytest.fail("the condition did not come about")


def test_a_delay_within_the_patience_skips_nothing(bundle_maker, scripted_source):
    """Windows that become complete together are all classified if the backlog is within the patience."""
    config = MonitorConfig(patience_s=60.0, ring_s=60.0)
    with Pipeline(scripted_source, bundle_maker(), config=config) as pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART)
        scripted_source.stop()
        assert [window.index for window in windows] == list(range(31))


@pytest.mark.parametrize("samples", [1001, 4000, 8000])
def test_a_burst_after_idling_skips_nothing(bundle_maker, scripted_source, samples):
    """Up to 2 s of sound that arrive at once while the classifier is idle are classified completely."""
    ends = [*range(1000, 19_501, 500), 19_500 + samples]
    with Pipeline(scripted_source, bundle_maker()) as pipeline:
        windows = pipeline.windows()
        for start, end in zip([0, *ends], ends, strict=False):
            scripted_source.ring.push(HEART[start:end])
            wait_until(lambda end=end: pipeline.snapshot().elapsed_s == end / 4000 and pipeline._worker._idle)
        scripted_source.stop()
        indices = [window.index for window in windows]
        summary = pipeline.summary()
    assert summary.skipped == 0
    assert indices == list(range((19_500 + samples - 20_000) // 2000 + 1))


def test_a_backlog_beyond_the_patience_is_skipped(bundle_maker, scripted_source, caplog):
    """Of 20 s that arrive at once only the newest window is classified; the others are counted, and logged once."""
    caplog.set_level("INFO")
    config = MonitorConfig(ring_s=60.0)
    with Pipeline(scripted_source, bundle_maker(), config=config) as pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART)
        scripted_source.stop()
        indices = [window.index for window in windows]
        summary = pipeline.summary()
    assert indices == [30]
    assert (summary.windows, summary.skipped) == (1, 30)
    assert [message for message in caplog.messages if "skipping" in message] == [
        "skipping windows from 0 on: 15.00 s behind"
    ]


def test_latency_is_measured(plain_bundle):
    """Every window has a latency above 0."""
    with Pipeline(ArraySource(HEART, 4000), plain_bundle) as pipeline:
        assert all(window.latency_ms > 0.0 for window in pipeline.windows())


def test_the_history_is_bounded(plain_bundle):
    """The history keeps only the newest labels."""
    config = MonitorConfig(history_windows=5)
    with Pipeline(ArraySource(HEART, 4000), plain_bundle, config=config) as pipeline:
        labels = [window.rolling.label for window in pipeline.windows()]
        assert pipeline.snapshot().history == tuple(labels[-5:])


def test_an_overload_is_reported(bundle_maker, scripted_source, monkeypatch):
    """A classifier that takes 1.5 s for each window is overloaded: sound goes on arriving meanwhile."""
    now_s, judge = [100.0], Analyzer.judge

    def slow(self, index):
        now_s[0] += 1.5
        end = scripted_source.ring.end_sample
        scripted_source.ring.push(HEART[end : end + 6000])
        return judge(self, index)

    monkeypatch.setattr(Analyzer, "judge", slow)
    with Pipeline(scripted_source, bundle_maker(), config=MonitorConfig(ring_s=60.0)) as pipeline:
        pipeline._worker._clock = lambda: now_s[0]
        windows = pipeline.windows()
        scripted_source.ring.push(HEART[:20_000])
        wait_until(lambda: pipeline.snapshot().elapsed_s == len(HEART) / 4000)
        scripted_source.stop()
        list(windows)
        assert pipeline.snapshot().overloaded


def test_sound_that_was_held_up_is_no_overload(bundle_maker, scripted_source):
    """Of 20 s that arrive at once at an idle classifier windows are skipped, but it is not too slow."""
    with Pipeline(scripted_source, bundle_maker(), config=MonitorConfig(ring_s=60.0)) as pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART)
        scripted_source.stop()
        list(windows)
        assert pipeline.summary().skipped == 30
        assert not pipeline.snapshot().overloaded


@pytest.mark.parametrize("live", [True, False])
def test_a_program_that_was_stopped_is_not_too_slow(bundle_maker, scripted_source, live):
    """It waited when it was stopped, although a part of the next window had come: its burst is no overload."""
    now_s, config = [100.0], MonitorConfig(ring_s=60.0)
    with Pipeline(scripted_source, bundle_maker(), config=config, live_snapshot=live) as pipeline:
        worker = pipeline._worker
        worker._clock = lambda: now_s[0]
        windows = pipeline.windows()
        scripted_source.ring.push(HEART[:20_150])
        wait_until(lambda: pipeline.snapshot().window is not None and worker._cursor.awaits > 20_150)
        now_s[0] += 8.0
        scripted_source.ring.push(np.tile(HEART, 2)[20_150:56_150])
        scripted_source.stop()
        list(windows)
        assert pipeline.summary().skipped > 3
        assert not pipeline.snapshot().overloaded


def test_a_lossless_source_is_no_overload(plain_bundle):
    """A source that waits for its reader never overloads the classifier."""
    with Pipeline(ArraySource(HEART, 4000), plain_bundle) as pipeline:
        list(pipeline.windows())
        assert not pipeline.snapshot().overloaded


def test_a_gap_is_in_the_history(plain_bundle, scripted_source):
    """Windows with lost samples have an entry of their own."""
    config = MonitorConfig(patience_s=60.0, ring_s=60.0)
    with Pipeline(scripted_source, plain_bundle, config=config) as pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART[:24_000])
        scripted_source.ring.push_lost(2000)
        scripted_source.ring.push(HEART[24_000:32_000])
        scripted_source.stop()
        gaps = [window.gap for window in windows]
        history = pipeline.snapshot().history
    assert gaps == [False] * 3 + [True] * 5
    assert [entry == "gap" for entry in history] == gaps


class TestWithoutALiveSnapshot:
    """Where nobody looks between two windows, the classifier sleeps until one is complete."""

    BLOCK = 40
    """Samples: 10 ms."""

    @staticmethod
    def wait_for_sleep(pipeline):
        """Wait until the classifier waits for samples that have not come."""
        wait_until(lambda: pipeline._worker._cursor.awaits > pipeline._ring.end_sample)

    def played(self, bundle, source, monkeypatch, *, live):
        """Return the windows, and how often the classifier read, for 20 s in blocks of 10 ms."""
        reads, push_read = [], Analyzer.push_read
        monkeypatch.setattr(Analyzer, "push_read", lambda self, read: reads.append(read) or push_read(self, read))
        with Pipeline(source, bundle, live_snapshot=live) as pipeline:
            windows = pipeline.windows()
            for begin in range(0, len(HEART), self.BLOCK):
                source.ring.push(HEART[begin : begin + self.BLOCK])
                self.wait_for_sleep(pipeline)
            source.stop()
            return [dataclasses.replace(window, latency_ms=0.0) for window in windows], len(reads)

    def test_it_wakes_once_a_hop(self, bundle_maker, scripted_source, monkeypatch):
        """It reads 40 times in 20 s, and 400 times for a display, of 2000 blocks; the windows are the same."""
        windows, num_reads = self.played(bundle_maker(), scripted_source, monkeypatch, live=False)
        assert num_reads == 40
        drawn, num_drawn = self.played(bundle_maker(), type(scripted_source)(), monkeypatch, live=True)
        assert num_drawn == 400
        assert windows == drawn
        assert len(windows) == 31

    def test_the_snapshot_has_the_time_of_the_sound(self, bundle_maker, scripted_source):
        """Lines about the device are dated to the block, although the classifier sleeps."""
        with Pipeline(scripted_source, bundle_maker(), live_snapshot=False) as pipeline:
            pipeline.start()
            scripted_source.ring.push(HEART[:1000])
            assert pipeline.snapshot().elapsed_s == 0.25

    @pytest.mark.parametrize("samples", [1001, 4000, 8000])
    def test_a_burst_after_idling_skips_nothing(self, bundle_maker, scripted_source, samples):
        """As with a live snapshot, up to 2 s of sound that arrive at once are classified completely."""
        with Pipeline(scripted_source, bundle_maker(), live_snapshot=False) as pipeline:
            windows = pipeline.windows()
            for begin in range(0, 19_500, 500):
                scripted_source.ring.push(HEART[begin : begin + 500])
                self.wait_for_sleep(pipeline)
            scripted_source.ring.push(np.tile(HEART, 2)[19_500 : 19_500 + samples])
            scripted_source.stop()
            indices = [window.index for window in windows]
            assert pipeline.summary().skipped == 0
        assert indices == list(range((19_500 + samples - 20_000) // 2000 + 1))

    def test_a_backlog_beyond_the_patience_is_skipped(self, bundle_maker, scripted_source):
        """Of 20 s that arrive at once only the newest window is classified."""
        with Pipeline(
            scripted_source, bundle_maker(), config=MonitorConfig(ring_s=60.0), live_snapshot=False
        ) as pipeline:
            windows = pipeline.windows()
            scripted_source.ring.push(HEART)
            scripted_source.stop()
            assert [window.index for window in windows] == [30]

    def test_what_came_with_the_end_of_a_window_is_no_backlog(self, bundle_maker, scripted_source):
        """Blocks that do not end where windows do are read whole: the classifier is not behind by the rest of one."""
        with Pipeline(scripted_source, bundle_maker(), live_snapshot=False) as pipeline:
            pipeline.start()
            behind = {}  # by number of windows, right after each of them
            for begin in range(0, 24_000, 64):
                scripted_source.ring.push(HEART[begin : begin + 64])
                self.wait_for_sleep(pipeline)
                behind.setdefault(len(pipeline.snapshot().history), pipeline._worker._cursor.behind)
        assert behind == {0: 64, 1: 0, 2: 0, 3: 0}


def test_a_window_is_judged_as_soon_as_it_is_complete(plain_bundle, scripted_source, monkeypatch):
    """Short blocks of a live source wake the classifier for a step of sound, and for the end of a window at once."""
    pushed = []
    with Pipeline(scripted_source, plain_bundle) as pipeline:
        analysis, push = pipeline._worker._analysis, pipeline._worker._analysis.push
        monkeypatch.setattr(analysis, "push", lambda waveform: pushed.append(len(waveform)) or push(waveform))
        monkeypatch.setattr("monitor.runtime.worker.READ_TIMEOUT_S", 10.0)
        pipeline.drain(0.0)
        pipeline.start()
        for end in range(40, 20_001, 40):
            scripted_source.ring.push(HEART[end - 40 : end])
            steps = end >= sum(pushed) + analysis.samples_to_window or end >= sum(pushed) + 200
            if steps:
                wait_until(lambda end=end: sum(pushed) == end)
        wait_until(lambda: pipeline.snapshot().window is not None)
        assert pipeline.snapshot().window.index == 0
        assert np.mean(pushed) > 150
        scripted_source.stop()

"""A sound judged without a thread: the values of the live pipeline, errors of the source and of the network."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from monitor.archive.offline import judge_offline, with_one_engine
from monitor.audio.sources.array import ArraySource
from monitor.errors import BundleError, RecordingError
from monitor.features.resample import resampled
from monitor.inference.bundle import load_bundle
from monitor.inference.segmentation import cycle_network
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram


def live_and_offline(waveform, sample_rate, bundle, hop_s=None):
    """Return start message, windows without their latency and summary, of the threaded pipeline and of this path."""
    with Pipeline(ArraySource(waveform, sample_rate, speed=None), bundle, hop_s=hop_s) as pipeline:
        windows = [dataclasses.replace(window, latency_ms=0.0) for window in pipeline.windows()]
        live = (pipeline.start_message, windows, pipeline.summary())
    windows = []
    result = judge_offline(ArraySource(waveform, sample_rate, speed=None), bundle, hop_s, on_window=windows.append)
    return live, (result.start, windows, result.summary)


@pytest.mark.parametrize(("seconds", "rate", "hop_s"), [(10, 4000, None), (10, 44_100, 0.25), (2, 4000, None)])
def test_the_values_are_those_of_the_live_pipeline(plain_bundle, heart_waveform, seconds, rate, hop_s):
    """Every value of start, windows and summary, at another rate and hop, and of a clip that is looped."""
    waveform = resampled(heart_waveform[: seconds * 4000], 4000, rate)
    live, offline = live_and_offline(waveform, rate, plain_bundle, hop_s)
    assert offline == live
    assert offline[1]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_lost_samples_are_those_of_the_live_pipeline(plain_bundle, heart_waveform, value):
    """Samples that are no sound, across the border of two blocks too, withhold the same windows."""
    waveform = np.tile(heart_waveform, 2)
    waveform[7_990:8_010] = value
    waveform[50_000:50_001] = value
    live, offline = live_and_offline(waveform, 4000, plain_bundle)
    assert offline == live
    assert {window.gap for window in offline[1]} == {True, False}


def test_the_articles_bundle(article_bundle, heart_waveform):
    """Its windows may start anywhere."""
    live, offline = live_and_offline(heart_waveform, 4000, article_bundle, 2.5)
    assert offline == live


def test_no_thread_is_started(plain_bundle, heart_waveform):
    """Every read and every window comes on the caller's thread, and there is no other."""
    threads, reads = set(), []
    before = threading.active_count()

    def note(value):
        threads.add((threading.current_thread(), threading.active_count()))

    source = ArraySource(heart_waveform, 4000)
    judge_offline(source, plain_bundle, on_window=note, on_read=lambda read: (note(read), reads.append(read)))
    assert threads == {(threading.current_thread(), before)}
    assert np.array_equal(np.concatenate([read.waveform for read in reads]), heart_waveform)


class FailingSource(ArraySource):
    """A source that is damaged after some blocks."""

    def __init__(self, waveform, whole_blocks):
        super().__init__(waveform, 4000)
        self._whole_blocks = whole_blocks

    def blocks(self, block_samples):
        """Yield some blocks, then fail."""
        for index, block in enumerate(super().blocks(block_samples)):
            if index == self._whole_blocks:
                raise RecordingError("scripted damage")
            yield block


def test_what_comes_before_damage_is_judged(plain_bundle, heart_waveform):
    """The windows before it and their summary, with the error beside them."""
    windows = []
    result = judge_offline(FailingSource(heart_waveform, 3), plain_bundle, on_window=windows.append)
    assert str(result.error) == "scripted damage"
    assert 5.0 < result.duration_s < 10.0
    assert result.summary.windows == len(windows) == int((result.duration_s - 5.0) / 0.5) + 1


def test_damage_before_the_first_sample_is_raised(plain_bundle, heart_waveform):
    """There is nothing to judge."""
    with pytest.raises(RecordingError, match="scripted damage"):
        judge_offline(FailingSource(heart_waveform, 0), plain_bundle)


def test_a_network_that_gives_no_number_is_no_damage(plain_bundle, heart_waveform):
    """The error is raised, not told as one of the recording."""
    plain_bundle.engine.not_finite_at = 2
    with pytest.raises(BundleError):
        judge_offline(ArraySource(heart_waveform, 4000), plain_bundle)


def test_one_engine_for_many_sounds(plain_bundle, heart_waveform):
    """The engine is copied for no sound, and the values stay the same."""
    bundle = with_one_engine(plain_bundle)
    plain_bundle.engine.copy = None  # a call would fail
    first = judge_offline(ArraySource(heart_waveform, 4000), bundle)
    again = judge_offline(ArraySource(heart_waveform, 4000), bundle)
    assert first == again
    assert first.summary.windows == 11


def test_one_interpreter_finds_the_beats_of_many_sounds(monkeypatch):
    """None is made for each sound, and what was heard of one changes nothing in the next."""
    plain = load_bundle()
    bundle = with_one_engine(plain)
    hearts = [phonocardiogram(12.0, HeartParameters(), np.random.default_rng(seed)).waveform for seed in range(2)]
    expected = [live_and_offline(heart, 4000, plain)[0] for heart in hearts]
    monkeypatch.setattr(cycle_network, "_interpreter", None)  # a call would fail
    for heart, (_, events, summary) in zip([*hearts, *hearts], expected * 2, strict=True):
        windows: list = []
        result = judge_offline(ArraySource(heart, sample_rate=4000), bundle, on_window=windows.append)
        assert any(window.beats for window in windows)
        assert (windows, result.summary) == (events, summary)

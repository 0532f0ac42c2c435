"""Lines as the messages that they were written from."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from monitor.archive.session_timeline import session_timeline
from monitor.archive.windows import start_message, window_event
from monitor.audio.sources.array import ArraySource
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.text.json_lines import window_line

HEART = phonocardiogram(20.0, HeartParameters(), np.random.default_rng(5)).waveform


def test_a_window_comes_back_as_it_was_shown(plain_bundle):
    """All but what a line does not hold: written again, it is the same line."""
    sound = np.concatenate((HEART, np.full(4000, np.nan, np.float32), HEART))
    with Pipeline(ArraySource(sound, 4000), plain_bundle) as pipeline:
        events = list(pipeline.windows())
    assert {event.gap for event in events} == {True, False}
    for event in events:
        line = window_line(event)
        again = window_event(json.loads(line))
        assert window_line(again) == line
        assert again.quality.state == event.quality.state


def test_an_earlier_line_without_newer_keys():
    """Lines of other versions are shown too."""
    line = {"start_s": 0, "end_s": 5, "state": "poor-signal", "rolling": {"state": "listening"}, "gap": False}
    event = window_event({**line, "quality": {"score": None, "reason": "rubbing"}})
    assert (event.quality.state, event.quality.reason, event.heart_rate_bpm) == ("poor-signal", "rubbing", None)
    assert event.rolling.state == "listening"


def test_the_start_of_a_session(session_dir):
    """Labels, window and model; what the line lacks comes from session.json, or from the windows."""
    timeline, _ = session_timeline(session_dir)
    start = start_message(timeline)
    assert (start.labels, start.window_s, start.model) == (("normal", "murmur"), 5.0, "heart-sounds")
    assert start.duration_s == timeline.duration_s
    bare = dataclasses.replace(timeline, start={}, session={"labels": ["a"], "window_s": 3.0})
    assert start_message(bare).labels == ("a",)
    assert start_message(bare).window_s == 3.0


@pytest.mark.parametrize("key", ["index", "latency_ms", "short", "early_beats"])
def test_a_missing_key_is_no_error(key):
    """It has a value that says nothing."""
    line = {"index": 3, "start_s": 0, "end_s": 5, "state": "verdict", "rolling": {}, "gap": False, "short": True}
    line |= {"quality": {"score": 1.0}, "latency_ms": 2.0, "early_beats": {"followed_s": 9.0, "at_s": [1.5]}}
    event = window_event({name: value for name, value in line.items() if name != key})
    assert event.end_s == 5.0
    assert event.ectopic.trackable is (key != "early_beats")

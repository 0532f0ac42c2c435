"""The heart rate from S1 to S1, and where it is not sure."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.rhythm.interval_rate import IntervalRate
from monitor.messages import HeartBeat


def beats_of(lengths, confidence=0.95, start_s=0.1):
    """Return beats with these intervals between their S1."""
    beats, at_s = [HeartBeat(start_s, None, confidence)], start_s
    for length in lengths:
        at_s += length
        beats.append(HeartBeat(at_s, None, confidence, rate_bpm=60 / length))
    return beats


def rate_of(beats, start_s=0.0, end_s=5.0):
    """Return the rate of one window."""
    rate = IntervalRate()
    rate.push(beats)
    return rate.of(start_s, end_s)


@given(st.floats(47.0, 240.0))
def test_a_steady_heart(bpm):
    """It is the rate, wherever enough intervals are in a window."""
    length = 60 / bpm
    assert rate_of(beats_of([length] * int(4.8 / length), start_s=0.05)) == pytest.approx(bpm)


def test_the_mean_of_the_intervals():
    """Beats per minute of the window, not of its middle beat."""
    lengths = [0.70, 0.74, 0.78, 0.82, 0.86]
    assert rate_of(beats_of(lengths)) == pytest.approx(60 * 5 / sum(lengths))


@pytest.mark.parametrize(
    ("lengths", "confidence"),
    [
        ([1.9, 1.9], 0.95),  # too few
        ([0.6] * 5, 0.95),  # of too little of the window
        ([0.8] * 6, 0.85),  # not sure
        ([0.6, 1.0, 0.6, 1.0, 0.6, 1.0], 0.95),  # not alike
        ([], 0.95),
    ],
)
def test_what_is_not_sure_has_no_rate(lengths, confidence):
    """The rate of the envelope stands."""
    assert rate_of(beats_of(lengths, confidence)) is None


def test_only_intervals_inside_count():
    """Neither one that begins before the window, nor one that ends behind it."""
    beats = [*beats_of([0.5, *[0.8] * 6]), HeartBeat(6.0, None, 0.95, rate_bpm=120.0)]
    assert rate_of(beats, 0.3, 5.3) == pytest.approx(75.0)
    first = IntervalRate()
    first.push(beats)
    assert first.of(20.0, 25.0) is None


def test_a_beat_that_follows_none_has_no_interval():
    """A hole of the beats leaves too little of the window."""
    beats = beats_of([0.8] * 6)
    beats[2:5] = [dataclasses.replace(beat, rate_bpm=None) for beat in beats[2:5]]
    assert rate_of(beats) is None

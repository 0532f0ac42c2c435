"""The heart rate from S1 to S1, and where it is not sure."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.rhythm.interval_rate import INTERVAL_RATE_CONFIDENCE, IntervalRate
from monitor.features.heart_rate import HeartRate
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


HALVED = HeartRate(47.0, 0.6, 0.95)
NO_RATE = HeartRate(None, 0.2, 0.4, "no steady rhythm")


def shown(beats, envelope, start_s=0.0, end_s=5.0):
    """Return the rate that is shown of one window."""
    rate = IntervalRate()
    rate.push(beats)
    return rate.shown(envelope, start_s, end_s)


def test_what_is_sure_is_shown():
    """With the confidence of such rates, whatever the envelope says."""
    for envelope in (HALVED, NO_RATE):
        rate = shown(beats_of([0.8] * 6), envelope)
        assert rate.bpm == pytest.approx(75.0)
        assert (rate.confidence, rate.reason) == (INTERVAL_RATE_CONFIDENCE, None)


@pytest.mark.parametrize("beats", [[], beats_of([0.64]), beats_of([0.64] * 4, 0.8), beats_of([1.2] * 3, 0.8)])
def test_the_envelope_stands_where_nothing_contradicts_it(beats):
    """Without enough intervals, without a rate of its own, or where they say about the same."""
    assert shown(beats, NO_RATE) == NO_RATE
    right = HeartRate(94.0, 0.6, 0.95) if len(beats) > 4 else HALVED
    assert shown(beats, right) == right


def test_half_of_what_few_intervals_say():
    """Three intervals that are not sure enough on their own tell that the envelope's rate is halved."""
    rate = shown(beats_of([0.64, 0.65, 0.63], 0.8), HALVED)
    assert rate.bpm == pytest.approx(60 * 3 / 1.92)
    assert rate.confidence == pytest.approx(0.8)


def test_intervals_that_are_not_alike_leave_it_open():
    """As with two beats that differ in turn: neither number is shown."""
    rate = shown(beats_of([0.5, 0.8, 0.5, 0.8], 0.8), HeartRate(50.0, 0.6, 0.95))
    assert rate.bpm is None
    assert rate.reason == "either 50 or 92 bpm"
    assert rate.confidence == pytest.approx(0.2)


def test_the_intervals_before_tell_it_too():
    """For ten seconds: a window without beats of its own is not halved, but has no rate from them either."""
    beats = beats_of([0.64] * 4)
    rate = shown(beats, HALVED, 6.0, 11.0)
    assert rate.bpm is None
    assert rate.reason == "either 47 or 94 bpm"
    assert shown(beats, HALVED, 9.0, 14.0) == HALVED

"""The template of a beat is learnt from a window, and matches beats at any level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.analysis.rhythm.beat_template import LENGTH, BeatTemplate


def two_sounds(interval: float, frames: int = 198, begin: float = 5.0) -> NDArray[np.float64]:
    """Return an envelope with a first and a softer second heart sound in every interval."""
    frame = np.arange(frames)
    envelope = np.zeros(frames)
    for beat in np.arange(begin - interval, frames + interval, interval):
        for delay, height in ((0.0, 4.0), (0.36 * interval, 3.0)):
            envelope += height * np.exp(-(((frame - beat - delay) / 2.0) ** 2))
    return envelope


@given(st.floats(18.0, 55.0), st.floats(0.0, 17.0))
def test_beats_match_best(interval: float, begin: float) -> None:
    """At every beat the match is about 1."""
    envelope = two_sounds(interval, begin=begin)
    template = BeatTemplate(envelope, interval)
    clarity = np.array(template.match(envelope))
    inside = np.arange(begin, len(clarity) - 2 * template.onset, interval)
    beats = np.round(inside - template.onset).astype(int)
    beats = beats[(beats >= 1) & (beats < len(clarity) - 1)]
    at_beats = np.array([clarity[beat - 1 : beat + 2].max() for beat in beats])
    assert np.abs(at_beats - 1.0).max() < 0.25
    assert len(template) == round(LENGTH * interval)


def test_the_onset_is_the_first_sound() -> None:
    """The onset is not that of the second heart sound, though both are in the template."""
    envelope = two_sounds(32.0)
    template = BeatTemplate(envelope, 32.0)
    position = int(np.argmax(template.match(envelope)[:40])) + template.onset
    assert (position - 5) % 32 in (0, 1, 31)


@given(st.floats(-30.0, 30.0))
def test_the_level_does_not_matter(level: float) -> None:
    """A louder heart matches as well."""
    envelope = two_sounds(30.0)
    template = BeatTemplate(envelope, 30.0)
    assert template.match(envelope + level) == pytest.approx(template.match(envelope), abs=1e-6)


def test_silence_matches_nothing() -> None:
    """The template of silence is flat, and no beat matches it."""
    template = BeatTemplate(np.full(198, -46.0), 30.0)
    assert max(template.match(two_sounds(30.0))) < 0.25


def test_the_template_adapts() -> None:
    """A heart whose second sound fades matches again after some beats."""
    first, later = two_sounds(30.0), two_sounds(30.0)
    template = BeatTemplate(first, 30.0)
    start = int(np.argmax(template.match(first)[:30]))
    later[start + template.onset + 6 : start + len(template)] = 0.0
    before = template.match(later)[start]
    for _ in range(20):
        template.learn(later[start : start + len(template)])
    assert before < 0.9
    assert template.match(later)[start] == pytest.approx(1.0, abs=0.05)


def periodic(period: NDArray[np.float64], begin: int = 0, frames: int = 198) -> NDArray[np.float64]:
    """Return an envelope that repeats exactly, beginning somewhere in the period."""
    return np.resize(np.roll(period, begin), frames)


PERIOD = np.array([0.0] * 5 + [1.0] * 8 + [5.0] + [1.0] * 10 + [0.0] * 6)
"""30 frames; the loudest 19 begin at 5, and the loudest of their first half is at 8."""


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_the_loudest_stretch_is_found_wherever_it_begins(scale: float) -> None:
    """The first heart sound is 8 frames into the template, and the beats match exactly, faint ones too."""
    for begin in range(30):
        envelope = scale * periodic(PERIOD, begin)
        template = BeatTemplate(envelope, 30.0)
        assert (len(template), template.onset) == (19, 8)
        clarity = np.array(template.match(envelope))
        assert len(clarity) == 198 - 19 + 1
        beats = np.flatnonzero(clarity > 1.0 - 1e-3)
        assert ((beats - 5 - begin) % 30 == 0).all()
        assert clarity[beats] == pytest.approx(1.0, abs=1e-5)


def test_a_beat_that_it_knows_teaches_it_nothing() -> None:
    """Learning what it holds already changes no match."""
    envelope = periodic(PERIOD)
    template = BeatTemplate(envelope, 30.0)
    before = template.match(envelope)
    template.learn(envelope[5:24] + 7.0)
    assert template.match(envelope) == pytest.approx(before)


def test_a_new_beat_counts_for_15_percent() -> None:
    """A beat twice as strong makes the template 1.15 times as strong, so usual beats match it less by that factor."""
    envelope = periodic(PERIOD)
    template = BeatTemplate(envelope, 30.0)
    template.learn(2.0 * envelope[5:24])
    assert max(template.match(envelope)) == pytest.approx(1 / 1.15)

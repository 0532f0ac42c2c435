"""The shape of a beat is learnt from a window, and finds beats at any level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.analysis.rhythm.beat_template import SHARE, BeatTemplate


def two_sounds(interval: float, frames: int = 198, begin: float = 5.0) -> NDArray[np.float64]:
    """Return an envelope of a first and a softer second sound in every interval."""
    place = np.arange(frames)
    envelope = np.zeros(frames)
    for beat in np.arange(begin - interval, frames + interval, interval):
        for delay, height in ((0.0, 4.0), (0.36 * interval, 3.0)):
            envelope += height * np.exp(-(((place - beat - delay) / 2.0) ** 2))
    return envelope


@given(st.floats(18.0, 55.0), st.floats(0.0, 17.0))
def test_beats_are_the_highest_likeness(interval: float, begin: float) -> None:
    """At every beat the likeness is about 1, at the second sounds it is far lower."""
    envelope = two_sounds(interval, begin=begin)
    shape = BeatTemplate(envelope, interval)
    likeness = np.array(shape.likeness(envelope))
    inside = np.arange(begin, len(likeness) - 2 * shape.onset, interval)
    beats = np.round(inside - shape.onset).astype(int)
    beats = beats[(beats >= 1) & (beats < len(likeness) - 1)]
    at_beats = np.array([likeness[beat - 1 : beat + 2].max() for beat in beats])
    assert np.abs(at_beats - 1.0).max() < 0.25
    assert len(shape) == round(SHARE * interval)


def test_the_onset_is_the_first_sound() -> None:
    """Not the second one, though both lie in the shape."""
    envelope = two_sounds(32.0)
    shape = BeatTemplate(envelope, 32.0)
    place = int(np.argmax(shape.likeness(envelope)[:40])) + shape.onset
    assert (place - 5) % 32 in (0, 1, 31)


@given(st.floats(-30.0, 30.0))
def test_the_level_does_not_matter(level: float) -> None:
    """A louder heart is as much like its beats."""
    envelope = two_sounds(30.0)
    shape = BeatTemplate(envelope, 30.0)
    assert shape.likeness(envelope + level) == pytest.approx(shape.likeness(envelope), abs=1e-6)


def test_flat_sound_is_like_no_beat() -> None:
    """Silence learns a flat shape, and nothing is like it."""
    shape = BeatTemplate(np.full(198, -46.0), 30.0)
    assert max(shape.likeness(two_sounds(30.0))) < 0.25


def test_the_shape_follows_what_it_learns() -> None:
    """A heart whose second sound fades is found as well after some beats."""
    first, later = two_sounds(30.0), two_sounds(30.0)
    shape = BeatTemplate(first, 30.0)
    place = int(np.argmax(shape.likeness(first)[:30]))
    later[place + shape.onset + 6 : place + len(shape)] = 0.0
    before = shape.likeness(later)[place]
    for _ in range(20):
        shape.learn(later[place : place + len(shape)])
    assert before < 0.9
    assert shape.likeness(later)[place] == pytest.approx(1.0, abs=0.05)

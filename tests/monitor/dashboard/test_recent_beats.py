"""The beats of the last half minute: what is ticked, and the medians of systole and diastole."""

from __future__ import annotations

import pytest

from monitor.dashboard.drawing.state import CycleDurations
from monitor.dashboard.recent_beats import RECENT_S, RecentBeats
from monitor.messages import HeartBeat, Quality, Verdict, WindowEvent


def window(end_s, *beats):
    """Return a window that brings some beats."""
    verdict = Verdict("uncertain")
    return WindowEvent(0, end_s - 5, end_s, verdict, verdict, Quality(0.9), None, False, False, 1.0, beats=beats)


def beat(s1_s, systole_ms=300.0, diastole_ms=500.0):
    """Return a beat with both heart sounds."""
    return HeartBeat(s1_s, s1_s + systole_ms / 1000, 0.9, systole_ms, diastole_ms)


def test_before_the_first_beat_there_is_nothing():
    """Neither ticks nor durations."""
    recent = RecentBeats()
    recent.add(window(5.0))
    assert recent.ticks == ()
    assert recent.cycle == CycleDurations(span_s=5.0)


def test_a_heart_sound_that_is_not_sure_has_no_tick():
    """A beat may have only one of its sounds, and no durations then."""
    recent = RecentBeats()
    recent.add(window(5.0, HeartBeat(1.0, None, 0.8), HeartBeat(None, 2.1, 0.8)))
    recent.add(window(5.5, HeartBeat(2.6, 2.9, 0.8, 300.0, 500.0)))
    assert recent.ticks == ((1.0, "S1"), (2.1, "S2"), (2.6, "S1"), (2.9, "S2"))
    assert recent.cycle == CycleDurations(300.0, 500.0, 1, 1, 5.5)


def test_durations_are_medians_with_their_numbers():
    """One long systole does not move them; a beat after a gap has no diastole."""
    recent = RecentBeats()
    recent.add(window(5.0, beat(1.0, 290.0, None), beat(1.8, 310.0, 480.0), beat(2.6, 600.0, 520.0)))
    assert recent.cycle == CycleDurations(310.0, 500.0, 3, 2, 5.0)


@pytest.mark.parametrize("later_s", [0.0, 200.0])
def test_beats_are_forgotten_after_half_a_minute(later_s):
    """Windows without beats forget the old ones too."""
    recent = RecentBeats()
    recent.add(window(5.0, beat(1.0 + later_s), beat(4.0 + later_s, 320.0)))
    recent.add(window(1.31 + later_s + RECENT_S))
    assert recent.ticks == ((4.0 + later_s, "S1"), (4.32 + later_s, "S2"))
    assert recent.cycle.systole_ms == 320.0
    recent.add(window(4.33 + later_s + RECENT_S))
    assert recent.ticks == ()
    assert recent.cycle == CycleDurations()


@pytest.mark.parametrize("first_end_s", [5.0, 105.0])
def test_the_span_grows_to_half_a_minute(first_end_s):
    """At the beginning the beats are of less sound; a source may begin anywhere."""
    recent = RecentBeats()
    spans = []
    for later_s in (0.0, 10.0, 20.0, 40.0):
        recent.add(window(first_end_s + later_s))
        spans.append(recent.cycle.span_s)
    assert spans == [5.0, 15.0, 25.0, RECENT_S]

"""A chest piece that lies gives no sign of a move; a bump or a withheld window does."""

from __future__ import annotations

import pytest

from monitor.commands.exam.movement import BUMP_DB, MovementDetector


@pytest.fixture
def asked():
    """Return a detector that heard peaks of -20 dB at most, asked at 10 s."""
    detector = MovementDetector()
    for tenth in range(100):
        detector.level(tenth / 10, -20.0 if tenth == 50 else -30.0)
    detector.ask(10.0)
    return detector


def test_the_same_heart_is_no_sign(asked, window):
    """Neither its level nor its windows."""
    asked.level(10.1, -20.0)
    asked.level(10.2, -20.0 + BUMP_DB)
    asked.window(window(6.0))
    assert not asked.moved


def test_a_bump_is_a_sign(asked):
    """Far above the loudest peak of the site before."""
    asked.level(10.1, -20.0 + BUMP_DB + 0.1)
    assert asked.moved


@pytest.mark.parametrize("state", ["no-signal", "poor-signal"])
def test_a_withheld_window_is_a_sign(asked, window, state):
    """A chest piece in the air hears nothing, or noise."""
    asked.window(window(6.0, state))
    assert asked.moved


def test_lost_sound_is_no_sign(asked, window):
    """A device that was lost has moved nobody's hand."""
    asked.window(window(6.0, "poor-signal", gap=True))
    assert not asked.moved


def test_what_came_before_is_no_sign(asked, window):
    """A window that ended before the chest piece was asked away."""
    asked.window(window(4.0, "poor-signal"))
    assert not asked.moved


def test_only_the_last_seconds_are_the_reference(asked):
    """A bump of a minute ago does not hide one of now."""
    detector = MovementDetector()
    detector.level(0.0, -1.0)
    for tenth in range(300, 400):
        detector.level(tenth / 10, -30.0)
    detector.ask(40.0)
    detector.level(40.1, -10.0)
    assert detector.moved


def test_nothing_is_looked_for_unless_asked(window):
    """Bumps while a site is heard are the quality gate's."""
    detector = MovementDetector()
    detector.level(0.0, -30.0)
    detector.level(0.1, 0.0)
    detector.window(window(0.0, "poor-signal"))
    assert not detector.moved


def test_a_sign_is_forgotten_with_the_next_site(asked):
    """Each site needs a move of its own."""
    asked.level(10.1, 0.0)
    asked.settle()
    asked.level(10.2, -30.0)
    asked.ask(20.0)
    assert not asked.moved


def test_without_a_level_of_the_site_before_no_bump_is_known(window):
    """A withheld window still is a sign."""
    detector = MovementDetector()
    detector.ask(1.0)
    detector.level(1.1, 0.0)
    assert not detector.moved
    detector.window(window(0.0, "no-signal"))
    assert detector.moved

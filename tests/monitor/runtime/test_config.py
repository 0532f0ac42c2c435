"""The defaults of the threads fit each other and the default bundle."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.dashboard.screenshot import SOUND_S
from monitor.features.spec import HEART
from monitor.runtime.config import MonitorConfig

DEFAULTS = MonitorConfig()


def test_the_ring_holds_several_windows_and_what_a_key_saves() -> None:
    """The classifier may fall behind by several windows, and 30 s can be saved."""
    assert DEFAULTS.ring_s >= 3 * HEART.window_s
    assert DEFAULTS.ring_s >= SOUND_S


def test_a_window_waits_less_than_a_hop() -> None:
    """A window is skipped before the next one is complete, so no backlog builds up."""
    assert DEFAULTS.patience_s < 0.5 < DEFAULTS.ring_s


def test_the_config_is_immutable() -> None:
    """Threads share it, so no attribute can be set."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULTS.ring_s = 1.0  # type: ignore[misc]

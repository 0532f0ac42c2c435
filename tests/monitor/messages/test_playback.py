"""The state of the playback is a frozen value."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.messages import PlaybackStatus


def test_it_is_frozen():
    """Threads share it, so nobody changes it."""
    status = PlaybackStatus("playing", "Headphones")
    with pytest.raises(dataclasses.FrozenInstanceError):
        status.state = "off"
    assert (status.sound, status.volume_db, status.latency_ms, status.message) == ("wide", 0.0, None, None)

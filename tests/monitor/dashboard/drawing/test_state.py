"""What the drawing thread adds to a snapshot is frozen and empty by default."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.dashboard.drawing.canvas import FULL_STYLE
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.state import EMPTY_STATE, DashboardState, LoggedEvent, RuntimeStats
from monitor.dashboard.drawing.status import details_rows, keys_row
from monitor.messages import Level, Snapshot, Start

START = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur"), 5.0, 0.5, 30.0, 1.0)
SNAPSHOT = Snapshot(START, 7.6, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)


@pytest.mark.parametrize(
    ("value", "name"), [(DashboardState(), "help"), (RuntimeStats(), "cpu_percent"), (LoggedEvent(1.0, "a"), "text")]
)
def test_values_are_immutable(value: object, name: str) -> None:
    """No attribute can be set, so a screen never changes while it is drawn."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, None)


def test_the_empty_state_shows_nothing() -> None:
    """Without keys the way out is named, and unknown figures say so."""
    assert DashboardState() == EMPTY_STATE
    keys = "".join(segment.text for segment in keys_row(EMPTY_STATE.keys, 80, FULL_STYLE))
    assert keys.strip() == "Ctrl+C ends"
    rows = details_rows(Layout(SNAPSHOT, 80, 24, FULL_STYLE, EMPTY_STATE), 20)
    assert sum("not measured yet" in "".join(segment.text for segment in row) for row in rows) == 3

"""Which lines of a session mean something."""

from __future__ import annotations

import pytest

from monitor.sessions.readable import is_readable, split_readable

WINDOW = {
    "type": "window",
    "start_s": 0.0,
    "end_s": 5.0,
    "state": "verdict",
    "rolling": {"state": "verdict", "label": "normal", "scores": {"normal": 1.0}},
    "quality": {"score": 0.9, "reason": None},
    "gap": False,
}


@pytest.mark.parametrize(
    "line",
    [
        None,
        3,
        [],
        {},
        {"type": 3},
        {"type": "mark", "at_s": "3", "number": 1},
        {"type": "mark", "at_s": True, "number": 1},
        {"type": "note", "at_s": 3.0},
        {"type": "window", "start_s": 0.0},
        {"type": "mark", "at_s": float("inf"), "number": 1},
        {"type": "mark", "at_s": 1e12, "number": 1},
        {"type": "note", "at_s": 1.0, "text": "half \ud800"},
        {"type": "note", "at_s": 1.0, "text": "a", "number": "two"},
        {"type": "edit", "target": 3, "text": "a"},
        {"type": "edit", "target": {"number": 1}, "text": 5},
        {"type": "summary", "state": "verdict", "heart_rate_bpm": {}},
        {"type": "summary", "state": "verdict", "label": ["murmur"]},
        {"type": "examination", "sites": [3], "finding": {}},
        {**WINDOW, "early_beats": {"at_s": 3.0}},
        {**WINDOW, "heart_rate_bpm": "fast"},
        {**WINDOW, "quality": {"score": "good"}},
        {**WINDOW, "rolling": {"state": "verdict", "scores": {"normal": None}}},
    ],
)
def test_unreadable_lines_are_counted(line):
    """A line without what its type needs is left out and counted."""
    assert split_readable([WINDOW, line]) == ([WINDOW], 1)


def test_lines_of_other_types_are_kept():
    """New types of lines are no damage."""
    assert split_readable([{"type": "new"}]) == ([{"type": "new"}], 0)


def test_null_is_nothing():
    """A key without a value is as good as none."""
    assert is_readable({**WINDOW, "heart_rate_bpm": None, "early_beats": None, "label": None})

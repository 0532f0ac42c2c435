"""Which lines of a session mean something."""

from __future__ import annotations

import pytest

from monitor.sessions.readable import split_readable

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
        {"type": "edit", "target": 3, "text": "a"},
        {"type": "examination", "sites": [], "finding": [1]},
    ],
)
def test_unreadable_lines_are_counted(line):
    """A line without what its type needs is left out and counted."""
    assert split_readable([WINDOW, line]) == ([WINDOW], 1)


def test_lines_of_other_types_are_kept():
    """New types of lines are no damage."""
    assert split_readable([{"type": "new"}]) == ([{"type": "new"}], 0)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ({"type": "note", "at_s": 1.0, "text": "a", "number": "two"}, "number"),
        ({"type": "edit", "target": {"number": 1}, "text": 5}, "text"),
        ({"type": "summary", "state": "verdict", "heart_rate_bpm": {}}, "heart_rate_bpm"),
        ({"type": "summary", "state": "verdict", "label": ["murmur"]}, "label"),
        ({**WINDOW, "early_beats": [3.0]}, "early_beats"),
        ({**WINDOW, "heart_rate_bpm": float("nan")}, "heart_rate_bpm"),
        ({**WINDOW, "scores": {"normal": None}}, "scores"),
    ],
)
def test_a_value_of_another_kind_is_as_none(line, key):
    """The rest of the line counts."""
    without = {name: value for name, value in line.items() if name != key}
    assert split_readable([line]) == ([without], 0)


@pytest.mark.parametrize(
    ("key", "bad", "good"),
    [
        ("early_beats", {"at_s": 3.0, "intervals": 2}, {"intervals": 2}),
        ("early_beats", {"at_s": [3.0, "x"]}, {}),
        ("quality", {"score": "good", "reason": "hum"}, {"reason": "hum"}),
        ("rolling", {"state": "verdict", "label": 3}, {"state": "verdict"}),
    ],
)
def test_so_it_is_inside_an_object(key, bad, good):
    """What is needed stays."""
    assert split_readable([{**WINDOW, key: bad}]) == ([{**WINDOW, key: good}], 0)


def test_the_sites_of_an_examination():
    """What is no object is no site."""
    line = {"type": "examination", "sites": [3, None, {"site": "AV", "judged_s": "long"}], "finding": {"label": 3}}
    assert split_readable([line]) == ([{**line, "sites": [{"site": "AV"}], "finding": {}}], 0)


def test_null_is_nothing():
    """A key without a value is as good as none."""
    line = {**WINDOW, "heart_rate_bpm": None, "early_beats": None, "label": None}
    assert split_readable([line]) == ([line], 0)

"""A person's labels are read from the lines of a session."""

from __future__ import annotations

import math

import pytest

from monitor.sessions.labels import Label, labels


def line(**changed):
    """Return a line with a label."""
    return {"type": "label", "start_s": 1.0, "end_s": 2.5, "label": "murmur", "source": "manual", **changed}


def test_the_order_of_the_lines_is_kept():
    """Labels come in the order in which they were given; lines of other types are none."""
    lines = [line(start_s=2), {"type": "mark", "at_s": 1.0, "number": 1}, line()]
    assert labels(lines) == (Label(2.0, 2.5, "murmur"), Label(1.0, 2.5, "murmur"))


@pytest.mark.parametrize(
    "changed",
    [
        {"label": None},
        {"label": 3},
        {"start_s": "1"},
        {"start_s": True},
        {"start_s": -1.0},
        {"start_s": math.inf},
        {"end_s": None},
        {"end_s": math.nan},
        {"end_s": math.inf},
        {"end_s": 1.0},
        {"end_s": 0.5},
    ],
)
def test_what_is_no_label_is_passed_over(changed):
    """A line without a text, or whose times are no stretch of sound, is no label and costs the others nothing."""
    assert labels([line(**changed), line()]) == (Label(1.0, 2.5, "murmur"),)

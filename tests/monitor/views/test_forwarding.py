"""A view in front of another: everything reaches the one behind."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from monitor.views.forwarding import ForwardingView
from monitor.views.view import View

METHODS = {"attach": 2, "begin": 1, "window": 1, "snapshot": 1, "end": 1, "close": 0}
ATTRIBUTES = ("lost_lines", "wait_s", "live_snapshot", "stays", "again_s")


def test_nothing_of_a_view_is_left_out():
    """The protocol has these names and no other."""
    assert {name for name in vars(View) if not name.startswith("_")} == {*METHODS, *ATTRIBUTES}


@pytest.mark.parametrize(("name", "count"), METHODS.items())
def test_a_call_is_passed_on(name, count):
    """With what it was given."""
    behind, given = Mock(), [object() for _ in range(count)]
    getattr(ForwardingView(behind), name)(*given)
    getattr(behind, name).assert_called_once_with(*given)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_is_that_of_the_view_behind(name):
    """Read again each time."""
    behind = Mock()
    view = ForwardingView(behind)
    for value in (1, 2):
        setattr(behind, name, value)
        assert getattr(view, name) == value

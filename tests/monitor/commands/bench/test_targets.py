"""Each figure is judged against what it must reach and what it aims at."""

from __future__ import annotations

import pytest

from monitor.commands.bench.targets import TARGETS, Target


@pytest.mark.parametrize(
    ("value", "outcome"), [(1.1, "aim met"), (1.2, "aim met"), (1.21, "met"), (1.4, "met"), (1.41, "missed")]
)
def test_at_most(value: float, outcome: str) -> None:
    """Both bounds count as reached."""
    assert Target("hop", "x", "at most", 1.4, 1.2).outcome(value) == outcome


@pytest.mark.parametrize(("value", "outcome"), [(799.0, "met"), (800.0, "aim met"), (400.0, "met"), (399.0, "missed")])
def test_at_least(value: float, outcome: str) -> None:
    """The other way round where more is better."""
    assert Target("streams", "", "at least", 400.0, 800.0).outcome(value) == outcome


def test_the_bound_may_be_all() -> None:
    """Without an aim a figure is met or missed."""
    assert Target("memory", "MB", "at most", 150.0).outcome(10.0) == "met"


def test_an_aim_is_beyond_what_must_be() -> None:
    """For every figure reaching the aim means reaching what it must."""
    for target in TARGETS.values():
        if target.aim is not None:
            assert target.outcome(target.aim) == "aim met"
            assert (target.aim < target.must) == (target.bound == "at most")

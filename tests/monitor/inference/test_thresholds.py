"""Thresholds are checked when created and survive JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.inference.thresholds import DecisionThresholds

probabilities = st.floats(0.0, 1.0)
times = st.floats(0.0, 600.0)


@given(probabilities, times, probabilities, times, times, times)
def test_json_round_trip(
    uncertain: float, rolling: float, margin: float, switch: float, hold: float, withhold: float
) -> None:
    """Any thresholds written as JSON text and read again are the same thresholds."""
    decision = DecisionThresholds(uncertain, rolling, margin, switch, hold, withhold)
    assert DecisionThresholds.from_json(json.loads(json.dumps(decision.to_json()))) == decision


def test_a_missing_threshold_has_the_default() -> None:
    """A bundle of an earlier version, with fewer thresholds, is still read."""
    assert DecisionThresholds.from_json({"uncertain_below": 0.6}) == DecisionThresholds(uncertain_below=0.6)


def test_json_holds_every_threshold() -> None:
    """No threshold is left out of the bundle but the operating point, which has a key of its own there."""
    names = {field.name for field in dataclasses.fields(DecisionThresholds)} - {"possible"}
    assert set(DecisionThresholds(possible=("murmur", 0.3)).to_json()) == names
    with pytest.raises(ValueError, match="unknown decision settings: possible"):
        DecisionThresholds.from_json({"possible": ["murmur", 0.3]})


def test_refuses_an_operating_point_out_of_range() -> None:
    """The score from which a label is possible is a probability."""
    with pytest.raises(ValueError, match=r"possible=1.1 must be a number from 0 to 1"):
        DecisionThresholds(possible=("murmur", 1.1))


def test_is_frozen() -> None:
    """The thresholds of a loaded bundle cannot be changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        DecisionThresholds().uncertain_below = 0.1  # type: ignore[misc]


@pytest.mark.parametrize("name", ["uncertain_below", "switch_margin"])
@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan, "0.5", None, True])
def test_refuses_a_probability_out_of_range(name: str, value: object) -> None:
    """The message names the threshold that is not a number from 0 to 1."""
    with pytest.raises(ValueError, match=f"{name}=.* must be a number from 0 to 1"):
        DecisionThresholds.from_json({name: value})


@pytest.mark.parametrize("name", ["change_lead", "change_evidence"])
@pytest.mark.parametrize("value", [-0.1, 100.1, math.nan, "1"])
def test_refuses_evidence_out_of_range(name: str, value: object) -> None:
    """The message names the evidence that is not a number from 0 to 100."""
    with pytest.raises(ValueError, match=f"{name}=.* must be a number from 0 to 100"):
        DecisionThresholds.from_json({name: value})


@pytest.mark.parametrize("name", ["rolling_s", "switch_s", "hold_s", "withhold_after_s"])
@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan, []])
def test_refuses_a_time_out_of_range(name: str, value: object) -> None:
    """The message names the time that is not a number of seconds."""
    with pytest.raises(ValueError, match=f"{name}=.* must be a number from 0 to 600"):
        DecisionThresholds.from_json({name: value})


def test_refuses_an_unknown_key() -> None:
    """A threshold that this version does not know might matter, so it is not ignored."""
    with pytest.raises(ValueError, match="unknown decision settings: certainty"):
        DecisionThresholds.from_json({"certainty": 0.4})


@pytest.mark.parametrize("values", [[], "x", None, 3])
def test_refuses_anything_but_an_object(values: Any) -> None:
    """A damaged bundle may hold anything in place of the thresholds."""
    with pytest.raises(ValueError, match="must be an object of settings"):
        DecisionThresholds.from_json(values)

"""The line of a beat: its keys in order, rounded; null where something is not known; no NaN."""

from __future__ import annotations

import json
import math

import pytest

from monitor.messages import HeartBeat
from monitor.text.beat_line import beat_line


def test_a_whole_beat() -> None:
    """All keys, in the order that is documented."""
    beat = HeartBeat(12.312345, 12.62, 0.9412345678, 307.66, 491.04, 75.112)
    assert list(json.loads(beat_line(beat)).items()) == [
        ("type", "beat"),
        ("s1_s", 12.3123),
        ("s2_s", 12.62),
        ("confidence", 0.941235),
        ("systole_ms", 307.7),
        ("diastole_ms", 491.0),
        ("rate_bpm", 75.11),
    ]


def test_what_is_not_known_is_null() -> None:
    """A lone S2 has no S1, no durations and no rate."""
    values = json.loads(beat_line(HeartBeat(None, 1.5, 0.9)))
    assert [key for key, value in values.items() if value is None] == ["s1_s", "systole_ms", "diastole_ms", "rate_bpm"]


def test_no_number_is_no_json() -> None:
    """NaN is refused."""
    with pytest.raises(ValueError, match="JSON"):
        beat_line(HeartBeat(math.nan, 1.0, 0.5))

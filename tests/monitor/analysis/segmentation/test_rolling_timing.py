"""Where the murmur of the last seconds lies: it stays while it is nearly sure, and is forgotten with its murmur."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.analysis.segmentation.rolling_timing import RollingTiming
from monitor.inference.segmentation.murmur_timing import NUM_FEATURES, TIMINGS, TimingModel
from monitor.labels import MURMUR
from monitor.messages import Verdict

SCORES = {"normal": 0.2, MURMUR: 0.8}
NAMED = Verdict("verdict", MURMUR, 0.8, SCORES)
POSSIBLE = Verdict("uncertain", None, 0.6, SCORES, possible=MURMUR)
NORMAL = Verdict("verdict", "normal", 0.8, SCORES)
SURE, NEARLY, NOT_SURE = 3.0, 0.8, 0.2


def timing_model() -> TimingModel:
    """Return a model that hears systole in the level of its first half: 0.98 at SURE, 0.81 at NEARLY, 0.52 at last."""
    weights = np.zeros((len(TIMINGS), NUM_FEATURES + 1))
    weights[0, 0], weights[2, -1] = 2.0, -3.0
    return TimingModel(weights, (0.9, 0.9, 0.9), (0.7, 0.7, 0.7))


def heard(*levels: float) -> list[str | None]:
    """Return what is said after each three cycles of a level, of the last three alone."""
    timing, said = RollingTiming(timing_model()), []
    for number, level in enumerate(levels):
        push(timing, number, level)
        said.append(timing.of_last_seconds(NAMED, float(number)))
    return said


def push(timing: RollingTiming, start_s: float, level: float) -> None:
    """Let three cycles with a level in the first half of systole begin at a moment."""
    values = np.zeros(NUM_FEATURES, np.float32)
    values[0], values[-1] = level, 0.9
    timing.push((start_s + 0.3 * number, values) for number in range(3))


def test_it_does_not_come_and_go() -> None:
    """Once it has been said it stays while it is nearly sure; before, nearly is not enough."""
    assert heard(NEARLY, SURE, NEARLY, NEARLY, NOT_SURE, NEARLY) == [None, *3 * ["systolic"], None, None]


def test_a_window_has_none() -> None:
    """What is said of a window follows from its own cycles."""
    timing = RollingTiming(timing_model())
    push(timing, 0.0, SURE)
    assert timing.of_window(NAMED, 0.0) == timing.of_last_seconds(NAMED, 0.0) == "systolic"
    push(timing, 1.0, NEARLY)
    assert timing.of_window(NAMED, 1.0) is None
    assert timing.of_last_seconds(NAMED, 1.0) == "systolic"


@pytest.mark.parametrize("between", [NORMAL, Verdict("listening"), Verdict("poor-signal")])
def test_it_is_forgotten_with_its_murmur(between: Verdict) -> None:
    """Where none is named meanwhile, it must be sure again."""
    timing = RollingTiming(timing_model())
    push(timing, 0.0, SURE)
    assert timing.of_last_seconds(POSSIBLE, 0.0) == "systolic"
    push(timing, 1.0, NEARLY)
    assert timing.of_last_seconds(between, 1.0) is None
    assert timing.of_last_seconds(NAMED, 1.0) is None


def test_another_sound_begins() -> None:
    """Neither its cycles nor what was said is left of the one before."""
    timing = RollingTiming(timing_model())
    push(timing, 0.0, SURE)
    assert timing.of_last_seconds(NAMED, 0.0) == "systolic"
    timing.clear()
    assert timing.of_last_seconds(NAMED, 0.0) is None
    push(timing, 1.0, NEARLY)
    assert timing.of_last_seconds(NAMED, 1.0) is None


def test_a_bundle_that_does_not_tell() -> None:
    """Nothing is said of either."""
    timing = RollingTiming(None)
    push(timing, 0.0, SURE)
    assert timing.of_window(NAMED, 0.0) is timing.of_last_seconds(NAMED, 0.0) is None

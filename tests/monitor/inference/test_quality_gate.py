"""The gate's model: features do not mind loudness, the score is a logistic of them, settings survive a bundle."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.image import FrameWindow
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.quality_gate import DEFAULT_GATE, FULL_SWING, MOST_ODDS, GateFeatures, QualityGate, gate_features

numbers = st.floats(-20.0, 20.0)
features = st.builds(GateFeatures, numbers, st.floats(0.0, 1.0), st.floats(0.0, 1.3), st.floats(0.0, 0.3))
GATE = QualityGate(GateFeatures(1.0, 0.5, 1.2, 0.0), GateFeatures(0.5, 4.0, 3.0, -20.0), 5.0, 0.7, 2.0, 0.5)


def frames_of(sound: NDArray[np.float32]) -> FrameWindow:
    """Return the frames of one window."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound)
    return stream.window(0)


def test_the_mean_heart_has_the_bias_as_its_score() -> None:
    """Where all is typical the score is the logistic of the bias, with or without the network's word."""
    expected = 1.0 / (1.0 + math.exp(-2.0))
    assert GATE.score(GATE.typical, 5.0) == pytest.approx(expected)
    assert GATE.score(GATE.typical, None) == pytest.approx(expected)


@given(features, st.one_of(st.none(), numbers))
def test_the_score_is_the_logistic_of_its_parts(found: GateFeatures, odds: float | None) -> None:
    """The parts sum to the score's logit, so the smallest part is what takes most from it."""
    parts, word = GATE.parts(found, odds)
    score = GATE.score(found, odds)
    assert 0.0 <= score <= 1.0
    if 1e-9 < score < 1.0 - 1e-9:
        assert math.log(score / (1.0 - score)) == pytest.approx(GATE.bias + sum(parts) + word, abs=1e-5)


@given(st.floats(-1e6, 1e6))
def test_the_network_alone_decides_nothing(odds: float) -> None:
    """Beyond six its odds count no more, for or against."""
    clamped = max(-MOST_ODDS, min(MOST_ODDS, odds))
    assert GATE.score(GATE.typical, odds) == GATE.score(GATE.typical, clamped)


def test_a_network_that_cannot_tell_has_no_weight_by_default() -> None:
    """The default gate is for such networks: whatever is said changes nothing."""
    assert DEFAULT_GATE.score(DEFAULT_GATE.typical, -6.0) == DEFAULT_GATE.score(DEFAULT_GATE.typical, None)


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-3, 1e3), st.integers(0, 1000), st.floats(0.0, 1.0))
def test_loudness_does_not_matter(gain: float, seed: int, periodicity: float) -> None:
    """A louder or fainter window has the same features."""
    sound = np.random.default_rng(seed).standard_normal(HEART.window_samples).astype(np.float32)
    sound *= np.linspace(0.1, 1.0, len(sound), dtype=np.float32)
    once = gate_features(frames_of(sound), periodicity)
    again = gate_features(frames_of(np.float32(gain) * sound), periodicity)
    np.testing.assert_allclose(once, again, atol=2e-3)
    assert once.periodicity == periodicity
    assert -4.0 <= once.tilt <= 6.0
    assert 0.0 <= once.swing <= FULL_SWING
    assert 0.0 <= once.bumps <= 0.3 + 1e-6


def test_silence_has_features() -> None:
    """Digital silence gives finite numbers: no tilt, no swing, no bumps."""
    found = gate_features(frames_of(np.zeros(HEART.window_samples, np.float32)), 0.0)
    assert found == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=1e-3)


@given(features, features, numbers, numbers, numbers, st.floats(0.0, 0.99))
def test_json_round_trip(
    typical: GateFeatures, weights: GateFeatures, odds: float, weight: float, bias: float, below: float
) -> None:
    """Any gate written as JSON text and read again is the same gate."""
    gate = QualityGate(typical, weights, odds, weight, bias, below)
    assert QualityGate.from_json(json.loads(json.dumps(gate.to_json()))) == gate


@pytest.mark.parametrize(
    "changes",
    [{"bias": math.nan}, {"bias": "2"}, {"poor_below": 1.0}, {"poor_below": -0.1}, {"odds_weight": math.inf}],
)
def test_refuses_what_gives_no_score(changes: dict[str, Any]) -> None:
    """Numbers that are none, or a threshold that withholds everything, are refused."""
    with pytest.raises(ValueError, match="must be"):
        dataclasses.replace(GATE, **changes)


@pytest.mark.parametrize("break_it", [lambda its: its.pop("bias"), lambda its: its["weights"].pop("swing")])
def test_settings_must_be_whole(break_it: Any) -> None:
    """A bundle whose gate lacks a number is not loaded with a made-up one."""
    values = GATE.to_json()
    break_it(values)
    with pytest.raises(TypeError):
        QualityGate.from_json(values)

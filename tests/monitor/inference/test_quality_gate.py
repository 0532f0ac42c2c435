"""The quality gate: features independent of loudness, a logistic regression on them, settings that survive JSON."""

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
from monitor.inference.quality_gate import DEFAULT_GATE, FULL_SWING, MAX_ODDS, GateFeatures, QualityGate, gate_features

numbers = st.floats(-20.0, 20.0)
features = st.builds(GateFeatures, numbers, st.floats(0.0, 1.0), st.floats(0.0, 1.3), st.floats(0.0, 0.3))
GATE = QualityGate(GateFeatures(1.0, 0.5, 1.2, 0.0), GateFeatures(0.5, 4.0, 3.0, -20.0), 5.0, 0.7, 2.0, 0.5)


def frames_of(sound: NDArray[np.float32]) -> FrameWindow:
    """Return the frames of one window."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound)
    return stream.window(0)


def test_the_mean_heart_has_the_bias_as_its_score() -> None:
    """For typical features the score is the logistic of the bias, with or without the network's odds."""
    expected = 1.0 / (1.0 + math.exp(-2.0))
    assert GATE.score(GATE.typical, 5.0) == pytest.approx(expected)
    assert GATE.score(GATE.typical, None) == pytest.approx(expected)


@given(features, st.one_of(st.none(), numbers))
def test_the_score_is_the_logistic_of_the_contributions(values: GateFeatures, odds: float | None) -> None:
    """The contributions sum to the logit of the score, so the smallest one lowers it most."""
    contributions, network = GATE.contributions(values, odds)
    score = GATE.score(values, odds)
    assert 0.0 <= score <= 1.0
    if 1e-9 < score < 1.0 - 1e-9:
        assert math.log(score / (1.0 - score)) == pytest.approx(GATE.bias + sum(contributions) + network, abs=1e-5)


@given(st.floats(-1e6, 1e6))
def test_the_odds_are_clipped(odds: float) -> None:
    """Beyond plus or minus six the network's odds change nothing."""
    clamped = max(-MAX_ODDS, min(MAX_ODDS, odds))
    assert GATE.score(GATE.typical, odds) == GATE.score(GATE.typical, clamped)


def test_the_default_gate_ignores_the_network() -> None:
    """The default gate is for networks without a non-cardiac output: odds change nothing."""
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
    silence = gate_features(frames_of(np.zeros(HEART.window_samples, np.float32)), 0.0)
    assert silence == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=1e-3)


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
def test_refuses_settings_that_give_no_score(changes: dict[str, Any]) -> None:
    """Values that are not finite numbers, or a threshold that withholds everything, are refused."""
    with pytest.raises(ValueError, match="must be"):
        dataclasses.replace(GATE, **changes)


@pytest.mark.parametrize("remove", [lambda gate: gate.pop("bias"), lambda gate: gate["weights"].pop("swing")])
def test_settings_must_be_complete(remove: Any) -> None:
    """A gate that lacks a number is not loaded with an invented one."""
    values = GATE.to_json()
    remove(values)
    with pytest.raises(TypeError):
        QualityGate.from_json(values)


@given(features, st.one_of(st.none(), numbers))
def test_a_window_passes_from_the_threshold_on(values: GateFeatures, odds: float | None) -> None:
    """It passes if the score is at least the threshold."""
    assert GATE.passes(values, odds) == (GATE.score(values, odds) >= GATE.poor_below)
    assert dataclasses.replace(GATE, poor_below=GATE.score(values, odds) * 0.999).passes(values, odds)


@pytest.mark.parametrize(("ratio_db", "strength"), [(-5.0, 1.0), (0.0, 1.0), (5.0, 0.5), (9.0, 0.1), (10.0, 0.0)])
def test_bumps_count_by_the_power_above_600_hz(ratio_db: float, strength: float) -> None:
    """In full where the low band is no louder, and not at all where it is 10 dB louder."""
    level = np.random.default_rng(1).standard_normal(HEART.num_frames).astype(np.float32)
    high = np.exp(level)
    frames = FrameWindow(
        np.zeros((HEART.num_frames, 64), np.float32), level, high * np.float32(10 ** (ratio_db / 10)), high
    )
    assert gate_features(frames, 0.5).bumps == pytest.approx(0.3 * strength, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ((2.813, 0.6681, 1.293, 0.0004537), 0.978543),
        ((1.0, 0.5, 1.2, 0.0), 0.509769),
        ((3.0, 0.2, 0.9, 0.05), 0.000464),
    ],
)
def test_scores_of_the_default_gate(values: tuple[float, float, float, float], score: float) -> None:
    """The fitted weights give these scores; another fit changes them knowingly."""
    assert DEFAULT_GATE.score(GateFeatures(*values), None) == pytest.approx(score, abs=1e-6)

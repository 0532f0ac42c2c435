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

pytestmark = pytest.mark.usefixtures("front_end")

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


def frames_by_hand(
    log_power: NDArray[np.float32] | None = None,
    envelope: NDArray[np.float32] | None = None,
    low_power: NDArray[np.float32] | None = None,
    high_power: NDArray[np.float32] | None = None,
) -> FrameWindow:
    """Return frames of which only what is given is not flat."""
    flat = np.zeros(HEART.num_frames, np.float32)
    return FrameWindow(
        np.zeros((HEART.num_frames, 64), np.float32) if log_power is None else log_power,
        flat if envelope is None else envelope,
        flat + 1 if low_power is None else low_power,
        flat if high_power is None else high_power,
    )


@pytest.mark.parametrize(("level", "tilt"), [(4.0, 3.5), (-2.0, -1.75), (100.0, 6.0), (-100.0, -4.0)])
def test_tilt_by_hand(level: float, tilt: float) -> None:
    """The level of the eight bins from the second on, less the mean of all 64, from -4 to 6."""
    log_power = np.zeros((HEART.num_frames, 64), np.float32)
    log_power[:, 1:9] = level
    assert gate_features(frames_by_hand(log_power), 0.5).tilt == pytest.approx(tilt, abs=1e-4)


@pytest.mark.parametrize(("height", "swing"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (2.0, FULL_SWING)])
def test_swing_by_hand(height: float, swing: float) -> None:
    """The standard deviation of the envelope, whatever its mean, and at most that of a faint heart."""
    envelope = np.where(np.arange(HEART.num_frames) % 2, height, -height).astype(np.float32) - np.float32(20.0)
    assert gate_features(frames_by_hand(envelope=envelope), 0.5).swing == pytest.approx(swing, abs=1e-3)


@pytest.mark.parametrize(("share", "bumps"), [(1.0, 0.3), (0.9, 0.2), (0.75, 0.05), (0.65, 0.0), (-1.0, 0.0)])
def test_bumps_count_from_a_correlation_of_07(share: float, bumps: float) -> None:
    """Of the envelope and the level above 600 Hz; what is above 0.7 counts, and knocks that alternate do not."""
    random = np.random.default_rng(2).standard_normal((HEART.num_frames, 2))
    ones = np.ones((HEART.num_frames, 1))
    envelope, other = 30.0 * np.linalg.qr(np.hstack((ones, random)))[0].T[1:]  # uncorrelated, mean 0
    high = np.exp(share * envelope + math.sqrt(1 - share**2) * other).astype(np.float32)
    frames = frames_by_hand(envelope=envelope.astype(np.float32), low_power=high / 10, high_power=high)
    assert gate_features(frames, 0.5).bumps == pytest.approx(bumps, abs=2e-3)


@pytest.mark.parametrize(("height", "bumps"), [(0.0, 0.0), (1e-5, 0.0), (0.1, 0.3)])
def test_levels_that_differ_by_rounding_have_no_bumps(height: float, bumps: float) -> None:
    """However alike they are; levels that rise and fall together by a tenth have."""
    level = np.where(np.arange(HEART.num_frames) % 2, height, -height).astype(np.float32)
    power = np.exp(level)
    frames = frames_by_hand(envelope=level, low_power=power / 10, high_power=power)
    assert gate_features(frames, 0.5).bumps == pytest.approx(bumps, abs=1e-3)


def test_contributions_by_hand() -> None:
    """Weight times distance from the typical value; the network's odds are clipped at six and have their own weight."""
    values = GateFeatures(2.0, 0.25, 1.0, 0.1)
    features, network = GATE.contributions(values, 9.0)
    assert features == pytest.approx((0.5, -1.0, -0.6, -2.0))
    assert network == pytest.approx(0.7 * (6.0 - 5.0))
    assert GATE.contributions(values, -9.0)[1] == pytest.approx(0.7 * (-6.0 - 5.0))
    assert GATE.contributions(values, None)[1] == 0.0
    assert GATE.score(values, -9.0) == pytest.approx(1 / (1 + math.exp(-(2.0 - 3.1 - 7.7))))


@pytest.mark.parametrize("bias", [1e6, -1e6])
def test_a_score_of_any_gate_is_a_probability(bias: float) -> None:
    """However far the logit, there is a score of 0 or 1 and no overflow."""
    assert dataclasses.replace(GATE, bias=bias).score(GATE.typical) == pytest.approx(float(bias > 0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bias": math.nan}, r"^gate settings \(1\.0, .*nan, 0\.5\) must be finite numbers$"),
        ({"poor_below": 1.5}, r"^poor_below=1\.5 must be from 0 to below 1$"),
    ],
)
def test_the_message_names_the_setting(changes: dict[str, Any], message: str) -> None:
    """With its value and the rule."""
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(GATE, **changes)


@pytest.mark.parametrize("poor_below", [0.0, 0.99])
def test_a_threshold_of_0_withholds_nothing(poor_below: float) -> None:
    """0 is allowed, 1 is not."""
    assert dataclasses.replace(GATE, poor_below=poor_below).poor_below == poor_below


def test_the_odds_decide_whether_a_window_passes() -> None:
    """A window that the features leave just above the threshold is withheld if the network heard no heart."""
    gate = dataclasses.replace(GATE, poor_below=0.85)
    assert gate.passes(GATE.typical)
    assert gate.passes(GATE.typical, 6.0)
    assert not gate.passes(GATE.typical, -6.0)

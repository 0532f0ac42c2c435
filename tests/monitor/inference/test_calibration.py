"""Any outputs of a network become probabilities of the labels."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor.inference.calibration import Calibration, Loudness, check_outputs, mask_extrasystole, softmax

logits = arrays(np.float32, st.tuples(st.integers(1, 5), st.just(4)), elements=st.floats(-200, 200, width=32))
biases = st.tuples(*[st.floats(-8, 8)] * 3)


@given(logits, st.floats(0.1, 10.0), biases)
def test_scores_are_probabilities(outputs: Any, temperature: float, bias: tuple[float, ...]) -> None:
    """However large the logits, scores lie in [0, 1] and sum to 1; the non-cardiac output is ignored."""
    scores = Calibration("softmax", temperature, bias).scores(outputs, 3)
    assert scores.shape == (*outputs.shape[:-1], 3)
    assert scores.dtype == np.float64
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=-1), 1.0, atol=1e-12)


def test_softmax_by_hand() -> None:
    """Logits of log 1, log 2, log 5 are probabilities of an eighth, a quarter and five eighths."""
    np.testing.assert_allclose(softmax(np.log([1.0, 2.0, 5.0])), [0.125, 0.25, 0.625])


def test_temperature_and_bias_by_hand() -> None:
    """Logits are divided by the temperature, then the bias is added: 2 log 3 / 2 + log 2 against 0 is 6 to 1."""
    scores = Calibration("softmax", 2.0, (np.log(2.0), 0.0)).scores(np.array([2 * np.log(3.0), 0.0]), 2)
    np.testing.assert_allclose(scores, [6 / 7, 1 / 7])


def test_the_non_cardiac_output_changes_no_score() -> None:
    """The scores are of the labels alone, whatever the odds that the sound is a heart."""
    cardiac, other = np.array([1.0, 2.0, 3.0, -9.0]), np.array([1.0, 2.0, 3.0, 9.0])
    np.testing.assert_array_equal(Calibration().scores(cardiac, 3), Calibration().scores(other, 3))


@given(arrays(np.float32, 3, elements=st.floats(0, 1, width=32)))
def test_sigmoids_are_divided_by_their_sum(outputs: Any) -> None:
    """The article's sigmoids become scores that sum to 1, also when all of them are 0."""
    scores = Calibration("share").scores(outputs, 3)
    assert scores.sum() == pytest.approx(1.0)
    assert scores[outputs.argmax()] == scores.max()


def test_heart_probability_by_hand() -> None:
    """Of four equal logits one is non-cardiac, so the probability of a heart is three quarters."""
    assert Calibration().heart_probability(np.zeros(4), 3) == pytest.approx(0.75)


def test_heart_probability_of_many() -> None:
    """A table of outputs gives one probability per row."""
    probability = Calibration().heart_probability(np.array([[0.0, 0, 0, 50], [50, 0, 0, 0]]), 3)
    np.testing.assert_allclose(probability, [0.0, 1.0], atol=1e-9)


@given(arrays(np.float32, (2, 4), elements=st.floats(-30, 30, width=32)))
def test_heart_odds_are_those_of_the_probability(outputs: Any) -> None:
    """The logistic of the log-odds is the probability of a heart."""
    odds, probability = Calibration().heart_odds(outputs, 3), Calibration().heart_probability(outputs, 3)
    assert odds is not None
    np.testing.assert_allclose(1.0 / (1.0 + np.exp(-odds)), probability, atol=1e-12)


@pytest.mark.parametrize(("calibration", "outputs"), [(Calibration("share"), 4), (Calibration(), 3)])
def test_a_network_without_a_non_cardiac_output(calibration: Calibration, outputs: int) -> None:
    """The article's network, and one with outputs for the labels alone, give no probability of a heart."""
    assert calibration.heart_probability(np.zeros(outputs), 3) is None
    assert calibration.heart_odds(np.zeros(outputs), 3) is None


@given(
    arrays(np.float32, 4, elements=st.floats(-200, 200, width=32)),
    st.sampled_from(["softmax", "share"]),
    st.floats(0.1, 10.0),
    biases,
)
def test_one_window_by_itself(outputs: Any, kind: str, temperature: float, bias: tuple[float, ...]) -> None:
    """The plain-float path of the monitor gives what the array path of training gives, up to rounding."""
    calibration = Calibration(kind, temperature, bias)
    outputs = np.abs(outputs) if kind == "share" else outputs
    scores, odds = calibration.scores_and_odds(outputs, 3)
    np.testing.assert_allclose(scores, calibration.scores(outputs, 3), rtol=1e-12, atol=1e-300)
    expected = calibration.heart_odds(outputs, 3)
    if expected is None:
        assert odds is None
    else:
        assert odds == pytest.approx(float(expected), rel=1e-12, abs=1e-12)


LABEL_NOISE = ((0.9, 0.0, 0.1), (0.0, 0.9, 0.1), (0.0, 0.0, 1.0))
"""A tenth of the other recordings is labelled extrastole."""


@given(arrays(np.float32, 4, elements=st.floats(-30, 30, width=32)), biases)
def test_the_label_given_is_not_the_label_shown(outputs: Any, bias: tuple[float, ...]) -> None:
    """Class probabilities are multiplied by the matrix: scores sum to 1, that of an extrasystole is at least 0.1."""
    calibration = Calibration("softmax", 1.0, bias, LABEL_NOISE)
    scores = calibration.scores(outputs, 3)
    shown = Calibration("softmax", 1.0, bias).scores(outputs, 3)
    np.testing.assert_allclose(scores, [0.9 * shown[0], 0.9 * shown[1], 0.1 + 0.9 * shown[2]], atol=1e-12)
    np.testing.assert_allclose(calibration.scores_and_odds(outputs, 3)[0], scores, atol=1e-12)


def test_the_matrix_survives_json() -> None:
    """It is written and read with the rest; a calibration of an earlier version, without one, can still be read."""
    calibration = Calibration("softmax", 2.0, (0.0, 0.1, 0.2), LABEL_NOISE)
    assert Calibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration
    assert Calibration.from_json({"kind": "softmax", "temperature": 1.0, "bias": []}).given == ()


LABELS = ("normal", "murmur", "extrastole")
NOISY = Calibration(given=LABEL_NOISE)


def named(scores: Any) -> dict[str, float]:
    """Return scores by label."""
    return dict(zip(LABELS, map(float, scores), strict=True))


@given(arrays(np.float32, 3, elements=st.floats(-60, 30, width=32)), biases)
def test_acoustic_scores_are_what_is_heard(outputs: Any, bias: tuple[float, ...]) -> None:
    """Acoustic scores of a window are the class probabilities before the matrix: from 0 to 1, without a floor."""
    scores = Calibration("softmax", 1.0, bias, LABEL_NOISE).scores(outputs, 3)
    heard = Calibration("softmax", 1.0, bias).scores(outputs, 3)
    acoustic = list(NOISY.acoustic_scores(named(scores)).values())
    np.testing.assert_allclose(acoustic, heard, atol=1e-12)
    assert min(acoustic) >= 0.0
    assert sum(acoustic) == pytest.approx(1.0, abs=1e-12)


def test_a_clear_normal_reaches_1() -> None:
    """Where the score of an extrasystole is at its floor, its acoustic score is 0 and the other reaches 1."""
    acoustic = NOISY.acoustic_scores({"normal": 0.9, "murmur": 0.0, "extrastole": 0.1})
    assert acoustic == pytest.approx({"normal": 1.0, "murmur": 0.0, "extrastole": 0.0})
    assert list(acoustic) == list(LABELS)


@given(st.lists(st.floats(0.001, 1.0), min_size=3, max_size=3), st.floats(0.01, 0.5))
def test_acoustic_scores_of_any_scores(weights: list[float], share: float) -> None:
    """Also of scores that evidence has changed, below the floor too: they sum to 1, and the others keep their order."""
    rows = ((1 - share, 0.0, share), (0.0, 1 - share, share), (0.0, 0.0, 1.0))
    scores = named(np.array(weights) / sum(weights))
    acoustic = Calibration(given=rows).acoustic_scores(scores)
    assert sum(acoustic.values()) == pytest.approx(1.0)
    assert min(acoustic.values()) >= 0.0
    assert acoustic["extrastole"] <= scores["extrastole"] + 1e-12
    assert acoustic["normal"] * scores["murmur"] == pytest.approx(acoustic["murmur"] * scores["normal"])


@given(st.lists(st.floats(0.001, 1.0), min_size=3, max_size=3), st.floats(0.5, 0.9), st.floats(0.01, 0.2))
def test_acoustic_thresholds_are_those_of_the_scores(weights: list[float], threshold: float, share: float) -> None:
    """A score reaches the threshold where the acoustic score reaches its own."""
    rows = ((1 - share, 0.0, share), (0.0, 1 - share, share), (0.0, 0.0, 1.0))
    calibration = Calibration(given=rows)
    scores = named(share * np.array([0, 0, 1]) + (1 - share) * np.array(weights) / sum(weights))
    acoustic, thresholds = calibration.acoustic_scores(scores), calibration.acoustic_thresholds(threshold, LABELS)
    for label, score in scores.items():
        assert acoustic[label] - thresholds[label] == pytest.approx((score - threshold) / (1 - share), abs=1e-9)


@given(arrays(np.float64, 3, elements=st.floats(0.0, 1.0)), st.floats(0.55, 0.9), st.floats(0.01, 0.1))
def test_a_label_is_heard_most(weights: Any, threshold: float, share: float) -> None:
    """With a threshold of (1 + share) / 2 or more no label is given while another one is heard more probably."""
    rows = ((1 - share, 0.0, share), (0.0, 1 - share, share), (0.0, 0.0, 1.0))
    scores = named((weights + 1e-6) / (weights + 1e-6).sum() @ np.array(rows))
    acoustic = Calibration(given=rows).acoustic_scores(scores)
    for label, score in scores.items():
        assert score < threshold or acoustic[label] == max(acoustic.values())


@pytest.mark.parametrize(
    "calibration",
    [
        Calibration(),
        Calibration("share", given=LABEL_NOISE),
        Calibration(given=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))),
        Calibration(given=((0.9, 0.0, 0.1), (0.0, 0.8, 0.2), (0.0, 0.0, 1.0))),
        Calibration(given=((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))),
        Calibration(given=((0.0, 0.0, 1.0),) * 3),
    ],
)
def test_without_one_inaudible_share_acoustic_scores_are_the_scores(calibration: Calibration) -> None:
    """So they are for the article's sigmoids, without a matrix, and with a matrix of another form."""
    scores = {"normal": 0.5, "murmur": 0.2, "extrastole": 0.3}
    assert calibration.acoustic_scores(scores) == scores
    assert calibration.acoustic_thresholds(0.6, LABELS) == dict.fromkeys(LABELS, 0.6)


def test_the_share_may_be_of_any_label() -> None:
    """The label that is annotated without being heard is found by the form of the matrix, not by its name."""
    calibration = Calibration(given=((1.0, 0.0), (0.25, 0.75)))
    assert calibration.acoustic_scores({"a": 0.625, "b": 0.375}) == pytest.approx({"a": 0.5, "b": 0.5})


def test_a_loop_has_no_extrasystole() -> None:
    """The score of an extrasystole is 0 for a looped clip; the other labels keep their odds."""
    outputs = np.array([[1.0, 0.5, 4.0, -3.0], [0.0, 2.0, 9.0, -3.0]], np.float32)
    scores = Calibration().scores(mask_extrasystole(outputs, LABELS), 3)
    np.testing.assert_allclose(scores[:, 2], 0.0, atol=1e-12)
    np.testing.assert_allclose(scores[:, 1] / scores[:, 0], np.exp([-0.5, 2.0]), rtol=1e-5)
    assert outputs[0, 2] == 4.0


@pytest.mark.parametrize(("labels", "kind"), [(("sick", "well", "other"), "softmax"), (LABELS, "share")])
def test_other_outputs_are_not_masked(labels: tuple[str, ...], kind: str) -> None:
    """Outputs without an extrasystole, and the article's sigmoids, stay as they are."""
    outputs = np.array([0.1, 0.2, 0.3], np.float32)
    assert mask_extrasystole(outputs, labels, kind) is outputs


def test_one_window_without_a_bias() -> None:
    """No bias is a bias of zeros; without a non-cardiac output there are no odds."""
    scores, odds = Calibration().scores_and_odds(np.log(np.array([1.0, 2.0, 5.0])), 3)
    np.testing.assert_allclose(scores, [0.125, 0.25, 0.625])
    assert odds is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("platt",), "kind='platt' must be one of softmax, share"),
        (("softmax", 0.0), "temperature=0.0 must be from 0.01 to 100"),
        (("softmax", -1.0), "temperature=-1.0 must be from 0.01 to 100"),
        (("softmax", float("nan")), "temperature=nan must be from 0.01 to 100"),
        (("softmax", float("inf")), "temperature=inf must be from 0.01 to 100"),
        (("softmax", 1.0, (0.0, float("nan"))), "bias=.* must be from -100 to 100"),
        (("softmax", 1.0, (), ((0.5, 0.5),)), "given=.* must be square"),
        (("softmax", 1.0, (), ((0.5, 0.4), (0.0, 1.0))), "given=.* sum to 1"),
        (("softmax", 1.0, (), ((1.5, -0.5), (0.0, 1.0))), "given=.* must be square"),
    ],
)
def test_refuses(settings: tuple[Any, ...], message: str) -> None:
    """The message names the setting that could not give probabilities."""
    with pytest.raises(ValueError, match=message):
        Calibration(*settings)


@pytest.mark.parametrize("temperature", [0.01, 100.0])
def test_the_limits_are_accepted(temperature: float) -> None:
    """The temperatures and biases at the limits are, those just beyond are not."""
    calibration = Calibration("softmax", temperature, (-100.0, 100.0))
    assert (calibration.temperature, calibration.bias) == (temperature, (-100.0, 100.0))
    for settings in (("softmax", 0.0099), ("softmax", 100.1), ("softmax", 1.0, (100.1,)), ("softmax", 1.0, (-100.1,))):
        with pytest.raises(ValueError, match="must be from"):
            Calibration(*settings)  # type: ignore[arg-type]


@given(st.sampled_from(["softmax", "share"]), st.floats(0.01, 100.0), biases)
def test_json_round_trip(kind: str, temperature: float, bias: tuple[float, ...]) -> None:
    """Any calibration written as JSON text and read again is the same calibration."""
    calibration = Calibration(kind, temperature, bias)
    assert Calibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration


EXTREMES = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(arrays(np.float32, 4, elements=EXTREMES), st.sampled_from(["softmax", "share"]), st.floats(0.01, 100.0), biases)
def test_any_finite_outputs_give_probabilities(
    outputs: Any, kind: str, temperature: float, bias: tuple[float, ...]
) -> None:
    """Whatever finite numbers a network gives, the scores are from 0 to 1 and sum to 1."""
    calibration = Calibration(kind, temperature, bias)
    check_outputs(outputs)
    for scores in (calibration.scores(outputs, 3).tolist(), calibration.scores_and_odds(outputs, 3)[0]):
        assert min(scores) >= 0.0
        assert sum(scores) == pytest.approx(1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", range(4))
def test_outputs_that_are_not_finite(value: float, position: int) -> None:
    """NaN and infinity are refused, wherever they stand, whatever the rest is."""
    outputs = np.full(4, np.finfo(np.float32).max)
    outputs[position] = value
    with pytest.raises(ValueError, match=r"the network's outputs .* must be finite"):
        check_outputs(outputs)


@pytest.mark.parametrize("kind", ["softmax", "share"])
def test_an_output_for_loudness_changes_no_score(kind: str) -> None:
    """Scores and the odds of a heart are those of the outputs before it, however loud."""
    outputs = np.array([1.0, -0.5, 0.2, -2.0], np.float32)
    calibration = Calibration(kind)
    for loud in (-30.0, 30.0):
        longer = np.append(outputs, np.float32(loud))
        np.testing.assert_array_equal(calibration.scores(longer, 3), calibration.scores(outputs, 3))
        assert calibration.heart_odds(longer, 3) == calibration.heart_odds(outputs, 3)
        assert calibration.heart_probability(longer, 3) == calibration.heart_probability(outputs, 3)
        assert calibration.scores_and_odds(longer, 3) == calibration.scores_and_odds(outputs, 3)


def test_the_probability_of_a_loud_murmur() -> None:
    """It follows the output behind that of non-cardiac sounds, and stays finite for any."""
    loudness = Loudness(2.0, -1.0)
    outputs = np.array([0.0, 0.0, 0.0, 0.0, 1.5], np.float32)
    assert loudness.probability(outputs, 3) == pytest.approx(1 / (1 + np.exp(-2.0)))
    for extreme, expected in ((np.finfo(np.float32).max, 1.0), (np.finfo(np.float32).min, 0.0)):
        assert loudness.probability(np.append(outputs[:4], extreme), 3) == pytest.approx(expected)


def test_a_bundle_that_says_nothing_of_loudness() -> None:
    """Its settings have no such key."""
    assert Loudness.of({"labels": []}) is None
    assert Loudness.of({"loudness": {"weight": 2, "bias": -1, "metrics": {}}}) == Loudness(2.0, -1.0)

"""The loss has two independent parts: over the labels that an image may have, and over its rhythm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="losses are computed with the training extra")

import tensorflow as tf

from monitor.inference.networks import ABNORMAL_WEIGHT
from training.examples.batches import UNKNOWN_LOUDNESS, UNKNOWN_RHYTHM
from training.fitting.loss import LOUDNESS_WEIGHT, loss_for

OUTPUTS = ("normal", "murmur", "extrastole", "not-heart")
LOSS = loss_for(OUTPUTS)


def logits_of(normal: float, murmur: float, ectopic: float, non_cardiac: float) -> list[float]:
    """Return logits as the network joins them, from the log odds of an ectopic beat and of a non-cardiac sound."""
    extrastole = np.logaddexp(normal, murmur + np.log(ABNORMAL_WEIGHT)) + ectopic
    return [normal, murmur, extrastole, float(np.logaddexp.reduce([normal, murmur, extrastole])) + non_cardiac]


def loss_of(logits: list[float], labels: tuple[str, ...], ectopic: float = UNKNOWN_RHYTHM) -> float:
    """Return the loss of one image."""
    mask = [[float(name in labels) for name in OUTPUTS]]
    return float(LOSS(*(tf.constant(value, tf.float32) for value in ([logits], mask, [ectopic]))))


def gradient_of(labels: tuple[str, ...], ectopic: float) -> Any:
    """Return the gradient of the loss of one image: normal, murmur, ectopic beat, non-cardiac sound."""
    parts = [tf.Variable(value) for value in (0.3, -0.2, 0.5, -1.0)]
    with tf.GradientTape() as tape:
        normal, murmur, ectopic_logit, non_cardiac = parts
        extrastole = tf.reduce_logsumexp([normal, murmur + np.log(ABNORMAL_WEIGHT)]) + ectopic_logit
        last = tf.reduce_logsumexp([normal, murmur, extrastole]) + non_cardiac
        mask = tf.constant([[float(name in labels) for name in OUTPUTS]])
        loss = LOSS(tf.stack([normal, murmur, extrastole, last])[None], mask, tf.constant([ectopic]))
    return np.array([float(part) for part in tape.gradient(loss, parts)])


def test_a_certain_label() -> None:
    """For one certain label the loss is the cross-entropy over the labels without the rhythm."""
    normal, murmur, non_cardiac = 1.0, -0.5, -2.0
    without_rhythm = [normal, murmur, float(np.logaddexp(normal, murmur)) + non_cardiac]
    expected = float(np.logaddexp.reduce(without_rhythm)) - normal
    assert loss_of(logits_of(normal, murmur, 3.0, non_cardiac), ("normal",)) == pytest.approx(expected, abs=1e-5)


def test_a_partial_label() -> None:
    """Where normal and murmur are both possible, only the probability of a non-cardiac sound adds to the loss."""
    loss = loss_of(logits_of(1.0, -0.5, 0.0, -2.0), ("normal", "murmur"))
    assert loss == pytest.approx(np.log1p(np.exp(-2.0)), abs=1e-5)


@pytest.mark.parametrize(("ectopic", "expected"), [(1.0, np.log1p(np.exp(-0.7))), (0.0, np.log1p(np.exp(0.7)))])
def test_a_known_rhythm(ectopic: float, expected: float) -> None:
    """A known rhythm adds the binary cross-entropy of an ectopic beat."""
    logits = logits_of(2.0, -1.0, 0.7, -3.0)
    added = loss_of(logits, ("normal",), ectopic) - loss_of(logits, ("normal",))
    assert added == pytest.approx(expected, abs=1e-5)


def test_an_extrasystole_alone_counts_as_normal() -> None:
    """Apart from rhythm, an image that is labelled an extrasystole and nothing else counts as normal."""
    logits = logits_of(0.4, 0.1, 1.0, -2.0)
    assert loss_of(logits, ("extrastole",)) == pytest.approx(loss_of(logits, ("normal",)), abs=1e-5)


def test_an_extrasystole_with_a_murmur_counts_as_murmur() -> None:
    """Apart from rhythm, a murmur with an ectopic beat counts as a murmur."""
    logits = logits_of(0.4, 0.1, 1.0, -2.0)
    assert loss_of(logits, ("murmur", "extrastole")) == pytest.approx(loss_of(logits, ("murmur",)), abs=1e-5)


@pytest.mark.parametrize("labels", [("normal",), ("not-heart",), ("normal", "extrastole"), ("murmur",)])
def test_an_unknown_rhythm_gives_no_gradient_for_rhythm(labels: tuple[str, ...]) -> None:
    """Neither a label nor a non-cardiac sound moves the odds of an ectopic beat: only a known rhythm does."""
    assert gradient_of(labels, UNKNOWN_RHYTHM)[2] == pytest.approx(0.0, abs=1e-6)
    assert abs(gradient_of(labels, 1.0)[2]) > 0.1


def test_a_known_rhythm_gives_no_gradient_for_labels() -> None:
    """A known rhythm moves nothing but the odds of an ectopic beat."""
    np.testing.assert_allclose(
        gradient_of(("murmur",), 1.0)[[0, 1, 3]], gradient_of(("murmur",), UNKNOWN_RHYTHM)[[0, 1, 3]], atol=1e-6
    )


def test_labels_without_extrasystole() -> None:
    """Without an extrasystole among the labels the loss is the cross-entropy over all outputs."""
    loss = loss_for(("sick", "well", "not-heart"))
    logits = tf.constant([[1.0, 0.0, -1.0]])
    value = float(loss(logits, tf.constant([[1.0, 0.0, 0.0]]), tf.constant([UNKNOWN_RHYTHM])))
    assert value == pytest.approx(float(np.logaddexp.reduce([1.0, 0.0, -1.0])) - 1.0, abs=1e-5)


def test_labels_without_normal() -> None:
    """Without a label "normal", an extrasystole may have any of the other labels."""
    loss = loss_for(("murmur", "click", "extrastole", "not-heart"))
    logits = tf.constant([[0.5, -0.5, 0.2, -9.0]])
    assert float(loss(logits, tf.constant([[0.0, 0.0, 1.0, 0.0]]), tf.constant([UNKNOWN_RHYTHM]))) < 1e-3


@pytest.mark.parametrize(("loud", "expected"), [(1.0, np.log1p(np.exp(-0.7))), (0.0, np.log1p(np.exp(0.7)))])
def test_a_graded_murmur(loud: float, expected: float) -> None:
    """The logit after the outputs adds its cross-entropy, and changes nothing of the rest."""
    values = tf.constant([[*logits_of(0.1, 0.4, -1.0, -2.0), 0.7]]), tf.constant([[0.0, 1.0, 0.0, 0.0]])
    unknown = tf.constant([UNKNOWN_RHYTHM])
    without = float(LOSS(*values, unknown, tf.constant([UNKNOWN_LOUDNESS])))
    assert without == pytest.approx(loss_of(logits_of(0.1, 0.4, -1.0, -2.0), ("murmur",)), abs=1e-5)
    graded = float(LOSS(*values, unknown, tf.constant([loud])))
    assert graded - without == pytest.approx(LOUDNESS_WEIGHT * expected, abs=1e-5)

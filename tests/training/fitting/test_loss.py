"""The loss punishes a label that a picture cannot have, and a rhythm that it has not, each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="losses are computed with the training extra")

import tensorflow as tf

from monitor.inference.networks import YIELDS
from training.examples.batches import UNKNOWN
from training.fitting.loss import loss_for

OUTPUTS = ("normal", "murmur", "extrastole", "not-heart")
LOSS = loss_for(OUTPUTS)


def logits_of(normal: float, murmur: float, early: float, no_heart: float) -> list[float]:
    """Return logits as the network joins them: log odds of an early beat, and of no heart."""
    extrastole = np.logaddexp(normal, murmur + np.log(YIELDS)) + early
    return [normal, murmur, extrastole, float(np.logaddexp.reduce([normal, murmur, extrastole])) + no_heart]


def loss_of(logits: list[float], labels: tuple[str, ...], premature: float = UNKNOWN) -> float:
    """Return the loss of one picture."""
    mask = [[float(name in labels) for name in OUTPUTS]]
    return float(LOSS(*(tf.constant(value, tf.float32) for value in ([logits], mask, [premature]))))


def gradient_of(labels: tuple[str, ...], premature: float) -> Any:
    """Return how the loss of one picture moves with normal, murmur, early and no heart."""
    parts = [tf.Variable(value) for value in (0.3, -0.2, 0.5, -1.0)]
    with tf.GradientTape() as tape:
        normal, murmur, early, no_heart = parts
        extrastole = tf.reduce_logsumexp([normal, murmur + np.log(YIELDS)]) + early
        last = tf.reduce_logsumexp([normal, murmur, extrastole]) + no_heart
        mask = tf.constant([[float(name in labels) for name in OUTPUTS]])
        loss = LOSS(tf.stack([normal, murmur, extrastole, last])[None], mask, tf.constant([premature]))
    return np.array([float(g) for g in tape.gradient(loss, parts)])


def test_a_certain_label() -> None:
    """Of a picture that is certainly normal, the loss is the usual cross-entropy among what it could look like."""
    normal, murmur, no_heart = 1.0, -0.5, -2.0
    seen = [normal, murmur, float(np.logaddexp(normal, murmur)) + no_heart]
    expected = float(np.logaddexp.reduce(seen)) - normal
    assert loss_of(logits_of(normal, murmur, 3.0, no_heart), ("normal",)) == pytest.approx(expected, abs=1e-5)


def test_a_partial_label_asks_for_no_more_than_is_known() -> None:
    """Where normal and murmur are both possible, only being no heart costs anything."""
    loss = loss_of(logits_of(1.0, -0.5, 0.0, -2.0), ("normal", "murmur"))
    assert loss == pytest.approx(np.log1p(np.exp(-2.0)), abs=1e-5)


@pytest.mark.parametrize(("premature", "expected"), [(1.0, np.log1p(np.exp(-0.7))), (0.0, np.log1p(np.exp(0.7)))])
def test_a_known_rhythm(premature: float, expected: float) -> None:
    """What is known of the rhythm adds the cross-entropy of the odds of an early beat."""
    logits = logits_of(2.0, -1.0, 0.7, -3.0)
    added = loss_of(logits, ("normal",), premature) - loss_of(logits, ("normal",))
    assert added == pytest.approx(expected, abs=1e-5)


def test_an_early_beat_leaves_the_rest_normal() -> None:
    """A picture known as an extrasystole, and no more, looks like a normal one but for its rhythm."""
    logits = logits_of(0.4, 0.1, 1.0, -2.0)
    assert loss_of(logits, ("extrastole",)) == pytest.approx(loss_of(logits, ("normal",)), abs=1e-5)


def test_an_early_beat_in_a_murmur_is_still_a_murmur() -> None:
    """A murmur with an early beat is a murmur as before."""
    logits = logits_of(0.4, 0.1, 1.0, -2.0)
    assert loss_of(logits, ("murmur", "extrastole")) == pytest.approx(loss_of(logits, ("murmur",)), abs=1e-5)


@pytest.mark.parametrize("labels", [("normal",), ("not-heart",), ("normal", "extrastole"), ("murmur",)])
def test_an_unknown_rhythm_teaches_nothing_of_rhythm(labels: tuple[str, ...]) -> None:
    """Neither a label nor a sound that is no heart moves the odds of an early beat: only a rhythm that is known."""
    assert gradient_of(labels, UNKNOWN)[2] == pytest.approx(0.0, abs=1e-6)
    assert abs(gradient_of(labels, 1.0)[2]) > 0.1


def test_rhythm_teaches_nothing_but_rhythm() -> None:
    """Knowing the rhythm does not move what the picture looks like."""
    np.testing.assert_allclose(
        gradient_of(("murmur",), 1.0)[[0, 1, 3]], gradient_of(("murmur",), UNKNOWN)[[0, 1, 3]], atol=1e-6
    )


def test_labels_of_ones_own() -> None:
    """Without an extrasystole among the labels the loss is the cross-entropy over all outputs."""
    loss = loss_for(("sick", "well", "not-heart"))
    logits = tf.constant([[1.0, 0.0, -1.0]])
    value = float(loss(logits, tf.constant([[1.0, 0.0, 0.0]]), tf.constant([UNKNOWN])))
    assert value == pytest.approx(float(np.logaddexp.reduce([1.0, 0.0, -1.0])) - 1.0, abs=1e-5)


def test_hearts_without_a_normal_label() -> None:
    """With no label "normal", an early beat may go with any of the others."""
    loss = loss_for(("murmur", "click", "extrastole", "not-heart"))
    logits = tf.constant([[0.5, -0.5, 0.2, -9.0]])
    assert float(loss(logits, tf.constant([[0.0, 0.0, 1.0, 0.0]]), tf.constant([UNKNOWN]))) < 1e-3

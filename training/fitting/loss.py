"""What a network is punished for: a label that a picture cannot have, and a rhythm that it has not. TensorFlow only.

The two are told apart, as the network tells them apart: an early beat is learned from sounds whose rhythm is known,
and from nothing else. A label "extrastole" alone says nothing of one window, and a sound that is no heart says
nothing of rhythm (docs/decisions/0004).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from monitor.inference.networks import YIELDS
from monitor.labels import EXTRASTOLE, NORMAL
from training.examples.batches import UNKNOWN

__all__ = ["loss_for"]

NOT_ALLOWED = 1e-9
"""Probability added for outputs that a picture may not have: keeps the logarithm finite."""

Loss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def loss_for(outputs: Sequence[str]) -> Loss:
    """Return the loss of a network with these outputs.

    Parameters
    ----------
    outputs : sequence of str
        Labels, then "not a heart".

    Returns
    -------
    callable
        From logits, masks ``(batch, outputs)`` and premature ``(batch,)``, as in :class:`training.examples.batches.Batch`,
        to the mean loss of a batch, a scalar.
    """
    if EXTRASTOLE not in outputs:
        return lambda logits, masks, premature: tf.reduce_mean(_label_loss(logits, masks))
    place = list(outputs).index(EXTRASTOLE)
    others = [name for name in outputs[:-1] if name != EXTRASTOLE]
    weights = tf.math.log([1.0 if name == NORMAL else YIELDS for name in others])

    def loss(logits: tf.Tensor, masks: tf.Tensor, premature: tf.Tensor) -> tf.Tensor:
        labels = tf.concat([logits[:, :place], logits[:, place + 1 : -1]], axis=1)
        early = logits[:, place] - tf.reduce_logsumexp(labels + weights, axis=1)
        no_heart = logits[:, -1] - tf.reduce_logsumexp(logits[:, :-1], axis=1)
        seen = tf.concat([labels, (tf.reduce_logsumexp(labels, axis=1) + no_heart)[:, None]], axis=1)
        of_labels = _label_loss(seen, _without_early(masks, place, others))
        return tf.reduce_mean(of_labels + _rhythm_loss(early, premature))

    return loss


def _without_early(masks: tf.Tensor, place: int, others: Sequence[str]) -> tf.Tensor:
    """Return what a picture may be were no beat early: normal, where an extrasystole was all that was known."""
    rest = tf.concat([masks[:, :place], masks[:, place + 1 :]], axis=1)
    usual = [float(name == NORMAL or NORMAL not in others) for name in others] + [0.0]
    nothing_else = tf.reduce_sum(rest, axis=1, keepdims=True) == 0
    return tf.where(nothing_else, tf.constant([usual]), rest)


def _label_loss(logits: tf.Tensor, masks: tf.Tensor) -> tf.Tensor:
    """Return the negative log probability of the labels that a picture may have, together, ``(batch,)``.

    For a certain label that is the usual cross-entropy, for a partial one no more than what is known.
    """
    allowed = tf.reduce_logsumexp(logits + tf.math.log(masks + NOT_ALLOWED), axis=1)
    return tf.reduce_logsumexp(logits, axis=1) - allowed


def _rhythm_loss(early: tf.Tensor, premature: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy of the odds of an early beat, 0 where nobody knows, ``(batch,)``."""
    known = tf.cast(premature != UNKNOWN, tf.float32)
    return known * tf.nn.sigmoid_cross_entropy_with_logits(labels=known * premature, logits=early)

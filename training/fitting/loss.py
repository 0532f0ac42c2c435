"""The training loss: cross-entropy over the labels that an image may have, plus that of an ectopic beat.

The network has the two apart, and so has the loss: an ectopic beat is learned only from sounds whose rhythm is known. A
label "extrastole" alone says nothing about one window, and a non-cardiac sound nothing about rhythm
(docs/decisions/0004). TensorFlow only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from monitor.inference.networks import ABNORMAL_WEIGHT
from monitor.labels import EXTRASTOLE, NORMAL
from training.examples.batches import UNKNOWN_RHYTHM

__all__ = ["loss_for"]

MASK_FLOOR = 1e-9
"""Weight of the outputs that an image may not have: keeps the logarithm finite."""

Loss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def loss_for(outputs: Sequence[str]) -> Loss:
    """Return the loss of a network with these outputs.

    Parameters
    ----------
    outputs : sequence of str
        Labels, then the non-cardiac sound.

    Returns
    -------
    callable
        From logits and masks ``(batch, outputs)`` and ectopic ``(batch,)``, as in
        :class:`training.examples.batches.Batch`, to the mean loss of a batch, a scalar.
    """
    if EXTRASTOLE not in outputs:
        return lambda logits, masks, ectopic: tf.reduce_mean(_label_loss(logits, masks))
    index = list(outputs).index(EXTRASTOLE)
    others = [name for name in outputs[:-1] if name != EXTRASTOLE]
    weights = tf.math.log([1.0 if name == NORMAL else ABNORMAL_WEIGHT for name in others])

    def loss(logits: tf.Tensor, masks: tf.Tensor, ectopic: tf.Tensor) -> tf.Tensor:
        labels = tf.concat([logits[:, :index], logits[:, index + 1 : -1]], axis=1)  # (batch, outputs - 2)
        ectopic_logit = logits[:, index] - tf.reduce_logsumexp(labels + weights, axis=1)  # (batch,)
        non_cardiac_logit = logits[:, -1] - tf.reduce_logsumexp(logits[:, :-1], axis=1)  # (batch,)
        non_cardiac = (tf.reduce_logsumexp(labels, axis=1) + non_cardiac_logit)[:, None]  # (batch, 1)
        of_labels = _label_loss(tf.concat([labels, non_cardiac], axis=1), _without_ectopic(masks, index, others))
        return tf.reduce_mean(of_labels + _rhythm_loss(ectopic_logit, ectopic))

    return loss


def _without_ectopic(masks: tf.Tensor, index: int, others: Sequence[str]) -> tf.Tensor:
    """Return the masks without the extrasystole, ``(batch, outputs - 1)``; normal where it was the only label."""
    rest = tf.concat([masks[:, :index], masks[:, index + 1 :]], axis=1)
    normal = [float(name == NORMAL or NORMAL not in others) for name in others] + [0.0]
    is_empty = tf.reduce_sum(rest, axis=1, keepdims=True) == 0
    return tf.where(is_empty, tf.constant([normal]), rest)


def _label_loss(logits: tf.Tensor, masks: tf.Tensor) -> tf.Tensor:
    """Return the negative log probability that an image has one of its possible labels, ``(batch,)``.

    For one certain label that is the usual cross-entropy.
    """
    allowed = tf.reduce_logsumexp(logits + tf.math.log(masks + MASK_FLOOR), axis=1)
    return tf.reduce_logsumexp(logits, axis=1) - allowed


def _rhythm_loss(logits: tf.Tensor, ectopic: tf.Tensor) -> tf.Tensor:
    """Return the binary cross-entropy of an ectopic beat, 0 where the rhythm is not known, ``(batch,)``."""
    known = tf.cast(ectopic != UNKNOWN_RHYTHM, tf.float32)
    return known * tf.nn.sigmoid_cross_entropy_with_logits(labels=known * ectopic, logits=logits)

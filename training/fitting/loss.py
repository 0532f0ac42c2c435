"""The training loss: cross-entropy over the labels that an image may have, plus those of an ectopic beat and loudness.

The network has them apart, and so has the loss: an ectopic beat is learned only from sounds whose rhythm is known, and
how loud a murmur is only from graded ones. A label "extrastole" alone says nothing about one window, and a non-cardiac
sound nothing about rhythm (docs/decisions/0004). TensorFlow only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from monitor.inference.networks import ABNORMAL_WEIGHT
from monitor.labels import EXTRASTOLE, NORMAL
from training.examples.batches import UNKNOWN_LOUDNESS, UNKNOWN_RHYTHM

__all__ = ["loss_for"]

MASK_FLOOR = 1e-9
"""Weight of the outputs that an image may not have: keeps the logarithm finite."""

LOUDNESS_WEIGHT = 0.5

Loss = Callable[..., tf.Tensor]


def loss_for(outputs: Sequence[str]) -> Loss:
    """Return the loss of a network with these outputs.

    Parameters
    ----------
    outputs : sequence of str
        Labels, then the non-cardiac sound.

    Returns
    -------
    callable
        From logits and masks ``(batch, outputs)``, ectopic and loud ``(batch,)``, as in
        :class:`training.examples.batches.Batch`, to the mean loss of a batch, a scalar. Logits may have one more
        column, that of a loud murmur.
    """
    of_outputs = _loss_of_outputs(outputs)

    def loss(logits: tf.Tensor, masks: tf.Tensor, ectopic: tf.Tensor, loud: tf.Tensor | None = None) -> tf.Tensor:
        total = of_outputs(logits[:, : len(outputs)], masks, ectopic)
        if loud is not None and logits.shape[1] > len(outputs):
            total += LOUDNESS_WEIGHT * _known_loss(logits[:, len(outputs)], loud, UNKNOWN_LOUDNESS)
        return tf.reduce_mean(total)

    return loss


def _loss_of_outputs(outputs: Sequence[str]) -> Loss:
    """Return the loss of the labels, the non-cardiac sound and the rhythm, from as many logits to ``(batch,)``."""
    if EXTRASTOLE not in outputs:
        return lambda logits, masks, ectopic: _label_loss(logits, masks)
    index = list(outputs).index(EXTRASTOLE)
    others = [name for name in outputs[:-1] if name != EXTRASTOLE]
    weights = tf.math.log([1.0 if name == NORMAL else ABNORMAL_WEIGHT for name in others])

    def loss(logits: tf.Tensor, masks: tf.Tensor, ectopic: tf.Tensor) -> tf.Tensor:
        labels = tf.concat([logits[:, :index], logits[:, index + 1 : -1]], axis=1)  # (batch, outputs - 2)
        ectopic_logit = logits[:, index] - tf.reduce_logsumexp(labels + weights, axis=1)  # (batch,)
        non_cardiac_logit = logits[:, -1] - tf.reduce_logsumexp(logits[:, :-1], axis=1)  # (batch,)
        non_cardiac = (tf.reduce_logsumexp(labels, axis=1) + non_cardiac_logit)[:, None]  # (batch, 1)
        of_labels = _label_loss(tf.concat([labels, non_cardiac], axis=1), _without_ectopic(masks, index, others))
        return of_labels + _known_loss(ectopic_logit, ectopic, UNKNOWN_RHYTHM)

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


def _known_loss(logits: tf.Tensor, truth: tf.Tensor, unknown: float) -> tf.Tensor:
    """Return the binary cross-entropy, 0 where the truth is not known, ``(batch,)``."""
    known = tf.cast(truth != unknown, tf.float32)
    return known * tf.nn.sigmoid_cross_entropy_with_logits(labels=known * truth, logits=logits)

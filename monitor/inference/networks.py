"""The Keras networks: ours, and the article's. TensorFlow's door; imported by training only.

Both take a picture and give one number per output; what the numbers mean (logits, or the
article's sigmoids) and how they become scores is the bundle's calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from monitor.labels import EXTRASTOLE, NORMAL

__all__ = ["article_network", "heart_network"]

YIELDS = 0.3
"""Weight of a finding against "normal" where a beat comes early."""

TEXTURE_WIDTHS = (16, 32, 64, 96)
RHYTHM_WIDTHS = (8, 16, 32, 48)
"""Filters of the stages of each path; the costs of the choice are in docs/decisions/0004."""


def heart_network(shape: tuple[int, int, int], outputs: Sequence[str], *, dropout: float = 0.3) -> Any:
    """Return the network of the default recipe, untrained.

    Two paths, because a row means a frequency in the first two channels and a lag in the third:
    the texture path reads the spectrum, the rhythm path the autocorrelation. Where an extrasystole is one of the
    outputs, its odds against the other hearts come from the rhythm path alone, so no colour of a recording can
    stand for an early beat; and a sound that is no heart moves them neither way.

    Parameters
    ----------
    shape : tuple of int
        Rows, columns, channels of the picture.
    outputs : sequence of str
        Labels, then "not a heart"; one logit each.
    dropout : float

    Returns
    -------
    keras.Model
        From ``(batch, 64, 64, 3)`` to logits ``(batch, outputs)``.
    """
    picture = keras.Input(shape, name="picture")
    texture = _stages(picture[..., :2], TEXTURE_WIDTHS)
    halved = layers.AveragePooling2D(2)(picture[..., 2:])
    rhythm = _stages(halved, RHYTHM_WIDTHS)
    texture, rhythm = (layers.Dropout(dropout)(_pool(path)) for path in (texture, rhythm))
    if EXTRASTOLE not in outputs:
        logits = layers.Dense(len(outputs), name="logits")(layers.Concatenate()([texture, rhythm]))
        return keras.Model(picture, logits, name="heart_sounds")
    seen = layers.Dense(len(outputs) - 1, name="texture_logits")(texture)
    heard = layers.Dense(1, name="rhythm_logit")(rhythm)
    return keras.Model(picture, Joined(tuple(outputs), name="logits")([seen, heard]), name="heart_sounds")


@keras.saving.register_keras_serializable("auscult")
class FusedNormalization(layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Batch normalization over the last axis, trained with TensorFlow's fused kernel.

    The same mathematics: outputs agree within 1e-5, and the moving averages. Keras 3 spells it out in a dozen
    operations, which cost half of a training step (measured: 0.26 s against 0.14 s of processor time).
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the inputs normalized: by their own mean and variance while training, else by the moving ones."""
        if not training:
            return super().call(inputs, training=False, mask=mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        count = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], variance.dtype)
        biased = variance * (count - 1.0) / count  # the kernel gives the unbiased variance, Keras keeps the biased one
        for kept, new in ((self.moving_mean, mean), (self.moving_variance, biased)):
            kept.assign(kept * self.momentum + new * (1.0 - self.momentum))
        return outputs


@keras.saving.register_keras_serializable("auscult")
class Joined(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """What the two paths say, as logits of all outputs.

    Among hearts, the odds of an extrasystole are ``exp(heard)`` times those of the other labels, of which those that
    are not "normal" count by YIELDS: a murmur with an early beat is more a murmur. The odds of "not a heart" are
    ``exp(seen)``, whatever the label.

    Parameters
    ----------
    outputs : tuple of str
        Labels, EXTRASTOLE among them, then "not a heart".
    """

    def __init__(self, outputs: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.outputs = tuple(outputs)

    def call(self, paths: Sequence[Any]) -> Any:
        """Return logits ``(batch, outputs)`` from ``seen (batch, outputs - 1)`` and ``heard (batch, 1)``."""
        seen, heard = paths
        others = [name for name in self.outputs[:-1] if name != EXTRASTOLE]
        weights = [[0.0 if name == NORMAL else float(np.log(YIELDS)) for name in others]]
        labels = seen[:, :-1]
        ectopic = _log_sum(labels + np.array(weights, np.float32)) + heard
        place = self.outputs.index(EXTRASTOLE)
        hearts = keras.ops.concatenate([labels[:, :place], ectopic, labels[:, place:]], axis=1)
        return keras.ops.concatenate([hearts, _log_sum(hearts) + seen[:, -1:]], axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return what makes the layer again."""
        return {**super().get_config(), "outputs": self.outputs}


def _log_sum(logits: Any) -> Any:
    """Return the logarithm of the sum of exponentials over the last axis, kept.

    Written out, for Keras's own guards against infinities cost six more operations at run time.
    """
    top = keras.ops.max(logits, axis=-1, keepdims=True)
    return top + keras.ops.log(keras.ops.sum(keras.ops.exp(logits - top), axis=-1, keepdims=True))


def _stages(tensor: Any, widths: tuple[int, ...]) -> Any:
    """Return convolution, batch norm, ReLU and halving, once per width."""
    for index, width in enumerate(widths):
        tensor = layers.Conv2D(width, 3, padding="same", use_bias=False)(tensor)
        tensor = layers.ReLU()(FusedNormalization(momentum=0.95)(tensor))
        if index < len(widths) - 1:
            tensor = layers.MaxPooling2D(2)(tensor)
    return tensor


def _pool(tensor: Any) -> Any:
    """Return average and maximum over the picture, side by side."""
    return layers.Concatenate()([layers.GlobalAveragePooling2D()(tensor), layers.GlobalMaxPooling2D()(tensor)])


def article_network(shape: tuple[int, int, int], num_outputs: int) -> Any:
    """Return the article's network, untrained: Conv 32-32-64, Dense 64, sigmoid outputs.

    Source: "CNN Sound Recognition Code Along", 2021; docs/design.md.
    """
    picture = keras.Input(shape, name="picture")
    tensor = picture
    for width in (32, 32, 64):
        tensor = layers.MaxPooling2D(2)(layers.Conv2D(width, 3, activation="relu")(tensor))
    tensor = layers.Dense(64, activation="relu")(layers.Flatten()(tensor))
    return keras.Model(
        picture, layers.Dense(num_outputs, activation="sigmoid", name="sigmoids")(tensor), name="article"
    )

"""The Keras networks: the default one, and the article's. Imports TensorFlow; imported by training only.

Both map an input image to one number per output. What the numbers are (logits, or the article's sigmoids) and how they
become scores is the bundle's calibration.
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

ABNORMAL_WEIGHT = 0.3
"""Weight of the other abnormal labels against "normal" in the odds of an extrasystole."""

TEXTURE_WIDTHS = (16, 40, 80, 128)
RHYTHM_WIDTHS = (8, 16, 32, 48)
"""Filters of the stages of each path; docs/decisions/0004 compares the alternatives."""


def heart_network(
    shape: tuple[int, int, int], outputs: Sequence[str], *, dropout: float = 0.3, grades_loudness: bool = False
) -> Any:
    """Return the network of the default recipe, untrained.

    It has two paths, because a row is a frequency in the first two channels and a lag in the third: the texture path
    gets the spectrum, the rhythm path the autocorrelation. The odds of an extrasystole, if that is one of the outputs,
    against the other hearts come from the rhythm path alone, so that no timbre of a recording can be mistaken for an
    ectopic beat; non-cardiac sounds do not change them.

    Parameters
    ----------
    shape : tuple of int
        Rows, columns, channels of the image.
    outputs : sequence of str
        Labels, then the non-cardiac output; one logit each.
    dropout : float
        Fraction of the pooled features that is dropped in training.
    grades_loudness : bool
        One logit more, after the others: that a murmur, if there is one, is loud. It comes from the texture path.

    Returns
    -------
    keras.Model
        From ``(batch, 64, 64, 3)`` to logits ``(batch, outputs)``, or one more.
    """
    image = keras.Input(shape, name="picture")  # the name in saved networks
    texture = _stages(image[..., :2], TEXTURE_WIDTHS)
    halved = layers.AveragePooling2D(2)(image[..., 2:])
    rhythm = _stages(halved, RHYTHM_WIDTHS)
    texture, rhythm = (layers.Dropout(dropout)(_pool(path)) for path in (texture, rhythm))
    if EXTRASTOLE not in outputs:
        logits = layers.Dense(len(outputs), name="logits")(layers.Concatenate()([texture, rhythm]))
        return keras.Model(image, _with_loudness(logits, texture, grades_loudness), name="heart_sounds")
    texture_logits = layers.Dense(len(outputs) - 1, name="texture_logits")(texture)
    rhythm_logit = layers.Dense(1, name="rhythm_logit")(rhythm)
    logits = Joined(tuple(outputs), name="logits")([texture_logits, rhythm_logit])
    return keras.Model(image, _with_loudness(logits, texture, grades_loudness), name="heart_sounds")


def _with_loudness(logits: Any, texture: Any, grades_loudness: bool) -> Any:
    """Return the logits, with that of a loud murmur after them where the network has one."""
    if not grades_loudness:
        return logits
    return layers.Concatenate()([logits, layers.Dense(1, name="loudness_logit")(texture)])


@keras.saving.register_keras_serializable("auscult")
class FusedNormalization(layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Batch normalization over the last axis, trained with TensorFlow's fused kernel.

    Outputs and moving averages agree with Keras within 1e-5. Keras 3 composes the layer of a dozen operations, which
    take half of a training step (measured: 0.26 s against 0.14 s of processor time).
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the inputs normalized by the mean and variance of the batch in training, else by the moving ones."""
        if not training:
            return super().call(inputs, training=False, mask=mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        count = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], variance.dtype)
        biased = (
            variance * (count - 1.0) / count
        )  # the kernel gives the unbiased variance, Keras averages the biased one
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, biased)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs


@keras.saving.register_keras_serializable("auscult")
class Joined(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """The logits of both paths combined into logits of all outputs.

    Among hearts, the odds of an extrasystole are ``exp(rhythm_logit)`` times those of the other labels, of which all
    but "normal" are weighted by ABNORMAL_WEIGHT: a murmur with an ectopic beat is labelled a murmur. The odds of a
    non-cardiac sound are ``exp`` of the last texture logit, whatever the label.

    Parameters
    ----------
    outputs : tuple of str
        Labels, EXTRASTOLE among them, then the non-cardiac output.
    """

    def __init__(self, outputs: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.outputs = tuple(outputs)

    def call(self, paths: Sequence[Any]) -> Any:
        """Return logits ``(batch, outputs)`` from those of texture ``(batch, outputs - 1)``, rhythm ``(batch, 1)``."""
        texture_logits, rhythm_logit = paths
        others = [name for name in self.outputs[:-1] if name != EXTRASTOLE]
        weights = [[0.0 if name == NORMAL else float(np.log(ABNORMAL_WEIGHT)) for name in others]]
        labels = texture_logits[:, :-1]
        ectopic = _log_sum(labels + np.array(weights, np.float32)) + rhythm_logit
        index = self.outputs.index(EXTRASTOLE)
        hearts = keras.ops.concatenate([labels[:, :index], ectopic, labels[:, index:]], axis=1)
        return keras.ops.concatenate([hearts, _log_sum(hearts) + texture_logits[:, -1:]], axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that recreate the layer."""
        return {**super().get_config(), "outputs": self.outputs}


def _log_sum(logits: Any) -> Any:
    """Return the log of the sum of exponentials over the last axis, which stays with length 1.

    Keras's own function guards against infinities, which costs six more operations at run time.
    """
    top = keras.ops.max(logits, axis=-1, keepdims=True)
    return top + keras.ops.log(keras.ops.sum(keras.ops.exp(logits - top), axis=-1, keepdims=True))


def _stages(features: Any, widths: tuple[int, ...]) -> Any:
    """Return the output of convolution, batch norm, ReLU and max pooling, once per width."""
    for index, width in enumerate(widths):
        features = layers.Conv2D(width, 3, padding="same", use_bias=False)(features)
        features = layers.ReLU()(FusedNormalization(momentum=0.95)(features))
        if index < len(widths) - 1:
            features = layers.MaxPooling2D(2)(features)
    return features


def _pool(features: Any) -> Any:
    """Return average and maximum over rows and columns, concatenated."""
    return layers.Concatenate()([layers.GlobalAveragePooling2D()(features), layers.GlobalMaxPooling2D()(features)])


def article_network(shape: tuple[int, int, int], num_outputs: int) -> Any:
    """Return the article's network, untrained: Conv 32-32-64, Dense 64, sigmoid outputs.

    Source: "CNN Sound Recognition Code Along", 2021; docs/design.md.
    """
    image = features = keras.Input(shape, name="picture")  # the name in saved networks
    for width in (32, 32, 64):
        features = layers.MaxPooling2D(2)(layers.Conv2D(width, 3, activation="relu")(features))
    features = layers.Dense(64, activation="relu")(layers.Flatten()(features))
    outputs = layers.Dense(num_outputs, activation="sigmoid", name="sigmoids")(features)
    return keras.Model(image, outputs, name="article")

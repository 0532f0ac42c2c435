"""The Keras networks: ours, and the article's. TensorFlow's door; imported by training only.

Both take a picture and give one number per output; what the numbers mean (logits, or the
article's sigmoids) and how they become scores is the bundle's calibration.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

__all__ = ["article_network", "heart_network"]

TEXTURE_WIDTHS = (16, 32, 64, 96)
RHYTHM_WIDTHS = (8, 16, 32, 48)
"""Filters of the stages of each path; the costs of the choice are in docs/decisions/0004."""


def heart_network(shape: tuple[int, int, int], num_outputs: int, *, dropout: float = 0.3) -> Any:
    """Return the network of the default recipe, untrained.

    Two paths, because a row means a frequency in the first two channels and a lag in the third:
    the texture path reads the spectrum, the rhythm path the autocorrelation.

    Parameters
    ----------
    shape : tuple of int
        Rows, columns, channels of the picture.
    num_outputs : int
        One logit each.

    Returns
    -------
    keras.Model
        From ``(batch, 64, 64, 3)`` to logits ``(batch, num_outputs)``.
    """
    picture = keras.Input(shape, name="picture")
    texture = _stages(picture[..., :2], TEXTURE_WIDTHS)
    halved = layers.AveragePooling2D(2)(picture[..., 2:])
    rhythm = _stages(halved, RHYTHM_WIDTHS)
    features = layers.Concatenate()([_pool(texture), _pool(rhythm)])
    logits = layers.Dense(num_outputs, name="logits")(layers.Dropout(dropout)(features))
    return keras.Model(picture, logits, name="heart_sounds")


def _stages(tensor: Any, widths: tuple[int, ...]) -> Any:
    """Return convolution, batch norm, ReLU and halving, once per width."""
    for index, width in enumerate(widths):
        tensor = layers.Conv2D(width, 3, padding="same", use_bias=False)(tensor)
        tensor = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(tensor))
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

"""A Keras network as the content of a LiteRT file, with float or int8 weights, and the outputs of the int8 network.

The int8 weights are of dynamic range: each filter's weights are rounded to 8 bits when the file is written, the
activations of each image when it is judged. So no calibration data are needed, and input and outputs stay float32.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.inference.engine import LiteRTEngine
from training.data.audio import Sound
from training.fitting.cross_validation import EVALUATION_HOP_S, window_outputs
from training.fitting.recipe import HEART_RECIPE, HeartRecipe

__all__ = ["convert", "convert_int8", "int8_outputs"]


def convert(network: Any) -> bytes:
    """Return a Keras network as the content of a float32 ``.tflite`` file.

    It is converted by way of a saved model: converting a concrete function of one image gives a network whose
    outputs are NaN (TensorFlow 2.21), which the check against Keras finds.
    """
    return _converted(tf.lite.TFLiteConverter.from_keras_model(network))


def convert_int8(network: Any) -> bytes:
    """Return a Keras network as the content of a ``.tflite`` file with int8 weights of dynamic range."""
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return _converted(converter)


def _converted(converter: Any) -> bytes:
    """Return what a converter gives, without its prints: a line for every variable."""
    with contextlib.redirect_stdout(io.StringIO()):
        return bytes(converter.convert())


def int8_outputs(
    network: Any, sounds: Sequence[Sound], recipe: HeartRecipe = HEART_RECIPE
) -> list[NDArray[np.float32]]:
    """Return the outputs of a network's int8 conversion for the windows of each sound.

    Parameters
    ----------
    network : keras.Model
    sounds : sequence of Sound
    recipe : HeartRecipe
        Of which the channels count.

    Returns
    -------
    list of ndarray, each ``(windows, outputs)``
        Of the windows of :func:`training.fitting.cross_validation.sounds_outputs`.
    """
    engine = LiteRTEngine(convert_int8(network))
    jobs = ((sound, sound.starts(HEART, EVALUATION_HOP_S)) for sound in sounds)
    return list(window_outputs(functools.partial(map, engine.outputs), jobs, recipe))

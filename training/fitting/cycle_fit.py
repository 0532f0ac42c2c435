"""One fit of the segmentation network: annotated recordings and synthetic hearts to layers.

Everything follows from what it is given and a seed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.features.sound_bands import NUM_BANDS
from monitor.inference.segmentation.cycle_network import LEAD_FRAMES
from training.data.cycle_states import AnnotatedSound
from training.examples.cycle_crops import CROP_FRAMES, CropMaker, synthetic_hearts
from training.fitting.cycle_network import DELAY_FRAMES, CycleLayers, normalized
from training.fitting.trainer import make_repeatable

__all__ = ["CycleOptions", "fit_cycle_network"]

RATE, FINAL_SHARE = 4e-3, 0.02
WEIGHT_DECAY = 1e-4
MAX_NORM = 1.0
DROPOUT = 0.1
WARM_UP_FRAMES = 40
"""Frames at the beginning of a crop that do not count: the running mean is not one yet."""
STATE_WEIGHTS = (1.25, 1.0, 1.5, 1.0)
"""What a frame of S1, systole, S2 and diastole counts: heart sounds are short, and S2 is the softer one."""
AVERAGED = 0.995
"""Share of the averaged weights that stays after a step: the network is the average of the last 200 steps or so."""


@dataclasses.dataclass(frozen=True)
class CycleOptions:
    """How the segmentation network is trained.

    Attributes
    ----------
    steps, batch_size : int
    synthetic : int
        Synthetic hearts.
    variants : int
        Of each recording, in other tempi.
    folds : int
    repeats : int
        Cross-validations, each with a seed of its own from the first on.
    seed : int
    """

    steps: int = 2500
    batch_size: int = 16
    synthetic: int = 300
    variants: int = 2
    folds: int = 5
    repeats: int = 1
    seed: int = 0


def fit_cycle_network(
    sounds: Sequence[AnnotatedSound],
    noises: Sequence[NDArray[np.float32]],
    options: CycleOptions,
    seed: int,
    on_step: Callable[[float], None],
) -> CycleLayers:
    """Return the layers after their training: the running average of their weights.

    Parameters
    ----------
    sounds : sequence of AnnotatedSound
    noises : sequence of ndarray, shape (frames, 12)
        Recordings of non-cardiac sounds; may be empty.
    options : CycleOptions
    seed : int
        Chooses every random number.
    on_step : callable
        Called after each step with the loss.
    """
    make_repeatable(seed)
    layers = CycleLayers(seed)
    crops = CropMaker(sounds, synthetic_hearts(options.synthetic, seed), seed, noises)
    rates = keras.optimizers.schedules.CosineDecay(RATE, options.steps, alpha=FINAL_SHARE)
    optimizer = keras.optimizers.AdamW(rates, weight_decay=WEIGHT_DECAY, global_clipnorm=MAX_NORM)
    optimizer.build(layers.trainable_variables)
    step = _step(layers, optimizer)
    average = [np.zeros(weights.shape, np.float32) for weights in layers.trainable_variables]
    for index in range(options.steps):
        bands, states = crops.make(options.batch_size)
        bands[:, :LEAD_FRAMES] = bands[:, LEAD_FRAMES : LEAD_FRAMES + 1]  # as a sound begins
        late = np.zeros_like(states)
        late[:, DELAY_FRAMES:] = states[:, :-DELAY_FRAMES]
        late[:, :WARM_UP_FRAMES] = 0
        mask_seed = tf.constant([seed, index], tf.int32)
        on_step(float(step(tf.constant(normalized(bands)), tf.constant(late, tf.int32), mask_seed)))
        share = min(AVERAGED, (1 + index) / (10 + index))
        now = [weights.numpy() for weights in layers.trainable_variables]
        average = [share * kept + (1 - share) * new for kept, new in zip(average, now, strict=True)]
    for kept, weights in zip(average, layers.trainable_variables, strict=True):
        weights.assign(kept)
    return layers


def _step(layers: CycleLayers, optimizer: Any) -> Callable[..., Any]:
    """Return what takes one step of the training and returns the loss."""
    shape = (None, CROP_FRAMES)
    signature = [
        tf.TensorSpec((*shape, NUM_BANDS), tf.float32),
        tf.TensorSpec(shape, tf.int32),
        tf.TensorSpec((2,), tf.int32),
    ]

    def step(bands: Any, states: Any, mask_seed: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = layers.logits(bands, DROPOUT, mask_seed)
            weights = tf.gather(tf.constant((0.0, *STATE_WEIGHTS)), states)  # 0 where no state is known
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(states - 1, 0), logits)
            loss = tf.reduce_sum(losses * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)
        gradients = tape.gradient(loss, layers.trainable_variables)
        optimizer.apply_gradients(zip(gradients, layers.trainable_variables, strict=True))
        return loss

    compiled: Callable[..., Any] = tf.function(step, input_signature=signature, jit_compile=True)
    return compiled

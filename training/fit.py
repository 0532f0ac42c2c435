"""One network, fitted: the loop over batches. TensorFlow is imported here and in models.network only."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.batches import BatchMaker

__all__ = ["fit", "make_repeatable", "outputs_of"]

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]

WEIGHT_DECAY = 1e-3
BATCHES_AHEAD = 4
NOT_ALLOWED = 1e-9
"""Probability added for outputs that a picture may not have: keeps the logarithm finite."""


def make_repeatable(seed: int) -> None:
    """Set every generator, and make TensorFlow's operations give the same sums each time."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def fit(
    network: Any, batches: BatchMaker, *, steps: int, batch_size: int, rate: float, tick: Callable[[float], None]
) -> None:
    """Fit a network in place.

    The loss is the negative log probability of the labels that a picture may have, together: for a certain label
    the usual cross-entropy, for a partial one (no murmur, but perhaps an extrasystole) no more than what is known.

    Parameters
    ----------
    network : keras.Model
        From pictures to logits.
    batches : BatchMaker
        Run on a thread of its own, a few batches ahead.
    steps, batch_size : int
    rate : float
        Learning rate at the start; it falls along a cosine.
    tick : callable
        Called after each step with its loss.
    """
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.02)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY)

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(pictures: tf.Tensor, masks: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = network(pictures, training=True)
            allowed = tf.reduce_logsumexp(logits + tf.math.log(masks + NOT_ALLOWED), axis=1)
            loss = tf.reduce_mean(tf.reduce_logsumexp(logits, axis=1) - allowed)
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    with contextlib.closing(_ahead(batches, steps, batch_size)) as ahead:  # its thread ends with this loop, always
        for pictures, masks in ahead:
            tick(float(step(pictures, masks)))


def _ahead(batches: BatchMaker, steps: int, batch_size: int) -> Generator[Batch]:
    """Yield batches that another thread makes meanwhile."""
    made: queue.Queue[Batch | Exception] = queue.Queue(BATCHES_AHEAD)
    stopping = threading.Event()

    def hand_over(item: Batch | Exception) -> None:
        while not stopping.is_set():
            with contextlib.suppress(queue.Full):
                made.put(item, timeout=0.1)
                return

    def work() -> None:
        try:
            for _ in range(steps):
                if stopping.is_set():
                    return
                hand_over(batches.make(batch_size))
        except Exception as error:  # noqa: BLE001  # a thread's top: handed to the main thread, which raises it
            hand_over(error)

    thread = threading.Thread(target=work, name="auscult-batches")
    thread.start()
    try:
        for _ in range(steps):
            item = made.get(timeout=60)
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stopping.set()
        thread.join(timeout=10)


def outputs_of(network: Any, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a network's outputs ``(n, outputs)`` for pictures ``(n, 64, 64, channels)``."""
    return np.asarray(network.predict(pictures, batch_size=256, verbose=0))

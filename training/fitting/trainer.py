"""Training one network: the loop over batches, early stopping, and the outputs of a network for images.

TensorFlow is imported here, in :mod:`training.fitting.loss` and in :mod:`monitor.inference.networks`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.examples.batches import Batch
from training.fitting.loss import loss_for

__all__ = [
    "BatchSource",
    "EarlyStopping",
    "Trainer",
    "TrainingHistory",
    "make_repeatable",
    "never",
    "outputs_of",
    "stream_outputs",
]

WEIGHT_DECAY = 1e-3
"""Of AdamW. Source: Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019."""
FINAL_RATE = 0.02
"""Share of the initial learning rate that is left at the end of the cosine schedule."""
BATCHES_AHEAD = 4
EVALUATE_EVERY = 25
"""Steps between two evaluations on the validation batch."""
SMOOTHED_OVER = 3
"""Evaluations whose mean loss is compared: a single one may be low by chance."""
INFERENCE_BATCH = 128
"""Images in one call of a network; always as many, so that it is traced once."""

Points = tuple[tuple[int, float], ...]


class BatchSource(Protocol):
    """What makes batches; see :class:`training.examples.batches.BatchMaker`."""

    def make(self, size: int) -> Batch:
        """Return the next batch."""


def never() -> bool:
    """Return False: the fit runs to its end."""
    return False


@dataclasses.dataclass(frozen=True, slots=True)
class TrainingHistory:
    """How a stage of a fit went.

    Attributes
    ----------
    loss : tuple of (int, float)
        Step, and the mean training loss of the steps since the point before.
    validation_loss : tuple of (int, float)
        Step, and the loss on the validation patients; empty without such.
    best_step : int
        Step whose weights the network has: the best on the validation patients, or the last.
    complete : bool
        False where a person ended it.
    """

    loss: Points
    validation_loss: Points
    best_step: int
    complete: bool


def make_repeatable(seed: int) -> None:
    """Set every generator, and make TensorFlow's operations give the same sums each time."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


class Trainer:
    """Trains one network in place, stage by stage, with the loss of :mod:`training.fitting.loss`.

    Parameters
    ----------
    network : keras.Model
        From images to logits.
    outputs : sequence of str
        Names of the network's outputs, in order.
    validation : Batch or None
        Images of patients who are never trained on; evaluated every EVALUATE_EVERY steps.
    stop : callable
        Called after every step; True ends the stage.
    """

    def __init__(
        self, network: Any, outputs: Sequence[str], validation: Batch | None = None, stop: Callable[[], bool] = never
    ) -> None:
        self._network = network
        self._validation = validation
        self._stop = stop
        loss_of = loss_for(outputs)
        optimizer = keras.optimizers.AdamW(0.0, weight_decay=WEIGHT_DECAY)
        optimizer.build(network.trainable_variables)
        self._optimizer = optimizer

        @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
        def step(images: tf.Tensor, masks: tf.Tensor, ectopic: tf.Tensor, loud: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = loss_of(network(images, training=True), masks, ectopic, loud)
            variables = network.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return loss

        @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
        def evaluate(images: tf.Tensor, masks: tf.Tensor, ectopic: tf.Tensor, loud: tf.Tensor) -> tf.Tensor:
            return loss_of(network(images, training=False), masks, ectopic, loud)

        self._step, self._evaluate = step, evaluate  # each traced once

    def run(
        self,
        batches: BatchSource,
        *,
        steps: int,
        batch_size: int,
        rate: float,
        on_step: Callable[[float, float], None],
        until: int | None = None,
        patience: int | None = None,
    ) -> TrainingHistory:
        """Run a stage, with the optimizer's moments reset, and return how it went.

        Parameters
        ----------
        batches : BatchSource
            Made on a thread of its own, a few batches ahead.
        steps, batch_size : int
        rate : float
            Initial learning rate; it decays along a cosine that ends after ``steps``.
        on_step : callable
            Called after each step with its loss and the validation loss, NaN where it was not evaluated.
        until : int or None
            Step after which the stage ends, where that is before ``steps``.
        patience : int or None
            Evaluations without improvement after which the stage ends. The best weights are then restored, as at any
            other end. None: no early stopping, the last weights stay.

        Raises
        ------
        Exception
            Whatever making a batch, or ``on_step``, raises.
        """
        last = steps if until is None else min(steps, until)
        stopping = EarlyStopping(self._network, math.inf if patience is None or self._validation is None else patience)
        losses: list[float] = []
        validation: list[tuple[int, float]] = []
        complete = True
        for variable in self._optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        with contextlib.closing(_ahead(batches, last, batch_size)) as ahead:  # its thread ends with this loop, always
            for step, batch in enumerate(ahead, start=1):
                self._optimizer.learning_rate = rate * _cosine((step - 1) / steps)
                losses.append(float(self._step(*batch)))
                if self._validation is not None and (step % EVALUATE_EVERY == 0 or step == last):
                    validation.append((step, float(self._evaluate(*self._validation))))
                    stopping.update(validation)
                on_step(losses[-1], validation[-1][1] if validation and validation[-1][0] == step else math.nan)
                complete = not self._stop() or step == last
                if stopping.is_over or not complete:
                    break
        return TrainingHistory(_means(losses), tuple(validation), stopping.restore(len(losses)), complete)


def _cosine(part: float) -> float:
    """Return the share of the initial learning rate after a part of the steps, 1 down to FINAL_RATE.

    Source: Loshchilov & Hutter, "SGDR", ICLR 2017, equation 5.
    """
    return FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * part))


def _means(losses: Sequence[float]) -> Points:
    """Return the mean loss of every EVALUATE_EVERY steps."""
    begins = range(0, len(losses), EVALUATE_EVERY)
    parts = [losses[begin : begin + EVALUATE_EVERY] for begin in begins]
    return tuple((begin + len(part), sum(part) / len(part)) for begin, part in zip(begins, parts, strict=True))


class EarlyStopping:
    """Remembers the weights with the lowest smoothed validation loss; with infinite patience, none.

    Parameters
    ----------
    network : keras.Model
    patience : float
        Evaluations without improvement after which :attr:`is_over` is True.
    """

    def __init__(self, network: Any, patience: float) -> None:
        self._network = network
        self._patience = patience
        self._lowest = math.inf
        self._best: tuple[int, list[NDArray[np.float32]]] | None = None
        self._without_improvement = 0

    @property
    def is_over(self) -> bool:
        """Whether there was no improvement for too long."""
        return self._without_improvement >= self._patience

    def update(self, validation: Sequence[tuple[int, float]]) -> None:
        """Take the latest evaluation into account: all steps and losses so far, at least one."""
        if math.isinf(self._patience):
            return
        latest = [loss for _, loss in validation[-SMOOTHED_OVER:]]
        smooth = sum(latest) / len(latest)
        self._without_improvement += 1
        if smooth < self._lowest:
            self._lowest, self._without_improvement = smooth, 0
            self._best = validation[-1][0], self._network.get_weights()

    def restore(self, step: int) -> int:
        """Give the network the best weights and return their step; ``step`` where there are none."""
        if self._best is None:
            return step
        step, weights = self._best
        self._network.set_weights(weights)
        return step


def _ahead(batches: BatchSource, steps: int, batch_size: int) -> Generator[Batch]:
    """Yield batches that another thread makes meanwhile, at most BATCHES_AHEAD before they are used."""
    ready: queue.Queue[Batch | Exception] = queue.Queue(BATCHES_AHEAD)
    stopping = threading.Event()

    def hand_over(item: Batch | Exception) -> None:
        while not stopping.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.1)
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
            item = ready.get(timeout=60)
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stopping.set()
        thread.join(timeout=10)


def outputs_of(network: Any, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a network's outputs ``(n, outputs)`` for images ``(n, 64, 64, channels)``, one image or more."""
    return np.stack(list(stream_outputs(network, images)))


def stream_outputs(network: Any, images: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield a network's outputs ``(outputs,)`` for images one by one, computed in batches of INFERENCE_BATCH."""

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def infer(batch: tf.Tensor) -> tf.Tensor:
        return network(batch, training=False)

    waiting: list[NDArray[np.float32]] = []
    for image in images:
        waiting.append(image)
        if len(waiting) == INFERENCE_BATCH:
            yield from np.asarray(infer(np.stack(waiting)))
            waiting = []
    if waiting:
        padding = [np.zeros_like(waiting[0])] * (INFERENCE_BATCH - len(waiting))
        yield from np.asarray(infer(np.stack(waiting + padding)))[: len(waiting)]

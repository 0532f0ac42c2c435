"""One network, fitted: the loop over batches. TensorFlow is imported here, in training.fitting.loss and in monitor.inference.networks."""

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

__all__ = ["Trainer", "TrainingHistory", "make_repeatable", "never", "outputs_of", "stream_outputs"]

WEIGHT_DECAY = 1e-3
LAST_RATE = 0.02
"""Of the learning rate at the start, what is left at the end."""
BATCHES_AHEAD = 4
WATCH_EVERY = 25
"""Steps between two looks at the watched patients."""
SMOOTHED_OVER = 3
"""Looks of which the mean counts: one alone may be lucky."""
JUDGED_TOGETHER = 128
"""Pictures in one call of a network; always as many, so that it is traced once."""

Points = tuple[tuple[int, float], ...]


class Batches(Protocol):
    """What makes batches; see :class:`training.examples.batches.BatchMaker`."""

    def make(self, size: int) -> Batch:
        """Return the next batch."""


def never() -> bool:
    """Return False: nobody wants an end."""
    return False


@dataclasses.dataclass(frozen=True, slots=True)
class TrainingHistory:
    """How a stage of a fit went.

    Attributes
    ----------
    loss : tuple of (int, float)
        Step, and the mean loss of the steps since the point before.
    watched : tuple of (int, float)
        Step, and the loss on the watched patients; empty where nobody is watched.
    kept : int
        Step whose weights were kept.
    complete : bool
        False where a person ended it.
    """

    loss: Points
    watched: Points
    kept: int
    complete: bool


def make_repeatable(seed: int) -> None:
    """Set every generator, and make TensorFlow's operations give the same sums each time."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


class Trainer:
    """Fits one network in place, stage by stage; its step is traced once. The loss is that of :mod:`training.fitting.loss`.

    Parameters
    ----------
    network : keras.Model
        From pictures to logits.
    outputs : sequence of str
        Names of the network's outputs, in order.
    watched : Batch or None
        Pictures of patients who are never trained on; looked at every WATCH_EVERY steps.
    stop : callable
        Asked after every step whether the person wants an end.
    """

    def __init__(
        self, network: Any, outputs: Sequence[str], watched: Batch | None = None, stop: Callable[[], bool] = never
    ) -> None:
        self._network = network
        self._watched = watched
        self._stop = stop
        loss_of = loss_for(outputs)
        optimizer = keras.optimizers.AdamW(0.0, weight_decay=WEIGHT_DECAY)
        optimizer.build(network.trainable_variables)
        self._optimizer = optimizer

        @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
        def step(pictures: tf.Tensor, masks: tf.Tensor, premature: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = loss_of(network(pictures, training=True), masks, premature)
            variables = network.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return loss

        @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
        def look(pictures: tf.Tensor, masks: tf.Tensor, premature: tf.Tensor) -> tf.Tensor:
            return loss_of(network(pictures, training=False), masks, premature)

        self._step, self._look = step, look

    def run(
        self,
        batches: Batches,
        *,
        steps: int,
        batch_size: int,
        rate: float,
        tick: Callable[[float, float], None],
        until: int | None = None,
        patience: int | None = None,
    ) -> TrainingHistory:
        """Run a stage, with an optimizer that remembers nothing of the stage before.

        Parameters
        ----------
        batches : Batches
            Run on a thread of its own, a few batches ahead.
        steps, batch_size : int
        rate : float
            Learning rate at the start; it falls along a cosine that ends after ``steps``.
        tick : callable
            Called after each step with its loss, and the loss on the watched patients, NaN where none was taken.
        until : int or None
            Step after which it ends, where that is before ``steps``.
        patience : int or None
            Looks at the watched patients without improvement after which it ends; the best weights are put back
            then, and at any other end. None: the last weights are kept.
        """
        last = steps if until is None else min(steps, until)
        best = EarlyStopping(self._network, math.inf if patience is None or self._watched is None else patience)
        losses: list[float] = []
        watched: list[tuple[int, float]] = []
        complete = True
        for variable in self._optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        with contextlib.closing(_ahead(batches, last, batch_size)) as ahead:  # its thread ends with this loop, always
            for number, batch in enumerate(ahead, start=1):
                self._optimizer.learning_rate = rate * _cosine((number - 1) / steps)
                losses.append(float(self._step(*batch)))
                if self._watched is not None and (number % WATCH_EVERY == 0 or number == last):
                    watched.append((number, float(self._look(*self._watched))))
                    best.see(watched)
                tick(losses[-1], watched[-1][1] if watched and watched[-1][0] == number else math.nan)
                complete = not self._stop() or number == last
                if best.is_over or not complete:
                    break
        return TrainingHistory(_means(losses), tuple(watched), best.put_back(len(losses)), complete)


def _cosine(part: float) -> float:
    """Return the share of the first learning rate after a part of the steps, 1 down to LAST_RATE."""
    return LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * part))


def _means(losses: Sequence[float]) -> Points:
    """Return the mean loss of every WATCH_EVERY steps."""
    begins = range(0, len(losses), WATCH_EVERY)
    parts = [losses[begin : begin + WATCH_EVERY] for begin in begins]
    return tuple((begin + len(part), sum(part) / len(part)) for begin, part in zip(begins, parts, strict=True))


class EarlyStopping:
    """Remembers the weights at which the watched patients' smoothed loss was least; with endless patience, nothing."""

    def __init__(self, network: Any, patience: float) -> None:
        self._network = network
        self._patience = patience
        self._least = math.inf
        self._kept: tuple[int, list[NDArray[np.float32]]] | None = None
        self._looks_since = 0

    @property
    def is_over(self) -> bool:
        """Whether patience is at its end."""
        return self._looks_since >= self._patience

    def see(self, watched: Sequence[tuple[int, float]]) -> None:
        """Take note of a look at the watched patients."""
        if math.isinf(self._patience):
            return
        latest = [loss for _, loss in watched[-SMOOTHED_OVER:]]
        smooth = sum(latest) / len(latest)
        self._looks_since += 1
        if smooth < self._least:
            self._least, self._looks_since = smooth, 0
            self._kept = watched[-1][0], self._network.get_weights()

    def put_back(self, step: int) -> int:
        """Give the network the best weights seen, if any; return their step."""
        if self._kept is None:
            return step
        step, weights = self._kept
        self._network.set_weights(weights)
        return step


def _ahead(batches: Batches, steps: int, batch_size: int) -> Generator[Batch]:
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
    return np.stack(list(stream_outputs(network, pictures)))


def stream_outputs(network: Any, pictures: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield a network's outputs for pictures one by one; it judges them in batches that are all of one size."""

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def judge(batch: tf.Tensor) -> tf.Tensor:
        return network(batch, training=False)

    held: list[NDArray[np.float32]] = []
    for picture in pictures:
        held.append(picture)
        if len(held) == JUDGED_TOGETHER:
            yield from np.asarray(judge(np.stack(held)))
            held = []
    if held:
        padding = [np.zeros_like(held[0])] * (JUDGED_TOGETHER - len(held))
        yield from np.asarray(judge(np.stack(held + padding)))[: len(held)]

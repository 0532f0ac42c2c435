"""One network, fitted: the loss falls, a partial label teaches what it tells, and no thread is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks are fitted with the training extra")

import keras
from keras import layers

from training.fit import _ahead, fit, make_repeatable, outputs_of

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


class Toy:
    """Makes pictures whose level tells their label: a stand-in for the real batches."""

    def __init__(self, mask: Callable[[int], list[float]], seed: int = 0) -> None:
        self._mask = mask
        self._rng = np.random.default_rng(seed)

    def make(self, size: int) -> Batch:
        """Return pictures and masks."""
        labels = self._rng.integers(0, 3, size)
        noise = 0.1 * self._rng.standard_normal((size, 8, 8, 3))
        pictures = (noise + (labels - 1.0)[:, None, None, None]).astype(np.float32)
        return pictures, np.array([self._mask(int(label)) for label in labels], np.float32)


def certain(label: int) -> list[float]:
    """Return the mask of a label that is known."""
    return [float(index == label) for index in range(3)]


def small_network() -> Any:
    """Return a network for the toy."""
    picture = keras.Input((8, 8, 3))
    hidden = layers.Dense(12, activation="relu")(layers.GlobalAveragePooling2D()(picture))
    return keras.Model(picture, layers.Dense(3)(hidden))


def fitted(mask: Callable[[int], list[float]], steps: int = 60) -> tuple[Any, list[float]]:
    """Return a network fitted on the toy, and its losses."""
    make_repeatable(1)
    network = small_network()
    losses: list[float] = []
    fit(network, Toy(mask), steps=steps, batch_size=24, rate=0.05, tick=losses.append)  # type: ignore[arg-type]
    return network, losses


@pytest.fixture(scope="module")
def taught() -> tuple[Any, list[float]]:
    """Return a network fitted on labels that are known."""
    return fitted(certain)


def levels() -> NDArray[np.float32]:
    """Return one picture of each label."""
    return np.stack([np.full((8, 8, 3), level, np.float32) for level in (-1.0, 0.0, 1.0)])


def test_the_loss_falls(taught: tuple[Any, list[float]]) -> None:
    """On labels that anything can tell, the loss falls from chance to a tenth, one tick per step."""
    network, losses = taught
    assert len(losses) == 60
    assert losses[0] == pytest.approx(np.log(3), abs=0.5)
    assert np.mean(losses[-5:]) < 0.1 * losses[0]
    assert outputs_of(network, levels()).argmax(axis=1).tolist() == [0, 1, 2]


def test_the_seed_repeats_it(taught: tuple[Any, list[float]]) -> None:
    """Fitted again from the same seed, losses and weights are the same to the last bit."""
    network, losses = fitted(certain)
    assert losses == taught[1]
    for ours, theirs in zip(network.get_weights(), taught[0].get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_partial_label_teaches_what_it_tells() -> None:
    """Told only "the first or the last", or "the middle", the network learns that and nothing against either."""
    network, losses = fitted(lambda label: [0.0, 1.0, 0.0] if label == 1 else [1.0, 0.0, 1.0], steps=40)
    assert np.mean(losses[-5:]) < 0.2
    outputs = outputs_of(network, levels())
    assert outputs.argmax(axis=1)[1] == 1
    assert (outputs[[0, 2]].argmax(axis=1) != 1).all()


def test_a_label_that_may_be_anything_costs_nothing() -> None:
    """Where every output is allowed there is nothing to learn: the loss is 0 from the start."""
    _, losses = fitted(lambda label: [1.0, 1.0, 1.0], steps=3)
    np.testing.assert_allclose(losses, 0.0, atol=1e-5)


def test_outputs_of_many(taught: tuple[Any, list[float]]) -> None:
    """Each picture has its outputs, whatever it is shown together with."""
    pictures = np.random.default_rng(0).standard_normal((300, 8, 8, 3)).astype(np.float32)
    outputs = outputs_of(taught[0], pictures)
    assert outputs.shape == (300, 3)
    np.testing.assert_allclose(outputs[7], outputs_of(taught[0], pictures[7:8])[0], atol=1e-5)


class Counting:
    """Makes numbered batches, and fails at one of them if told so."""

    def __init__(self, fails_at: int = -1) -> None:
        self.made = 0
        self._fails_at = fails_at

    def make(self, size: int) -> Batch:
        """Return a batch whose picture is its number."""
        if self.made == self._fails_at:
            raise MemoryError("no room for a batch")
        self.made += 1
        return np.full((size, 1), self.made, np.float32), np.zeros((size, 1), np.float32)


def batches_thread() -> list[threading.Thread]:
    """Return the threads that make batches."""
    return [thread for thread in threading.enumerate() if thread.name == "auscult-batches"]


def ahead(batches: Counting, steps: int) -> Iterator[Batch]:
    """Return the batches that a thread makes ahead."""
    return _ahead(batches, steps, 2)  # type: ignore[arg-type]


def test_batches_come_in_order() -> None:
    """As many as asked for, each once, in order, and the thread has ended."""
    assert [int(pictures[0, 0]) for pictures, _ in ahead(Counting(), 20)] == list(range(1, 21))
    assert not batches_thread()


def test_no_more_than_a_few_ahead() -> None:
    """The queue is bounded: while one batch is worked on, only a few more are made."""
    batches = Counting()
    made = ahead(batches, 1000)
    next(made)
    made.close()  # type: ignore[attr-defined]
    assert batches.made <= 7
    assert not batches_thread()


@pytest.mark.parametrize("fails_at", [0, 3])
def test_an_error_in_the_thread_reaches_the_caller(fails_at: int) -> None:
    """A batch that cannot be made ends the training with its own error."""
    heard = []
    with pytest.raises(MemoryError, match="no room for a batch"):
        for batch in ahead(Counting(fails_at), 10):
            heard.append(batch)
    assert len(heard) == fails_at
    assert not batches_thread()


@pytest.mark.parametrize("fails_at", [-1, 5])
def test_an_error_while_fitting_ends_the_thread(fails_at: int) -> None:
    """When a step fails, or the person interrupts, the thread ends, also if it has an error to hand over itself."""
    toy = Toy(certain)
    batches = Counting(fails_at)

    def make(size: int) -> Batch:
        batches.make(size)
        return toy.make(size)

    def interrupt(loss: float) -> None:
        raise KeyboardInterrupt(loss)

    toy_and_count = type("Both", (), {"make": staticmethod(make)})()
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(small_network(), toy_and_count, steps=100, batch_size=4, rate=0.01, tick=interrupt)
    assert not batches_thread()
    assert caught.tb is not None  # kept until here, and with it the loop: its thread must have ended by itself

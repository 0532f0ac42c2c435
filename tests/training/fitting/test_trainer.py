"""Training one network: the loss falls, the best weights are restored, it can be ended, no thread is left behind."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks are fitted with the training extra")

import keras
from keras import layers

from training.examples.batches import UNKNOWN_RHYTHM, Batch
from training.fitting import trainer as trainer_module
from training.fitting.trainer import (
    EarlyStopping,
    Trainer,
    TrainingHistory,
    _ahead,
    make_repeatable,
    outputs_of,
    stream_outputs,
)

OUTPUTS = ("normal", "murmur", "not-heart")


class Toy:
    """A source of batches whose images have a level for each label."""

    def __init__(self, mask: Callable[[int], list[float]], seed: int = 0) -> None:
        self._mask = mask
        self._rng = np.random.default_rng(seed)

    def make(self, size: int) -> Batch:
        """Return images, masks, unknown rhythms and unknown loudness."""
        labels = self._rng.integers(0, 3, size)
        noise = 0.1 * self._rng.standard_normal((size, 8, 8, 3))
        images = (noise + (labels - 1.0)[:, None, None, None]).astype(np.float32)
        masks = np.array([self._mask(int(label)) for label in labels], np.float32)
        unknown = np.full(size, UNKNOWN_RHYTHM, np.float32)
        return Batch(images, masks, unknown, unknown)


def certain(label: int) -> list[float]:
    """Return the mask of a known label."""
    return [float(index == label) for index in range(3)]


def shifted(label: int) -> list[float]:
    """Return the mask of the next label, which is wrong."""
    return certain((label + 1) % 3)


def small_network() -> Any:
    """Return a network for the toy."""
    image = keras.Input((8, 8, 3))
    hidden = layers.Dense(12, activation="relu")(layers.GlobalAveragePooling2D()(image))
    return keras.Model(image, layers.Dense(3)(hidden))


Steps = list[tuple[float, float]]
"""Loss and validation loss of each step."""


def fitted(
    mask: Callable[[int], list[float]], steps: int = 60, validation: Batch | None = None, **settings: Any
) -> tuple[Any, Steps, TrainingHistory]:
    """Return a network fitted on the toy, the losses after each step, and the history."""
    make_repeatable(1)
    network = small_network()
    losses: Steps = []
    trainer = Trainer(network, OUTPUTS, validation, settings.pop("stop", trainer_module.never))
    on_step = settings.pop("on_step", lambda *of_step: losses.append(of_step))
    history = trainer.run(Toy(mask), steps=steps, batch_size=24, rate=0.05, on_step=on_step, **settings)
    return network, losses, history


@pytest.fixture(scope="module")
def trained() -> tuple[Any, list[float]]:
    """Return a network fitted on known labels, and its losses."""
    network, losses, _ = fitted(certain)
    return network, [loss for loss, _ in losses]


def levels() -> NDArray[np.float32]:
    """Return one image of each label."""
    return np.stack([np.full((8, 8, 3), level, np.float32) for level in (-1.0, 0.0, 1.0)])


def assert_same_weights(first: Any, second: Any) -> None:
    """Assert that two networks have the same weights bit for bit."""
    for ours, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_loss_falls(trained: tuple[Any, list[float]]) -> None:
    """On separable labels the loss falls from chance to a tenth, with one call of on_step per step."""
    network, losses = trained
    assert len(losses) == 60
    assert losses[0] == pytest.approx(np.log(3), abs=0.5)
    assert np.mean(losses[-5:]) < 0.1 * losses[0]
    assert outputs_of(network, levels()).argmax(axis=1).tolist() == [0, 1, 2]


def test_the_seed_repeats_it(trained: tuple[Any, list[float]]) -> None:
    """Fitted again with the same seed, losses and weights are the same bit for bit."""
    network, losses, _ = fitted(certain)
    assert [loss for loss, _ in losses] == trained[1]
    assert_same_weights(network, trained[0])


def test_partial_labels() -> None:
    """From "the first or the last" and "the middle" the network learns that, and nothing against either."""
    network, losses, _ = fitted(lambda label: [0.0, 1.0, 0.0] if label == 1 else [1.0, 0.0, 1.0], steps=40)
    assert np.mean([loss for loss, _ in losses[-5:]]) < 0.2
    outputs = outputs_of(network, levels())
    assert outputs.argmax(axis=1)[1] == 1
    assert (outputs[[0, 2]].argmax(axis=1) != 1).all()


def test_a_label_that_may_be_anything() -> None:
    """Where every output is possible there is nothing to learn: the loss is 0 from the start."""
    _, losses, _ = fitted(lambda label: [1.0, 1.0, 1.0], steps=3)
    np.testing.assert_allclose([loss for loss, _ in losses], 0.0, atol=1e-5)


def test_a_second_stage_resets_the_optimizer() -> None:
    """A stage after another does what it does with an optimizer of its own."""
    make_repeatable(1)
    network = small_network()
    trainer = Trainer(network, OUTPUTS)
    settings: dict[str, Any] = {"batch_size": 8, "on_step": lambda loss, validation_loss: None}
    trainer.run(Toy(certain), steps=4, rate=0.05, **settings)
    between = network.get_weights()
    trainer.run(Toy(certain, seed=1), steps=3, rate=0.02, **settings)
    alone = small_network()
    alone.set_weights(between)
    Trainer(alone, OUTPUTS).run(Toy(certain, seed=1), steps=3, rate=0.02, **settings)
    assert_same_weights(network, alone)


def test_until_ends_a_stage_early() -> None:
    """A stage that ends before its schedule does the same first steps, bit for bit."""
    _, whole, _ = fitted(certain, steps=12)
    _, part, history = fitted(certain, steps=12, until=5)
    assert [loss for loss, _ in part] == [loss for loss, _ in whole[:5]]
    assert (history.best_step, history.complete) == (5, True)


class TestEarlyStopping:
    """The loss on validation patients decides which weights are best, and when to stop."""

    def test_the_validation_loss(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is evaluated every few steps and at the end; the history has it, and the mean training loss."""
        monkeypatch.setattr(trainer_module, "EVALUATE_EVERY", 4)
        _, losses, history = fitted(certain, steps=10, validation=Toy(certain, 5).make(16), patience=9)
        assert [step for step, (_, loss) in enumerate(losses, start=1) if not math.isnan(loss)] == [4, 8, 10]
        assert [step for step, _ in history.validation_loss] == [4, 8, 10]
        assert history.loss[0] == (4, pytest.approx(np.mean([loss for loss, _ in losses[:4]])))
        assert [step for step, _ in history.loss] == [4, 8, 10]
        assert history.validation_loss[-1][1] < history.validation_loss[0][1]

    def test_validation_does_not_change_the_fit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without patience, the fit takes the very same steps as without validation patients."""
        monkeypatch.setattr(trainer_module, "EVALUATE_EVERY", 2)
        without, alone, _ = fitted(certain, steps=6)
        network, losses, history = fitted(certain, steps=6, validation=Toy(certain, 5).make(16))
        assert [loss for loss, _ in losses] == [loss for loss, _ in alone]
        assert history.best_step == 6
        assert_same_weights(network, without)

    def test_the_best_weights_are_restored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the validation loss only rises, since the labels are wrong, the fit stops and restores the first."""
        monkeypatch.setattr(trainer_module, "EVALUATE_EVERY", 2)
        network, losses, history = fitted(certain, steps=60, validation=Toy(shifted, 5).make(32), patience=3)
        two, _, _ = fitted(certain, steps=60, until=2)
        assert (history.best_step, len(losses), history.complete) == (2, 2 + 3 * 2, True)
        assert_same_weights(network, two)

    def test_the_loss_is_smoothed(self) -> None:
        """A single low loss after high ones does not beat a run of low ones."""
        stopping = EarlyStopping(small_network(), patience=99)
        evaluations = [(1, 1.0), (2, 0.5), (3, 0.5), (4, 0.5), (5, 1.5), (6, 0.2)]
        for count in range(1, len(evaluations) + 1):
            stopping.update(evaluations[:count])
        assert stopping.restore(7) == 4


class TestEnding:
    """A person may end a stage."""

    @pytest.mark.parametrize("after", [1, 7])
    def test_it_ends_after_the_step(self, after: int) -> None:
        """The stage ends after the step in which it was asked to, and is not complete."""
        losses: Steps = []
        _, _, history = fitted(
            certain, steps=30, stop=lambda: len(losses) >= after, on_step=lambda *of_step: losses.append(of_step)
        )
        assert len(losses) == after
        assert (history.best_step, history.complete) == (after, False)
        assert not batches_thread()

    def test_the_last_step_is_complete(self) -> None:
        """Ended in the very last step, nothing is missing."""
        _, _, history = fitted(certain, steps=3, stop=lambda: True, until=1)
        assert history.complete

    def test_the_best_so_far_is_restored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ended by a person, the weights are the best on the validation patients."""
        monkeypatch.setattr(trainer_module, "EVALUATE_EVERY", 2)
        losses: Steps = []
        _, _, history = fitted(
            certain,
            steps=30,
            validation=Toy(shifted, 5).make(32),
            patience=9,
            stop=lambda: len(losses) >= 7,
            on_step=lambda *of_step: losses.append(of_step),
        )
        assert (history.best_step, history.complete) == (2, False)


class TestOutputs:
    """Inference runs in batches of one size."""

    def test_each_image_has_its_own(self, trained: tuple[Any, list[float]]) -> None:
        """The outputs of an image do not depend on the batch."""
        images = np.random.default_rng(0).standard_normal((300, 8, 8, 3)).astype(np.float32)
        outputs = outputs_of(trained[0], images)
        assert outputs.shape == (300, 3)
        np.testing.assert_allclose(outputs[7], outputs_of(trained[0], images[7:8])[0], atol=1e-5)
        np.testing.assert_allclose(outputs, trained[0].predict(images, verbose=0), atol=1e-5)

    @pytest.mark.parametrize("count", [0, 1, 4, 5, 8])
    def test_as_many_as_images(self, trained: Any, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        """Each image gives one, and no more images are in memory than one batch holds."""
        monkeypatch.setattr(trainer_module, "INFERENCE_BATCH", 4)
        taken = []

        def images() -> Iterator[NDArray[np.float32]]:
            for _ in range(count):
                taken.append(1)
                yield levels()[0]

        outputs = stream_outputs(trained[0], images())
        first = next(outputs, None)
        assert len(taken) == min(4, count)
        assert (first is None) == (count == 0)
        assert len(list(outputs)) == max(0, count - 1)

    def test_it_is_traced_once(self, trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last, incomplete batch is padded, so the network is called with a single shape."""
        shapes = []

        class Spy:
            def __call__(self, batch: Any, training: bool) -> Any:
                shapes.append(tuple(batch.shape))
                return trained[0](batch, training=training)

        monkeypatch.setattr(trainer_module, "INFERENCE_BATCH", 4)
        assert len(outputs_of(Spy(), np.zeros((10, 8, 8, 3), np.float32))) == 10
        assert shapes == [(4, 8, 8, 3)]


class Counting:
    """Makes numbered batches, and may fail at one of them."""

    def __init__(self, fails_at: int = -1) -> None:
        self.made = 0
        self._fails_at = fails_at

    def make(self, size: int) -> Batch:
        """Return a batch whose image is its number."""
        if self.made == self._fails_at:
            raise MemoryError("no room for a batch")
        self.made += 1
        nothing = np.zeros((size, 1), np.float32)
        return Batch(np.full((size, 1), self.made, np.float32), nothing, nothing[:, 0], nothing[:, 0])


def batches_thread() -> list[threading.Thread]:
    """Return the threads that make batches."""
    return [thread for thread in threading.enumerate() if thread.name == "auscult-batches"]


def test_batches_come_in_order() -> None:
    """As many as asked for, each once, in order, and the thread has ended."""
    assert [int(batch.images[0, 0]) for batch in _ahead(Counting(), 20, 2)] == list(range(1, 21))
    assert not batches_thread()


def test_no_more_than_a_few_ahead() -> None:
    """The queue is bounded: while one batch is used, only a few more are made."""
    batches = Counting()
    made = _ahead(batches, 1000, 2)
    next(made)
    made.close()
    assert batches.made <= 7
    assert not batches_thread()


@pytest.mark.parametrize("fails_at", [0, 3])
def test_an_error_in_the_thread_reaches_the_caller(fails_at: int) -> None:
    """A batch that cannot be made ends the training with its own error."""
    received = []
    with pytest.raises(MemoryError, match="no room for a batch"):
        for batch in _ahead(Counting(fails_at), 10, 2):
            received.append(batch)
    assert len(received) == fails_at
    assert not batches_thread()


@pytest.mark.parametrize("fails_at", [-1, 5])
def test_an_error_while_fitting_ends_the_thread(fails_at: int) -> None:
    """When a step raises, the thread ends, also if it has an error of its own to hand over."""
    toy = Toy(certain)
    batches = Counting(fails_at)

    class Both:
        def make(self, size: int) -> Batch:
            batches.make(size)
            return toy.make(size)

    def interrupt(loss: float, validation_loss: float) -> None:
        raise KeyboardInterrupt(loss)

    with pytest.raises(KeyboardInterrupt) as caught:
        Trainer(small_network(), OUTPUTS).run(Both(), steps=100, batch_size=4, rate=0.01, on_step=interrupt)
    assert not batches_thread()
    assert caught.tb is not None  # refers to the loop until here, so the thread ended without its garbage collection

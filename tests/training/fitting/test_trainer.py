"""One network, fitted: the loss falls, the best weights are kept, it ends calmly, and no thread is left behind."""

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

from training.examples.batches import UNKNOWN, Batch
from training.fitting import trainer as fit_module
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
    """Makes pictures whose level tells their label: a stand-in for the real batches."""

    def __init__(self, mask: Callable[[int], list[float]], seed: int = 0) -> None:
        self._mask = mask
        self._rng = np.random.default_rng(seed)

    def make(self, size: int) -> Batch:
        """Return pictures, masks, and rhythms that nobody knows."""
        labels = self._rng.integers(0, 3, size)
        noise = 0.1 * self._rng.standard_normal((size, 8, 8, 3))
        pictures = (noise + (labels - 1.0)[:, None, None, None]).astype(np.float32)
        masks = np.array([self._mask(int(label)) for label in labels], np.float32)
        return Batch(pictures, masks, np.full(size, UNKNOWN, np.float32))


def certain(label: int) -> list[float]:
    """Return the mask of a label that is known."""
    return [float(index == label) for index in range(3)]


def small_network() -> Any:
    """Return a network for the toy."""
    picture = keras.Input((8, 8, 3))
    hidden = layers.Dense(12, activation="relu")(layers.GlobalAveragePooling2D()(picture))
    return keras.Model(picture, layers.Dense(3)(hidden))


Told = list[tuple[float, float]]


def fitted(
    mask: Callable[[int], list[float]], steps: int = 60, watched: Batch | None = None, **settings: Any
) -> tuple[Any, Told, TrainingHistory]:
    """Return a network fitted on the toy, what was told after each step, and its course."""
    make_repeatable(1)
    network = small_network()
    told: Told = []
    fitter = Trainer(network, OUTPUTS, watched, settings.pop("stop", fit_module.never))
    tick = settings.pop("tick", lambda loss, seen: told.append((loss, seen)))
    course = fitter.run(Toy(mask), steps=steps, batch_size=24, rate=0.05, tick=tick, **settings)
    return network, told, course


@pytest.fixture(scope="module")
def taught() -> tuple[Any, list[float]]:
    """Return a network fitted on labels that are known."""
    network, told, _ = fitted(certain)
    return network, [loss for loss, _ in told]


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
    network, told, _ = fitted(certain)
    assert [loss for loss, _ in told] == taught[1]
    for ours, theirs in zip(network.get_weights(), taught[0].get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_partial_label_teaches_what_it_tells() -> None:
    """Told only "the first or the last", or "the middle", the network learns that and nothing against either."""
    network, told, _ = fitted(lambda label: [0.0, 1.0, 0.0] if label == 1 else [1.0, 0.0, 1.0], steps=40)
    assert np.mean([loss for loss, _ in told[-5:]]) < 0.2
    outputs = outputs_of(network, levels())
    assert outputs.argmax(axis=1)[1] == 1
    assert (outputs[[0, 2]].argmax(axis=1) != 1).all()


def test_a_label_that_may_be_anything_costs_nothing() -> None:
    """Where every output is allowed there is nothing to learn: the loss is 0 from the start."""
    _, told, _ = fitted(lambda label: [1.0, 1.0, 1.0], steps=3)
    np.testing.assert_allclose([loss for loss, _ in told], 0.0, atol=1e-5)


def test_a_second_stage_begins_anew() -> None:
    """A stage after another starts with its own learning rate and an optimizer that remembers nothing."""
    make_repeatable(1)
    network = small_network()
    fitter = Trainer(network, OUTPUTS)
    settings: dict[str, Any] = {"batch_size": 8, "tick": lambda loss, seen: None}
    fitter.run(Toy(certain), steps=4, rate=0.05, **settings)
    before = network.get_weights()
    fitter.run(Toy(certain, seed=1), steps=3, rate=0.02, **settings)
    after = network.get_weights()
    alone = Trainer(network, OUTPUTS)
    network.set_weights(before)
    alone.run(Toy(certain, seed=1), steps=3, rate=0.02, **settings)
    for ours, theirs in zip(after, network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_until_ends_a_stage_early() -> None:
    """A stage that ends before its schedule does the same first steps, to the last bit."""
    _, whole, _ = fitted(certain, steps=12)
    _, part, course = fitted(certain, steps=12, until=5)
    assert [loss for loss, _ in part] == [loss for loss, _ in whole[:5]]
    assert (course.kept, course.complete) == (5, True)


class TestWatching:
    """Patients who are never trained on tell when a network is best."""

    def test_they_are_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every few steps, and at the end, their loss is told; the course has it, and the mean training loss."""
        monkeypatch.setattr(fit_module, "WATCH_EVERY", 4)
        _, told, course = fitted(certain, steps=10, watched=Toy(certain, 5).make(16), patience=9)
        assert [place + 1 for place, (_, seen) in enumerate(told) if not math.isnan(seen)] == [4, 8, 10]
        assert [step for step, _ in course.watched] == [4, 8, 10]
        assert course.loss[0] == (4, pytest.approx(np.mean([loss for loss, _ in told[:4]])))
        assert [step for step, _ in course.loss] == [4, 8, 10]
        assert course.watched[-1][1] < course.watched[0][1]

    def test_they_change_nothing_by_being_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without patience for them, the fit takes the very same steps as if nobody were watched."""
        monkeypatch.setattr(fit_module, "WATCH_EVERY", 2)
        _, alone, _ = fitted(certain, steps=6)
        network, told, course = fitted(certain, steps=6, watched=Toy(certain, 5).make(16))
        assert [loss for loss, _ in told] == [loss for loss, _ in alone]
        assert course.kept == 6
        assert np.isfinite(network.get_weights()[0]).all()

    def test_the_best_weights_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the watched get ever worse, for their labels are turned round, it ends soon and keeps the first."""
        monkeypatch.setattr(fit_module, "WATCH_EVERY", 2)
        turned = Toy(lambda label: certain((label + 1) % 3), 5).make(32)
        network, told, course = fitted(certain, steps=60, watched=turned, patience=3)
        two, _, _ = fitted(certain, steps=60, until=2)
        assert (course.kept, len(told), course.complete) == (2, 2 + 3 * 2, True)
        for ours, theirs in zip(network.get_weights(), two.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_the_smoothed_loss_counts(self) -> None:
        """One lucky look after bad ones does not beat a run of good ones."""
        network = small_network()
        best = EarlyStopping(network, patience=99)
        looks = [(1, 1.0), (2, 0.5), (3, 0.5), (4, 0.5), (5, 1.5), (6, 0.2)]
        for count in range(1, len(looks) + 1):
            best.see(looks[:count])
        assert best.put_back(7) == 4


class TestEnding:
    """A person may want an end."""

    @pytest.mark.parametrize("after", [1, 7])
    def test_it_ends_after_the_step(self, after: int) -> None:
        """Asked for an end, the stage ends with the step it is in and says that it is not complete."""
        told: Told = []
        _, _, course = fitted(
            certain, steps=30, stop=lambda: len(told) >= after, tick=lambda *losses: told.append(losses)
        )
        assert len(told) == after
        assert (course.kept, course.complete) == (after, False)
        assert not batches_thread()

    def test_the_last_step_is_complete(self) -> None:
        """Asked for an end in the very last step, nothing is missing."""
        _, _, course = fitted(certain, steps=3, stop=lambda: True, until=1)
        assert course.complete

    def test_the_best_so_far_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ended by a person, the weights are those that the watched liked best."""
        monkeypatch.setattr(fit_module, "WATCH_EVERY", 2)
        turned = Toy(lambda label: certain((label + 1) % 3), 5).make(32)
        told: Told = []
        _, _, course = fitted(
            certain,
            steps=30,
            watched=turned,
            patience=9,
            stop=lambda: len(told) >= 7,
            tick=lambda *losses: told.append(losses),
        )
        assert (course.kept, course.complete) == (2, False)


class TestOutputs:
    """Pictures are judged in batches of one size."""

    def test_each_has_its_own(self, taught: tuple[Any, list[float]]) -> None:
        """Each picture has its outputs, whatever it is shown together with."""
        pictures = np.random.default_rng(0).standard_normal((300, 8, 8, 3)).astype(np.float32)
        outputs = outputs_of(taught[0], pictures)
        assert outputs.shape == (300, 3)
        np.testing.assert_allclose(outputs[7], outputs_of(taught[0], pictures[7:8])[0], atol=1e-5)
        np.testing.assert_allclose(outputs, taught[0].predict(pictures, verbose=0), atol=1e-5)

    @pytest.mark.parametrize("count", [0, 1, 4, 5, 8])
    def test_as_many_as_pictures(self, taught: Any, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        """However many there are, each gives one, and no more pictures are held than are judged together."""
        monkeypatch.setattr(fit_module, "JUDGED_TOGETHER", 4)
        given = []

        def pictures() -> Iterator[NDArray[np.float32]]:
            for _ in range(count):
                given.append(1)
                yield levels()[0]

        outputs = stream_outputs(taught[0], pictures())
        first = next(outputs, None)
        assert len(given) == min(4, count)
        assert (first is None) == (count == 0)
        assert len(list(outputs)) == max(0, count - 1)

    def test_it_is_traced_once(self, taught: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last, incomplete batch is filled up, so the network sees one shape alone."""
        shapes = []

        class Watched:
            def __call__(self, batch: Any, training: bool) -> Any:
                shapes.append(tuple(batch.shape))
                return taught[0](batch, training=training)

        monkeypatch.setattr(fit_module, "JUDGED_TOGETHER", 4)
        assert len(outputs_of(Watched(), np.zeros((10, 8, 8, 3), np.float32))) == 10
        assert shapes == [(4, 8, 8, 3)]


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
        nothing = np.zeros((size, 1), np.float32)
        return Batch(np.full((size, 1), self.made, np.float32), nothing, nothing[:, 0])


def batches_thread() -> list[threading.Thread]:
    """Return the threads that make batches."""
    return [thread for thread in threading.enumerate() if thread.name == "auscult-batches"]


def test_batches_come_in_order() -> None:
    """As many as asked for, each once, in order, and the thread has ended."""
    assert [int(batch.pictures[0, 0]) for batch in _ahead(Counting(), 20, 2)] == list(range(1, 21))
    assert not batches_thread()


def test_no_more_than_a_few_ahead() -> None:
    """The queue is bounded: while one batch is worked on, only a few more are made."""
    batches = Counting()
    made = _ahead(batches, 1000, 2)
    next(made)
    made.close()
    assert batches.made <= 7
    assert not batches_thread()


@pytest.mark.parametrize("fails_at", [0, 3])
def test_an_error_in_the_thread_reaches_the_caller(fails_at: int) -> None:
    """A batch that cannot be made ends the training with its own error."""
    heard = []
    with pytest.raises(MemoryError, match="no room for a batch"):
        for batch in _ahead(Counting(fails_at), 10, 2):
            heard.append(batch)
    assert len(heard) == fails_at
    assert not batches_thread()


@pytest.mark.parametrize("fails_at", [-1, 5])
def test_an_error_while_fitting_ends_the_thread(fails_at: int) -> None:
    """When a step fails, or the person interrupts, the thread ends, also if it has an error to hand over itself."""
    toy = Toy(certain)
    batches = Counting(fails_at)

    class Both:
        def make(self, size: int) -> Batch:
            batches.make(size)
            return toy.make(size)

    def interrupt(loss: float, watched: float) -> None:
        raise KeyboardInterrupt(loss)

    with pytest.raises(KeyboardInterrupt) as caught:
        Trainer(small_network(), OUTPUTS).run(Both(), steps=100, batch_size=4, rate=0.01, tick=interrupt)
    assert not batches_thread()
    assert caught.tb is not None  # kept until here, and with it the loop: its thread must have ended by itself

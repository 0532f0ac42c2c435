"""One fit of the default network: two stages, weights and batches from a seed, and the parts of the recipe."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from pathlib import Path

from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.audio import Frames, Sound
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.examples.batches import BatchMaker, SamplingGroup
from training.examples.mixture import Mixture, mix
from training.fitting import heart_fit
from training.fitting.heart_fit import FINETUNE, PRETRAIN, FittedNetwork, fit_heart, with_synthetic_sounds
from training.fitting.options import HeartOptions
from training.fitting.recipe import HEART_RECIPE, HeartRecipe
from training.fitting.trainer import TrainingHistory
from training.progress import SilentProgress

OPTIONS = HeartOptions(pretrain_steps=2, steps=3, batch_size=2, synthetic_per_label=1)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Return two patients of each label, with synthetic sounds."""
    rng, recordings, sounds = np.random.default_rng(0), [], []
    for label in ("normal", "murmur", "extrastole"):
        for index in range(2):
            recordings.append(Recording(Path(f"{label}{index}.wav"), (label,), f"{label}{index}", "clinic"))
            log_power = rng.standard_normal((400, 64)).astype(np.float32)
            frames = Frames(log_power, np.abs(rng.standard_normal((3, 400))).astype(np.float32))
            sounds.append(Sound(recordings[-1], frames, 400 * HEART.frame_hop_samples))
    return with_synthetic_sounds(Corpus.of(recordings, sounds), OPTIONS, SilentProgress())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tiny_network: Callable[..., Any]) -> None:
    """Fit a tiny network."""
    monkeypatch.setattr(heart_fit, "heart_network", tiny_network)


def fit(
    corpus: Corpus,
    validation_rows: Sequence[int] = (),
    options: HeartOptions = OPTIONS,
    recipe: HeartRecipe = HEART_RECIPE,
    **settings: Any,
) -> FittedNetwork:
    """Return a network fitted on the first patient of each label."""
    how = {"seed": 0, "index": 1, "name": "fold", "progress": SilentProgress(), **settings}
    return fit_heart(corpus, [0, 2, 4], validation_rows, options, recipe=recipe, **how)


def test_the_network_is_the_default(corpus: Corpus) -> None:
    """It is that of monitor.inference.networks, with an output for non-cardiac sounds after those of the labels."""
    fitted = fit(corpus, options=HeartOptions(pretrain_steps=0, steps=1, batch_size=2))
    assert fitted.network.name == "heart_sounds"
    assert fitted.network.output_shape == (None, 4)
    assert (list(fitted.histories), fitted.complete) == ([FINETUNE], True)


@pytest.mark.usefixtures("small")
def test_both_stages(corpus: Corpus) -> None:
    """Pretraining comes first; both run to their ends."""
    fitted = fit(corpus)
    assert list(fitted.histories) == [PRETRAIN, FINETUNE]
    assert [history.best_step for history in fitted.histories.values()] == [2, 3]


@pytest.mark.usefixtures("small")
def test_until_and_validation_concern_the_last_stage(corpus: Corpus) -> None:
    """``until`` ends fine-tuning alone, and the validation loss is evaluated on other patients."""
    fitted = fit(corpus, validation_rows=[1, 3, 5], until=1)
    assert [history.best_step for history in fitted.histories.values()] == [2, 1]
    assert all(history.validation_loss for history in fitted.histories.values())


@pytest.mark.usefixtures("small")
def test_the_weights_are_the_mean_of_those_before_and_after_fine_tuning(corpus: Corpus) -> None:
    """Share 0 has the weights of the first stage, share 1 those of the second; a half lies between, also a mean."""

    def weights(share: float) -> list[Any]:
        options = dataclasses.replace(OPTIONS, finetuned_share=share)
        return [weight.copy() for weight in fit(corpus, options=options).network.get_weights()]

    before, half, after = weights(0.0), weights(0.5), weights(1.0)
    assert any((old != new).any() for old, new in zip(before, after, strict=True))
    for old, mean, new in zip(before, half, after, strict=True):
        np.testing.assert_allclose(mean, 0.5 * (old + new), rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("small")
def test_an_ended_stage_is_the_last(corpus: Corpus) -> None:
    """Ended in the first stage, the second is not begun and the fit is not complete."""
    fitted = fit(corpus, stop=lambda: True)
    assert list(fitted.histories) == [PRETRAIN]
    assert not fitted.complete


@pytest.mark.usefixtures("small")
def test_seed_and_index_choose_every_random_number(corpus: Corpus) -> None:
    """The same seed and index repeat a fit bit for bit; another index gives other weights."""
    first, again, other = fit(corpus), fit(corpus), fit(corpus, index=2)
    for ours, theirs in zip(first.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert first.histories == again.histories
    assert first.histories != other.histories


@pytest.mark.usefixtures("small")
def test_the_recipe_is_used(corpus: Corpus) -> None:
    """Mixture and batches come from the recipe, for training and for validation."""
    mixed: list[int] = []
    made: list[int] = []

    def count_mix(sounds: Sequence[Sound], *rest: Any) -> Mixture:
        mixed.append(len(sounds))
        return mix(sounds, *rest)

    def count_batches(groups: Sequence[SamplingGroup], *rest: Any) -> BatchMaker:
        made.append(len(groups))
        return BatchMaker(groups, *rest)

    fit(corpus, validation_rows=[1, 3, 5], recipe=HeartRecipe(mix=count_mix, batch_maker=count_batches))
    assert mixed == [3, 3]
    assert len(made) == 3


def test_synthetic_sounds(corpus: Corpus) -> None:
    """One of each label that can be synthesized and one non-cardiac sound; none where none are asked for."""
    assert [sound.recording.labels for sound in corpus.synthetic] == [
        ("normal",),
        ("murmur",),
        ("extrastole",),
        (NON_CARDIAC,),
    ]
    assert with_synthetic_sounds(corpus, HeartOptions(synthetic_per_label=0), SilentProgress()).synthetic == []


def test_a_fit_is_complete_with_all_its_stages() -> None:
    """One stage that a person ended makes it incomplete."""
    histories = {name: TrainingHistory((), (), 1, name == PRETRAIN) for name in (PRETRAIN, FINETUNE)}
    assert not FittedNetwork(None, histories).complete
    assert FittedNetwork(None, {PRETRAIN: histories[PRETRAIN]}).complete

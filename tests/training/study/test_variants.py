"""Every variant changes the one thing that it is named after."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from training.fitting.options import HeartOptions
from training.fitting.recipe import HEART_RECIPE
from training.study.variants import VARIANTS, Variant


def parts_of(variant: Variant) -> dict[str, object]:
    """Return everything of a variant that a training depends on."""
    recipe = {field.name: getattr(variant.recipe, field.name) for field in dataclasses.fields(variant.recipe)}
    return {"options": variant.options, "is_article": variant.is_article, **recipe}


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "ours"])
def test_one_thing_is_changed(name: str) -> None:
    """One part differs from what the variant is compared with, and a sentence says which."""
    parts, reference = parts_of(VARIANTS[name]), parts_of(VARIANTS[VARIANTS[name].against])
    assert len([part for part in parts if parts[part] != reference[part]]) == 1
    assert VARIANTS[name].name == name
    assert VARIANTS[name].changed.endswith(".")


def test_the_study() -> None:
    """The recipe and the article's with three seeds; the recipe and ten ablations, trained shorter, with one."""
    assert [name for name, variant in VARIANTS.items() if variant.repeats == 3] == ["ours", "article"]
    assert len([name for name, variant in VARIANTS.items() if variant.repeats == 2]) == 11
    assert [name for name, variant in VARIANTS.items() if variant.against == "ours"] == ["ours", "article", "short"]
    assert [name for name, variant in VARIANTS.items() if variant.is_perturbed] == ["ours"]


def test_names_of_files_stay() -> None:
    """They are names of files in docs/evidence."""
    assert list(VARIANTS) == [
        "ours", "article", "short", "no_rhythm_channel", "mean_channel_only", "zero_padding", "no_class_balance",
        "no_augmentation", "no_circor", "no_made_rhythms", "no_pretraining", "extrastole_at_its_word", "no_not_heart",
    ]  # fmt: skip


def test_channels() -> None:
    """One variant has no rhythm, one has the mean twice."""
    images = np.random.default_rng(0).standard_normal((2, 64, 64, 3)).astype(np.float32)
    without_rhythm = VARIANTS["no_rhythm_channel"].recipe.apply_channels(images)
    assert not without_rhythm[..., 2].any()
    np.testing.assert_array_equal(without_rhythm[..., :2], images[..., :2])
    mean_twice = VARIANTS["mean_channel_only"].recipe.apply_channels(images)
    np.testing.assert_array_equal(mean_twice, images[..., [0, 0, 2]])


def test_one_stage_has_as_many_batches() -> None:
    """The steps of the first stage are added to the second."""
    full = HeartOptions(pretrain_steps=30, steps=20)
    short, options = (VARIANTS[name].options(full) for name in ("short", "no_pretraining"))
    assert (short.pretrain_steps, short.steps) == (10, 7)
    assert (options.pretrain_steps, options.steps) == (0, 17)
    assert VARIANTS["ours"].options(options) is options


def test_ours_is_the_recipe() -> None:
    """Its parts are those of training, not copies."""
    assert VARIANTS["ours"].recipe is HEART_RECIPE

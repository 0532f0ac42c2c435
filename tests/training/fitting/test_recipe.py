"""The exchangeable parts of the default recipe."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.audio import Frames, Sound, read_sound
from training.data.recording import Recording
from training.examples.batches import BatchMaker, SamplingGroup
from training.examples.mixture import mix
from training.fitting.recipe import HEART_RECIPE, ChannelBatches, HeartRecipe

OUTPUTS = ("normal", NON_CARDIAC)
NO_RHYTHM = HeartRecipe(channels=((1, 0, 0), (0, 1, 0), (0, 0, 0)))


def groups() -> list[SamplingGroup]:
    """Return one group with one sound of noise."""
    rng = np.random.default_rng(0)
    frames = Frames(
        rng.standard_normal((400, 64)).astype(np.float32), np.abs(rng.standard_normal((3, 400))).astype(np.float32)
    )
    recording = Recording(Path("a.wav"), ("normal",), "p", "set")
    return [SamplingGroup([Sound(recording, frames, 40_000)], 1.0)]


def test_the_default_parts() -> None:
    """They are the functions of training themselves, not copies."""
    parts = [getattr(HEART_RECIPE, field.name) for field in dataclasses.fields(HEART_RECIPE)]
    assert parts == [read_sound, mix, BatchMaker, None]


def test_channels_of_images() -> None:
    """A matrix mixes the channels of every image; without one the images are returned as they are."""
    images = np.random.default_rng(0).standard_normal((2, 64, 64, 3)).astype(np.float32)
    assert HEART_RECIPE.apply_channels(images) is images
    changed = NO_RHYTHM.apply_channels(images)
    assert changed.dtype == np.float32
    assert not changed[..., 2].any()
    np.testing.assert_array_equal(changed[..., :2], images[..., :2])


def test_channels_of_batches() -> None:
    """A batch has the same images, masks and rhythms but for the channels; the default makes plain batches."""
    plain = HEART_RECIPE.batches(groups(), OUTPUTS, HEART, 3)
    changed = NO_RHYTHM.batches(groups(), OUTPUTS, HEART, 3)
    assert isinstance(plain, BatchMaker)
    assert isinstance(changed, ChannelBatches)
    first, second = plain.make(4), changed.make(4)
    np.testing.assert_array_equal(second.images[..., :2], first.images[..., :2])
    assert not second.images[..., 2].any()
    np.testing.assert_array_equal(second.masks, first.masks)
    np.testing.assert_array_equal(second.ectopic, first.ectopic)

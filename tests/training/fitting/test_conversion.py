"""A Keras network in LiteRT, with float and with int8 weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks are converted with the training extra")

from monitor.features.spec import HEART
from monitor.inference.engine import LiteRTEngine
from monitor.inference.networks import heart_network
from training.data.audio import Frames, Sound
from training.data.recording import Recording
from training.fitting.conversion import convert, convert_int8, int8_outputs
from training.fitting.cross_validation import sounds_outputs
from training.fitting.recipe import HeartRecipe
from training.fitting.trainer import outputs_of

OUTPUTS = ("normal", "murmur", "extrastole", "not-heart")


def random_sounds(*durations_s: float) -> list[Sound]:
    """Return sounds of random frames."""
    rng, sounds = np.random.default_rng(3), []
    for number, duration_s in enumerate(durations_s):
        count = max(HEART.num_frames, round(duration_s * 50))
        frames = Frames(
            rng.standard_normal((count, 64)).astype(np.float32), rng.standard_normal((3, count)).astype(np.float32)
        )
        recording = Recording(Path(f"{number}.wav"), ("normal",), f"p{number}", "made")
        sounds.append(Sound(recording, frames, round(duration_s * HEART.sample_rate)))
    return sounds


def test_both_conversions_of_our_network(capfd: pytest.CaptureFixture[str]) -> None:
    """Float weights give the logits of Keras; int8 weights nearly, in a third of the bytes; neither prints anything."""
    network = heart_network(HEART.shape, OUTPUTS)
    floating, int8 = convert(network), convert_int8(network)
    assert capfd.readouterr().out == ""
    assert len(int8) < len(floating) / 3
    image = np.random.default_rng(0).standard_normal(HEART.shape).astype(np.float32)
    expected = outputs_of(network, image[np.newaxis])[0]
    np.testing.assert_allclose(LiteRTEngine(floating).outputs(image), expected, atol=1e-4)
    difference = np.abs(LiteRTEngine(int8).outputs(image) - expected).max()
    assert 0.0 < difference < 0.1 * np.abs(expected).max()


def test_a_conversion_is_repeatable() -> None:
    """The same network gives the same bytes, so a bundle may be given its int8 network again."""
    network = heart_network(HEART.shape, OUTPUTS)
    assert convert_int8(network) == convert_int8(network)


def test_int8_outputs(tiny_network: Callable[..., Any]) -> None:
    """Each sound has the outputs of its own windows, in the order and number of the float network's."""
    sounds, network = random_sounds(9.2, 3.0, 5.0), tiny_network()
    ours, theirs = int8_outputs(network, sounds), sounds_outputs(network, sounds)
    assert [windows.shape for windows in ours] == [windows.shape for windows in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=0.05 * np.abs(other).max())


def test_int8_outputs_with_changed_channels(tiny_network: Callable[..., Any]) -> None:
    """The network scores the images that its recipe trains on."""
    (sound,), network = random_sounds(5.0), tiny_network()
    no_channels = HeartRecipe(channels=((0, 0, 0), (0, 0, 0), (0, 0, 0)))
    (outputs,) = int8_outputs(network, [sound], no_channels)
    np.testing.assert_allclose(outputs, outputs_of(network, np.zeros((1, *HEART.shape), np.float32)), atol=1e-5)

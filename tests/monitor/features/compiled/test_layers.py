"""The layers in C give what LiteRT gives, remember one sound at a time, and are left alone where they do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.features.compiled.layers import CycleLayers, LayersKernel, fits, layers_kernel
from monitor.features.compiled.library import library, without_library
from monitor.inference.bundle import load_bundle
from monitor.inference.segmentation.cycle_layers import read_layers
from monitor.inference.segmentation.cycle_network import CHUNK_FRAMES, CycleNetwork

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")

CHUNKS = (2.0 * np.random.default_rng(3).standard_normal((20, CHUNK_FRAMES, 12)) - 11.0).astype(np.float32)


@pytest.fixture(scope="module")
def litert() -> CycleNetwork:
    """Return the network of the default bundle, which LiteRT runs."""
    segmentation = load_bundle().segmentation
    assert segmentation is not None
    with without_library():
        return segmentation.network.copy()


@pytest.fixture(scope="module")
def layers(litert: CycleNetwork) -> CycleLayers:
    """Return its layers."""
    found = read_layers(litert._interpreter)
    assert found is not None
    return found


def heard(kernel: LayersKernel) -> list[np.ndarray]:
    """Return the probabilities of all chunks."""
    found = [kernel.hear(chunk) for chunk in CHUNKS]
    assert all(one is not None for one in found)
    return [one for one in found if one is not None]


def test_the_probabilities_are_those_of_litert(litert: CycleNetwork, layers: CycleLayers) -> None:
    """Within the rounding of single precision, for longer than the network hears back."""
    kernel = layers_kernel(layers, CHUNK_FRAMES)
    assert kernel is not None
    assert CHUNK_FRAMES * len(CHUNKS) > layers.frames_back > 500
    litert.clear()
    for found, chunk in zip(heard(kernel), CHUNKS, strict=True):
        np.testing.assert_allclose(found, litert._run(chunk), rtol=0, atol=2e-6)


@pytest.mark.parametrize("chunk_frames", [8, 24, 40, 128])
def test_a_chunk_of_another_length_is_the_same_sound(layers: CycleLayers, chunk_frames: int) -> None:
    """Bit for bit: each moment is computed alone."""
    whole, parts = layers_kernel(layers, CHUNK_FRAMES), layers_kernel(layers, chunk_frames)
    assert whole is not None
    assert parts is not None
    frames = CHUNKS.reshape(-1, 12)
    frames = frames[: len(frames) // chunk_frames * chunk_frames]
    found = np.concatenate([parts.hear(part) for part in frames.reshape(-1, chunk_frames, 12)])
    assert np.array_equal(found, np.concatenate(heard(whole))[: len(found)])


def test_after_clear_the_sound_before_is_forgotten(layers: CycleLayers) -> None:
    """Another sound is as if it were the first."""
    kernel = layers_kernel(layers, CHUNK_FRAMES)
    assert kernel is not None
    first = heard(kernel)
    again = heard(kernel)
    assert not np.array_equal(first[0], again[0])
    kernel.clear()
    assert np.array_equal(first, heard(kernel))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_told(layers: CycleLayers, value: float) -> None:
    """It does not become a probability."""
    kernel = layers_kernel(layers, CHUNK_FRAMES)
    assert kernel is not None
    chunk = CHUNKS[0].copy()
    chunk[7, 3] = value
    assert kernel.hear(chunk) is None


def test_other_sizes_are_left_to_litert(layers: CycleLayers) -> None:
    """C holds space for no others."""
    assert fits(layers, CHUNK_FRAMES)
    assert not fits(layers, 20)  # ten moments, four at a time
    assert not fits(layers, 136)
    assert not fits(layers._replace(hidden=layers.hidden[:, :32]), CHUNK_FRAMES)
    assert not fits(layers._replace(blocks=np.repeat(layers.blocks, 2, axis=0)), CHUNK_FRAMES)
    assert not fits(layers._replace(first=np.zeros((56, 48), np.float32)), CHUNK_FRAMES)
    assert not fits(layers._replace(last=np.asfortranarray(layers.last)), CHUNK_FRAMES)
    assert layers_kernel(None, CHUNK_FRAMES) is None
    with without_library():
        assert layers_kernel(layers, CHUNK_FRAMES) is None

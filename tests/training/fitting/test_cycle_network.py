"""The layers and their conversion: causal, late by the delay, and in LiteRT chunk by chunk what they are as a whole."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks are converted with the training extra")

import tensorflow as tf

from monitor.inference.segmentation.cycle_network import CHUNK_FRAMES, LEAD_FRAMES, CycleNetwork
from training.fitting.cycle_network import DELAY_FRAMES, CycleLayers, convert_cycle_network, normalized

BANDS = (np.random.default_rng(0).standard_normal((1, 400, 12)) * 2 - 12).astype(np.float32)


@pytest.fixture(scope="module")
def layers() -> CycleLayers:
    """Return layers before any training, with outputs of all sizes."""
    layers = CycleLayers(3)
    layers.last.weights.assign(layers.last.weights * 10)
    return layers


def test_litert_with_its_memory_gives_what_the_layers_give(layers: CycleLayers) -> None:
    """Every chunk, within rounding: normalization, padding at the beginning and memory are the same."""
    begun = np.concatenate((np.repeat(BANDS[:, :1], LEAD_FRAMES, axis=1), BANDS[:, :395]), axis=1)
    whole = tf.nn.softmax(layers.logits(tf.constant(normalized(begun)))).numpy()[0]
    network = CycleNetwork(convert_cycle_network(layers), DELAY_FRAMES)
    streamed = network.push(BANDS[0, :395])
    assert network.chunk_frames == CHUNK_FRAMES
    assert np.abs(streamed - whole[LEAD_FRAMES + DELAY_FRAMES :]).max() < 1e-5
    assert whole.max() > 0.9


def test_a_network_that_hears_other_chunks_says_the_same(layers: CycleLayers) -> None:
    """One of 20 frames, as older bundles have it: half a second of sound completes whole chunks of it too."""
    longer, shorter = (CycleNetwork(convert_cycle_network(layers, size), DELAY_FRAMES) for size in (CHUNK_FRAMES, 20))
    assert shorter.chunk_frames == 20
    for begin, end in ((0, 35), (35, 75), (75, 195)):
        one, other = (network.push(BANDS[0, begin:end]) for network in (longer, shorter))
        assert longer.num_heard == shorter.num_heard == end + LEAD_FRAMES
        assert np.abs(one - other).max() < 1e-5
    assert shorter.check() == pytest.approx(longer.check(), abs=1e-5)


def test_nothing_is_heard_before_it_sounds(layers: CycleLayers) -> None:
    """A change at one frame changes no output before its pair."""
    changed = BANDS.copy()
    changed[0, 201] += 5
    before, after = (layers.logits(tf.constant(normalized(bands))).numpy()[0] for bands in (BANDS, changed))
    different = np.flatnonzero(np.abs(before - after).max(axis=1) > 0)
    assert different[0] == 200


def test_the_first_guess_is_even() -> None:
    """Before training the four states are about equally likely."""
    probabilities = tf.nn.softmax(CycleLayers(0).logits(tf.constant(normalized(BANDS)))).numpy()
    assert probabilities.max() < 0.9


def test_dropout_follows_its_seed(layers: CycleLayers) -> None:
    """The same seed leaves out the same channels; none are left out without dropout."""
    bands = tf.constant(normalized(BANDS))
    one, same, other = (layers.logits(bands, 0.3, tf.constant([1, seed])).numpy() for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_bands_are_measured_against_their_running_mean() -> None:
    """The first frame is 0; a constant is 0 throughout; a step fades."""
    assert np.abs(normalized(np.full((50, 12), -7.0, np.float32))).max() < 1e-6
    step = np.zeros((800, 12), np.float32)
    step[400:] = 4.0
    values = normalized(step)[:, 0]
    assert values[400] == pytest.approx(2.0, abs=0.02)
    assert 0 < values[-1] < 1.0

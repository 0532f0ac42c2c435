"""The network that segments the cardiac cycle: its layers, its loss, and its conversion to LiteRT with a memory.

A stack of causal, dilated convolutions with residual connections over pairs of frames. Each layer is one product of
matrices over three moments of the past, which a CPU trains fast, and which needs of the past only those moments: in
LiteRT they are the network's memory. The bands are measured against their own running mean, so that neither the
loudness nor the colour of a device counts.
Source: the form of the layers is that of van den Oord et al., "WaveNet", 2016, and Bai et al., "An Empirical
Evaluation of Generic Convolutional and Recurrent Networks for Sequence Modeling", 2018.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.features.sound_bands import NUM_BANDS
from monitor.inference.segmentation.cycle_network import CHUNK_FRAMES, NUM_STATES

__all__ = ["DELAY_FRAMES", "PAIR", "CycleLayers", "convert_cycle_network", "normalized"]

PAIR = 2
"""Frames that a step of the layers hears, and speaks of, together."""
CHANNELS = 48
DILATIONS = (1, 2, 4, 8, 16, 32, 64)
"""In pairs of frames; the layers together hear 6.4 s of the past."""
TAPS = 3
BLOCK_GAIN, LAST_GAIN = 0.5, 0.1
"""Of the initial weights: small where values are added up, so that the first loss is that of a guess."""
DELAY_FRAMES = 14
"""Frames that the network hears beyond the ones it speaks of: 0.175 s. With the other frame of the pair, half a frame
of 32 ms and the 75 ms of the decoder, a heart sound is decided 0.295 s after its middle."""
MEAN_FRAMES = 320.0
"""Time constant of the running mean: 4 s."""
SPREAD = 2.0
"""What the bands are divided by, for numbers near 1."""
DECAY = float(np.exp(-1.0 / MEAN_FRAMES))


class CycleLayers(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """The layers from normalized bands to logits.

    Parameters
    ----------
    seed : int
        Of the initial weights.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        self.first = _Dense(rng, PAIR * PAIR * NUM_BANDS, CHANNELS)
        self.blocks = [_Dense(rng, TAPS * CHANNELS, CHANNELS, BLOCK_GAIN) for _ in DILATIONS]
        self.hidden = _Dense(rng, CHANNELS, CHANNELS)
        self.last = _Dense(rng, CHANNELS, PAIR * NUM_STATES, LAST_GAIN)

    def logits(self, bands: Any, dropout: float = 0.0, mask_seed: Any = None) -> Any:
        """Return the logits of whole sounds, ``(sounds, frames, 4)``, :data:`DELAY_FRAMES` late.

        Parameters
        ----------
        bands : tensor, shape (sounds, frames, 12)
            Normalized; an even number of frames.
        dropout : float
            Share of the channels that are left out of each block, for training.
        mask_seed : tensor, shape (2,), int, or None
            Of what is left out.
        """
        sounds, frames = tf.shape(bands)[0], tf.shape(bands)[1]
        pairs = tf.reshape(bands, (sounds, frames // PAIR, PAIR * NUM_BANDS))
        values = tf.nn.relu(self.first(_taps(pairs, PAIR, 1)))
        for index, (block, dilation) in enumerate(zip(self.blocks, DILATIONS, strict=True)):
            new = tf.nn.relu(block(_taps(values, TAPS, dilation)))
            if dropout:
                seed = mask_seed + index
                keep = tf.random.stateless_uniform((sounds, 1, CHANNELS), seed) >= dropout
                new *= tf.cast(keep, tf.float32) / (1.0 - dropout)
            values += new
        return tf.reshape(self.last(tf.nn.relu(self.hidden(values))), (sounds, frames, NUM_STATES))


class _Dense(tf.Module):  # type: ignore[misc]
    """A product with a matrix, and a bias."""

    def __init__(self, rng: np.random.Generator, rows: int, columns: int, gain: float = 1.0) -> None:
        super().__init__()
        scale = gain * np.sqrt(2.0 / rows)
        self.weights = tf.Variable(rng.standard_normal((rows, columns)).astype(np.float32) * np.float32(scale))
        self.bias = tf.Variable(np.zeros(columns, np.float32))

    def __call__(self, values: Any) -> Any:
        """Return the product."""
        return tf.tensordot(values, self.weights, 1) + self.bias


def _taps(values: Any, taps: int, dilation: int) -> Any:
    """Return each moment beside those before it, the oldest first: ``(sounds, moments, taps * channels)``."""
    past = (taps - 1) * dilation
    padded = tf.pad(values, ((0, 0), (past, 0), (0, 0)))
    moments = tf.shape(values)[1]
    return tf.concat([padded[:, tap * dilation : tap * dilation + moments] for tap in range(taps)], axis=-1)


def normalized(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return bands less their running mean, as the network in LiteRT hears them.

    Parameters
    ----------
    bands : ndarray, shape (..., frames, 12)
    """
    result = np.empty(bands.shape, np.float32)
    total, weight = np.zeros((*bands.shape[:-2], NUM_BANDS)), 0.0
    for frame in range(bands.shape[-2]):
        total = total * DECAY + bands[..., frame, :]
        weight = weight * DECAY + 1.0
        result[..., frame, :] = (bands[..., frame, :] - total / weight) / SPREAD
    return result


def convert_cycle_network(layers: CycleLayers, chunk_frames: int = CHUNK_FRAMES) -> bytes:
    """Return the content of a LiteRT file that hears a chunk of frames and its memory of those before.

    Parameters
    ----------
    layers : CycleLayers
    chunk_frames : int
        Even; the longer the chunk, the fewer calls, each of which comes later.
    """
    streaming = _Streaming(layers, chunk_frames)
    signature = [
        tf.TensorSpec((chunk_frames, NUM_BANDS), tf.float32, "bands"),
        tf.TensorSpec((streaming.num_memory,), tf.float32, "memory"),
    ]
    function = tf.function(streaming.step).get_concrete_function(*signature)
    with contextlib.redirect_stdout(io.StringIO()):
        return bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], streaming).convert())


class _Streaming(tf.Module):  # type: ignore[misc]
    """The layers with constant weights, a chunk at a time."""

    def __init__(self, layers: CycleLayers, chunk_frames: int) -> None:
        super().__init__()
        self.frames = chunk_frames
        self.dense = {
            name: (tf.constant(layer.weights.numpy()), tf.constant(layer.bias.numpy()))
            for name, layer in [
                ("first", layers.first),
                *((f"block{index}", block) for index, block in enumerate(layers.blocks)),
                ("hidden", layers.hidden),
                ("last", layers.last),
            ]
        }
        past = [(PAIR - 1, PAIR * NUM_BANDS), *(((TAPS - 1) * dilation, CHANNELS) for dilation in DILATIONS)]
        self.shapes = [(NUM_BANDS,), (1,), *past]
        self.num_memory = sum(int(np.prod(shape)) for shape in self.shapes)
        age = np.arange(chunk_frames)
        self.decay = DECAY ** (age + 1.0)
        self.sums = np.tril(DECAY ** (age[:, None] - age[None, :]).clip(0)).astype(np.float32)

    def step(self, bands: Any, memory: Any) -> tuple[Any, Any]:
        """Return the probabilities and the new memory."""
        total, weight, *pasts = self._unpacked(memory)
        totals = tf.matmul(self.sums, bands) + self.decay[:, None].astype(np.float32) * total[None]
        weights = (self.sums.sum(axis=1) + self.decay.astype(np.float32) * weight)[:, None]
        values = tf.reshape((bands - totals / weights) / SPREAD, (self.frames // PAIR, PAIR * NUM_BANDS))
        kept = [totals[-1], weights[-1]]
        values, past = self._layer("first", values, pasts[0], PAIR, 1)
        kept.append(past)
        for index, dilation in enumerate(DILATIONS):
            new, past = self._layer(f"block{index}", values, pasts[index + 1], TAPS, dilation)
            kept.append(past)
            values += new
        logits = self._product("last", tf.nn.relu(self._product("hidden", values)))
        probabilities = tf.nn.softmax(tf.reshape(logits, (self.frames, NUM_STATES)))
        return probabilities, tf.concat([tf.reshape(one, (-1,)) for one in kept], 0)

    def _unpacked(self, memory: Any) -> list[Any]:
        """Return the parts of the memory."""
        parts, begin = [], 0
        for shape in self.shapes:
            count = int(np.prod(shape))
            parts.append(tf.reshape(memory[begin : begin + count], shape))
            begin += count
        return parts

    def _layer(self, name: str, values: Any, past: Any, taps: int, dilation: int) -> tuple[Any, Any]:
        """Return the output of a layer, and what it needs of its input later."""
        whole = tf.concat([past, values], 0)
        moments = self.frames // PAIR
        joined = tf.concat([whole[tap * dilation : tap * dilation + moments] for tap in range(taps)], -1)
        return tf.nn.relu(self._product(name, joined)), whole[moments:]

    def _product(self, name: str, values: Any) -> Any:
        """Return the product of a layer."""
        weights, bias = self.dense[name]
        return tf.matmul(values, weights) + bias

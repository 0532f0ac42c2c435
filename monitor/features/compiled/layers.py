"""The layers of the network that segments the cardiac cycle, in C.

What they are is in :mod:`monitor.inference.segmentation.cycle_layers`, which reads them from a file of LiteRT.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

__all__ = ["CHANNELS", "PAIR", "TAPS", "CycleLayers", "LayersKernel", "fits", "layers_kernel"]

CHANNELS, TAPS, PAIR = 48, 3, 2
"""Numbers that a layer gives at each moment; moments that a block hears; frames of a moment."""
MAX_BANDS, MAX_MOMENTS, MAX_BLOCKS = 12, 64, 8
"""What the buffers in C hold."""
MOMENTS_AT_A_TIME = 4
NUM_STATES = 4


class CycleLayers(NamedTuple):
    """The weights of the network: matrices of shape (inputs, outputs) and biases, all float32.

    Attributes
    ----------
    decay : float
        Of the running mean of the bands, from frame to frame.
    per_spread : float
        What the bands less their mean are multiplied by.
    first, first_bias : ndarray, shape (4 * bands, 48) and (48,)
    blocks, block_biases : ndarray, shape (blocks, 144, 48) and (blocks, 48)
        With dilations of 1, 2, 4, ... moments.
    hidden, hidden_bias : ndarray, shape (48, 48) and (48,)
    last, last_bias : ndarray, shape (48, 8) and (8,)
        The logits of two frames.
    """

    decay: float
    per_spread: float
    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    blocks: NDArray[np.float32]
    block_biases: NDArray[np.float32]
    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    last: NDArray[np.float32]
    last_bias: NDArray[np.float32]

    @property
    def frames_back(self) -> int:
        """Frames of the past that the blocks hear."""
        moments: int = 1 + (TAPS - 1) * (2 ** len(self.blocks) - 1)
        return PAIR * moments


class _Settings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("num_moments", "num_blocks")),
        *((name, ctypes.c_float) for name in ("per_spread", "unused")),
        ("decay", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in CycleLayers._fields[2:]),
    )


class _State(ctypes.Structure):
    _fields_ = (
        ("heard", ctypes.c_int64),
        ("weight", ctypes.c_double),
        ("totals", ctypes.c_double * MAX_BANDS),
        ("before", ctypes.c_float * (PAIR * MAX_BANDS)),
        ("pasts", ctypes.c_void_p),
    )


class LayersKernel:
    """Runs the layers on one sound, chunk by chunk.

    Parameters
    ----------
    opened : PyDLL
    layers : CycleLayers
        Contiguous; may be shared.
    chunk_frames : int

    Attributes
    ----------
    settings_at, state_at : int
        Where its settings lie in memory, and what it remembers of the sound.
    chunk_frames, num_bands : int
        Shape of what it hears.
    """

    def __init__(self, opened: ctypes.PyDLL, layers: CycleLayers, chunk_frames: int) -> None:
        self._layers = layers
        num_blocks = len(layers.blocks)
        self.chunk_frames = chunk_frames
        self.num_bands = len(layers.first) // (PAIR * PAIR)
        self._settings = _Settings(
            chunk_frames // PAIR, num_blocks, layers.per_spread, 0.0, layers.decay, *map(address, layers[2:])
        )
        self._pasts = np.zeros(((TAPS - 1) * (2**num_blocks - 1), CHANNELS), np.float32)
        self._run = opened.auscult_layers
        self._state = _State()
        self.settings_at, self.state_at = ctypes.addressof(self._settings), ctypes.addressof(self._state)
        self.clear()

    def clear(self) -> None:
        """Forget the sound: another one begins."""
        self._pasts.fill(0.0)
        ctypes.pointer(self._state)[0] = _State(pasts=address(self._pasts))

    def hear(self, frames: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Return the probabilities of a chunk of frames, ``(chunk_frames, 4)``; None where one is not finite.

        Parameters
        ----------
        frames : ndarray, shape (chunk_frames, bands), float32
            Contiguous.
        """
        probabilities = np.empty((self.chunk_frames, NUM_STATES), np.float32)
        run = self._run(self.settings_at, self.state_at, address(frames), self.num_bands, address(probabilities))
        return probabilities if run else None


def fits(layers: CycleLayers, chunk_frames: int) -> bool:
    """Return whether layers and chunk are of the sizes that C was written for."""
    bands, blocks = len(layers.first) // (PAIR * PAIR), len(layers.blocks)
    shapes = (
        (PAIR * PAIR * bands, CHANNELS),
        (CHANNELS,),
        (blocks, TAPS * CHANNELS, CHANNELS),
        (blocks, CHANNELS),
        (CHANNELS, CHANNELS),
        (CHANNELS,),
        (CHANNELS, PAIR * NUM_STATES),
        (PAIR * NUM_STATES,),
    )
    return (
        tuple(part.shape for part in layers[2:]) == shapes
        and all(part.dtype == np.float32 and part.flags.c_contiguous for part in layers[2:])
        and 0 < bands <= MAX_BANDS
        and 0 < blocks <= MAX_BLOCKS
        and not chunk_frames % (MOMENTS_AT_A_TIME * PAIR)
        and 0 < chunk_frames // PAIR <= MAX_MOMENTS
    )


def layers_kernel(layers: CycleLayers | None, chunk_frames: int) -> LayersKernel | None:
    """Return a kernel for one sound as :class:`LayersKernel`; None where LiteRT must do it."""
    opened = library()
    if opened is None or layers is None or not fits(layers, chunk_frames):
        return None
    return LayersKernel(opened, layers, chunk_frames)

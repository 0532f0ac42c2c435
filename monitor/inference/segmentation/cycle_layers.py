"""The weights of the network that segments the cardiac cycle, out of its LiteRT file: so that C can run it too.

LiteRT runs such a small network in a hundred operations, half of which move its memory. In C the same layers take half
of the time. A file that holds another network, or whose layers do not give what LiteRT gives, is left to LiteRT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.layers import CHANNELS, TAPS, CycleLayers

__all__ = ["read_layers"]

DENSE = "FULLY_CONNECTED"
SCALED = "MUL"
MAX_DECAY = 1.0


def read_layers(interpreter: Any) -> CycleLayers | None:
    """Return the weights of a network; None where it is not of the form that is trained today.

    Parameters
    ----------
    interpreter : ai_edge_litert.interpreter.Interpreter
        Of the network, with its tensors allocated.
    """
    operations = getattr(interpreter, "_get_ops_details", None)
    if operations is None:
        return None
    listed = operations()
    try:
        mean, *dense = [_weights(interpreter, one) for one in listed if one["op_name"] == DENSE]
        per_spread = _single_factor(interpreter, [one for one in listed if one["op_name"] == SCALED])
    except (KeyError, IndexError, ValueError, RuntimeError):
        return None
    if len(dense) < 4 or per_spread is None or any(bias is None for _, bias in dense):
        return None
    first, *blocks, hidden, last = dense
    decay = _decay(mean[0])
    if decay is None or any(matrix.shape != (TAPS * CHANNELS, CHANNELS) for matrix, _ in blocks):
        return None
    matrices, biases = zip(*blocks, strict=True)
    return CycleLayers(decay, per_spread, *first, np.stack(matrices), np.stack(biases), *hidden, *last)


def _weights(interpreter: Any, operation: dict[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the matrix of a dense layer, shape (inputs, outputs), and its bias."""
    _, matrix, bias = (int(index) for index in operation["inputs"])
    values = np.ascontiguousarray(interpreter.get_tensor(matrix).T, np.float32)
    return values, None if bias < 0 else np.ascontiguousarray(interpreter.get_tensor(bias), np.float32)


def _single_factor(interpreter: Any, products: list[dict[str, Any]]) -> float | None:
    """Return the one number that something is multiplied by; None unless there is one such product."""
    shapes = {int(tensor["index"]): tuple(tensor["shape"]) for tensor in interpreter.get_tensor_details()}
    factors = [int(index) for one in products for index in one["inputs"] if shapes[int(index)] == ()]
    return float(interpreter.get_tensor(factors[0])) if len(factors) == 1 else None


def _decay(sums: NDArray[np.float32]) -> float | None:
    """Return the decay of the running mean, given the weights of the frames of a chunk in each of its means.

    None where they do not decay exponentially.
    """
    frames = np.arange(len(sums))
    if sums.shape != (len(frames), len(frames)) or len(frames) < 2 or not 0.0 < sums[0, -1] < MAX_DECAY:
        return None
    decay = float(sums[0, -1]) ** (1.0 / (len(frames) - 1))
    expected = np.triu(decay ** (frames[None, :] - frames[:, None]).clip(0))
    return decay if np.abs(sums - expected).max() < 1e-6 else None

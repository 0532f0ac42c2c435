"""The weights of the network that segments the cardiac cycle, out of its LiteRT file: so that C can run it too.

LiteRT runs such a small network in a hundred operations, half of which move its memory. In C the same layers take half
of the time. A file that holds another network, or whose layers do not give what LiteRT gives, is left to LiteRT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.layers import CycleLayers

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
        mean, first, *blocks, hidden, last = [one for one in listed if one["op_name"] == DENSE]
        return CycleLayers(
            decay=_decay(_matrix(interpreter, mean)),
            per_spread=_single_factor(interpreter, [one for one in listed if one["op_name"] == SCALED]),
            first=_matrix(interpreter, first),
            first_bias=_bias(interpreter, first),
            blocks=np.stack([_matrix(interpreter, block) for block in blocks]),
            block_biases=np.stack([_bias(interpreter, block) for block in blocks]),
            hidden=_matrix(interpreter, hidden),
            hidden_bias=_bias(interpreter, hidden),
            last=_matrix(interpreter, last),
            last_bias=_bias(interpreter, last),
        )
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, RuntimeError):  # another network or LiteRT
        return None


def _matrix(interpreter: Any, operation: dict[str, Any]) -> NDArray[np.float32]:
    """Return the matrix of a dense layer, shape (inputs, outputs)."""
    return np.ascontiguousarray(interpreter.get_tensor(int(operation["inputs"][1])).T, np.float32)


def _bias(interpreter: Any, operation: dict[str, Any]) -> NDArray[np.float32]:
    """Return the bias of a dense layer, shape (outputs,).

    Raises
    ------
    ValueError
        If it has none.
    """
    index = int(operation["inputs"][2])
    if index < 0:
        raise ValueError("a layer must have a bias")
    return np.ascontiguousarray(interpreter.get_tensor(index), np.float32)


def _single_factor(interpreter: Any, products: list[dict[str, Any]]) -> float:
    """Return the one number that something is multiplied by.

    Raises
    ------
    ValueError
        Unless there is one such product.
    """
    places = [int(index) for product in products for index in product["inputs"]]
    (factor,) = [index for index in places if not len(interpreter._get_tensor_details(index, 0)["shape"])]
    return float(interpreter.get_tensor(factor))


def _decay(sums: NDArray[np.float32]) -> float:
    """Return the decay of the running mean, given the weights of the frames of a chunk in each of its means.

    Raises
    ------
    ValueError
        If they do not decay exponentially.
    """
    frames = np.arange(len(sums))
    if sums.shape == (len(frames), len(frames)) and len(frames) > 1 and 0.0 < sums[0, -1] < MAX_DECAY:
        decay: float = float(sums[0, -1]) ** (1.0 / (len(frames) - 1))
        if np.abs(sums - np.triu(decay ** (frames[None, :] - frames[:, None]).clip(0))).max() < 1e-6:
            return decay
    raise ValueError("weights of a running mean must decay from frame to frame")

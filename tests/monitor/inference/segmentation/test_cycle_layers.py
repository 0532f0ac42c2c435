"""The layers that are read from a LiteRT file are those of the network, and no other file is taken for one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.engine import LiteRTEngine
from monitor.inference.segmentation.cycle_layers import read_layers


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Return the default bundle."""
    return load_bundle()


@pytest.fixture(scope="module")
def interpreter(bundle: Bundle) -> Any:
    """Return LiteRT's interpreter of its network for S1 and S2."""
    assert bundle.segmentation is not None
    return bundle.segmentation.network._interpreter


class Changed:
    """An interpreter with other operations or other values."""

    def __init__(self, interpreter: Any, operations: list[dict[str, Any]], factor: float = 1.0) -> None:
        self._interpreter, self._operations, self._factor = interpreter, operations, factor

    def _get_ops_details(self) -> list[dict[str, Any]]:
        return self._operations

    def _get_tensor_details(self, index: int, subgraph: int) -> dict[str, Any]:
        details: dict[str, Any] = self._interpreter._get_tensor_details(index, subgraph)
        return details

    def get_tensor(self, index: int) -> np.ndarray:
        """Return the values times a factor."""
        return np.asarray(self._interpreter.get_tensor(index) * np.float32(self._factor))


def test_the_layers_are_those_that_are_trained(interpreter: Any) -> None:
    """Seven blocks, a mean over 4 s, bands halved."""
    layers = read_layers(interpreter)
    assert layers is not None
    assert layers.blocks.shape == (7, 144, 48)
    assert layers.first.shape == (48, 48)
    assert layers.last.shape == (48, 8)
    assert layers.decay == pytest.approx(np.exp(-1.0 / 320.0), rel=1e-8)
    assert layers.per_spread == 0.5
    assert layers.frames_back == 2 * (1 + 2 * 127)


def test_another_network_has_none(bundle: Bundle) -> None:
    """Not even the classifier, which has dense layers too."""
    assert isinstance(bundle.engine, LiteRTEngine)
    assert read_layers(bundle.engine._interpreter) is None


def test_an_interpreter_that_lists_nothing_has_none() -> None:
    """An older or a newer one."""
    assert read_layers(object()) is None


@pytest.mark.parametrize("missing", ["FULLY_CONNECTED", "MUL"])
def test_without_its_operations_there_are_none(interpreter: Any, missing: str) -> None:
    """A part of them is no network."""
    kept = [one for one in interpreter._get_ops_details() if one["op_name"] != missing]
    assert read_layers(Changed(interpreter, kept)) is None
    assert read_layers(Changed(interpreter, interpreter._get_ops_details())) is not None


def test_a_mean_that_does_not_decay_is_not_taken_for_one(interpreter: Any) -> None:
    """Weights of twice the size are no running mean."""
    assert read_layers(Changed(interpreter, interpreter._get_ops_details(), 2.0)) is None

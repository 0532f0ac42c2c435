"""Engines that run a bundle's network on one input image: LiteRT, with float or int8 weights, or Keras.

An interpreter holds the image of one call, so an engine runs one image at a time: a second thread waits. Whoever scores
a sound takes a :meth:`Engine.copy`, which never waits. TensorFlow is imported only by :class:`KerasEngine`, which
exists to compare and to debug.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BundleError, missing_tensorflow
from monitor.labels import DEFAULT_ENGINE
from monitor.process.native_stderr import discard_native_stderr

__all__ = ["ENGINES", "INT8_ENGINE", "Engine", "KerasEngine", "LiteRTEngine"]

INT8_ENGINE = "litert-int8"

ENGINES = {DEFAULT_ENGINE: "model.tflite", INT8_ENGINE: "model-int8.tflite", "keras": "model.keras"}
"""What may run a bundle's network, and the file of the bundle that each runs."""

PER_OUTPUT = {"CONV_2D": slice(1, None), "DEPTHWISE_CONV_2D": slice(1, 3), "FULLY_CONNECTED": slice(1, None)}
"""Operation, and the axes of its weights whose product is the multiplications for one number of its output."""


class Engine(Protocol):
    """Runs a network on one input image."""

    def outputs(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's outputs ``(outputs,)`` for one input image ``(64, 64, channels)``."""

    def copy(self) -> Engine:
        """Return an engine with the same network that runs at the same time as this one."""


class LiteRTEngine:
    """The network in LiteRT, on one thread.

    Parameters
    ----------
    content : bytes
        A ``.tflite`` file.

    Raises
    ------
    BundleError
        If LiteRT does not accept the file.
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._content = content
        self._lock = threading.Lock()
        try:
            with discard_native_stderr():
                self._interpreter: Any = Interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
            input_details = self._interpreter.get_input_details()[0]
            output_details = self._interpreter.get_output_details()[0]
        except (ValueError, RuntimeError, IndexError) as error:  # IndexError: without input or output
            raise BundleError("the network is not one that LiteRT can run", "train the bundle again") from error
        self._input, self._output = int(input_details["index"]), int(output_details["index"])
        self.shape: tuple[int, ...] = tuple(int(size) for size in input_details["shape"][1:])
        self.num_outputs = int(output_details["shape"][-1]) if len(output_details["shape"]) else 0

    def outputs(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's outputs for one input image.

        Parameters
        ----------
        image : ndarray, shape (64, 64, channels), float32

        Returns
        -------
        ndarray, shape (outputs,), float32
        """
        with self._lock:
            self._interpreter.set_tensor(self._input, image[np.newaxis])
            self._interpreter.invoke()
            result: NDArray[np.float32] = self._interpreter.get_tensor(self._output)[0]
        return result

    def copy(self) -> LiteRTEngine:
        """Return another interpreter of the same network: 2 ms, 1.5 MB."""
        return LiteRTEngine(self._content)

    def multiplications(self) -> int:
        """Return how often one run multiplies in convolutions and dense layers; 0 where LiteRT does not list them."""
        details = getattr(self._interpreter, "_get_ops_details", None)
        shapes = {int(tensor["index"]): tensor["shape"] for tensor in self._interpreter.get_tensor_details()}
        count = 0
        for operation in details() if details is not None else ():
            inputs, outputs = operation["inputs"], operation["outputs"]
            taken = PER_OUTPUT.get(operation["op_name"])
            if taken is not None:
                count += int(np.prod(shapes[int(outputs[0])])) * int(np.prod(shapes[int(inputs[1])][taken]))
        return count

    def invoke(self) -> None:
        """Run the network on the image that was set last; ``auscult bench`` compares a hop with it."""
        with self._lock:
            self._interpreter.invoke()


class KerasEngine:
    """The same network in Keras.

    Parameters
    ----------
    path : Path
        A ``.keras`` file.

    Raises
    ------
    MissingExtraError
        If TensorFlow is not installed.
    """

    def __init__(self, path: Path) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            with discard_native_stderr():
                import keras

                import monitor.inference.networks  # noqa: F401  # registers the layers in Keras
        except ImportError as error:
            raise missing_tensorflow("--engine keras") from error
        self._lock = threading.Lock()
        with discard_native_stderr():
            self._model: Any = keras.models.load_model(path, compile=False)

    def outputs(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's outputs for one input image, as :meth:`LiteRTEngine.outputs`."""
        with self._lock:
            result: NDArray[np.float32] = np.asarray(self._model(image[np.newaxis], training=False))[0]
        return result

    def copy(self) -> KerasEngine:
        """Return this engine: Keras takes a second to load a network, and a comparison can wait."""
        return self

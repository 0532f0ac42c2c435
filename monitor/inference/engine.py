"""Engines that run a bundle's network on one input image: LiteRT with float or int8 weights, ONNX Runtime, or Keras.

An interpreter holds the image of one call, so an engine runs one image at a time: a second thread waits. Whoever scores
a sound takes a :meth:`Engine.copy`, which never waits. TensorFlow is imported only by :class:`KerasEngine`, which
exists to compare and to debug.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BundleError, check_installed, missing_tensorflow
from monitor.labels import DEFAULT_ENGINE, ENGINES, INT8_ENGINE, KERAS_ENGINE, ONNX_ENGINE
from monitor.process.native_stderr import discard_native_stderr

__all__ = [
    "ENGINES",
    "INT8_ENGINE",
    "KERAS_ENGINE",
    "ONNX_ENGINE",
    "OPTIONAL_NETWORKS",
    "Engine",
    "KerasEngine",
    "LiteRTEngine",
    "OnnxEngine",
    "network_file",
    "open_engine",
]

OPTIONAL_NETWORKS = {
    ENGINES[INT8_ENGINE]: ("int8 network", "add one: python -m training.export.int8 {path}"),
    ENGINES[ONNX_ENGINE]: ("ONNX network", "add one: auscult models export {path} --to onnx"),
    ENGINES[KERAS_ENGINE]: ("Keras network", "install or pull the bundle again with --keras"),
}
"""Networks that a bundle need not have: what each is called, and how the bundle at ``path`` gets it."""

EXTERNAL_WEIGHTS = b"location"
"""The key in an ``.onnx`` file under which a tensor names another file as the place of its values."""

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


class OnnxEngine:
    """The same network in ONNX Runtime, on one thread of the processor.

    Parameters
    ----------
    content : bytes
        An ``.onnx`` file that holds its own weights.

    Raises
    ------
    BundleError
        If ONNX Runtime does not accept the file, or it keeps weights in other files.
    MissingExtraError
        If ONNX Runtime is not installed.
    """

    def __init__(self, content: bytes) -> None:
        check_installed("onnxruntime", "--engine onnx", "onnx")
        import onnxruntime

        if EXTERNAL_WEIGHTS in content:  # it would have other files read
            raise BundleError("the ONNX network keeps weights in other files", "export it again with its weights")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # it would write errors to standard error itself
        try:
            self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            (self._input,) = (value.name for value in self._session.get_inputs())
        except Exception as error:  # ONNX Runtime raises classes of its own, with Exception as their only base
            raise BundleError("the network is not one that ONNX Runtime can run", "export it again") from error

    def outputs(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's outputs for one input image, as :meth:`LiteRTEngine.outputs`."""
        try:
            result: NDArray[np.float32] = self._session.run(None, {self._input: image[np.newaxis]})[0][0]
        except Exception as error:  # as above
            raise BundleError("ONNX Runtime cannot run the network on an input image", "export it again") from error
        return result

    def copy(self) -> OnnxEngine:
        """Return this engine: a session of ONNX Runtime runs any number of images at the same time."""
        return self


class KerasEngine:
    """The same network in Keras.

    Parameters
    ----------
    path : Path
        A ``.keras`` file.

    Attributes
    ----------
    network : keras.Model

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
            self.network: Any = keras.models.load_model(path, compile=False)

    def outputs(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's outputs for one input image, as :meth:`LiteRTEngine.outputs`."""
        with self._lock:
            result: NDArray[np.float32] = np.asarray(self.network(image[np.newaxis], training=False))[0]
        return result

    def copy(self) -> KerasEngine:
        """Return this engine: Keras takes a second to load a network, and a comparison can wait."""
        return self


def open_engine(name: str, folder: Path, contents: Mapping[str, bytes]) -> Engine:
    """Return the engine of a name with the network of a bundle.

    Parameters
    ----------
    name : str
        One of :data:`ENGINES`.
    folder : Path
        Of the bundle; only Keras reads its file there itself.
    contents : mapping
        From the names of the bundle's files to their content.

    Raises
    ------
    BundleError
        If the engine does not accept the network.
    MissingExtraError
        If what the engine needs is not installed.
    """
    if name == KERAS_ENGINE:
        return KerasEngine(folder / ENGINES[name])
    return (OnnxEngine if name == ONNX_ENGINE else LiteRTEngine)(contents[ENGINES[name]])


def network_file(name: str) -> str:
    """Return the file whose digest says which network an engine runs; what Keras runs is the float network."""
    return ENGINES[DEFAULT_ENGINE if name == KERAS_ENGINE else name]

"""A bundle's network as an ONNX file, for ``--engine onnx`` and for programs that run ONNX.

It is converted from ``model.keras``; nothing is trained, and ``model.tflite`` stays as it is. Needs the extras
``train`` and ``onnx``.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError, BundleError, check_installed, reason_of
from monitor.inference.bundle import TOLERANCE, Bundle, load_bundle
from monitor.inference.bundle_files import read_check, read_file
from monitor.inference.bundle_folders import move_into_place
from monitor.inference.engine import ENGINES, KERAS_ENGINE, ONNX_ENGINE, OnnxEngine
from monitor.labels import DEFAULT_ENGINE
from monitor.process.native_stderr import discard_native_stderr

__all__ = ["add_onnx", "write_onnx"]

OPSET = 17
"""Version of the ONNX operators; ONNX Runtime has read it since 1.12."""

COMPARED_IMAGES = 32
CHECK_SEED = 20_111


def write_onnx(folder: Path, out: Path) -> float:
    """Write the network of a bundle as an ONNX file; return the largest difference of a score from LiteRT's.

    Its input ``picture`` is an input image ``(1, rows, columns, channels)``, float32; its output ``outputs`` is what
    the bundle's calibration turns into scores, a number per label and perhaps one for non-cardiac sounds.

    Parameters
    ----------
    folder : Path
        Of the bundle, which stays as it is.
    out : Path
        Is replaced where it exists.

    Raises
    ------
    MissingExtraError
        If TensorFlow, tf2onnx or ONNX Runtime is not installed.
    BundleError
        If the bundle does not load or has no Keras network, or the scores differ by more than the self-check allows.
    AuscultError
        If the file cannot be written.
    """
    bundle = load_bundle(folder)
    content = _convert(folder, bundle)
    difference = _largest_difference(bundle, OnnxEngine(content))
    if not difference <= TOLERANCE:  # NaN fails too
        raise BundleError(
            f"{folder}: ONNX Runtime and LiteRT give scores {difference:.1e} apart", f"use the engine {DEFAULT_ENGINE}"
        )
    try:
        write_atomic(out, content)
    except OSError as error:
        reason = reason_of(error, out)
        raise AuscultError(f"{out}: cannot be written ({reason})", "choose another path with -o") from error
    return difference


def add_onnx(folder: Path) -> float:
    """Add the ONNX network to a bundle, or make it again; the old bundle is replaced only when the new one has loaded.

    Returns and raises what :func:`write_onnx` does.
    """
    settings = load_bundle(folder).settings
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            copy = Path(shutil.copytree(folder, Path(scratch) / folder.name))
            difference = write_onnx(folder, copy / ENGINES[ONNX_ENGINE])
            from training.export.bundle import sign  # brings TensorFlow, which write_onnx has asked for

            sign(copy, settings, {*settings["sha256"], ENGINES[ONNX_ENGINE]})
            load_bundle(copy, engine=ONNX_ENGINE)
            move_into_place(copy, folder)
    except OSError as error:
        step = "write the file alone with -o, or copy the bundle to ./models"
        raise AuscultError(f"{folder}: cannot be written ({error.strerror})", step) from error
    return difference


def _convert(folder: Path, bundle: Bundle) -> bytes:
    """Return the network of a bundle's ``model.keras`` as the content of an ONNX file."""
    check_installed("onnxruntime", "auscult models export", "onnx")
    check_installed("tf2onnx", "auscult models export", "onnx")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with discard_native_stderr():  # TensorFlow also writes there when it first runs a network
        load_bundle(folder, engine=KERAS_ENGINE)  # says what is missing, TensorFlow or the Keras network
        import tensorflow as tf
        import tf2onnx

        from training.export.bundle import keras_network

        network = keras_network(folder)
        logging.getLogger("tf2onnx").setLevel(logging.ERROR)
        function = tf.function(lambda picture: {"outputs": network(picture, training=False)})
        signature = [tf.TensorSpec((1, *bundle.spec.shape), tf.float32, name="picture")]
        model, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    return bytes(model.SerializeToString())


def _largest_difference(bundle: Bundle, engine: OnnxEngine) -> float:
    """Return how far scores of the two engines are apart, on the check image as it is and changed at random."""
    image, _ = read_check(read_file(bundle.path, "check.npz"), bundle.spec.shape, len(bundle.labels))
    rng = np.random.default_rng(CHECK_SEED)
    changes = np.linspace(0.0, 2.0, COMPARED_IMAGES)[:, None, None, None]
    images = image + changes * rng.standard_normal((COMPARED_IMAGES, *image.shape))
    largest = 0.0
    for one in images.astype(np.float32):
        litert, onnx = (
            bundle.calibration.scores(bundle.outputs(one, which), len(bundle.labels))
            for which in (bundle.engine, engine)
        )
        largest = max(largest, float(np.abs(litert - onnx).max()))
    return largest

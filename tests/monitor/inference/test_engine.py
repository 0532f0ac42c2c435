"""Engines run a network on one image and write nothing to standard error."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.errors import BundleError, MissingExtraError
from monitor.inference.bundle import find_bundle
from monitor.inference.bundle_files import is_bundle_file
from monitor.inference.engine import ENGINES, KerasEngine, LiteRTEngine, OnnxEngine, network_file, open_engine
from monitor.labels import DEFAULT_ENGINE


@pytest.fixture
def content(bundle_dir: Path) -> bytes:
    """Return a network as bytes."""
    return (bundle_dir / "model.tflite").read_bytes()


def images(count: int) -> list[NDArray[np.float32]]:
    """Return images of noise."""
    rng = np.random.default_rng(2)
    return [rng.standard_normal((64, 64, 3)).astype(np.float32) for _ in range(count)]


def test_each_engine_has_a_file_of_the_bundle() -> None:
    """The default runs the float network, and every file is one that a bundle may hold."""
    assert ENGINES[DEFAULT_ENGINE] == "model.tflite"
    assert len(set(ENGINES.values())) == len(ENGINES)
    assert all(map(is_bundle_file, ENGINES.values()))


def test_multiplications_of_the_default_network() -> None:
    """Those of its convolutions and dense layers, added by hand from the shapes of their weights; int8 has as many."""
    folder = find_bundle("heart-sounds")
    beats = 32 * 32 * 8 * 9 + 16 * 16 * 16 * 9 * 8 + 8 * 8 * 32 * 9 * 16 + 4 * 4 * 48 * 9 * 32 + 96
    image = 64 * 64 * 16 * 9 * 2 + 32 * 32 * 40 * 9 * 16 + 16 * 16 * 80 * 9 * 40 + 8 * 8 * 128 * 9 * 80 + 4 * 256
    for name in ("model.tflite", "model-int8.tflite"):
        assert LiteRTEngine((folder / name).read_bytes()).multiplications() == beats + image


def test_the_int8_network_is_repeatable(bundle_dir: Path) -> None:
    """The same image gives the same outputs bit for bit, in another interpreter too."""
    engine = LiteRTEngine((bundle_dir / "model-int8.tflite").read_bytes())
    first, second = images(2)
    before = engine.outputs(first)
    engine.outputs(second)
    np.testing.assert_array_equal(before, engine.outputs(first))
    np.testing.assert_array_equal(before, engine.copy().outputs(first))


def test_shapes(content: bytes) -> None:
    """The engine has the shape of the input and the number of outputs."""
    engine = LiteRTEngine(content)
    assert engine.shape == (64, 64, 3)
    assert engine.num_outputs == 5
    outputs = engine.outputs(images(1)[0])
    assert outputs.shape == (5,)
    assert outputs.dtype == np.float32
    assert np.isfinite(outputs).all()


def test_the_network_runs_on_one_thread(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of the interpreter would compete with those of the monitor and change the rounding."""
    from ai_edge_litert import interpreter

    asked, real = [], interpreter.Interpreter
    monkeypatch.setattr(
        interpreter, "Interpreter", lambda **options: asked.append(options["num_threads"]) or real(**options)
    )
    LiteRTEngine(content)
    assert asked == [1]


def test_outputs_depend_on_the_image_alone(content: bytes) -> None:
    """The same image gives the same outputs bit for bit, whatever was run in between."""
    first, second = images(2)
    engine = LiteRTEngine(content)
    before = engine.outputs(first)
    between = engine.outputs(second)
    after = engine.outputs(first)
    np.testing.assert_array_equal(before, after)
    assert not np.array_equal(before, between)


def test_outputs_are_a_copy(content: bytes) -> None:
    """Returned outputs do not change when the next image is run."""
    engine = LiteRTEngine(content)
    first, second = images(2)
    outputs = engine.outputs(first)
    copy = outputs.copy()
    engine.outputs(second)
    engine.invoke()
    np.testing.assert_array_equal(outputs, copy)


def outputs_by_thread(engines: list[LiteRTEngine] | list[KerasEngine], image_sets: list[Any]) -> list[list[Any]]:
    """Return the outputs of several sets of images, each run by a thread of its own at the same time."""
    together = threading.Barrier(len(engines))

    def run(engine: LiteRTEngine | KerasEngine, image_set: Any) -> list[Any]:
        together.wait(timeout=10)
        return [engine.outputs(image) for image in image_set]

    with ThreadPoolExecutor(len(engines)) as pool:
        return list(pool.map(run, engines, image_sets))


def test_threads_may_share_an_engine(content: bytes) -> None:
    """Four threads on one engine, or on copies of it, get the very outputs of one thread."""
    engine = LiteRTEngine(content)
    image_sets = [images(60)[first::4] * 4 for first in range(4)]
    expected = [[engine.outputs(image) for image in image_set] for image_set in image_sets]
    np.testing.assert_array_equal(outputs_by_thread([engine] * 4, image_sets), expected)
    np.testing.assert_array_equal(outputs_by_thread([engine.copy() for _ in range(4)], image_sets), expected)


def test_a_copy_does_not_wait(content: bytes) -> None:
    """A copy runs while the engine is in use by another thread."""
    engine = LiteRTEngine(content)
    with engine._lock:
        assert np.isfinite(engine.copy().outputs(images(1)[0])).all()


def test_engines_made_at_the_same_time(content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """Standard error works after several threads have made engines at the same time."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(LiteRTEngine, [content] * 40))
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


@pytest.mark.parametrize("shape", [(32, 64, 3), (64, 64, 1), (64, 64)])
def test_refuses_another_shape(content: bytes, shape: tuple[int, ...]) -> None:
    """An image that does not fit the network is refused, not resized."""
    with pytest.raises(ValueError, match=r"(?i)dimension|shape"):
        LiteRTEngine(content).outputs(np.zeros(shape, np.float32))


@pytest.mark.parametrize("content", [b"", b"no network", bytes(4000)])
def test_refuses_bytes_that_are_no_network(content: bytes) -> None:
    """Anything but a network is refused in one line."""
    with pytest.raises(BundleError, match="the network is not one that LiteRT can run; train the bundle again"):
        LiteRTEngine(content)


def test_writes_nothing(content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """The start-up notice of native code is suppressed; standard error works again afterwards."""
    LiteRTEngine(content).outputs(images(1)[0])
    os.write(2, b"still here\n")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "still here\n")


def test_leaves_no_file_open(content: bytes) -> None:
    """Creating engines, also ones that fail, leaks no file descriptors."""
    spare = os.dup(0)
    os.close(spare)
    for _ in range(3):
        LiteRTEngine(content)
        with pytest.raises(BundleError):
            LiteRTEngine(b"no network")
    again = os.dup(0)
    os.close(again)
    assert again == spare


def test_works_without_standard_error(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without standard error can load a network."""

    def no_such_descriptor(number: int) -> int:
        raise OSError(f"{number} is closed")

    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(os, "dup", no_such_descriptor)
    assert LiteRTEngine(content).num_outputs == 5


def test_keras_gives_the_same(bundle_dir: Path, content: bytes) -> None:
    """Keras and LiteRT give the same outputs within 1e-5."""
    pytest.importorskip("tensorflow", reason="the Keras engine needs the training extra")
    keras, litert = KerasEngine(bundle_dir / "model.keras"), LiteRTEngine(content)
    for image in images(3):
        np.testing.assert_allclose(keras.outputs(image), litert.outputs(image), atol=1e-5)


def test_threads_may_share_keras(bundle_dir: Path) -> None:
    """Threads on one Keras engine and its copy get the very outputs of one thread."""
    pytest.importorskip("tensorflow", reason="the Keras engine needs the training extra")
    engine = KerasEngine(bundle_dir / "model.keras")
    image_sets = [images(6)[first::2] for first in range(2)]
    expected = [[engine.outputs(image) for image in image_set] for image_set in image_sets]
    np.testing.assert_array_equal(outputs_by_thread([engine, engine.copy()], image_sets), expected)


def test_keras_is_not_installed(bundle_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the training extra, the Keras engine names what to install."""
    absent: Any = None
    monkeypatch.setitem(sys.modules, "keras", absent)
    with pytest.raises(
        MissingExtraError, match=r"--engine keras needs TensorFlow; pip install 'auscult-monitor\[train\]'"
    ):
        KerasEngine(bundle_dir / "model.keras")


def small_onnx(*, external: bool = False, inputs: int = 1, operator: str = "ReduceSum") -> bytes:
    """Return an ONNX network with the sum of each channel of an image as outputs, times three weights."""
    onnx = pytest.importorskip("onnx", reason="ONNX networks are made with the extra onnx")
    from onnx import TensorProto, helper

    weights = helper.make_tensor("weights", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])
    if external:
        weights.ClearField("float_data")
        weights.data_location = TensorProto.EXTERNAL
        for key, value in (("location", "secret.bin"), ("length", "12")):
            entry = weights.external_data.add()
            entry.key, entry.value = key, value
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    names = ["picture", "other"][:inputs]
    graph = helper.make_graph(
        [
            helper.make_node(operator, ["picture", "axes"], ["sums"], keepdims=0),
            helper.make_node("Mul", ["sums", "weights"], ["outputs"]),
        ],
        "small",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64, 64, 3]) for name in names],
        [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, [1, 3])],
        [weights, axes],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(onnx.ModelProto.SerializeToString(model))


class TestOnnx:
    """ONNX Runtime runs the network of an ``.onnx`` file."""

    @pytest.fixture(autouse=True)
    def runtime(self) -> None:
        """Skip where ONNX Runtime is not installed."""
        pytest.importorskip("onnxruntime", reason="the engine needs the extra onnx")

    def test_outputs(self) -> None:
        """The outputs are what the network computes, of each image that is given."""
        engine = OnnxEngine(small_onnx())
        for image in images(3):
            outputs = engine.outputs(image)
            assert outputs.dtype == np.float32
            expected = image.sum((0, 1), dtype=np.float64) * [1.0, 2.0, 3.0]
            np.testing.assert_allclose(outputs, expected, atol=1e-3)

    def test_copies_run_at_the_same_time(self) -> None:
        """Many threads give what one gives, bit for bit."""
        engine = OnnxEngine(small_onnx())
        several = images(8)
        alone = [engine.outputs(image) for image in several]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda image: engine.copy().outputs(image), several * 4))
        np.testing.assert_array_equal(np.stack(together), np.stack(alone * 4))

    def test_one_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Threads of the runtime would compete with those of the monitor."""
        import onnxruntime

        asked, real = [], onnxruntime.InferenceSession
        monkeypatch.setattr(
            onnxruntime, "InferenceSession", lambda *given, **more: asked.append(given[1]) or real(*given, **more)
        )
        OnnxEngine(small_onnx())
        assert [(options.intra_op_num_threads, options.inter_op_num_threads) for options in asked] == [(1, 1)]

    @pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x08\x3a\x00"])
    def test_no_network(self, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
        """One error, and nothing on standard error."""
        with pytest.raises(BundleError, match="not one that ONNX Runtime can run"):
            OnnxEngine(content)
        assert capfd.readouterr().err == ""

    def test_networks_of_another_kind(self) -> None:
        """An operator that does not exist, or a second input, is refused when the network is opened."""
        for content in (small_onnx(operator="Nonsense"), small_onnx(inputs=2)):
            with pytest.raises(BundleError, match="not one that ONNX Runtime can run"):
                OnnxEngine(content)

    def test_weights_in_another_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A network cannot have a file read as its weights."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "secret.bin").write_bytes(bytes(12))
        with pytest.raises(BundleError, match="keeps weights in other files"):
            OnnxEngine(small_onnx(external=True))

    def test_an_image_that_does_not_fit(self) -> None:
        """It is an error of the bundle, not one of ONNX Runtime's classes."""
        with pytest.raises(BundleError, match="cannot run the network on an input image"):
            OnnxEngine(small_onnx()).outputs(np.zeros((8, 8, 3), np.float32))


def test_onnx_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names what to install."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"--engine onnx needs onnxruntime; pip install .*\[onnx\]"):
        OnnxEngine(b"")


def test_engines_are_opened_by_name(content: bytes, bundle_dir: Path) -> None:
    """Each runs its own file; the digest of what Keras runs is that of the float network."""
    contents = {"model.tflite": content, "model-int8.tflite": (bundle_dir / "model-int8.tflite").read_bytes()}
    image = images(1)[0]
    for name in ("litert", "litert-int8"):
        expected = LiteRTEngine(contents[ENGINES[name]]).outputs(image)
        np.testing.assert_array_equal(open_engine(name, bundle_dir, contents).outputs(image), expected)
    assert [network_file(name) for name in ENGINES] == [
        *("model.tflite", "model-int8.tflite", "model.onnx", "model.tflite")
    ]

"""Engines run a network on one picture and keep quiet about it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.errors import BundleError, MissingExtraError
from monitor.inference.engine import KerasEngine, LiteRTEngine


@pytest.fixture
def content(bundle_dir: Path) -> bytes:
    """Return a network as bytes."""
    return (bundle_dir / "model.tflite").read_bytes()


def pictures(count: int) -> list[NDArray[np.float32]]:
    """Return pictures of noise."""
    rng = np.random.default_rng(2)
    return [rng.standard_normal((64, 64, 3)).astype(np.float32) for _ in range(count)]


def test_shapes(content: bytes) -> None:
    """The engine knows what the network takes and how much it puts out."""
    engine = LiteRTEngine(content)
    assert engine.shape == (64, 64, 3)
    assert engine.num_outputs == 4
    outputs = engine.outputs(pictures(1)[0])
    assert outputs.shape == (4,)
    assert outputs.dtype == np.float32
    assert np.isfinite(outputs).all()


def test_outputs_depend_on_the_picture_alone(content: bytes) -> None:
    """The same picture gives the same outputs to the last bit, whatever was shown between."""
    first, second = pictures(2)
    engine = LiteRTEngine(content)
    before = engine.outputs(first)
    between = engine.outputs(second)
    after = engine.outputs(first)
    np.testing.assert_array_equal(before, after)
    assert not np.array_equal(before, between)


def test_outputs_are_kept(content: bytes) -> None:
    """What was returned does not change when the next picture is shown."""
    engine = LiteRTEngine(content)
    first, second = pictures(2)
    outputs = engine.outputs(first)
    kept = outputs.copy()
    engine.outputs(second)
    engine.invoke()
    np.testing.assert_array_equal(outputs, kept)


@pytest.mark.parametrize("shape", [(32, 64, 3), (64, 64, 1), (64, 64)])
def test_refuses_another_shape(content: bytes, shape: tuple[int, ...]) -> None:
    """A picture that the network does not take is refused, not stretched."""
    with pytest.raises(ValueError, match=r"(?i)dimension|shape"):
        LiteRTEngine(content).outputs(np.zeros(shape, np.float32))


@pytest.mark.parametrize("content", [b"", b"no network", bytes(4000)])
def test_refuses_what_is_no_network(content: bytes) -> None:
    """Bytes that are no network are refused in a line."""
    with pytest.raises(BundleError, match="the network is not one that LiteRT can run; train the bundle again"):
        LiteRTEngine(content)


def test_writes_nothing(content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """Native code writes its notice to standard error; it is not seen, and standard error works again."""
    LiteRTEngine(content).outputs(pictures(1)[0])
    os.write(2, b"still here\n")
    heard = capfd.readouterr()
    assert (heard.out, heard.err) == ("", "still here\n")


def test_leaves_no_file_open(content: bytes) -> None:
    """Making engines, also ones that fail, uses up no file descriptors."""
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
    assert LiteRTEngine(content).num_outputs == 4


def test_keras_gives_the_same(bundle_dir: Path, content: bytes) -> None:
    """Keras and LiteRT give the same outputs within 1e-5."""
    pytest.importorskip("tensorflow", reason="the Keras engine needs the training extra")
    keras, litert = KerasEngine(bundle_dir / "model.keras"), LiteRTEngine(content)
    for picture in pictures(3):
        np.testing.assert_allclose(keras.outputs(picture), litert.outputs(picture), atol=1e-5)


def test_keras_that_is_not_installed(bundle_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the training extra, the Keras engine says what to install."""
    absent: Any = None
    monkeypatch.setitem(sys.modules, "keras", absent)
    with pytest.raises(
        MissingExtraError, match=r"--engine keras needs TensorFlow; pip install 'auscult-monitor\[train\]'"
    ):
        KerasEngine(bundle_dir / "model.keras")

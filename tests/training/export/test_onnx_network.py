"""The ONNX network of a bundle gives the scores of its LiteRT network, or is not written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="the ONNX network is converted with the training extra")
pytest.importorskip("tf2onnx", reason="the ONNX network is converted with the extra onnx")

from monitor.errors import AuscultError, BundleError, MissingExtraError
from monitor.features.article_image import ARTICLE
from monitor.features.spec import HEART
from monitor.features.spectrogram import input_image
from monitor.inference.bundle import load_bundle
from monitor.inference.calibration import Calibration
from monitor.inference.engine import OnnxEngine
from monitor.inference.networks import article_network
from monitor.inference.quality_gate import DEFAULT_GATE
from monitor.inference.thresholds import DecisionThresholds
from training.export import onnx_network
from training.export.bundle import write_bundle
from training.export.onnx_network import add_onnx, write_onnx


@pytest.fixture
def copy(bundle_dir: Path, tmp_path: Path) -> Path:
    """Return a bundle without ONNX network that the test may change."""
    return Path(shutil.copytree(bundle_dir, tmp_path / "bundles" / "copy"))


def content_of(folder: Path) -> dict[str, bytes]:
    """Return every file."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_agrees_with_litert(copy: Path, heart_waveform: NDArray[np.float32], signals: Any) -> None:
    """Added to the bundle, it gives every score within 1e-5, for hearts, silence, noise and a tone; the rest stays."""
    before = content_of(copy)
    assert add_onnx(copy) <= 1e-5
    after = content_of(copy)
    assert {name for name in after if after[name] != before.get(name)} == {"bundle.json", "model.onnx"}
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]
    litert, onnx = load_bundle(copy), load_bundle(copy, engine="onnx")
    assert (onnx.engine_name, type(onnx.engine)) == ("onnx", OnnxEngine)
    assert onnx.model_sha256 not in (litert.model_sha256, "")
    sounds = (heart_waveform[:20_000], signals.silence(20_000), signals.noise(20_000), signals.tone(100.0, 20_000))
    for sound in sounds:
        image = input_image(sound, HEART)
        assert onnx.scores(image) == pytest.approx(litert.scores(image), abs=1e-5)


def test_the_articles_network(tmp_path: Path, tiny_network: Any) -> None:
    """Another network, of other layers and another image, is exported in the same way."""
    folder = write_bundle(
        tmp_path / "article",
        network=article_network(ARTICLE.shape, 3),
        labels=("normal", "murmur", "extrastole"),
        spec=ARTICLE,
        calibration=Calibration(kind="share"),
        decision=DecisionThresholds(uncertain_below=0.5),
        gate=DEFAULT_GATE,
        facts={},
        card="# article\n",
    )
    assert write_onnx(folder, tmp_path / "article.onnx") <= 1e-5


def test_a_file_alone(copy: Path, tmp_path: Path) -> None:
    """The bundle stays as it is; the input and the outputs (labels, non-cardiac, loud) have names and fixed shapes."""
    import onnxruntime

    before = content_of(copy)
    write_onnx(copy, tmp_path / "x.onnx")
    assert content_of(copy) == before
    session = onnxruntime.InferenceSession(tmp_path / "x.onnx")
    assert [(value.name, value.shape) for value in session.get_inputs()] == [("picture", [1, 64, 64, 3])]
    assert [(value.name, value.shape) for value in session.get_outputs()] == [("outputs", [1, 5])]


def test_a_network_that_differs(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the self-check allows, and neither the bundle nor a file is written."""
    monkeypatch.setattr(onnx_network, "TOLERANCE", -1.0)
    before = content_of(copy)
    with pytest.raises(BundleError, match=r"scores .* apart; use the engine litert"):
        add_onnx(copy)
    assert content_of(copy) == before
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_a_bundle_without_keras_network(copy: Path) -> None:
    """One line says how it gets one."""
    from training.export.bundle import sign

    settings = load_bundle(copy).settings
    (copy / "model.keras").unlink()
    sign(copy, settings, [name for name in settings["sha256"] if name != "model.keras"])
    with pytest.raises(BundleError, match=r"has no Keras network; .* install or pull the bundle again with --keras"):
        add_onnx(copy)


def test_what_cannot_be_written(copy: Path, tmp_path: Path) -> None:
    """One line names the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AuscultError, match=r"x\.onnx: cannot be written .*; choose another path with -o"):
        write_onnx(copy, tmp_path / "file" / "x.onnx")


@pytest.mark.parametrize("package", ["tf2onnx", "onnxruntime"])
def test_without_the_extra(copy: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """One line names what to install."""
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"auscult models export needs {package}; pip install .*\[onnx\]"):
        write_onnx(copy, copy / "x.onnx")

"""A bundle of an earlier version is given its int8 network; nothing else in it changes but the card and the digests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the int8 network is converted with the training extra")

from monitor.errors import BundleError, MissingExtraError
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, load_bundle, read_settings
from training.export import bundle as bundle_module
from training.export.bundle import sign
from training.export.int8 import add_int8, main

COMPARED: dict[str, Any] = {
    "compared": [
        {
            "set": "clinic",
            "seen_in_training": False,
            **dict.fromkeys(("recordings", "recordings_with_other_verdict", "recordings_with_other_label"), 3),
            **dict.fromkeys(("windows", "windows_with_other_verdict", "windows_with_other_label"), 50),
            "windows_gated_otherwise": 1,
            "largest_difference": 0.0123,
            "murmur_auc": None,
            "murmur_auc_int8": None,
        }
    ],
    "hop_s": 0.5,
    "times": {
        "invoke_ratio": 0.5,
        "float_hop_to_float_invoke": 1.5,
        "int8_hop_to_float_invoke": 1.0,
        "rounds": 9,
        "cpus": 2,
        "machine": "x86_64",
        "ai_edge_litert_version": "2.3.0",
    },
}


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Return the default bundle as it was before there was an int8 network."""
    folder = Path(shutil.copytree(find_bundle(DEFAULT_BUNDLE), tmp_path / "older"))
    (folder / "model-int8.tflite").unlink()
    with np.load(folder / "check.npz") as check:
        np.savez_compressed(folder / "check.npz", allow_pickle=False, tensor=check["tensor"], scores=check["scores"])
    settings = read_settings(folder)
    settings["metrics"].pop("int8", None)
    sign(folder, settings, [name for name in settings["sha256"] if name != "model-int8.tflite"])
    return folder


def content_of(folder: Path) -> dict[str, bytes]:
    """Return every file."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_that_of_the_shipped_bundle(older: Path) -> None:
    """The same conversion of the same network; the float network stays, byte for byte."""
    before = content_of(older)
    assert add_int8(older)
    after = content_of(older)
    assert {name for name in after if after[name] != before.get(name)} == {
        *("model-int8.tflite", "check.npz", "bundle.json", "CARD.md")
    }
    image = np.random.default_rng(0).standard_normal((64, 64, 3)).astype(np.float32)
    ours, shipped = (load_bundle(model, engine="litert-int8").scores(image) for model in (older, DEFAULT_BUNDLE))
    assert ours == pytest.approx(shipped, abs=1e-3)
    assert [path.name for path in older.parent.iterdir()] == ["older"]
    assert "its metrics on held-out patients come with the next training" in load_bundle(older).card


def test_figures_are_kept_and_on_the_card(older: Path) -> None:
    """What was compared is in bundle.json; made again without figures, the bundle keeps them."""
    assert add_int8(older, COMPARED)
    assert add_int8(older)
    bundle = load_bundle(older)
    assert bundle.settings["metrics"]["int8"] == COMPARED
    assert "## The int8 network" in bundle.card
    assert "| clinic | 3 | 3 | 3 | 50 | 50 | 50 | 1 | 0.012 | - | - |" in bundle.card


def test_a_network_that_differs_too_much(
    older: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then the bundle stays as it was, in one line, and the exit code is 1."""
    monkeypatch.setattr(bundle_module, "MAX_INT8_DIFFERENCE", 1e-9)
    before = content_of(older)
    assert main([str(older)]) == 1
    assert content_of(older) == before
    (line,) = capsys.readouterr().err.splitlines()
    assert "from the float one's: the bundle has none" in line


def test_the_program(older: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names what it wrote; wrong usage is exit code 2, a missing bundle 1."""
    assert main([str(older)]) == 0
    assert capsys.readouterr().out == f"wrote {older / 'model-int8.tflite'}\n"
    assert main([]) == main(["--help"]) == 2
    assert main([str(older / "absent")]) == 1
    assert "absent: no such model bundle" in capsys.readouterr().err


def test_a_damaged_bundle(older: Path) -> None:
    """It is refused before anything is converted."""
    (older / "model.tflite").write_bytes(b"")
    with pytest.raises(BundleError, match=r"model\.tflite is damaged"):
        add_int8(older)


def test_without_tensorflow(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'auscult-monitor\[train\]'"):
        add_int8(older)

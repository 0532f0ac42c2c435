"""A bundle is given its segmentation: nothing else in it changes, and one that cannot be used is not written."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="bundles are written with the training extra")

from monitor.errors import BundleError
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, load_bundle, read_settings
from monitor.inference.segmentation.cycle_network import CycleNetwork
from training.evaluation.bootstrap import Estimate
from training.export.bundle import sign
from training.export.release import rewrite_card
from training.export.segmentation import add_segmentation
from training.recipes.segmentation import SegmentationResult

CHANGED = {"bundle.json", "CARD.md", "segmentation.tflite"}

MEASURED = {"held_out_folds": 1, "held_out_recordings": 1, "held_out_patients": 1}


@pytest.fixture
def result() -> SegmentationResult:
    """Return the shipped network with made figures."""
    bundle = load_bundle()
    facts = {name: bundle.settings["segmentation"][name] for name in ("recipe", "training_data", "patients")}
    facts |= {"annotated_s": 1.0, "total_s": 2.0, "heart_sounds": 7, "swapped_throughout": 0, **MEASURED}
    content = (bundle.path / "segmentation.tflite").read_bytes()
    return SegmentationResult(content, (1.0, 0.0, 0.0, 0.0), 0.5, {"f1_s1": Estimate(0.123, 0.1, 0.2)}, (), facts)


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Return the default bundle as it was before it had a segmentation."""
    folder = Path(shutil.copytree(find_bundle(DEFAULT_BUNDLE), tmp_path / "older"))
    (folder / "segmentation.tflite").unlink()
    settings = read_settings(folder)
    del settings["segmentation"]
    sign(folder, settings, [name for name in settings["sha256"] if name != "segmentation.tflite"])
    rewrite_card(folder)
    return folder


def test_an_older_bundle_loads_and_lacks_it(older: Path) -> None:
    """It finds no S1 and S2, and its card does not speak of them."""
    bundle = load_bundle(older)
    assert bundle.segmentation is None
    assert "S1 and S2" not in bundle.card


def test_it_is_added_and_nothing_else_changes(older: Path, result: SegmentationResult) -> None:
    """The bundle loads with it; only settings, card and the new file differ."""
    before = {path.name: path.read_bytes() for path in older.iterdir() if path.is_file()}
    add_segmentation(older, result, "auscult train circor --segmentation --out models/older")
    after = {path.name: path.read_bytes() for path in older.iterdir() if path.is_file()}
    assert {name for name in after if after[name] != before.get(name)} == CHANGED
    bundle = load_bundle(older)
    assert bundle.segmentation is not None
    assert bundle.segmentation.shown_from == 0.5
    assert "| F1 of S1, within 60 ms | 0.123 (0.100 to 0.200) |" in bundle.card


def test_a_network_that_does_not_load_leaves_the_bundle_as_it_was(older: Path, result: SegmentationResult) -> None:
    """Weights for another kind of evidence are refused by the loading."""
    before = (older / "bundle.json").read_bytes()
    with pytest.raises(BundleError):
        add_segmentation(older, dataclasses.replace(result, weights=(1.0,)), "auscult train")
    assert (older / "bundle.json").read_bytes() == before
    assert not (older / "segmentation.tflite").exists()


def test_a_damaged_network_is_found(older: Path, result: SegmentationResult) -> None:
    """A changed byte breaks the digest."""
    add_segmentation(older, result, "auscult train")
    content = bytearray((older / "segmentation.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (older / "segmentation.tflite").write_bytes(content)
    with pytest.raises(BundleError, match=r"segmentation\.tflite is damaged"):
        load_bundle(older)
    assert CycleNetwork(result.content, 14).check() == load_bundle().settings["segmentation"]["check"]

"""A bundle is given what tells where a murmur lies: nothing else changes, and what cannot be used is not written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="bundles are written with the training extra")

from monitor.errors import BundleError
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, load_bundle, read_settings
from monitor.inference.segmentation.murmur_timing import NUM_FEATURES, TIMINGS
from tests.training.reports.test_murmur_timing import VALUES
from training.export.bundle import sign
from training.export.murmur_timing import add_murmur_timing
from training.export.release import rewrite_card


@pytest.fixture
def values() -> dict[str, Any]:
    """Return a model with made figures."""
    weights = {name: [0.25] * (NUM_FEATURES + 1) for name in TIMINGS}
    return {**VALUES, "weights": weights, "said_from": dict.fromkeys(TIMINGS, 0.75)}


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Return the default bundle as it was before it told where a murmur lies."""
    folder = Path(shutil.copytree(find_bundle(DEFAULT_BUNDLE), tmp_path / "older"))
    settings = read_settings(folder)
    settings.pop("murmur_timing", None)
    sign(folder, settings, settings["sha256"])
    rewrite_card(folder)
    return folder


def test_an_older_bundle_loads_and_says_nothing(older: Path) -> None:
    """It has no model, and its card does not speak of it."""
    bundle = load_bundle(older)
    assert bundle.timing is None
    assert "Systolic or diastolic" not in bundle.card


def test_it_is_added_and_nothing_else_changes(older: Path, values: dict[str, Any]) -> None:
    """The bundle loads with it; only settings and card differ."""
    before = {path.name: path.read_bytes() for path in older.iterdir() if path.is_file()}
    add_murmur_timing(older, values)
    after = {path.name: path.read_bytes() for path in older.iterdir() if path.is_file()}
    assert {name for name in after if after[name] != before.get(name)} == {"bundle.json", "CARD.md"}
    bundle = load_bundle(older)
    assert bundle.timing is not None
    assert bundle.timing.said_from == (0.75, 0.75, 0.75)
    assert "## Systolic or diastolic" in bundle.card


def test_one_that_cannot_be_used_is_not_written(older: Path, values: dict[str, Any]) -> None:
    """A model that lacks a timing leaves the bundle as it was."""
    before = (older / "bundle.json").read_bytes()
    del values["weights"]["diastolic"]
    with pytest.raises(KeyError, match="diastolic"):
        add_murmur_timing(older, values)
    assert (older / "bundle.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": []}, r"murmur_timing\.weights must be an object"),
        ({"said_from": {"systolic": 2.0}}, r"murmur_timing\.said_from\.systolic must be a number from 0 to 1"),
        ({"said_from": {"systolic": 0.5}}, r"bundle\.json has a setting that cannot be used"),
    ],
)
def test_a_bundle_that_holds_something_else(
    older: Path, values: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    """It is refused by one line that names the key."""
    settings = read_settings(older)
    sign(older, {**settings, "murmur_timing": {**values, **change}}, settings["sha256"])
    with pytest.raises(BundleError, match=words):
        load_bundle(older)

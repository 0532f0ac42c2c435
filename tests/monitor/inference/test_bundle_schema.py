"""The settings of a bundle are checked key by key; the message names the key."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, read_settings
from monitor.inference.bundle_schema import OPTIONAL_PARTS, check_settings, not_told


@pytest.fixture
def settings() -> dict[str, Any]:
    """Return the settings of the default bundle."""
    return copy.deepcopy(read_settings(find_bundle(DEFAULT_BUNDLE)))


def test_the_default_bundle_passes(settings: dict[str, Any]) -> None:
    """The settings that were shipped are accepted, also without what only `auscult models` shows."""
    check_settings(settings)
    for key in ("training_data", "metrics", "gate"):
        del settings[key]
    check_settings(settings)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 3),
        ("labels", ["a", "a"]),
        ("labels", []),
        ("spectrogram.sample_rate", 1e308),
        ("spectrogram.sample_rate", True),
        ("spectrogram.window_s", "5"),
        ("spectrogram.window_s", 10**400),
        ("calibration.temperature", 1e-308),
        ("calibration.bias.1", None),
        ("calibration.given.0.2", -0.1),
        ("gate.weights.tilt", 1e308),
        ("training_data.0", {"set": "x", "recordings": "many", "patients": 1}),
        ("metrics.overall.accuracy", 0.8),
        ("metrics.per_label.murmur.auc", {"value": 0.9}),
        ("metrics.other_sets", []),
    ],
)
def test_a_value_that_cannot_be_used(settings: dict[str, Any], key: str, value: Any) -> None:
    """The message begins with the key, as it stands in the file."""
    *outer, last = [int(name) if name.isdigit() else name for name in key.split(".")]
    inner: Any = settings
    for name in outer:
        inner = inner[name]
    inner[last] = value
    with pytest.raises(ValueError, match=rf"^{key} must be "):
        check_settings(settings)


@pytest.mark.parametrize("key", ["name", "labels", "spectrogram", "calibration", "decision"])
def test_a_key_that_is_missing(settings: dict[str, Any], key: str) -> None:
    """The message names the key."""
    del settings[key]
    with pytest.raises(ValueError, match=f"^{key} is missing$"):
        check_settings(settings)


@pytest.mark.parametrize("key", ["bias", "given"])
def test_a_calibration_of_other_labels(settings: dict[str, Any], key: str) -> None:
    """A calibration has as many items as there are labels, or none."""
    settings["calibration"][key].pop()
    with pytest.raises(ValueError, match=f"calibration.{key} must have one item per label, or none"):
        check_settings(settings)


def test_a_key_from_the_file_is_shown_without_control_characters(settings: dict[str, Any]) -> None:
    """A name of a metric may hold anything: it is escaped and cut."""
    settings["metrics"]["overall"]["\x1b[2J\n" + "x" * 500] = 1
    with pytest.raises(ValueError, match=r"^metrics\.overall\.\\x1b\[2J\\nx{10,40} must be"):
        check_settings(settings)


@pytest.mark.parametrize("part", OPTIONAL_PARTS)
def test_a_part_that_is_not_there_is_named(settings: dict[str, Any], part: str) -> None:
    """The shipped bundle has all; a bundle of an earlier version lacks some, and its settings are accepted."""
    assert not_told(settings) == []
    del settings[part]
    check_settings(settings)
    timing = [OPTIONAL_PARTS["murmur_timing"]] if part == "segmentation" else []
    assert not_told(settings) == [OPTIONAL_PARTS[part], *timing]

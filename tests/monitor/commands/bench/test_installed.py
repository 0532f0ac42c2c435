"""The size of an installation: ours, and what it needs, without extras."""

from __future__ import annotations

from importlib import metadata

from monitor.commands.bench import installed
from monitor.commands.bench.installed import installed_mb, needed_distributions


def test_what_is_needed_is_followed() -> None:
    """Needs of needs count once, also in a circle; extras and what is not installed do not; names have one spelling."""
    table = {
        "ours": ["Soft_Ware>=1 ; python_version > '3'", "gone", "train-thing; extra == 'train'"],
        "soft-ware": ["ours[extra]>=2", "leaf"],
        "leaf": [],
        "train-thing": [],
    }
    assert needed_distributions("Ours", table.get) == ["leaf", "ours", "soft-ware"]


def test_the_size_is_that_of_numpy_and_more() -> None:
    """What is installed here is larger than its largest parts, and smaller than it would be with TensorFlow."""
    megabytes = installed_mb()
    assert megabytes is not None
    numpy = sum(file.size or 0 for file in metadata.files("numpy") or ()) / 1e6
    assert numpy + 5.0 < megabytes < 400.0


def test_not_installed(monkeypatch) -> None:
    """Where nobody knows what auscult needs there is no size."""
    monkeypatch.setattr(installed, "_requirements", lambda name: None)
    assert installed_mb() is None

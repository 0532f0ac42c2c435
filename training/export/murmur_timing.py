"""Adds what tells where in the cycle a murmur lies to a bundle, or replaces what it has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.inference.segmentation.murmur_timing import TimingModel
from training.export.segmentation import change_bundle

__all__ = ["add_murmur_timing"]


def add_murmur_timing(folder: Path, values: Mapping[str, Any]) -> None:
    """Add ``murmur_timing`` to a bundle; the old bundle is replaced only when the new one has loaded.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    values : mapping
        ``weights``, ``said_from`` and the figures; see :mod:`training.reports.murmur_timing`.

    Raises
    ------
    BundleError
        If the bundle does not load, before or after.
    AuscultError
        If it cannot be written.
    KeyError, TypeError, ValueError
        If a value is missing or cannot be used.
    """
    TimingModel.from_json(values)
    change_bundle(folder, "murmur_timing", values)

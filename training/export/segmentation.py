"""Adds the network that finds S1 and S2 to a bundle, or replaces the one that it has."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.errors import AuscultError
from monitor.inference.bundle import load_bundle
from monitor.inference.bundle_files import SEGMENTATION
from training.export.bundle import move_into_place, sign
from training.export.release import rewrite_card
from training.recipes.segmentation import SegmentationResult

__all__ = ["add_segmentation", "change_bundle"]


def add_segmentation(folder: Path, result: SegmentationResult, command: str) -> None:
    """Add a segmentation network to a bundle; the old bundle is replaced only when the new one has loaded.

    Nothing else in it changes but the card and the digests.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    result : SegmentationResult
    command : str
        What to type to train it again.

    Raises
    ------
    BundleError
        If the bundle does not load, before or after.
    AuscultError
        If it cannot be written.
    """
    values = {**result.to_json(), "command": command}
    change_bundle(folder, "segmentation", values, {SEGMENTATION: result.content})


def change_bundle(folder: Path, key: str, values: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> None:
    """Replace one key of a bundle's settings, and files; the old bundle is replaced only when the new one has loaded.

    Nothing else in it changes but the card and the digests.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    key : str
        Of ``bundle.json``.
    values : mapping
        What it holds.
    files : mapping of str to bytes, or None
        By their paths in the bundle.

    Raises
    ------
    BundleError
        If the bundle does not load, before or after.
    AuscultError
        If it cannot be written.
    """
    settings = load_bundle(folder).settings
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            copy = Path(shutil.copytree(folder, Path(scratch) / folder.name))
            for name, content in (files or {}).items():
                (copy / name).write_bytes(content)
            sign(copy, {**settings, key: values}, {*settings["sha256"], *(files or {})})
            if "metrics" in settings:
                rewrite_card(copy)
            load_bundle(copy)
            move_into_place(copy, folder)
    except OSError as error:
        raise AuscultError(f"{folder}: cannot be written ({error.strerror})", "copy the bundle to ./models") from error

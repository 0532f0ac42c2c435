"""Adds the int8 network to a bundle that has none: one that an earlier version trained.

    python -m training.export.int8 BUNDLE...

It is converted from ``model.keras``; nothing is trained, and ``model.tflite`` stays as it is. Needs the training extra.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.errors import AuscultError, check_installed
from monitor.inference.bundle import find_bundle, load_bundle
from monitor.inference.bundle_files import read_check, read_file
from monitor.inference.engine import ENGINES, INT8_ENGINE
from monitor.output import put, say
from monitor.process.native_stderr import discard_native_stderr

__all__ = ["add_int8", "main"]

USAGE = "usage: python -m training.export.int8 BUNDLE..."


def add_int8(folder: Path, compared: Mapping[str, Any] | None = None) -> bool:
    """Add the int8 network to a bundle, or make it again; the old bundle is replaced only when the new one has loaded.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    compared : mapping or None
        What ``benchmarks/accuracy/int8.py`` measured, for ``metrics.int8`` of ``bundle.json`` and for the card.

    Returns
    -------
    bool
        Whether the bundle has one now; False where it would differ too much from the float network.

    Raises
    ------
    MissingExtraError
        If TensorFlow is not installed.
    BundleError
        If the bundle does not load.
    AuscultError
        If it cannot be written.
    """
    check_installed("tensorflow", "training.export.int8", "train")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with discard_native_stderr():
        from training.export.bundle import keras_network, move_into_place, sign, write_int8
        from training.export.release import rewrite_card

    bundle = load_bundle(folder)
    check = read_check(read_file(folder, "check.npz"), bundle.spec.shape, len(bundle.labels))
    network = keras_network(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            copy = Path(shutil.copytree(folder, Path(scratch) / folder.name))
            if not write_int8(copy, network, *check, bundle.calibration):
                return False
            settings = _with_figures(bundle.settings, compared)
            sign(copy, settings, {*settings["sha256"], ENGINES[INT8_ENGINE]})
            if "metrics" in settings:
                rewrite_card(copy)
            load_bundle(copy, engine=INT8_ENGINE)
            move_into_place(copy, folder)
    except OSError as error:
        raise AuscultError(f"{folder}: cannot be written ({error.strerror})", "copy the bundle to ./models") from error
    return True


def _with_figures(settings: dict[str, Any], compared: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the settings with the figures of the int8 network, so that the card has its section."""
    if "metrics" not in settings:
        return settings
    metrics = settings["metrics"]
    return {**settings, "metrics": {**metrics, "int8": {**metrics.get("int8", {}), **(compared or {})}}}


def main(arguments: Sequence[str]) -> int:
    """Add the network to each bundle; return the exit code."""
    if not arguments or any(word.startswith("-") for word in arguments):
        say(USAGE)
        return 2
    code = 0
    for name in arguments:
        try:
            folder = find_bundle(name)
            if add_int8(folder):
                put(f"wrote {folder / ENGINES[INT8_ENGINE]}")
            else:
                code = 1
        except AuscultError as error:
            say(f"auscult: {error}")
            code = error.exit_code
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

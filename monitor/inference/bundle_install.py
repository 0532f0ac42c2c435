"""Installs a bundle that came from elsewhere: checked as a loaded bundle, moved into place in one step.

The files come one by one from a function, whether they stand in one file or on a model hub. They are written to a
scratch folder beside the place of the bundle; only what has loaded there, with its float and its int8 network, is
moved. The bundle that came with auscult is never replaced and never hidden. Safe on any thread.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from monitor.errors import AuscultError, BundleError
from monitor.inference.bundle import (
    DEFAULT_BUNDLE,
    INSTALLED,
    digest_of_settings,
    load_bundle,
    read_settings,
    text_of_settings,
)
from monitor.inference.bundle_files import is_bundle_file, size_limit
from monitor.inference.bundle_folders import check_name, move_into_place, own_bundles
from monitor.inference.engine import ENGINES, INT8_ENGINE, KERAS_ENGINE
from monitor.labels import DEFAULT_ENGINE

__all__ = ["Installed", "install_bundle"]

ANOTHER_NAME = "choose another name with --as"


class Installed(NamedTuple):
    """The folder of a bundle that was installed, and whether its ``model.keras`` was left out."""

    folder: Path
    without_keras: bool


def install_bundle(
    read: Callable[[str], bytes],
    source: str,
    *,
    name: str | None = None,
    with_keras: bool = False,
    replace: bool = False,
) -> Installed:
    """Check a bundle and install it among this person's bundles.

    Parameters
    ----------
    read : callable
        From the name of a file of the bundle to its content; raises a BundleError where it cannot be had.
    source : str
        Where the bundle comes from, for messages.
    name : str or None
        The bundle's name from now on; None keeps its own.
    with_keras : bool
        Whether ``model.keras`` is installed too, where there is one. It is left out unless asked for: it is only for
        further training and comparison, and Keras trusts it more than LiteRT trusts its file.
    replace : bool
        Whether a bundle of this name that was installed before is replaced.

    Raises
    ------
    BundleError
        If it is no bundle that loads, or its name is taken.
    AuscultError
        If it cannot be written.
    """
    root = own_bundles()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".install-", dir=root) as scratch:
            folder = Path(scratch) / "bundle"
            folder.mkdir()
            try:
                name, without_keras = _write_checked(folder, read, name, with_keras=with_keras)
                out = root / _free_name(name, root, replace=replace)
                _load_all(folder)
            except BundleError as error:
                fault = error.message.replace(f"{folder}: ", "").replace(str(folder), "the bundle")
                raise BundleError(f"{source}: {fault}", _next_step(error)) from error
            move_into_place(folder, out)
            return Installed(out, without_keras)
    except OSError as error:
        raise AuscultError(f"{root}: cannot be written ({error.strerror or error})", "free space or rights") from error


def _next_step(error: BundleError) -> str:
    """Return what to do about a bundle that came from elsewhere: train again is for those of one's own."""
    return error.next_step if error.next_step.startswith(("choose", "add", "use")) else "ask for the bundle again"


def _write_checked(
    folder: Path, read: Callable[[str], bytes], name: str | None, *, with_keras: bool
) -> tuple[str, bool]:
    """Write the files of a bundle to a folder; return its name, and whether ``model.keras`` was left out."""
    (folder / "bundle.json").write_bytes(_limited(read, "bundle.json"))
    settings = read_settings(folder)
    digests = settings.get("sha256")
    if not isinstance(digests, dict) or not all(map(is_bundle_file, digests)):
        raise BundleError("bundle.json names files that are none of a bundle")
    kept = {key: value for key, value in digests.items() if with_keras or key != ENGINES[KERAS_ENGINE]}
    settings = {**settings, "name": settings["name"] if name is None else name, "sha256": kept}
    settings["settings_sha256"] = digest_of_settings(settings)
    for key in kept:
        (folder / key).parent.mkdir(exist_ok=True)
        (folder / key).write_bytes(_limited(read, key))
    (folder / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")
    return str(settings["name"]), len(kept) < len(digests)


def _limited(read: Callable[[str], bytes], name: str) -> bytes:
    """Return the content of a file of the bundle, refused where it is longer than the format allows."""
    content = read(name)
    if len(content) > size_limit(name):
        raise BundleError(f"{name} is larger than the format allows")
    return content


def _free_name(name: str, root: Path, *, replace: bool) -> str:
    """Return the name of the bundle's folder, if that is a sensible one and free."""
    try:
        check_name(name)
    except ValueError as error:
        raise BundleError(str(error), ANOTHER_NAME) from error
    if name.casefold() == DEFAULT_BUNDLE or (INSTALLED / name).exists():
        raise BundleError(f"{name} is the name of a bundle that came with auscult, which stays", ANOTHER_NAME)
    if os.path.lexists(root / name) and not replace:
        raise BundleError(f"a bundle {name} is installed already", f"{ANOTHER_NAME}, or add --force")
    return name


def _load_all(folder: Path) -> None:
    """Load the bundle with every network that runs without an extra; the others are checked when they are first run."""
    digests = load_bundle(folder, engine=DEFAULT_ENGINE).settings["sha256"]
    if ENGINES[INT8_ENGINE] in digests:
        load_bundle(folder, engine=INT8_ENGINE)

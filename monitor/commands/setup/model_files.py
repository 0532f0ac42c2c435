"""What ``auscult models`` does with bundles besides listing them: pack, install, pull, push, export.

Each function has the options of the command and the words after the action, and returns the exit code.
"""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from monitor.errors import AuscultError
from monitor.inference.bundle import find_bundle
from monitor.inference.bundle_hub import HubAddress, parse_address, pull_bundle, push_bundle
from monitor.inference.bundle_install import Installed, install_bundle
from monitor.inference.bundle_pack import SUFFIX, open_pack, pack_bundle
from monitor.inference.engine import ENGINES, ONNX_ENGINE
from monitor.output import put, say

__all__ = ["ACTIONS"]

ONNX_EXPORT = "training.export.onnx_network"
"""Imported by name: the monitor does not depend on training."""

FLAGS = {
    "pack": ("out", "force"),
    "install": ("name", "keras", "force"),
    "pull": ("name", "keras", "force"),
    "push": ("public",),
    "export": ("to", "out", "force"),
}
"""The options of each action, by the names of their values."""
SPELLED = {"out": "-o", "name": "--as"}


def _pack(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Write a bundle as one file."""
    (name,) = _checked("pack", options, words, "name the bundle, such as: auscult models pack heart-sounds")
    folder = find_bundle(name)
    out = Path(options.out or f"{folder.resolve().name}{SUFFIX}")
    _check_free(out, force=options.force)
    num_bytes = pack_bundle(folder, out)
    say(f"{out}: {num_bytes / 1e6:.1f} MB, for: auscult models install {out}")
    return 0


def _install(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Install a packed bundle."""
    (file,) = _checked("install", options, words, f"name the file, such as: auscult models install NAME{SUFFIX}")
    with open_pack(Path(file)) as pack:
        installed = install_bundle(pack.read, file, name=options.name, with_keras=options.keras, replace=options.force)
    _say_installed(installed)
    return 0


def _pull(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Install a bundle from a model hub."""
    (text,) = _checked("pull", options, words, "name the repository, such as: auscult models pull hf://owner/name@v1")
    address = _address(options, text)
    installed, pinned = pull_bundle(address, name=options.name, with_keras=options.keras, replace=options.force)
    _say_installed(installed)
    say(f"the same again: auscult models pull {pinned}")
    return 0


def _push(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Commit a bundle to a model hub."""
    name, text = _checked("push", options, words, "say: auscult models push NAME hf://owner/name", count=2)
    address = _address(options, text)
    pinned = push_bundle(find_bundle(name), address, public=options.public)
    say(f"pushed; for others: auscult models pull {pinned}")
    return 0


def _export(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Add the ONNX network to a bundle, or write it alone."""
    (name,) = _checked("export", options, words, "say: auscult models export NAME --to onnx")
    if options.to is None:
        options.usage_error("export: name the format with --to onnx")
    folder = find_bundle(name)
    module: Any = importlib.import_module(ONNX_EXPORT)
    if options.out is None:
        out, difference = folder / ENGINES[ONNX_ENGINE], module.add_onnx(folder)
    else:
        out = Path(options.out)
        _check_free(out, force=options.force)
        difference = module.write_onnx(folder, out)
    say(f"{out}: its scores are within {difference:.1e} of LiteRT's")
    return 0


ACTIONS: dict[str, Callable[[argparse.Namespace, Sequence[str]], int]] = {
    "pack": _pack,
    "install": _install,
    "pull": _pull,
    "push": _push,
    "export": _export,
}
"""What the first word of the command may ask for. A bundle of such a name is written as a folder, ``./pack``."""


def _checked(
    action: str, options: argparse.Namespace, words: Sequence[str], usage: str, count: int = 1
) -> Sequence[str]:
    """Return the words of an action, if there are as many as it takes and no option of another action is given."""
    others = sorted({flag for flags in FLAGS.values() for flag in flags} - set(FLAGS[action]))
    for flag in ("json", *others):
        if getattr(options, flag):
            options.usage_error(f"{action} takes no {SPELLED.get(flag, f'--{flag}')}")
    if len(words) != count:
        options.usage_error(f"{action}: {usage}")
    return words


def _check_free(path: Path, *, force: bool) -> None:
    """Refuse to replace what exists."""
    if path.is_dir():
        raise AuscultError(f"{path} is a folder", "name a file with -o")
    if os.path.lexists(path) and not force:
        raise AuscultError(f"{path} exists and is not overwritten", "choose another name with -o, or add --force")


def _address(options: argparse.Namespace, text: str) -> HubAddress:
    """Return the address of a hub, or end with a usage error."""
    try:
        return parse_address(text)
    except ValueError as error:
        options.usage_error(str(error))
        raise


def _say_installed(installed: Installed) -> None:
    """Print the folder of an installed bundle, and say how it is used and what was left out."""
    name = installed.folder.name
    put(str(installed.folder))
    say(f"installed; use it with --model {name}, see its card with: auscult models {name}")
    if installed.without_keras:
        say("without model.keras, which only further training needs: --keras installs it too")

"""How large an installation is without extras: the files of auscult and of every package that it needs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

from monitor.errors import DISTRIBUTION
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle

__all__ = ["installed_mb", "needed_distributions"]

PACKAGE = Path(__file__).resolve().parents[2]
"""Ours, which an editable installation does not list."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
EXTRA = re.compile(r"\bextra\s*==")


def installed_mb() -> float | None:
    """Return the megabytes (10**6 bytes) of all files, with what Python compiles them to when they are installed.

    None where auscult runs from a folder and is not installed, so that no one knows what it needs.
    """
    needed = needed_distributions(DISTRIBUTION, _requirements)
    if not needed:
        return None
    others = sum(_size(metadata.distribution(name)) for name in needed if name != DISTRIBUTION)
    return (others + sum(map(_folder_size, (PACKAGE, find_bundle(DEFAULT_BUNDLE))))) / 1e6


def needed_distributions(name: str, requirements: Callable[[str], Iterable[str] | None]) -> list[str]:
    """Return the names of a distribution and of all that it needs and that is installed, in alphabetical order.

    Parameters
    ----------
    name : str
    requirements : callable
        From a name to its requirements as its metadata states them; None for what is not installed.

    Examples
    --------
    >>> table = {"auscult": ["NumPy>=1.26", "keras; extra == 'train'", "colorama"], "numpy": []}
    >>> needed_distributions("auscult", table.get)
    ['auscult', 'numpy']
    """
    found: set[str] = set()
    waiting = [_normalised(name)]
    while waiting:
        one = waiting.pop()
        wanted = None if one in found else requirements(one)
        if wanted is None:
            continue
        found.add(one)
        for line in wanted:
            word = NAME.match(line)
            if word and not EXTRA.search(line):
                waiting.append(_normalised(word[0]))
    return sorted(found)


def _normalised(name: str) -> str:
    """Return a name as all of its spellings. Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(name: str) -> list[str] | None:
    """Return what an installed distribution needs; None for one that is not installed."""
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return None


def _size(distribution: metadata.Distribution) -> int:
    """Return the bytes of the files of a distribution."""
    paths = [str(distribution.locate_file(path)) for path in distribution.files or ()]
    return sum(os.path.getsize(path) for path in paths if os.path.isfile(path))


def _folder_size(folder: Path) -> int:
    """Return the bytes of the files in a folder and below it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

"""Where installed bundles stand, which names they may have, and how one takes its place. Safe on any thread."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from monitor.errors import DISTRIBUTION

__all__ = ["bundles_folder", "check_name", "move_into_place", "own_bundles"]

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""Names that Windows gives to devices, with any ending."""


def bundles_folder(monitor: Path) -> Path:
    """Return the folder of the bundles that came with auscult.

    Parameters
    ----------
    monitor : Path
        The folder of the package ``monitor``: in a checkout of this project the bundles stand beside it in
        ``models/``, in an installed copy inside it in ``bundles/``.
    """
    project = monitor.parent / "pyproject.toml"
    if project.is_file() and f'name = "{DISTRIBUTION}"' in project.read_text(encoding="utf-8", errors="replace"):
        return monitor.parent / "models"
    return monitor / "bundles"


def own_bundles() -> Path:
    """Return the folder of the bundles that this person installed; it need not exist."""
    import platformdirs  # only here: most runs use a bundle that came with auscult

    return Path(platformdirs.user_data_dir("auscult", appauthor=False)) / "models"


def check_name(name: str) -> None:
    """Check that a bundle of this name can be a folder on every system.

    Raises
    ------
    ValueError
        If it cannot.

    Examples
    --------
    >>> check_name("children-2027")
    >>> check_name("../heart-sounds")
    Traceback (most recent call last):
    ValueError: the name '../heart-sounds' must be 1 to 64 letters, digits, dots, - and _, and no device of Windows
    """
    if not NAME.fullmatch(name) or DEVICES.fullmatch(name):
        raise ValueError(
            f"the name {name[:70]!a} must be 1 to 64 letters, digits, dots, - and _, and no device of Windows"
        )


def move_into_place(folder: Path, out: Path) -> None:
    """Move a finished bundle to its path; if that fails, the old one is put back."""
    aside = folder.parent / "replaced"
    if out.exists():
        os.replace(out, aside)
    try:
        os.replace(folder, out)
    except OSError:
        if aside.exists():
            os.replace(aside, out)
        raise
    shutil.rmtree(aside, ignore_errors=True)

"""Checks of the computer itself: versions, disk, terminal."""

from __future__ import annotations

import os
import platform
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console

from monitor._version import __version__
from monitor.commands.setup.doctor.check import Check
from monitor.dashboard.terminal import Screen
from monitor.features.compiled.library import unused_reason

__all__ = ["check_disk", "check_terminal", "check_versions"]

PACKAGES = ("ai-edge-litert", "numpy", "rich", "sounddevice", "soundfile", "soxr")
"""Those on which sound, network and screen depend."""

BYTES_PER_HOUR = 48_000 * 2 * 3600
"""Of a session at 48 kHz, 16 bit, one channel, before FLAC makes it smaller."""
MIN_HOURS = 3
GB = 1e9


def check_versions() -> Check:
    """Return which software runs."""
    versions = {"auscult": __version__, "python": platform.python_version(), **_installed()}
    system = f"{platform.system()} {platform.machine()}"
    missing = [name for name in PACKAGES if name not in versions]
    finding = f"{system}; " + ", ".join(f"{name} {version}" for name, version in versions.items())
    facts: dict[str, Any] = {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        **versions,
    }
    reason = unused_reason()
    facts["compiled"] = reason is None
    finding += "; compiled front end" if reason is None else f"; NumPy front end ({reason})"
    if missing:
        return Check("versions", "failed", f"{', '.join(missing)} not installed", "pip install auscult-monitor", facts)
    return Check("versions", "passed", finding, facts=facts)


def _installed() -> dict[str, str]:
    """Return the versions of the packages that are installed."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def check_disk(folder: Path) -> Check:
    """Return whether there is room for sessions.

    Parameters
    ----------
    folder : Path
        Where sessions are kept; it need not exist.
    """
    place = next((path for path in (folder, *folder.parents) if os.path.isdir(path)), Path(folder.anchor or "."))
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check("disk", "failed", f"{place}: {error.strerror}", "choose another folder with --session-dir")
    hours = free / BYTES_PER_HOUR
    facts = {"free_gb": round(free / GB, 1), "writable": os.access(place, os.W_OK)}
    finding = f"{free / GB:.1f} GB free in {folder}: {hours:.0f} hours of sound at 48 kHz"
    if not facts["writable"]:
        next_step = "auscult config --set session_dir=DIR"
        return Check("disk", "warning", f"{place} is not yours to write to", next_step, facts)
    if hours < MIN_HOURS:
        return Check("disk", "warning", finding, "free space, or keep sessions elsewhere: --session-dir", facts)
    return Check("disk", "passed", finding, facts=facts)


def check_terminal(console: Console) -> Check:
    """Return what the terminal can show.

    Parameters
    ----------
    console : Console
        Of standard output.
    """
    facts = {
        "terminal": console.is_terminal,
        "columns": console.width,
        "rows": console.height,
        "colours": console.color_system,
        "encoding": console.encoding,
    }
    if not console.is_terminal:
        step = "start auscult doctor in a terminal, without a pipe, to check it"
        return Check("terminal", "skipped", "standard output is no terminal", step, facts)
    finding = f"{console.width} x {console.height}, {console.color_system or 'no'} colours, {console.encoding}"
    if not Screen.can_show(console):
        return Check(
            "terminal", "failed", f"{finding}: too simple for the dashboard", "add --plain, or set TERM", facts
        )
    if not console.encoding.lower().startswith("utf"):
        step = "choose a UTF-8 locale: the dashboard draws with block characters"
        return Check("terminal", "warning", finding, step, facts)
    return Check("terminal", "passed", finding, facts=facts)

"""The installed version, looked up when it is asked for."""

from __future__ import annotations

__all__ = ["version"]


def version() -> str:
    """Return auscult's version, or "unknown" when it runs from a folder without being installed."""
    from importlib import metadata

    try:
        return metadata.version("auscult")
    except metadata.PackageNotFoundError:
        return "unknown"

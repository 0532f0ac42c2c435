"""How the PortAudio library is installed on this system: the next step where it is missing. Pure."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

__all__ = ["install_command"]

INSTALL = {
    "apt-get": "sudo apt-get install libportaudio2",
    "dnf": "sudo dnf install portaudio",
    "yum": "sudo yum install portaudio",
    "pacman": "sudo pacman -S portaudio",
    "zypper": "sudo zypper install libportaudio2",
    "apk": "sudo apk add portaudio",
    "xbps-install": "sudo xbps-install portaudio",
    "brew": "brew install portaudio",
    "port": "sudo port install portaudio",
}


def install_command(platform: str = sys.platform, which: Callable[[str], str | None] = shutil.which) -> str:
    """Return the command that installs the PortAudio library on this system.

    Parameters
    ----------
    platform : str
        As ``sys.platform``.
    which : callable
        Maps the name of a program to its path, or to None.

    Examples
    --------
    >>> install_command("linux", which={"apt-get": "/usr/bin/apt-get"}.get)
    'sudo apt-get install libportaudio2'
    """
    if platform in ("win32", "darwin") and which("brew") is None:
        return "pip install --force-reinstall sounddevice"  # its wheels contain the library
    return next((command for name, command in INSTALL.items() if which(name)), "install the PortAudio library")

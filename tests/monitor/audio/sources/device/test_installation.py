"""The command that installs the PortAudio library."""

from __future__ import annotations

import pytest

from monitor.audio.sources.device.installation import install_command


@pytest.mark.parametrize(
    ("platform", "programs", "command"),
    [
        ("linux", {"apt-get"}, "sudo apt-get install libportaudio2"),
        ("linux", {"dnf", "yum"}, "sudo dnf install portaudio"),
        ("linux", {"pacman"}, "sudo pacman -S portaudio"),
        ("linux", {"apk"}, "sudo apk add portaudio"),
        ("linux", set(), "install the PortAudio library"),
        ("darwin", {"brew"}, "brew install portaudio"),
        ("darwin", set(), "pip install --force-reinstall sounddevice"),
        ("win32", set(), "pip install --force-reinstall sounddevice"),
    ],
)
def test_the_install_command_of_each_system(platform, programs, command):
    """The command is for the package manager that is installed."""
    assert install_command(platform, lambda name: f"/usr/bin/{name}" if name in programs else None) == command

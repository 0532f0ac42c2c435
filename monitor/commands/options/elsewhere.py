"""A ``--device`` that is no sound device of this computer: an address on a network. Main thread only.

Nothing of it is imported unless such a device is asked for.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from monitor.output import say

if TYPE_CHECKING:
    from monitor.audio.sources.base import Source
    from monitor.audio.sources.microphone import MicrophoneSource
    from monitor.audio.sources.network.address import NetworkAddress
    from monitor.commands.options.settings import Settings

__all__ = ["is_elsewhere", "report_troubles", "source_elsewhere"]

ELSEWHERE = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")


def is_elsewhere(device: str | None) -> bool:
    """Return whether a device is an address rather than a name.

    Examples
    --------
    >>> is_elsewhere("ws://192.168.1.50/sound"), is_elsewhere("USB Audio"), is_elsewhere(None)
    (True, False, False)
    """
    return device is not None and ELSEWHERE.match(device) is not None


def source_elsewhere(chosen: Settings, options: argparse.Namespace) -> MicrophoneSource:
    """Return the source for the address of the settings, and say what is opened.

    Raises
    ------
    DeviceError
        If it cannot be used.
    MissingExtraError
        If it needs a package that is not installed.
    """
    from monitor.audio.sources.network.address import parse_address
    from monitor.audio.sources.network.source import NetworkSource

    address = parse_address(chosen.device.value or "", chosen.rate.value)
    if address.password and chosen.device.origin == "--device":
        say("auscult: a password in --device stands in the list of processes; AUSCULT_DEVICE keeps it out of there")
    source = NetworkSource(
        address,
        channel=chosen.channel.value,
        latency_s=chosen.latency.value,
        once=options.once,
        wait_for_device=options.wait_for_device,
        ecg_channel=getattr(options, "ecg_channel", None),
    )
    say(f"auscult: {_announcement(address)}")
    return source


def report_troubles(source: Source) -> None:
    """Say what a network input refused or repaired; nothing of other sources."""
    backend = getattr(source, "backend", None)
    if backend is not None and backend.troubles.summary is not None:
        say(f"auscult: {backend.troubles.summary}")


def _announcement(address: NetworkAddress) -> str:
    """Return in words what is listened on or connected to, and what sound is expected."""
    raw = address.raw
    channels = "1 channel" if raw.channels == 1 else f"{raw.channels} channels"
    sound = f"{raw.encoding}, {raw.sample_rate} Hz, {channels}"
    if address.scheme != "tcp":
        return f"connecting to {address.name} for {sound}"
    if address.is_loopback:
        return f"listening on {address.name} for {sound}; only programs of this computer reach it"
    return f"listening on {address.name} for {sound}: whoever is in the same network can send, and nothing is encrypted"

"""A ``--device`` that is no sound device of this computer. Main thread only.

Nothing of it is imported unless such a device is asked for.
"""

from __future__ import annotations

import argparse
import re
import threading
from typing import TYPE_CHECKING

from monitor.errors import DeviceError, NoSuchDeviceError
from monitor.output import say

if TYPE_CHECKING:
    from monitor.audio.sources.base import Source
    from monitor.audio.sources.microphone import MicrophoneSource
    from monitor.audio.sources.network.address import NetworkAddress
    from monitor.commands.options.settings import Settings

__all__ = ["is_elsewhere", "report_troubles", "source_elsewhere"]

ELSEWHERE = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*://|lsl:)")
RETRY_S = 1.0
"""Seconds between two searches for a stream that is waited for."""


def is_elsewhere(device: str | None) -> bool:
    """Return whether a device is an address rather than a name.

    Examples
    --------
    >>> is_elsewhere("ws://192.168.1.50/sound"), is_elsewhere("USB Audio"), is_elsewhere(None)
    (True, False, False)
    """
    return device is not None and ELSEWHERE.match(device) is not None


def source_elsewhere(chosen: Settings, options: argparse.Namespace) -> MicrophoneSource:
    """Return the source for the address or stream of the settings, and say what is opened.

    Raises
    ------
    DeviceError
        If it cannot be used.
    MissingExtraError
        If it needs a package that is not installed.
    """
    wanted = (chosen.device.value or "").strip()
    if wanted.startswith("lsl:"):
        return _lsl_source(wanted.removeprefix("lsl:").strip(), chosen, options)
    from monitor.audio.sources.network.address import parse_address
    from monitor.audio.sources.network.source import NetworkSource

    address = parse_address(wanted, chosen.rate.value)
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
    backend = getattr(source, "backend", None)  # of a network source alone
    if backend is not None and backend.troubles.summary is not None:
        say(f"auscult: {backend.troubles.summary}")


def _lsl_source(wanted: str, chosen: Settings, options: argparse.Namespace) -> MicrophoneSource:
    """Return the source for a stream of the lab streaming layer, as soon as it is there."""
    from monitor.audio.sources.lsl.backend import LslBackend
    from monitor.audio.sources.lsl.source import LslSource

    if not wanted:
        raise DeviceError("lsl: names no stream", "give its name or its source id: --device lsl:NAME")
    backend = LslBackend(wanted)
    announced, pause = False, threading.Event()
    while True:
        try:
            device = backend.find()
            break
        except NoSuchDeviceError as error:
            if not options.wait_for_device:
                raise
            if not announced:
                say(f"auscult: {error.message}: waiting for it")
                announced = True
        pause.wait(RETRY_S)
    return LslSource(
        device,
        backend,
        channel=chosen.channel.value,
        sample_rate=chosen.rate.value,
        latency_s=chosen.latency.value,
        once=options.once,
        wait_for_device=options.wait_for_device,
        ecg_channel=getattr(options, "ecg_channel", None),
    )


def _announcement(address: NetworkAddress) -> str:
    """Return in words what is listened on or connected to, and what sound is expected."""
    raw = address.raw
    channels = "1 channel" if raw.channels == 1 else f"{raw.channels} channels"
    sound = f"{raw.encoding}, {raw.sample_rate} Hz, {channels}"
    if address.scheme != "tcp":
        return f"connecting to {address.name} for {sound}"
    if address.is_loopback:
        return f"listening on {address.name} for {sound}; only programs of this computer reach it"
    return f"listening on {address.name} for {sound}: everyone in the same network can send, and nothing is encrypted"

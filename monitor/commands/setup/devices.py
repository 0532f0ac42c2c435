"""``auscult devices``: the audio inputs, and which of them look like a stethoscope."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.output import printable, put, say
from monitor.process.native_stderr import suppress_native_stderr

__all__ = ["add_arguments", "run"]

KINDS = {
    "stethoscope": "looks like a stethoscope",
    "virtual": "virtual: records what this computer plays, or nothing",
    "router": "whichever input the system has chosen",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one object per input instead of lines")


def run(options: argparse.Namespace) -> int:
    """List the inputs with the sample rates that each accepts."""
    with suppress_native_stderr():
        system = PortAudio()
        devices = [dataclasses.replace(device, rates=system.tested_rates(device)) for device in system.devices()]
    for device in devices:
        put(json.dumps(_values(device), allow_nan=False) if options.json else _paragraph(device))
    if not devices:
        say("auscult: no input is connected; plug the stethoscope in, or allow this program to use the microphone")
    return 0 if devices else 1


def _values(device: DeviceInfo) -> dict[str, Any]:
    """Return a device as plain JSON values."""
    return {**dataclasses.asdict(device), "looks_like": device.kind}


def _paragraph(device: DeviceInfo) -> str:
    """Return what a person needs to choose a device."""
    remarks = ["the default"] if device.default else []
    remarks += [KINDS[device.kind]] if device.kind is not None else []
    channels = "1 channel" if device.channels == 1 else f"up to {device.channels} channels"
    rates = " ".join(map(str, device.rates)) or "none of those tried: another program may hold it"
    return "\n".join(
        (
            f"[{device.index}] {printable(device.full_name)}{''.join(f'  ({remark})' for remark in remarks)}",
            f"    {channels}, {device.default_rate} Hz by default; takes {rates}",
        )
    )

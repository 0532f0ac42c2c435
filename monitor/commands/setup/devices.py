"""``auscult devices``: the audio inputs, and which of them look like a stethoscope; or the outputs."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import STEPS, DeviceInfo, Direction
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
    parser.add_argument("--json", action="store_true", help="print one object per device instead of lines")
    parser.add_argument(
        "--outputs", action="store_true", help="the outputs, for --monitor-device, --play-device and doctor --loop"
    )


def run(options: argparse.Namespace) -> int:
    """List the inputs, or the outputs, with the sample rates that each accepts."""
    direction: Direction = "output" if options.outputs else "input"
    with suppress_native_stderr():
        system = PortAudio()
        found, rates = (
            (system.outputs(), system.played_rates) if options.outputs else (system.devices(), system.tested_rates)
        )
        devices = [dataclasses.replace(device, rates=rates(device)) for device in found]
    for device in devices:
        values = _values(device, direction)
        put(json.dumps(values, allow_nan=False) if options.json else _paragraph(device, direction))
    if not devices:
        say(f"auscult: no {direction} is connected; {STEPS[direction][0]}")
    return 0 if devices else 1


def _values(device: DeviceInfo, direction: Direction) -> dict[str, Any]:
    """Return a device as plain JSON values."""
    if direction == "output":
        return {**dataclasses.asdict(device), "headphones": device.headphones}
    return {**dataclasses.asdict(device), "looks_like": device.kind}


def _paragraph(device: DeviceInfo, direction: Direction) -> str:
    """Return what a person needs to choose a device."""
    remarks = ["the default"] if device.default else []
    if direction == "output":
        remarks += ["headphones"] if device.headphones else []
    elif device.kind is not None:
        remarks.append(KINDS[device.kind])
    channels = "1 channel" if device.channels == 1 else f"up to {device.channels} channels"
    rates = " ".join(map(str, device.rates)) or "none of those tried: another program may hold it"
    return "\n".join(
        (
            f"[{device.index}] {printable(device.full_name)}{''.join(f'  ({remark})' for remark in remarks)}",
            f"    {channels}, {device.default_rate} Hz by default; takes {rates}",
        )
    )

"""``auscult listen``: a microphone, line input or digital stethoscope through the live pipeline."""

from __future__ import annotations

import argparse
import math
import os
import sys
import threading
from pathlib import Path

from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import DeviceInfo, choose
from monitor.audio.sources.device.stderr import suppress_native_stderr
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.commands.arguments import finite, whole
from monitor.commands.player import play
from monitor.commands.replay import check_hop
from monitor.commands.settings import Settings, settings
from monitor.errors import NoSuchDeviceError
from monitor.inference.bundle import Bundle, load_bundle
from monitor.interrupts import Interrupts
from monitor.views.view import View, choose_view

__all__ = ["add_arguments", "run"]

LOOK_EVERY_S = 1.0
"""Seconds between two looks for a device that is waited for."""

STUCK = "auscult: the sound driver does not let go of the device; ended without it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--device", metavar="NAME|N", help="input to hear: its name, a part of it, or its number")
    parser.add_argument("--channel", type=whole(1, 1024), metavar="N", help="hear channel N, from 1 (default: 1)")
    parser.add_argument(
        "--rate", type=whole(1000, 192_000), metavar="HZ", help="sample rate (default: the device's own)"
    )
    parser.add_argument(
        "--latency", type=finite, metavar="S", help="seconds that the system may hold sound back (default: 0.2)"
    )
    parser.add_argument("--model", metavar="NAME|DIR", help="model bundle (default: heart-sounds)")
    parser.add_argument("--engine", choices=("litert", "keras"), default="litert", help="what runs the network")
    parser.add_argument(
        "--hop", type=finite, metavar="S", help="seconds between two windows (default: the bundle's, 0.5)"
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what is heard in a new .wav or .flac file")
    parser.add_argument("--for", type=finite, dest="for_s", metavar="S", help="end after S seconds of sound")
    parser.add_argument("--wait-for-device", action="store_true", help="wait until the device is there")
    parser.add_argument("--once", action="store_true", help="end with an error when the device is gone")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="JSON lines on standard output")
    form.add_argument("--plain", action="store_true", help="a line of text per window instead of the dashboard")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Listen until Ctrl+C, SIGTERM or the end of ``--for``."""
    if options.for_s is not None and not options.for_s > 0:
        options.usage_error("--for must be above 0 seconds")
    chosen = settings(vars(options))
    bundle = load_bundle(chosen.model.value, engine=options.engine)
    options.hop = chosen.hop.value
    check_hop(options, bundle)
    view = choose_view(json=options.json, plain=options.plain)
    with suppress_native_stderr(), Interrupts() as interrupts:
        system = PortAudio()
        source = _source(system, chosen, options)
        code = _listen(source, bundle, view, interrupts, options)
        if source.stuck:  # its thread waits in the driver, and would keep the program from ending
            print(STUCK, file=sys.stderr, flush=True)
            os._exit(code)
        return code


def _source(system: PortAudio, chosen: Settings, options: argparse.Namespace) -> MicrophoneSource:
    """Return the source that was asked for, as soon as its device is listed."""
    return MicrophoneSource(
        _device(system, chosen.device.value, waiting=options.wait_for_device),
        system,
        channel=chosen.channel.value,
        sample_rate=chosen.rate.value,
        latency_s=chosen.latency.value,
        once=options.once,
        wait_for_device=options.wait_for_device,
    )


def _listen(
    source: MicrophoneSource, bundle: Bundle, view: View, interrupts: Interrupts, options: argparse.Namespace
) -> int:
    """Listen, and return the exit code."""
    for_s = math.inf if options.for_s is None else options.for_s
    try:
        last = play(source, bundle, view, interrupts, hop_s=options.hop, record=options.record, for_s=for_s)
    finally:
        view.close()
    if last.recording is not None:
        kept = last.recording
        lost = f", {kept.lost_samples} samples of it lost" if kept.lost_samples else ""
        print(f"recorded {kept.written_s:.1f} s{lost}: {kept.path}", file=sys.stderr)
    return interrupts.exit_code


def _device(system: PortAudio, wanted: str | None, *, waiting: bool) -> DeviceInfo:
    """Return the device that was meant; with ``waiting``, as soon as there is one."""
    told = False
    pause = threading.Event()
    while True:
        try:
            return choose(system.devices(), wanted)
        except NoSuchDeviceError as error:
            if not waiting:
                raise
            if not told:
                print(f"auscult: {error.message}: waiting for it", file=sys.stderr, flush=True)
                told = True
        pause.wait(LOOK_EVERY_S)
        system.restart()

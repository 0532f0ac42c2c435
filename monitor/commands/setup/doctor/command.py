"""``auscult doctor``: checks the computer, the sound system, the input and the network, line by line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from rich.console import Console

from monitor.audio.limits import LATENCY_S
from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import DeviceInfo, choose
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.commands.options.arguments import add_device_arguments, add_model_argument
from monitor.commands.options.device_tables import chosen_devices, entry_settings
from monitor.commands.options.elsewhere import is_elsewhere, source_elsewhere
from monitor.commands.options.session_options import session_dir
from monitor.commands.options.settings import Settings, settings
from monitor.commands.setup.doctor.capture import (
    CAPTURE_S,
    capture,
    check_dropouts,
    check_rate,
    check_signal,
    gated,
)
from monitor.commands.setup.doctor.check import Check
from monitor.commands.setup.doctor.computer import check_disk, check_terminal, check_versions
from monitor.commands.setup.doctor.heart import check_heart
from monitor.commands.setup.doctor.loop_back import check_loop
from monitor.commands.setup.doctor.sound import check_address, check_inputs, check_processing, sound_failed
from monitor.errors import DeviceError
from monitor.output import printable, put, say
from monitor.process.native_stderr import suppress_native_stderr

__all__ = ["add_arguments", "run"]

SENDER_STEP = "let the stethoscope send to this address while it is checked"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_device_arguments(parser)
    add_model_argument(parser)
    parser.add_argument("--no-capture", action="store_true", help="leave the input closed: judge no sound")
    parser.add_argument(
        "--loop",
        nargs="?",
        const="",
        metavar="OUTPUT",
        help="instead of listening, play a synthetic heart through an output (default: the system's) that a cable "
        "connects to the input, and judge what comes back: level, latency, sample rate, samples, verdict",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one object per check, to attach to a report: no name of a person, device or folder in it",
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Print the result of every check as it comes; 1 if one failed."""
    if options.loop is not None and options.no_capture:
        options.usage_error("--loop captures the input: leave out --no-capture")
    inputs, failed = _inputs(options), False
    if options.loop is not None and (len(inputs) > 1 or is_elsewhere(inputs[0].device.value)):
        options.usage_error("--loop needs one input of this computer: name it with --device")
    for check in _checks(options, inputs):
        failed = failed or check.state == "failed"
        put(json.dumps(check.to_json(), allow_nan=False) if options.json else "\n".join(map(printable, check.lines())))
    return int(failed)


def _checks(options: argparse.Namespace, inputs: list[Settings]) -> Iterator[Check]:
    """Yield every check."""
    yield check_versions()
    yield check_terminal(Console())
    yield check_disk(session_dir({}))
    yield check_heart(options.model)
    for chosen in inputs:
        try:
            yield from (_elsewhere if is_elsewhere(chosen.device.value) else _sound)(chosen, options)
        except DeviceError as error:
            yield sound_failed(error, of_a_loop=options.loop is not None)


def _inputs(options: argparse.Namespace) -> list[Settings]:
    """Return the settings of each input that ``listen`` would hear."""
    chosen = settings({key: getattr(options, key) for key in ("device", "channel", "rate", "latency")})
    devices = None if options.device is None else [options.device]
    own = argparse.Namespace(**{**vars(options), "device": devices, "site": None, "subject": None})
    return [entry_settings(entry, chosen) for entry in chosen_devices(own, chosen)] or [chosen]


def _elsewhere(chosen: Settings, options: argparse.Namespace) -> Iterator[Check]:
    """Yield the checks of an address."""
    with source_elsewhere(chosen, argparse.Namespace(once=True, wait_for_device=False)) as source:
        captured = None if options.no_capture else capture(source)  # a server is connected to only then
        yield check_address(source)
    if captured is None:
        return
    yield check_signal(captured, SENDER_STEP)
    yield check_dropouts(captured)
    yield check_rate(captured)


def _sound(chosen: Settings, options: argparse.Namespace) -> Iterator[Check]:
    """Yield the checks of the sound system and of a device."""
    with suppress_native_stderr():
        library = PortAudio()
        devices = library.devices()
        device = choose(devices, chosen.device.value)
        inputs = check_inputs(library, devices, device, of_a_loop=options.loop is not None)
    yield inputs
    if options.no_capture or options.loop is not None:  # the other end of a cable is silent by itself
        yield check_processing(devices, device, None)
        if options.loop is not None:
            yield from _loop(library, device, chosen, options)
        return
    if not options.json:
        say(f"listening to {device.full_name} for {CAPTURE_S:.0f} s ...")
    with suppress_native_stderr():
        source = MicrophoneSource(
            device,
            library,
            channel=chosen.channel.value,
            sample_rate=chosen.rate.value,
            latency_s=chosen.latency.value or LATENCY_S,
            once=True,
        )
        captured = capture(source)
    yield check_signal(captured)
    yield check_dropouts(captured)
    yield check_rate(captured)
    yield check_processing(devices, device, gated(captured))


def _loop(library: PortAudio, device: DeviceInfo, chosen: Settings, options: argparse.Namespace) -> Iterator[Check]:
    """Yield the checks of the way from an output back to the input."""
    try:
        with suppress_native_stderr():
            output = choose(library.outputs(), options.loop or None, direction="output")
        if not options.json:
            say(f"playing a synthetic heart on {output.full_name}: take headphones off ...")
        with suppress_native_stderr():
            checks = list(
                check_loop(
                    library,
                    output,
                    device,
                    chosen.rate.value or device.default_rate,
                    options.model,
                    channel=chosen.channel.value,
                    latency_s=chosen.latency.value or LATENCY_S,
                )
            )
    except DeviceError as error:
        checks = [Check("loop level", "failed", error.message, error.next_step)]
    yield from checks

"""``auscult listen``: a microphone, line input or digital stethoscope through the live pipeline."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.commands.options.arguments import (
    add_device_arguments,
    add_ecg_argument,
    add_engine_argument,
    add_hop_argument,
    add_model_argument,
    add_output_arguments,
    add_sound_arguments,
    check_ecg,
    check_hop,
    finite_number,
    playback,
)
from monitor.commands.options.device_tables import chosen_devices
from monitor.commands.options.display_options import add_display_arguments, display_options
from monitor.commands.options.elsewhere import is_elsewhere, report_troubles, source_elsewhere
from monitor.commands.options.feed_options import add_feed_arguments, fed
from monitor.commands.options.inputs import find_device, input_latency_s
from monitor.commands.options.lsl_options import add_lsl_argument, announce_lsl, over_lsl
from monitor.commands.options.session_options import add_session_arguments, check_session, new_session, report_session
from monitor.commands.options.settings import Settings, settings
from monitor.commands.options.several_inputs import check_together, listen_together, report_recording
from monitor.commands.player import play
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.bundle_schema import not_told
from monitor.log import get_logger
from monitor.output import say
from monitor.process.interrupts import Interrupts
from monitor.process.native_stderr import suppress_native_stderr
from monitor.sessions.session import Session
from monitor.views.view import View, choose_view

if TYPE_CHECKING:
    from monitor.serve.feed import Feed

__all__ = ["add_arguments", "run"]

logger = get_logger(__name__)

STUCK = "auscult: the sound driver does not release the device; ended without waiting for it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_device_arguments(parser, several=True)
    add_ecg_argument(parser)
    add_model_argument(parser, default=None)
    add_hop_argument(parser)
    add_engine_argument(parser, default=None)
    add_output_arguments(parser)
    add_display_arguments(parser)
    add_sound_arguments(parser, "monitor", "hear the input while it is analysed, by headphones")
    parser.add_argument("--record", type=Path, metavar="FILE", help="record the input to a new .wav or .flac file")
    add_session_arguments(parser, in_settings=True)
    add_feed_arguments(parser)
    add_lsl_argument(parser)
    parser.add_argument("--for", type=finite_number, dest="for_s", metavar="S", help="stop after S seconds of sound")
    parser.add_argument("--wait-for-device", action="store_true", help="wait until the device is connected")
    parser.add_argument("--once", action="store_true", help="stop with an error when the device is disconnected")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Listen until Ctrl+C, SIGTERM or the end of ``--for``."""
    if options.for_s is not None and not options.for_s > 0:
        options.usage_error("--for must be above 0 seconds")
    options.playback = playback(options, microphone=True)
    devices: list[str] = options.device or []
    chosen = settings({**vars(options), "device": devices[-1] if devices else None})
    logger.info("settings: %s", chosen)
    options.session = chosen.session.value
    entries = chosen_devices(options, chosen)
    if entries:
        check_together(options)
    check_session(options, wanted=options.session)
    check_ecg(options, chosen.channel.value)
    bundle = load_bundle(chosen.model.value, engine=chosen.engine.value)
    if untold := not_told(bundle.settings):
        say(f"the model {bundle.name} does not tell {', '.join(untold)}: auscult models lists what each has")
    options.hop = chosen.hop.value
    check_hop(options, bundle)
    if entries:
        return listen_together(entries, options, chosen, bundle)
    keep_going = options.record is not None or options.session
    display = display_options(options)
    view = choose_view(json=options.json, plain=options.plain, keep_going=keep_going, display=display)
    with suppress_native_stderr(), fed(options) as feed, Interrupts() as interrupts:
        source = _source(chosen, options)
        announce_lsl(options, source.device_status.name)
        session = new_session(options, source, bundle, "listen", chosen.channel.value) if options.session else None
        code = _listen(source, bundle, view, interrupts, options, session, feed)
        if source.stuck:  # its thread waits in the driver, and would keep the program from ending
            say(STUCK)
            os._exit(code)
        return code


def _source(chosen: Settings, options: argparse.Namespace) -> MicrophoneSource:
    """Return the source, as soon as its device is listed."""
    if is_elsewhere(chosen.device.value):
        return source_elsewhere(chosen, options)
    system = PortAudio()
    return MicrophoneSource(
        find_device(system, chosen.device.value, waiting=options.wait_for_device),
        system,
        channel=chosen.channel.value,
        ecg_channel=options.ecg_channel,
        sample_rate=chosen.rate.value,
        latency_s=input_latency_s(chosen, monitored=options.playback is not None),
        once=options.once,
        wait_for_device=options.wait_for_device,
    )


def _listen(
    source: MicrophoneSource,
    bundle: Bundle,
    view: View,
    interrupts: Interrupts,
    options: argparse.Namespace,
    session: Session | None,
    feed: Feed | None,
) -> int:
    """Listen, and return the exit code."""
    for_s = math.inf if options.for_s is None else options.for_s
    device = source.device_status
    try:
        with over_lsl(view, source, options, (device.name, device.host_api)) as sending:
            last = play(
                source,
                bundle,
                sending,
                interrupts,
                hop_s=options.hop,
                record=options.record,
                for_s=for_s,
                session=session,
                site=options.site,
                playback=options.playback,
                feed=feed,
            )
    finally:
        view.close()
        report_session(session, interrupts)
        report_troubles(source)
    waiting = last.recording is not None and report_recording(last.recording, interrupts)
    return interrupts.exit_code or int(view.lost_lines > 0 or waiting)

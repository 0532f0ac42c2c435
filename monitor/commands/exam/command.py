"""``auscult exam``: site after site, with a finding for the subject at the end."""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path

from monitor.audio.sources.base import Source
from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import choose
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.audio.sources.site_recordings import SiteRecordings
from monitor.commands.exam.progress import Progress
from monitor.commands.exam.views import Guidance, JsonExamView, PlainExamView
from monitor.commands.options.arguments import (
    add_device_arguments,
    add_engine_argument,
    add_hop_argument,
    add_model_argument,
    add_output_arguments,
    add_speed_argument,
    check_hop,
    finite_number,
)
from monitor.commands.options.display_options import add_display_arguments, display_options
from monitor.commands.options.elsewhere import is_elsewhere, report_troubles, source_elsewhere
from monitor.commands.options.session_options import add_session_arguments, check_session, new_session, report_session
from monitor.commands.options.settings import Settings, settings
from monitor.commands.player import play
from monitor.inference.bundle import Bundle, load_bundle
from monitor.labels import SITES
from monitor.output import say
from monitor.process.interrupts import Interrupts
from monitor.process.native_stderr import suppress_native_stderr
from monitor.sessions.session import Session
from monitor.views.view import View, free_keyboard, screen_console

__all__ = ["add_arguments", "run"]

GOOD_S, MAX_GOOD_S = 10.0, 600.0
STUCK = "auscult: the sound driver does not release the device; ended without waiting for it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--sites",
        type=sites,
        metavar="SITE,...",
        help=f"auscultation sites, in this order (default: {','.join(SITES)}, or those of --from)",
    )
    parser.add_argument(
        "--good",
        type=finite_number,
        default=GOOD_S,
        metavar="S",
        help=f"seconds of usable sound to collect at each site (default: {GOOD_S:g})",
    )
    parser.add_argument(
        "--from",
        type=site_file,
        nargs="+",
        dest="recordings",
        metavar="SITE=FILE",
        help="a recording for each site in place of the stethoscope, such as AV=av.wav PV=pv.wav",
    )
    add_speed_argument(parser)
    add_device_arguments(parser)
    add_model_argument(parser, default=None)
    add_engine_argument(parser, default=None)
    add_hop_argument(parser)
    add_output_arguments(parser)
    add_display_arguments(parser)
    add_session_arguments(parser, in_settings=True, with_site=False)
    parser.add_argument("--once", action="store_true", help="stop with an error when the device is disconnected")
    parser.set_defaults(usage_error=parser.error, wait_for_device=False)


def sites(text: str) -> tuple[str, ...]:
    """Return sites, separated by commas.

    Raises
    ------
    argparse.ArgumentTypeError
        If one is unknown or named twice.

    Examples
    --------
    >>> sites("mv,AV")
    ('MV', 'AV')
    """
    names = tuple(name.strip().upper() for name in text.split(","))
    if len(set(names)) < len(names) or not set(names) <= set(SITES):
        raise argparse.ArgumentTypeError(f"{text!r} must be some of {','.join(SITES)}, each once")
    return names


def site_file(text: str) -> tuple[str, Path]:
    """Return a site and its file.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is no ``SITE=FILE``.

    Examples
    --------
    >>> site_file("AV=heart.wav")[0]
    'AV'
    """
    site, equals, path = text.partition("=")
    if site.upper() not in SITES or not equals or not path:
        raise argparse.ArgumentTypeError(f"{text!r} must be SITE=FILE, with a site of {', '.join(SITES)}")
    return site.upper(), Path(path)


def run(options: argparse.Namespace) -> int:
    """Examine site after site, until all are done, ``q``, Ctrl+C or SIGTERM."""
    order = _order(options)
    chosen = settings(vars(options))
    # recordings keep a session only where it is asked for, as in replay
    options.session = bool(options.session) if options.recordings else chosen.session.value
    check_session(options, wanted=options.session)
    bundle = load_bundle(chosen.model.value, engine=chosen.engine.value)
    options.hop = chosen.hop.value
    check_hop(options, bundle)
    progress = Progress(order, options.good, bundle.decision)
    with suppress_native_stderr(), Interrupts() as interrupts:
        source = _source(options, chosen)
        channel = options.channel if options.recordings else chosen.channel.value
        with contextlib.ExitStack() as opened:
            opened.callback(source.close)
            session = new_session(options, source, bundle, "exam", channel) if options.session else None
            opened.pop_all()
        code = _examine(source, bundle, progress, interrupts, options, session)
        if getattr(source, "stuck", False):  # its thread waits in the driver, and would keep the program from ending
            say(STUCK)
            os._exit(code)
        return code


def _order(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the sites in order; end with a usage error where the arguments do not go together."""
    if not 0 < options.good <= MAX_GOOD_S:
        options.usage_error(f"--good must be above 0 and at most {MAX_GOOD_S:g} seconds")
    if not options.recordings:
        if options.speed != 1.0:
            options.usage_error("--speed needs --from; a stethoscope is heard as it sounds")
        return options.sites or SITES
    named = [site for site, _ in options.recordings]
    if len(set(named)) < len(named):
        options.usage_error("--from must name each site once")
    for name in ("device", "rate", "latency", "once"):
        if getattr(options, name):
            options.usage_error(f"--{name} is of a live input and does not go with --from")
    order: tuple[str, ...] = options.sites or tuple(named)
    missing = [site for site in order if site not in named]
    if missing:
        options.usage_error(f"--from has no recording of {', '.join(missing)}; name it, or leave it out of --sites")
    return order


def _source(options: argparse.Namespace, chosen: Settings) -> Source:
    """Return the recordings, or the live input."""
    if options.recordings:
        return SiteRecordings(dict(options.recordings), speed=options.speed, channel=options.channel)
    if is_elsewhere(chosen.device.value):
        return source_elsewhere(chosen, options)
    system = PortAudio()
    return MicrophoneSource(
        choose(system.devices(), chosen.device.value),
        system,
        channel=chosen.channel.value,
        sample_rate=chosen.rate.value,
        latency_s=chosen.latency.value,
        once=options.once,
    )


def _examine(
    source: Source,
    bundle: Bundle,
    progress: Progress,
    interrupts: Interrupts,
    options: argparse.Namespace,
    session: Session | None,
) -> int:
    """Examine, and return the exit code."""
    recordings = source if isinstance(source, SiteRecordings) else None
    keep = (lambda line: None) if session is None else session.write
    guidance = Guidance(progress, bundle.decision, options.subject, recordings, keep)
    view = _view(guidance, options, keep_going=session is not None)
    try:
        play(source, bundle, view, interrupts, hop_s=options.hop, session=session)
    finally:
        view.close()
        report_session(session, interrupts)
        report_troubles(source)
    return interrupts.exit_code or int(view.lost_lines > 0)


def _view(guidance: Guidance, options: argparse.Namespace, *, keep_going: bool) -> View:
    """Return the requested view, or the best one that standard output supports."""
    if options.json:
        return JsonExamView(guidance, free_keyboard(), keep_going=keep_going)
    console = None if options.plain else screen_console()
    if console is None:
        return PlainExamView(guidance, free_keyboard(), keep_going=keep_going)
    from monitor.commands.exam.screen import ExamScreenView

    return ExamScreenView(guidance, console, display=display_options(options))

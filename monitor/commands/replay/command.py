"""``auscult replay FILE...``: recordings through the live pipeline, one after the other or all together.

One recording has a line per window; of several there is one table, unless JSON lines or the dashboard show them all.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from monitor.archive.offline import with_one_engine
from monitor.archive.recordings import expand_folders
from monitor.audio.limits import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ
from monitor.audio.sources.base import Source
from monitor.audio.sources.decoding.pcm import ENCODINGS, RawFormat
from monitor.commands.options.arguments import (
    add_channel_argument,
    add_ecg_argument,
    add_play_arguments,
    add_start_argument,
    check_ecg,
    check_hop,
    playback,
    whole_number,
)
from monitor.commands.options.display_options import add_display_arguments, display_options
from monitor.commands.options.feed_options import add_feed_arguments, fed
from monitor.commands.options.lsl_options import (
    RECORDING,
    add_lsl_argument,
    announce_lsl,
    check_lsl_speed,
    over_lsl,
)
from monitor.commands.options.session_options import add_session_arguments, check_session, new_session, report_session
from monitor.commands.player import play, play_together
from monitor.commands.progress_bar import bar_on_standard_error
from monitor.commands.replay.table import Table, TableView
from monitor.errors import AuscultError, OutputError, RecordingError
from monitor.features.spec import HEART
from monitor.inference.bundle import Bundle, load_bundle
from monitor.output import say
from monitor.process.interrupts import Interrupts
from monitor.process.native_stderr import suppress_native_stderr
from monitor.views.view import View, choose_view, screen_console

if TYPE_CHECKING:
    from monitor.serve.feed import Feed
    from monitor.sessions.session import Session

__all__ = ["add_arguments", "run"]

RAW_CHANNELS = 1
NOT_GIVEN = object()
"""The speed where none was typed, and every other number is one that could have been."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="recording (wav, flac, ogg, mp3, ...), session, or folder of recordings; - for standard input. Without "
        "the dashboard several give one table, as fast as possible unless --speed is given",
    )
    add_play_arguments(parser)
    add_display_arguments(parser)
    add_session_arguments(parser)
    add_feed_arguments(parser)
    add_lsl_argument(parser)
    add_channel_argument(parser)
    add_ecg_argument(parser)
    add_start_argument(parser)
    parser.add_argument(
        "--exit", action="store_true", help="leave the dashboard at the end of the last recording, instead of q"
    )
    parser.add_argument("--together", action="store_true", help="play all files at once, as a ward of streams")
    parser.add_argument("--loop", action="store_true", help="repeat the file until Ctrl+C")
    parser.add_argument("--raw", choices=ENCODINGS, help="sample format of standard input without a header")
    parser.add_argument(
        "--rate",
        type=whole_number(MIN_RATE_HZ, MAX_RATE_HZ),
        default=HEART.sample_rate,
        metavar="HZ",
        help=f"sample rate of --raw (default: {HEART.sample_rate})",
    )
    parser.add_argument(
        "--channels",
        type=whole_number(1, MAX_CHANNELS),
        default=RAW_CHANNELS,
        metavar="N",
        help=f"channels of --raw (default: {RAW_CHANNELS})",
    )
    parser.set_defaults(usage_error=parser.error, speed=NOT_GIVEN)


def run(options: argparse.Namespace) -> int:
    """Play every file; one that cannot be read gets an error line, and the others are still played."""
    options.files, in_folders = expand_folders(options.files)
    failures: list[AuscultError] = [*in_folders]
    _check(options)
    many = len(options.files) > 1
    screen = not (options.json or options.plain) and screen_console() is not None
    _choose_speed(options, fast=many and not (options.json or options.together or screen))
    options.playback = playback(options, microphone=False)
    check_lsl_speed(options)
    bundle = with_one_engine(load_bundle(options.model, engine=options.engine))  # one file plays at a time
    check_hop(options, bundle)
    if options.together:
        return max(_told(failures), _play_together(options, bundle))
    announce_lsl(options, RECORDING[0])
    view = _view(options, bundle, many=many, screen=screen)
    sessions: list[Session] = []
    code = max((error.exit_code for error in failures), default=0)
    with suppress_native_stderr(), fed(options) as feed, Interrupts() as interrupts:  # an MP3's decoder writes there
        try:
            _report(failures, view)
            for position, file in enumerate(options.files, 1):
                note = f"file {position} of {len(options.files)}" if many else ""
                stay = position == len(options.files) and not options.exit
                if isinstance(view, TableView):
                    view.position = position - 1
                try:
                    _replay(file, options, bundle, view, interrupts, note, sessions, feed, stay=stay)
                except OutputError:
                    raise
                except AuscultError as error:
                    code = max(code, error.exit_code)
                    failures.append(error)
                    _report(failures, view)
                if interrupts.requested:
                    break
        finally:
            view.close()
            _report(failures, None)
            for session in sessions:
                report_session(session)
    return interrupts.exit_code or code or int(view.lost_lines > 0)


def _told(failures: list[AuscultError]) -> int:
    """Say what is wrong with folders, and return the exit code of that."""
    code = max((error.exit_code for error in failures), default=0)
    _report(failures, None)
    return code


def _choose_speed(options: argparse.Namespace, *, fast: bool) -> None:
    """Set the speed where none was given: that of the sound where a person sees or hears it, or it is sent."""
    if options.speed is NOT_GIVEN:
        heard = options.play or any((options.play_device, options.sound, options.volume, options.slow, options.lsl))
        options.speed = None if fast and not heard else 1.0


def _view(options: argparse.Namespace, bundle: Bundle, *, many: bool, screen: bool) -> View:
    """Return the view: a table of many recordings, line by line or after the dashboard."""
    keep_going, display = bool(options.session), display_options(options)
    if not many or options.json:
        return choose_view(json=options.json, plain=options.plain, keep_going=keep_going, display=display)
    possible = None if bundle.decision.possible is None else bundle.decision.possible[0]
    table = Table(options.files, bundle.labels, _columns(), possible)
    if screen:
        return choose_view(json=False, plain=False, keep_going=keep_going, report=table.lines, display=display)
    return TableView(table, bar_on_standard_error(options.files), keep_going=keep_going)


def _columns() -> int | None:
    """Return the width of the terminal of standard output; None where it is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):  # a file or a pipe, a test, closed
        return None


def _replay(
    file: str,
    options: argparse.Namespace,
    bundle: Bundle,
    view: View,
    interrupts: Interrupts,
    note: str,
    sessions: list[Session],
    feed: Feed | None,
    *,
    stay: bool,
) -> None:
    """Play one file, in a session of its own if that is asked for; again from where a person goes back to at its end.

    What is played again is in no session: that one has the whole file.
    """
    again_s: float | None = None
    while True:
        source, session = _source(file, options), None
        if again_s is not None:
            source.seek(again_s)
        elif options.session:
            try:
                session = new_session(options, source, bundle, "replay", channel=options.channel)
            except AuscultError:
                source.close()
                raise
            sessions.append(session)
        with over_lsl(view, source, options, RECORDING) as sending:
            play(
                source,
                bundle,
                sending,
                interrupts,
                hop_s=options.hop,
                note=lambda elapsed_s: note,
                session=session,
                site=options.site,
                playback=options.playback,
                stay=stay,
                feed=feed,
            )
        again_s = view.again_s if stay else None
        if again_s is None:
            return


def _play_together(options: argparse.Namespace, bundle: Bundle) -> int:
    """Play all files at once; one that cannot be read gets an error line, and the others are still played."""
    from monitor.runtime.ward.ward import Ward
    from monitor.views.ward import choose_ward_view

    code = 0
    ward = Ward(bundle, hop_s=options.hop)
    with suppress_native_stderr(), Interrupts() as interrupts:
        for file, name in zip(options.files, _stream_names(options.files), strict=True):
            try:
                ward.add(_source(file, options), name)
            except AuscultError as error:
                code = max(code, error.exit_code)
                say(f"auscult: {error}")
        if not ward.streams:
            return code
        view = choose_ward_view(json=options.json, plain=options.plain, display=display_options(options))
        try:
            play_together(ward, view, interrupts)
        finally:
            view.close()
    errors = [stream.error for stream in ward.streams if stream.error is not None]
    codes = [error.exit_code if isinstance(error, AuscultError) else 1 for error in errors]
    return interrupts.exit_code or max([code, *codes]) or int(view.lost_lines > 0)


def _stream_names(files: list[str]) -> list[str]:
    """Return a name for each file: its own, with the path where several files have the same."""
    names = [os.path.basename(file) for file in files]
    return [file if names.count(name) > 1 else name for file, name in zip(files, names, strict=True)]


def _source(file: str, options: argparse.Namespace) -> Source:
    """Return the source of a file name, or of ``-`` for standard input."""
    if file == "-":
        from monitor.audio.sources.pipe import PipeSource

        if sys.stdin is None:
            raise RecordingError("standard input is closed", "pipe the sound in: auscult replay - < FILE")
        raw = RawFormat(options.rate, options.channels, options.raw) if options.raw else None
        return PipeSource(
            sys.stdin.buffer, speed=options.speed, channel=options.channel, raw=raw, ecg_channel=options.ecg_channel
        )
    from monitor.audio.sources.file import RecordingSource

    return RecordingSource(
        file,
        speed=options.speed,
        channel=options.channel,
        start_s=options.start,
        loop=options.loop,
        ecg_channel=options.ecg_channel,
    )


def _check(options: argparse.Namespace) -> None:
    """End with a usage error where arguments cannot be combined."""
    check_session(options, wanted=bool(options.session))
    check_ecg(options, options.channel)
    if options.start < 0:
        options.usage_error("--start must be 0 or more seconds")
    if "-" in options.files and (options.loop or options.start):
        options.usage_error("--loop and --start need a file; standard input is played once, from its current position")
    if options.files.count("-") > 1:
        options.usage_error("standard input can be named only once")
    if options.together:
        _check_together(options)
    elif options.loop and len(options.files) > 1:
        options.usage_error("--loop takes one file; the others would never be played")
    if options.raw and "-" not in options.files:
        options.usage_error("--raw describes standard input: give - as the file")


def _check_together(options: argparse.Namespace) -> None:
    """End with a usage error where an argument is for one file at a time."""
    single = {"--session": options.session, "--site": options.site, "--play": options.play, "--slow": options.slow}
    single |= {"--play-device": options.play_device, "--sound": options.sound, "--volume": options.volume}
    single |= {"--ecg-channel": options.ecg_channel, "--exit": options.exit, "--serve": options.serve}
    single |= {"--mqtt": options.mqtt, "--webhook": options.webhook, "--lsl": options.lsl}
    for name, value in single.items():
        if value is not None and value is not False:
            options.usage_error(f"{name} is for one file at a time: leave out {name} or --together")


def _report(failures: list[AuscultError], view: View | None) -> None:
    """Print the errors; under a dashboard only once the terminal is restored."""
    from monitor.views.view import DashboardView

    if isinstance(view, DashboardView):
        return
    if isinstance(view, TableView) and failures:
        view.clear()
    for error in failures:
        say(f"auscult: {error}")
    failures.clear()

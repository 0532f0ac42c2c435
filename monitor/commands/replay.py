"""``auscult replay FILE...``: recordings through the live pipeline."""

from __future__ import annotations

import argparse
import sys

from monitor.audio.sources.base import Source
from monitor.audio.sources.decoding.pcm import ENCODINGS, RawFormat
from monitor.commands.arguments import add_play_arguments, finite, whole
from monitor.commands.player import play
from monitor.errors import AuscultError
from monitor.inference.bundle import Bundle, load_bundle
from monitor.interrupts import Interrupts
from monitor.views.view import View, choose_view

__all__ = ["add_arguments", "check_hop", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="recording (wav, flac, ogg, mp3, ...); - for standard input"
    )
    add_play_arguments(parser)
    parser.add_argument(
        "--channel", type=whole(1, 1024), metavar="N", help="hear channel N, from 1 (default: the mean of all)"
    )
    parser.add_argument("--start", type=finite, default=0.0, metavar="S", help="begin S seconds into each file")
    parser.add_argument("--loop", action="store_true", help="play the file again and again until Ctrl+C")
    parser.add_argument("--raw", choices=ENCODINGS, help="standard input has no header and holds such samples")
    parser.add_argument(
        "--rate", type=whole(1000, 192_000), default=4000, metavar="HZ", help="sample rate of --raw (default: 4000)"
    )
    parser.add_argument(
        "--channels", type=whole(1, 1024), default=1, metavar="N", help="channels of --raw (default: 1)"
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Judge every file; one that cannot be read gets its line, and the others are still judged."""
    _check(options)
    bundle = load_bundle(options.model, engine=options.engine)
    check_hop(options, bundle)
    view = choose_view(json=options.json, plain=options.plain)
    code = 0
    failures: list[AuscultError] = []
    with Interrupts() as interrupts:
        try:
            for number, file in enumerate(options.files, 1):
                note = f"file {number} of {len(options.files)}" if len(options.files) > 1 else ""
                try:
                    _replay(file, options, bundle, view, interrupts, note)
                except AuscultError as error:
                    code = max(code, error.exit_code)
                    failures.append(error)
                    _report(failures, view)
                if interrupts.requested:
                    return interrupts.exit_code or code
        finally:
            view.close()
            _report(failures, None)
    return code


def _replay(
    file: str, options: argparse.Namespace, bundle: Bundle, view: View, interrupts: Interrupts, note: str
) -> None:
    """Play one file."""
    play(_source(file, options), bundle, view, interrupts, hop_s=options.hop, note=lambda elapsed_s: note)


def _source(file: str, options: argparse.Namespace) -> Source:
    """Return the source that a name on the command line stands for."""
    if file == "-":
        from monitor.audio.sources.pipe import PipeSource

        raw = RawFormat(options.rate, options.channels, options.raw) if options.raw else None
        return PipeSource(sys.stdin.buffer, speed=options.speed, channel=options.channel, raw=raw)
    from monitor.audio.sources.file import RecordingSource

    return RecordingSource(file, speed=options.speed, channel=options.channel, start_s=options.start, loop=options.loop)


def _check(options: argparse.Namespace) -> None:
    """End with a usage error where arguments do not go together."""
    if options.start < 0:
        options.usage_error("--start must be 0 or more seconds")
    if "-" in options.files and (options.loop or options.start):
        options.usage_error("--loop and --start need a file; standard input is heard once, from where it is")
    if options.files.count("-") > 1:
        options.usage_error("standard input can be heard once")
    if options.loop and len(options.files) > 1:
        options.usage_error("--loop takes one file, the others would never be heard")
    if options.raw and "-" not in options.files:
        options.usage_error("--raw describes standard input: name the file -")


def check_hop(options: argparse.Namespace, bundle: Bundle) -> None:
    """End with a usage error where the hop does not fit the bundle."""
    if options.hop is not None:
        try:
            bundle.spec.hop_samples(options.hop)
        except ValueError as error:
            options.usage_error(str(error).replace("hop_s=", "--hop "))


def _report(failures: list[AuscultError], view: View | None) -> None:
    """Print what failed; under a dashboard that waits until the terminal is given back."""
    from monitor.views.view import DashboardView

    if isinstance(view, DashboardView):
        return
    for error in failures:
        print(f"auscult: {error}", file=sys.stderr)
    failures.clear()

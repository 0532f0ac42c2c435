"""``--lsl``, which ``listen``, ``replay`` and ``demo`` share. Main thread only.

Nothing of the lab streaming layer is imported unless it is asked for.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from monitor.output import say

if TYPE_CHECKING:
    from monitor.audio.sources.base import Source
    from monitor.views.view import View

__all__ = ["RECORDING", "SYNTHETIC", "add_lsl_argument", "announce_lsl", "check_lsl_speed", "over_lsl"]

RECORDING, SYNTHETIC = ("replay", "recording"), ("demo", "synthetic")
"""What the streams are called, and what stands before it in their source ids, where there is no device: the name of a
recording may be that of a person."""


def add_lsl_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--lsl``."""
    parser.add_argument(
        "--lsl",
        action="store_true",
        help="send the sound and the verdicts as streams of the lab streaming layer, which the local network sees",
    )


def check_lsl_speed(options: argparse.Namespace) -> None:
    """End with a usage error where a recording is to be sent at another speed than its own."""
    if options.lsl and options.speed != 1.0:
        options.usage_error("--lsl sends the sound at the rate of the recording: leave out --speed and --slow")


def announce_lsl(options: argparse.Namespace, *devices: str) -> None:
    """Say what the local network sees of devices, if anything; before a dashboard has the screen.

    Raises
    ------
    MissingExtraError
        If it needs a package that is not installed.
    AuscultError
        If it needs a library that is not installed.
    """
    if not options.lsl:
        return
    from monitor.audio.sources.lsl.library import load_pylsl
    from monitor.views.lsl.outlets import stream_names

    load_pylsl("--lsl")
    names = " and ".join(repr(name) for device in devices for name in stream_names(device))
    say(
        f"auscult: announced on the local network as the LSL streams {names}: "
        "everyone in it can receive them, and nothing is encrypted"
    )


@contextlib.contextmanager
def over_lsl(view: View, source: Source, options: argparse.Namespace, named: tuple[str, str]) -> Iterator[View]:
    """Yield a view that also sends what it shows of one source, if that is asked for; else the view itself.

    Parameters
    ----------
    view : View
    source : Source
    options : argparse.Namespace
    named : (str, str)
        Name and host API of the device, or :data:`RECORDING` or :data:`SYNTHETIC`.
    """
    if not options.lsl:
        yield view
        return
    from monitor.views.lsl.outlets import LslOutlets
    from monitor.views.lsl.view import LslView

    outlets = LslOutlets(*named, source.sample_rate)
    try:
        yield LslView(view, outlets)
    finally:
        outlets.close()

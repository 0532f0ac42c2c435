"""Arguments that several commands take, with their defaults, and how their values are parsed."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.audio.limits import MAX_CHANNELS, MAX_RATE_HZ, MAX_SPEED, MIN_RATE_HZ, MIN_SPEED
from monitor.audio.playback.options import MAX_VOLUME_DB, SOUNDS, PlaybackOptions
from monitor.features.spec import HEART
from monitor.labels import DEFAULT_BUNDLE, DEFAULT_ENGINE, ENGINES

if TYPE_CHECKING:
    from monitor.inference.bundle import Bundle

__all__ = [
    "add_channel_argument",
    "add_device_arguments",
    "add_ecg_argument",
    "add_engine_argument",
    "add_hop_argument",
    "add_model_argument",
    "add_output_arguments",
    "add_play_arguments",
    "add_slow_argument",
    "add_sound_arguments",
    "add_speed_argument",
    "add_start_argument",
    "check_ecg",
    "check_hop",
    "finite_number",
    "playback",
    "speed",
    "whole_number",
]


SLOW = (0.5, 0.25)
"""Speeds of ``--slow``."""


def add_play_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes that plays a recording or a synthetic sound."""
    add_model_argument(parser)
    add_speed_argument(parser)
    add_hop_argument(parser)
    add_engine_argument(parser)
    add_output_arguments(parser)
    add_sound_arguments(parser, "play", "play the sound")
    add_slow_argument(parser)


def add_slow_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--slow``."""
    parser.add_argument(
        "--slow",
        type=float,
        choices=SLOW,
        metavar="X",
        help=f"play at {' or '.join(f'{speed:g}' for speed in SLOW)} of the speed, the pitch kept",
    )


def add_speed_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--speed`` of a recording or a synthetic sound."""
    parser.add_argument(
        "--speed",
        type=speed,
        default=1.0,
        metavar="X|max",
        help=f"times real time, {MIN_SPEED:g} to {MAX_SPEED:g}, or max (default: 1)",
    )


def add_sound_arguments(parser: argparse.ArgumentParser, name: str, what: str) -> None:
    """Add what lets a person hear the sound: ``--play`` or ``--monitor``, the output, the sound and its volume."""
    parser.add_argument(f"--{name}", action="store_true", help=f"{what} (keys: a on and off, f sound, v V volume)")
    parser.add_argument(
        f"--{name}-device",
        dest="play_device",
        metavar="NAME|N",
        help=f"output of --{name}: its name, a part of it, or its index (default: the system's output)",
    )
    parser.add_argument("--sound", choices=SOUNDS, help="what is heard; the analysis is not affected (default: wide)")
    parser.add_argument(
        "--volume",
        type=finite_number,
        metavar="DB",
        help=f"louder or softer, -{MAX_VOLUME_DB:g} to {MAX_VOLUME_DB:g} dB (default: 0)",
    )


def playback(options: argparse.Namespace, *, microphone: bool) -> PlaybackOptions | None:
    """Return how to play the sound, or None for silence; naming an output, a sound or a volume asks for it too.

    Ends with a usage error where the volume is out of range or the speed is none that is played.
    """
    named = (options.play_device, options.sound, options.volume, getattr(options, "slow", None))
    asked: bool = options.monitor if microphone else options.play
    if not asked and all(value is None for value in named):
        return None
    volume_db = options.volume or 0.0
    if not -MAX_VOLUME_DB <= volume_db <= MAX_VOLUME_DB:
        options.usage_error(f"--volume must be from -{MAX_VOLUME_DB:g} to {MAX_VOLUME_DB:g} dB")
    if not microphone:
        if options.speed != 1.0:
            options.usage_error("the sound is played at --speed 1; --slow 0.5 plays it slower with its pitch kept")
        options.speed = options.slow or 1.0
    return PlaybackOptions(options.play_device, options.sound or "wide", volume_db, microphone)


def add_model_argument(parser: argparse.ArgumentParser, default: str | None = DEFAULT_BUNDLE) -> None:
    """Add ``--model``; a default of None leaves the choice to the settings."""
    parser.add_argument(
        "--model", default=default, metavar="NAME|DIR", help=f"model bundle (default: {DEFAULT_BUNDLE})"
    )


def add_hop_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--hop``; None, the default, is the bundle's own."""
    parser.add_argument(
        "--hop",
        type=finite_number,
        metavar="S",
        help=f"seconds from one window to the next (default: the bundle's, {HEART.hop_s:g})",
    )


def add_engine_argument(parser: argparse.ArgumentParser, default: str | None = DEFAULT_ENGINE) -> None:
    """Add ``--engine``; a default of None leaves the choice to the settings."""
    parser.add_argument(
        "--engine",
        choices=tuple(ENGINES),
        default=default,
        help=f"runtime of the network; litert-int8: faster, scores differ slightly (default: {DEFAULT_ENGINE})",
    )


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--json`` and ``--plain``."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="JSON lines on standard output")
    form.add_argument("--plain", action="store_true", help="a line of text per window instead of the dashboard")


def add_device_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add ``--device``, ``--channel``, ``--rate`` and ``--latency`` of a live input; None is for the settings.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    several : bool
        Whether ``--device`` may be given more than once, and is a list.
    """
    from monitor.commands.options.settings import KEYS  # imports the inputs: only where there is one

    more = "; several are heard together" if several else ""
    parser.add_argument(
        "--device",
        action="append" if several else "store",
        metavar="NAME|N|ADDRESS",
        help="input: its name, a part of it, its index, or an address: tcp://:PORT listens, ws://HOST/PATH connects, "
        f"lsl:NAME is a stream{more} (default: the system's input)",
    )
    parser.add_argument(
        "--channel",
        type=whole_number(1, MAX_CHANNELS),
        metavar="N",
        help=f"use channel N, from 1 (default: {KEYS['channel'].default})",
    )
    parser.add_argument(
        "--rate",
        type=whole_number(MIN_RATE_HZ, MAX_RATE_HZ),
        metavar="HZ",
        help="sample rate (default: the device's own)",
    )
    parser.add_argument(
        "--latency",
        type=finite_number,
        metavar="S",
        help=f"input latency to ask the system for, seconds (default: {KEYS['latency'].default:g})",
    )


def add_channel_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--channel`` of a recording; None, the default, is the mean of all."""
    parser.add_argument(
        "--channel",
        type=whole_number(1, MAX_CHANNELS),
        metavar="N",
        help="use channel N, from 1 (default: the mean of all)",
    )


def add_ecg_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--ecg-channel``."""
    parser.add_argument(
        "--ecg-channel",
        type=whole_number(1, MAX_CHANNELS),
        metavar="N",
        help="channel N of the same input is an electrocardiogram: drawn, searched for R peaks, kept in a session",
    )


def check_ecg(options: argparse.Namespace, channel: int | None) -> None:
    """End with a usage error where the electrocardiogram is on the channel of the sound."""
    if options.ecg_channel is not None and options.ecg_channel == channel:
        options.usage_error(f"--ecg-channel {channel} is the channel of the sound: name another with --channel")


def add_start_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--start``."""
    parser.add_argument(
        "--start", type=finite_number, default=0.0, metavar="S", help="start S seconds into each file (default: 0)"
    )


def check_hop(options: argparse.Namespace, bundle: Bundle) -> None:
    """End with a usage error where the hop does not fit the bundle."""
    if options.hop is not None:
        try:
            bundle.spec.hop_samples(options.hop)
        except ValueError as error:
            options.usage_error(str(error).replace("hop_s=", "--hop "))


def speed(text: str) -> float | None:
    """Return a speed, or None for ``max``.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is neither.

    Examples
    --------
    >>> speed("0.5"), speed("max")
    (0.5, None)
    """
    if text == "max":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not MIN_SPEED <= value <= MAX_SPEED:
        raise argparse.ArgumentTypeError(f"{text!r} must be from {MIN_SPEED:g} to {MAX_SPEED:g}, or max")
    return value


def finite_number(text: str) -> float:
    """Return a finite number.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number")
    return value


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from ``low`` to ``high``.

    Examples
    --------
    >>> whole_number(1, 8)("2")
    2
    """

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from {low} to {high}")
        return value

    return parse

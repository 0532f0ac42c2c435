"""Arguments that several commands take, with their defaults, and how their values are parsed."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from monitor.audio.sources.base import MAX_SPEED, MIN_SPEED
from monitor.audio.sources.decoding.pcm import MAX_CHANNELS
from monitor.features.spec import HEART
from monitor.inference.bundle import DEFAULT_BUNDLE, Bundle

__all__ = [
    "add_channel_argument",
    "add_hop_argument",
    "add_model_argument",
    "add_output_arguments",
    "add_play_arguments",
    "add_start_argument",
    "check_hop",
    "finite_number",
    "speed",
    "whole_number",
]


def add_play_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes that plays a recording or a synthetic sound."""
    add_model_argument(parser)
    parser.add_argument(
        "--speed",
        type=speed,
        default=1.0,
        metavar="X|max",
        help=f"times real time, {MIN_SPEED:g} to {MAX_SPEED:g}, or max (default: 1)",
    )
    add_hop_argument(parser)
    add_output_arguments(parser)


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


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--engine``, ``--json`` and ``--plain``."""
    parser.add_argument(
        "--engine", choices=("litert", "keras"), default="litert", help="runtime of the network (default: litert)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="JSON lines on standard output")
    form.add_argument("--plain", action="store_true", help="a line of text per window instead of the dashboard")


def add_channel_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--channel`` of a recording; None, the default, is the mean of all."""
    parser.add_argument(
        "--channel",
        type=whole_number(1, MAX_CHANNELS),
        metavar="N",
        help="use channel N, from 1 (default: the mean of all)",
    )


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

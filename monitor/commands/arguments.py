"""Arguments that several commands take, and how their values are read."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

__all__ = ["add_play_arguments", "finite", "speed", "whole"]


def add_play_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command that plays a source takes."""
    parser.add_argument(
        "--model", default="heart-sounds", metavar="NAME|DIR", help="model bundle (default: heart-sounds)"
    )
    parser.add_argument("--engine", choices=("litert", "keras"), default="litert", help="what runs the network")
    parser.add_argument(
        "--hop", type=finite, metavar="S", help="seconds between two windows (default: the bundle's, 0.5)"
    )
    parser.add_argument(
        "--speed", type=speed, default=1.0, metavar="X|max", help="times real time, 0.25 to 64, or max (default: 1)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="JSON lines on standard output")
    form.add_argument("--plain", action="store_true", help="a line of text per window instead of the dashboard")


def speed(text: str) -> float | None:
    """Return a speed, or None for ``max``.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is neither.
    """
    if text == "max":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.25 <= value <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} must be from 0.25 to 64, or max")
    return value


def finite(text: str) -> float:
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


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``low`` to ``high``."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from {low} to {high}")
        return value

    return read

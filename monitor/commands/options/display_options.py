"""The arguments of every command that draws a screen: its signs, colours and pixels; also settings.

Main thread only.
"""

from __future__ import annotations

import argparse
import sys

from monitor.dashboard.display.options import AUTOMATIC, GRAPHICS, THEMES, DisplayOptions

__all__ = ["add_display_arguments", "display_options"]


def add_display_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--ascii``, ``--no-color``, ``--theme`` and ``--graphics``; None, the default, is for the settings."""
    group = parser.add_argument_group("screen")
    group.add_argument(
        "--ascii", action=argparse.BooleanOptionalAction, default=None, help="draw with ASCII characters only"
    )
    group.add_argument("--no-color", action="store_true", default=None, help="draw without colours")
    group.add_argument(
        "--theme",
        choices=THEMES,
        help="colours for a dark or a light background (default: auto, the terminal is asked)",
    )
    group.add_argument(
        "--graphics",
        choices=GRAPHICS,
        help="draw sound and spectrogram in pixels (default: auto, where the terminal says that it can)",
    )


def display_options(options: argparse.Namespace) -> DisplayOptions:
    """Return what is asked of the display: flags before variables before the config file.

    Settings are read only where a screen can be drawn.

    Raises
    ------
    AuscultError
        If the config file or a variable cannot be used.
    """
    in_lines = getattr(options, "json", False) or getattr(options, "plain", False)
    if in_lines or sys.stdout is None or not sys.stdout.isatty():
        return AUTOMATIC
    from monitor.commands.options.settings import settings  # imports the inputs: only where there is a screen

    flags = {key: getattr(options, key, None) for key in ("ascii", "no_color", "theme", "graphics")}
    chosen = settings(flags)
    return DisplayOptions(chosen.ascii.value, chosen.no_color.value, chosen.theme.value, chosen.graphics.value)

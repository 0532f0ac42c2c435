"""What a terminal can show, as far as its environment tells.

Pure functions; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

from rich.console import Console

from monitor.dashboard.display.options import AUTOMATIC, DisplayOptions
from monitor.dashboard.drawing.canvas import TerminalStyle

__all__ = ["has_console_font", "light_by_environment", "style_of"]

LIGHT_INDICES = {"7", "9", "10", "11", "12", "13", "14", "15"}
"""Of the sixteen colours, those that are light as a background. Source: the convention of ``COLORFGBG``, rxvt(1)."""


def style_of(
    console: Console, options: DisplayOptions = AUTOMATIC, environment: Mapping[str, str] = os.environ
) -> TerminalStyle:
    """Return what a console can show, as far as that is known without asking the terminal.

    Examples
    --------
    >>> import io
    >>> console = Console(file=io.StringIO(), force_terminal=True, color_system="256", _environ={})
    >>> style_of(console, DisplayOptions(theme="light"), {}).light
    True
    """
    style = TerminalStyle.from_console(console)
    colour = style.colour and not options.no_color
    return dataclasses.replace(
        style,
        colour=colour,
        gradient=style.gradient and colour,
        unicode=style.unicode and not options.ascii and not _has_plain_locale(environment),
        light=bool(light_by_environment(environment)) if options.theme == "auto" else options.theme == "light",
    )


def light_by_environment(environment: Mapping[str, str]) -> bool | None:
    """Return whether ``COLORFGBG`` names a light background; None where it says nothing.

    Examples
    --------
    >>> light_by_environment({"COLORFGBG": "0;default;15"}), light_by_environment({"COLORFGBG": "15;0"})
    (True, False)
    """
    index = environment.get("COLORFGBG", "").rpartition(";")[2].strip()
    return index in LIGHT_INDICES if index.isdecimal() else None


def has_console_font(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the terminal is the console of Linux, whose font has at most 512 signs."""
    return environment.get("TERM", "") == "linux"


def _has_plain_locale(environment: Mapping[str, str]) -> bool:
    """Return whether a person chose the C locale, which is ASCII.

    Python itself sets ``LC_CTYPE`` to ``C.UTF-8`` there, so that it says nothing of what was chosen; where no locale
    is set at all, as in a container, nothing was chosen. Source: PEP 538.
    """
    overall, ctype, lang = (environment.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    chosen = overall or ("" if ctype == "C.UTF-8" else ctype) or lang
    return chosen in ("C", "POSIX")
